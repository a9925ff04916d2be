"""A report as Markdown, CSV, LaTeX and one HTML page."""

import csv
import io
import os
import pathlib
import re
import sys
from collections.abc import Sequence
from typing import Any

from tf_ssgan.common import errors, files
from tf_ssgan.reports import cell_text, run_code, table_rows
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.report import Report, describe_runs
from tf_ssgan.reports.result_table import ResultCell, ResultTable

FILE_NAMES = ("report.html", "report.md", "report.csv", "runs.csv", "report.tex")

# What stands at the end of every page, see page.html.
_MADE_WITH, _FOOTER_BYTES = b"This report was made with tf_ssgan", 1000


def markdown(report: Report) -> str:
    """The report in Markdown."""
    parts = [f"# {report.title}", describe_runs(report)]
    for table in report.tables:
        lines = [f"- {line}" for line in cell_text.describe_table(table)]
        parts += [f"## {table.title}", "\n".join(lines)]
        parts.append(_markdown_table(list(table_rows.short_table(table))))
        parts.append(_markdown_table(table_rows.long_table(table)))
    if report.left_out:
        rows = [[f"`{folder}`", reason] for folder, reason in report.left_out]
        parts += ["## Left out", _markdown_table([["folder", "reason"], *rows])]
    if report.finished.damage:
        parts += ["## Damaged files", "\n".join(f"- {line}" for line in report.finished.damage)]
    return "\n\n".join(parts) + "\n"


def _short_tables(report: Report) -> str:
    """The short tables alone, for a terminal."""
    parts = []
    for table in report.tables:
        parts.append(f"{table.title}, {cell_text.quantity_label(table)}")
        parts.append(_markdown_table(list(table_rows.short_table(table))))
        parts += cell_text.describe_few_images(table)
        parts += [run_code.describe_code(table.runs)] if table.runs else []
    return "\n\n".join(parts)


def format_summary(report: Report, written: Sequence[pathlib.Path]) -> str:
    """The text that a program prints at its end: tables, what is damaged, and files written."""
    lines = [_short_tables(report)]
    lines += [f"left out: {folder}: {reason}" for folder, reason in report.left_out]
    lines += [f"damaged file: {sentence}" for sentence in report.finished.damage]
    names = ", ".join(path.name for path in written)
    text = "\n".join([*lines, f"\nIn {written[0].parent}: {names}"])
    return text.encode(errors="backslashreplace").decode()  # as `files.replace` does


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first row is its head."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def cells_csv(report: Report) -> str:
    """A line for each cell, at full precision."""
    lines = []
    for table in report.tables:
        for row, column, cell in cell_text.filled_cells(table):
            names = {"table": table.name, "row": row, "column": column}
            means = {f"mean_{name}": cell_text.mean_error(cell, name) for name in ERROR_COLUMNS}
            lines.append(
                names
                | {"measure": table.measure.label}
                | _cell_numbers(cell)
                | {name: mean.mean for name, mean in means.items() if mean}
                | {"steps": cell_text.steps_per_run(cell)}
                | {"seconds": cell_text.median_seconds(cell), "budget": cell.budget}
            )
    return _csv(lines)


def _cell_numbers(cell: ResultCell) -> dict[str, Any]:
    """The numbers of a cell."""
    mean, paired = cell.mean, cell.paired
    differences = paired and paired.differences
    return {
        "mean": mean and mean.mean,
        "std": mean and mean.std,
        "n": mean.n if mean else 0,
        "published": cell.published and cell.published.value,
        "published_std": cell.published and cell.published.spread,
        "published_source": cell.published and cell.published.source,
        "published_on_other_images": cell.other_images,
        "difference": cell.difference,
        "paired_difference": differences and differences.mean,
        "paired_half_width_95": paired and paired.half_width,
        "paired_n": differences.n if differences else 0,
    }


def runs_csv(report: Report) -> str:
    """A line for each run: its settings, its numbers, its code, its folder."""
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
    names += ("steps", "epochs", *ERROR_COLUMNS, "validation_error", "validation_images", "seconds")
    return _csv(
        [
            {name: run.result[name] for name in names}
            | run_code.code_columns(run)
            | {"folder": run.folder}
            for run in report.runs
        ]
    )


def _csv(lines: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(name for line in lines for name in line))
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def latex(report: Report) -> str:
    """The short tables for a paper; they need the package booktabs."""
    return "\n".join(_tabular(table) for table in report.tables)


def _tabular(table: ResultTable) -> str:
    head, *body = [[_escaped(cell) for cell in row] for row in table_rows.short_table(table)]
    rows = [f"{' & '.join(row)} \\\\" for row in body]
    description = " ".join(map(_escaped, cell_text.describe_table(table)))
    return "\n".join(
        [
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{_escaped(table.title)}. {description}}}",
            f"\\label{{tab:{re.sub('[^A-Za-z0-9_:/-]+', '-', table.name)}}}",
            f"\\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
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
    """Text with the special characters of LaTeX escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


def refuse_other_files(folder: pathlib.Path) -> None:
    """Raises UserError if a report would overwrite files that are not those of a report.

    An earlier report is overwritten: its page says what made it.

    Args:
        folder: Folder of the report, which may not exist yet.
    """
    found = [name for name in FILE_NAMES if os.path.lexists(folder / name)]
    if found and not _is_own_page(folder / FILE_NAMES[0]):
        raise errors.UserError(
            f"--to={folder} holds {', '.join(found)}, which this program did not write and would "
            "overwrite. Give another --to, or move these files."
        )


def _is_own_page(path: pathlib.Path) -> bool:
    """Whether a file is the page of a report: its end says what made it."""
    try:
        with files.open_regular(path, sys.maxsize) as page:
            page.seek(max(0, path.stat().st_size - _FOOTER_BYTES))
            return _MADE_WITH in page.read(_FOOTER_BYTES)
    except OSError:
        return False


def write_report(report: Report, folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes a report in all formats.

    Args:
        report: The report.
        folder: Folder of the files; it is created if it does not exist.

    Returns:
        The files, the page first.

    Raises:
        UserError: They cannot be written.
    """
    from tf_ssgan.reports import html_page  # slow to import: it imports Matplotlib

    texts = {
        "report.md": markdown(report),
        "report.csv": cells_csv(report),
        "runs.csv": runs_csv(report),
        "report.tex": latex(report),
        "report.html": html_page.render(report, folder),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILE_NAMES:
            files.replace(folder / name, texts[name])
    except OSError as error:
        raise errors.UserError(
            f"--to={folder} cannot be written: {error.strerror}. The runs are unchanged."
        ) from error
    return [folder / name for name in FILE_NAMES]
