"""Tables as rows of text, which the formats of a report write in their own ways."""

from collections.abc import Iterator, Sequence

from tf_ssgan import papers
from tf_ssgan.reports import cell_text, reference_levels
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.result_table import ResultCell, ResultTable


def _headings(table: ResultTable) -> list[str]:
    """The headings of the long table."""
    paired = [f"against {table.baseline}"] if table.baseline else []
    numbers = [table.measure.label, "published", "difference", *paired]
    others = [ERROR_COLUMNS[name] for name in _other_errors(table)]
    return ["method", "protocol", *numbers, *others, "steps", "seconds per run"]


def _other_errors(table: ResultTable) -> list[str]:
    """The errors that are not the number of the table itself."""
    own = table.number if table.measure == papers.QUANTITIES["test_error"] else ""
    return [name for name in ERROR_COLUMNS if name != own]


def long_table(table: ResultTable) -> list[list[str]]:
    """The headings, and a line for each cell with all its numbers, without empty columns."""
    return without_empty_columns([_headings(table), *_lines(table)])


def without_empty_columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """A table without the columns that have a heading and nothing else.

    Args:
        rows: The headings, and the other rows. The first column always stays, and so does a table
            without any other row.
    """
    head, *body = rows
    kept = [
        place
        for place in range(len(head))
        if place == 0 or not body or any(row[place] != cell_text.EMPTY for row in body)
    ]
    return [[row[place] for place in kept] for row in rows]


def _lines(table: ResultTable) -> Iterator[list[str]]:
    digits, better = cell_text.table_decimals(table), table.measure.better
    for row, column, cell in cell_text.filled_cells(table):
        numbers = [
            cell_text.format_cell(cell, digits),
            cell_text.format_published(cell),
            cell_text.format_signed(cell.difference, digits),
        ]
        paired = [cell_text.format_paired(cell.paired, digits, better)] if table.baseline else []
        errors = [cell_text.format_error(cell, name, digits) for name in _other_errors(table)]
        lengths = [cell_text.steps_per_run(cell), cell_text.median_seconds(cell)]
        yield [
            row,
            column,
            *numbers,
            *paired,
            *errors,
            *(cell_text.EMPTY if value is None else f"{value:,.0f}" for value in lengths),
        ]


def short_table(table: ResultTable) -> list[list[str]]:
    """A row for each method and a column for each protocol, with our and published numbers.

    Columns without any number are left out. Below the methods are the numbers that they compare
    with, see `reference_levels`.
    """
    digits = cell_text.table_decimals(table)
    columns = shown_columns(table)
    rows = [
        [row, *(_short_cell(table.cell(row, column), digits) for column in columns)]
        for row in shown_rows(table)
    ]
    references = [
        [name, *(texts[column] for column in columns)]
        for name, texts in reference_levels.rows(table).items()
    ]
    return [["", *columns], *rows, *references]


def shown_columns(table: ResultTable) -> list[str]:
    """The columns that have runs or published numbers; all of a table that has none."""
    filled = {column for _, column, _ in cell_text.filled_cells(table)}
    return [column for column in table.columns if column in filled or not filled]


def shown_rows(table: ResultTable) -> list[str]:
    """The rows that have runs or published numbers; all of a table that has none."""
    filled = {row for row, *_ in cell_text.filled_cells(table)}
    return [row for row in table.rows if row in filled or not filled]


def _short_cell(cell: ResultCell, digits: int) -> str:
    parts = [_our_number(cell, digits), _published_number(cell)]
    return "; ".join(filter(None, parts)) or cell_text.EMPTY


def _our_number(cell: ResultCell, digits: int) -> str:
    return cell_text.format_cell(cell, digits) if cell.mean else ""


def _published_number(cell: ResultCell) -> str:
    return f"published {cell_text.format_published(cell)}" if cell.published else ""
