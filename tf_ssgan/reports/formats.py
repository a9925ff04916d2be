"""A report as Markdown, CSV, LaTeX and one HTML page."""

import csv
import io
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tf_ssgan.common import errors, files
from tf_ssgan.reports import cell_text
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.report import Report, when
from tf_ssgan.reports.result_table import ResultCell, ResultTable

FILE_NAMES = ("report.html", "report.md", "report.csv", "runs.csv", "report.tex")


def _columns(sheet: ResultTable) -> list[str]:
    """The headings of the long table."""
    compared = [f"against {sheet.baseline}"] if sheet.baseline else []
    own = [sheet.measure.label, "published", "difference", *compared]
    return ["method", "of", *own, *ERROR_COLUMNS.values(), "steps", "seconds a run"]


def long(sheet: ResultTable) -> list[list[str]]:
    """The long table: its headings, and a line a cell."""
    return [_columns(sheet), *_lines(sheet)]


def _lines(sheet: ResultTable) -> Iterator[list[str]]:
    digits, better = cell_text.decimals(sheet), sheet.measure.better
    for row, column, cell in cell_text.filled(sheet):
        own = [
            cell_text.mean(cell.mean, digits),
            cell_text.printed(cell),
            cell_text.signed(cell.difference, digits),
        ]
        compared = [cell_text.against(cell.paired, digits, better)] if sheet.baseline else []
        errors_of = [cell_text.mean(cell_text.number(cell, name), digits) for name in ERROR_COLUMNS]
        ends = [cell_text.steps(cell), cell_text.seconds(cell)]
        told = [cell_text.EMPTY if value is None else f"{value:,.0f}" for value in ends]
        yield [row, column, *own, *compared, *errors_of, *told]


def matrix(sheet: ResultTable) -> Iterator[list[str]]:
    """The short table: a row a method, a column a protocol, ours and the published number."""
    digits = cell_text.decimals(sheet)
    yield ["", *sheet.columns]
    for row in sheet.rows:
        cells = [sheet.cell(row, column) for column in sheet.columns]
        yield [
            row,
            *(
                "; ".join(filter(None, (_ours(cell, digits), _theirs(cell)))) or cell_text.EMPTY
                for cell in cells
            ),
        ]


def _ours(cell: ResultCell, digits: int) -> str:
    return cell_text.mean(cell.mean, digits) if cell.mean else ""


def _theirs(cell: ResultCell) -> str:
    return f"published {cell_text.printed(cell)}" if cell.printed else ""


def markdown(report: Report) -> str:
    """The report in Markdown."""
    parts = [f"# {report.title}", when(report)]
    for sheet in report.sheets:
        parts += [f"## {sheet.title}", "\n".join(f"- {line}" for line in cell_text.about(sheet))]
        parts.append(_grid(list(matrix(sheet))))
        parts.append(_grid(long(sheet)))
    if report.found.left_out:
        rows = [[f"`{where}`", why] for where, why in report.found.left_out]
        parts += ["## Left out", _grid([["folder", "why"], *rows])]
    return "\n\n".join(parts) + "\n"


def short(report: Report) -> str:
    """The short tables alone, for a terminal."""
    return "\n\n".join(
        f"{sheet.title}, {cell_text.label(sheet)}\n\n{_grid(list(matrix(sheet)))}"
        for sheet in report.sheets
    )


def format_summary(report: Report, written: Sequence[pathlib.Path]) -> str:
    """What a program prints at its end: the tables, what was left out, and where the rest is."""
    lines = [short(report)]
    lines += [f"left out: {where}: {why}" for where, why in report.found.left_out]
    names = ", ".join(path.name for path in written)
    text = "\n".join([*lines, f"\nIn {written[0].parent}: {names}"])
    return text.encode(errors="backslashreplace").decode()  # as `journal.replace` does


def _grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first its head."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def cells_csv(report: Report) -> str:
    """A line a cell, full precision."""
    lines = []
    for sheet in report.sheets:
        for row, column, cell in cell_text.filled(sheet):
            what = {"table": sheet.name, "row": row, "column": column}
            means = {f"mean_{name}": cell_text.number(cell, name) for name in ERROR_COLUMNS}
            known = {name: found.mean for name, found in means.items() if found}
            ends = {"steps": cell_text.steps(cell), "seconds": cell_text.seconds(cell)}
            what |= {"measure": sheet.measure.label} | _figures(cell) | known | ends
            lines.append(what | {"budget": cell.budget})
    return _csv(lines)


def _figures(cell: ResultCell) -> dict[str, Any]:
    """The numbers of a cell."""
    found, compared = cell.mean, cell.paired and cell.paired.differences
    return {
        "mean": found and found.mean,
        "std": found and found.std,
        "n": found.n if found else 0,
        "published": cell.printed and cell.printed.value,
        "published_std": cell.printed and cell.printed.spread,
        "published_source": cell.printed and cell.printed.source,
        "published_on_other_images": cell.other_images,
        "difference": cell.difference,
        "paired_difference": compared and compared.mean,
        "paired_half_width_95": compared and compared.half_width,
        "paired_n": compared.n if compared else 0,
    }


def runs_csv(report: Report) -> str:
    """A line a run: what it is, its numbers, its folder."""
    names = (
        "method",
        "dataset",
        "labels",
        "seed",
        "split_seed",
        "noise",
        "noise_rate",
        "clean_fraction",
    )
    names += ("steps", "epochs", *ERROR_COLUMNS, "validation_error", "seconds")
    return _csv(
        [
            {name: record.result.get(name) for name in names} | {"folder": record.folder}
            for record in report.records
        ]
    )


def _csv(lines: Sequence[dict[str, Any]]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, dict.fromkeys(name for line in lines for name in line))
    writer.writeheader()
    writer.writerows(lines)
    return table.getvalue()


def latex(report: Report) -> str:
    """The short tables for a paper; they need the package booktabs."""
    return "\n".join(_tabular(sheet) for sheet in report.sheets)


def _tabular(sheet: ResultTable) -> str:
    head, *body = [[_escaped(cell) for cell in row] for row in matrix(sheet)]
    rows = [f"{' & '.join(row)} \\\\" for row in body]
    about = " ".join(map(_escaped, cell_text.about(sheet)))
    return "\n".join(
        [
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{_escaped(sheet.title)}. {about}}}",
            f"\\label{{tab:{re.sub('[^A-Za-z0-9_:/-]+', '-', sheet.name)}}}",
            f"\\begin{{tabular}}{{l{'r' * len(sheet.columns)}}}",
            "\\toprule",
            f"{' & '.join(head)} \\\\",
            "\\midrule",
            *rows,
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}\n",
        ]
    )


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "−": "$-$", "–": "--", "<": "$<$", ">": "$>$",
}  # fmt: skip


def _escaped(text: str) -> str:
    """Text as LaTeX takes it."""
    return "".join(_LATEX.get(character, character) for character in text)


def write(report: Report, folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes all forms of a report.

    Args:
        report: The report.
        folder: Where; it is made if need be.

    Returns:
        The files, the page first.

    Raises:
        UserError: They cannot be written.
    """
    from tf_ssgan.reports import html_page  # slow to import: it draws

    texts = {
        "report.md": markdown(report),
        "report.csv": cells_csv(report),
        "runs.csv": runs_csv(report),
        "report.tex": latex(report),
        "report.html": html_page.html(report, folder),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILE_NAMES:
            files.replace(folder / name, texts[name])
    except OSError as error:
        raise errors.UserError(
            f"--to={folder} cannot be written: {error.strerror}. The runs are untouched."
        ) from error
    return [folder / name for name in FILE_NAMES]
