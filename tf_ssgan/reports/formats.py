"""A report as Markdown, CSV, LaTeX and one HTML page."""

import csv
import io
import os
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tf_ssgan.common import errors, files, plain_text
from tf_ssgan.metrics import intervals
from tf_ssgan.reports import (
    best_run,
    cell_text,
    class_recall,
    comparison,
    escaping,
    reference_levels,
    run_code,
    table_notes,
    table_rows,
)
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS, FinishedRun
from tf_ssgan.reports.report import Report, describe_runs
from tf_ssgan.reports.result_table import ResultCell, ResultTable

FILE_NAMES = ("report.html", "report.md", "report.csv", "runs.csv", "report.tex")
_LINES = 20  # folders that are left out, in a summary

# What stands at the end of every page, see page.html.
_MADE_WITH, _FOOTER_BYTES = b"This report was made with tf_ssgan", 1000


def markdown(report: Report) -> str:
    """The report in Markdown."""
    parts = [_heading(1, report.title), escaping.markdown_block(describe_runs(report))]
    for table in report.tables:
        parts += [_heading(2, table.title), _markdown_list(table_notes.describe_table(table))]
        parts += map(escaping.markdown_block, comparison.compare_methods(table))
        parts.append(_markdown_table(table_rows.short_table(table)))
        parts.append(_markdown_table(table_rows.long_table(table)))
        for recall in class_recall.recall_tables(table):
            parts += [_heading(3, recall.title), _markdown_table(recall.rows)]
            parts += map(escaping.markdown_block, recall.never)
        parts += _markdown_export(table)
    if report.left_out:
        rows = [
            [escaping.markdown_path(folder), escaping.markdown(reason)]
            for folder, reason in report.left_out
        ]
        parts += [_heading(2, "Left out"), _table([["folder", "reason"], *rows])]
    if report.damage:
        parts += [_heading(2, "Damaged files"), _markdown_list(report.damage)]
    return "\n\n".join(parts) + "\n"


def _markdown_export(table: ResultTable) -> Iterator[str]:
    """Which run to export, and the command."""
    for best in best_run.best_runs(table):
        yield _heading(3, best.title)
        yield escaping.markdown_block(best.reason)
        yield escaping.markdown_code(best.command)


def _heading(level: int, text: str) -> str:
    return f"{'#' * level} {escaping.markdown_block(text)}"


def _markdown_list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escaping.markdown_block(line)}" for line in lines)


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first row is its head."""
    return _table([[escaping.markdown(cell) for cell in row] for row in rows])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells that are escaped; the first row is its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def _short_tables(report: Report) -> Iterator[str]:
    """The short tables alone, for a terminal."""
    for table in report.tables:
        yield plain_text.escape(f"{table.title}, {cell_text.quantity_label(table)}")
        rows = table_rows.short_table(table)
        yield _table([[plain_text.escape(cell).replace("|", "\\|") for cell in r] for r in rows])
        notes = (
            *table_notes.describe_test_images(table),
            *(line for c in table.columns for line in reference_levels.compare(table, c)),
            *table_notes.describe_few_images(table),
        )
        yield from map(plain_text.escape, notes)
        if table.runs:
            yield plain_text.escape(run_code.describe_code(table.parts))


def format_summary(report: Report, written: Sequence[pathlib.Path]) -> str:
    """The text that a program prints at its end: tables, what is damaged, and files written."""
    left_out = [f"left out: {folder}: {reason}" for folder, reason in report.left_out]
    if len(left_out) > _LINES:
        left_out[_LINES:] = [f"left out: {len(left_out) - _LINES:,} more folders, see report.md"]
    lines = [*left_out, *(f"damaged file: {line}" for line in report.damage)]
    names = ", ".join(path.name for path in written)
    end = ["", plain_text.escape(f"In {written[0].parent}: {names}")]
    return "\n".join(["\n\n".join(_short_tables(report)), *map(plain_text.escape, lines), *end])


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
    others = ("checked_labels", "test_bound")  # that some results lack
    names += ("steps", "epochs", *ERROR_COLUMNS, "validation_error", "validation_images", "seconds")
    return _csv(
        [
            {name: run.result[name] for name in names}
            | {name: run.result.get(name) for name in others}
            | {"folds": run.fold_count or None, "fold": run.fold}
            | _levels(run)
            | run_code.code_columns(run)
            | {"folder": run.folder}
            for run in report.runs
        ]
    )


def _levels(run: FinishedRun) -> dict[str, Any]:
    """What an error is to be compared with: its interval, guessing and the linear classifier."""
    images = run.result["test_images"]
    low, high = intervals.of_error(run.result["test_error"], images)
    guessing, linear = run.result.get("guessing"), run.result.get("linear")
    return {
        "test_images": images,
        "test_error_low_95": low,
        "test_error_high_95": high,
        "guessing_error": guessing and guessing["error"],
        "linear_error": linear and linear["error"],
    }


def _csv(lines: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(name for line in lines for name in line))
    writer.writeheader()
    writer.writerows(
        {name: escaping.csv_cell(value) for name, value in line.items()} for line in lines
    )
    return text.getvalue()


def latex(report: Report) -> str:
    """The short tables and the recalls for a paper; they need the package booktabs."""
    return "\n".join(text for table in report.tables for text in _tabulars(table))


def _tabulars(table: ResultTable) -> Iterator[str]:
    """The tables in LaTeX that a table gives."""
    lines, label = table_notes.describe_table(table), _label(table.name)
    yield _tabular(f"{table.title}. {' '.join(lines)}", label, table_rows.short_table(table))
    for number, recall in enumerate(class_recall.recall_tables(table), 1):
        caption = f"{table.title}. {' '.join((f'{recall.title}.', *recall.never))}"
        yield _tabular(caption, f"{label}-recall-{number}", recall.rows)


def _label(name: str) -> str:
    return re.sub("[^A-Za-z0-9_:/-]+", "-", name)


def _tabular(caption: str, label: str, rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table in LaTeX; the first row is its head."""
    head, *body = [[escaping.latex(cell) for cell in row] for row in rows]
    return "\n".join(
        [
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{escaping.latex(caption)}}}",
            f"\\label{{tab:{label}}}",
            f"\\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            "\\toprule",
            f"{' & '.join(head)} \\\\",
            "\\midrule",
            *(f"{' & '.join(row)} \\\\" for row in body),
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}\n",
        ]
    )


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
