"""Tables as rows of text, which the formats of a report write in their own ways."""

from collections.abc import Iterator

from tf_ssgan.reports import cell_text
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.result_table import ResultCell, ResultTable


def _headings(table: ResultTable) -> list[str]:
    """The headings of the long table."""
    paired = [f"against {table.baseline}"] if table.baseline else []
    numbers = [table.measure.label, "published", "difference", *paired]
    return ["method", "protocol", *numbers, *ERROR_COLUMNS.values(), "steps", "seconds per run"]


def long_table(table: ResultTable) -> list[list[str]]:
    """The headings, and a line for each cell with all its numbers."""
    return [_headings(table), *_lines(table)]


def _lines(table: ResultTable) -> Iterator[list[str]]:
    digits, better = cell_text.table_decimals(table), table.measure.better
    for row, column, cell in cell_text.filled_cells(table):
        numbers = [
            cell_text.format_mean(cell.mean, digits),
            cell_text.format_published(cell),
            cell_text.format_signed(cell.difference, digits),
        ]
        paired = [cell_text.format_paired(cell.paired, digits, better)] if table.baseline else []
        means = [cell_text.mean_error(cell, name) for name in ERROR_COLUMNS]
        lengths = [cell_text.steps_per_run(cell), cell_text.median_seconds(cell)]
        yield [
            row,
            column,
            *numbers,
            *paired,
            *(cell_text.format_mean(mean, digits) for mean in means),
            *(cell_text.EMPTY if value is None else f"{value:,.0f}" for value in lengths),
        ]


def short_table(table: ResultTable) -> Iterator[list[str]]:
    """A row for each method and a column for each protocol, with our and published numbers."""
    digits = cell_text.table_decimals(table)
    yield ["", *table.columns]
    for row in table.rows:
        cells = [table.cell(row, column) for column in table.columns]
        yield [
            row,
            *(
                "; ".join(filter(None, (_our_number(cell, digits), _published_number(cell))))
                or cell_text.EMPTY
                for cell in cells
            ),
        ]


def _our_number(cell: ResultCell, digits: int) -> str:
    return cell_text.format_mean(cell.mean, digits) if cell.mean else ""


def _published_number(cell: ResultCell) -> str:
    return f"published {cell_text.format_published(cell)}" if cell.published else ""
