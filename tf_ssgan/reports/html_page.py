"""A report as one HTML page that loads no other file."""

import base64
import hashlib
import itertools
import os
import pathlib
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import jinja2

from tf_ssgan.common import checkout
from tf_ssgan.reports import (
    best_run,
    cell_text,
    class_recall,
    comparison,
    embedded_images,
    figures,
    reference_levels,
    run_code,
    table_notes,
    table_rows,
)
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS, FinishedRun
from tf_ssgan.reports.report import Report, describe_runs
from tf_ssgan.reports.result_table import ResultCell, ResultTable
from tf_ssgan.training import run_folders

# At most so many charts, and cells whose images are shown, on the page; tables share them equally.
CHARTS, GALLERIES = 40, 24
_TEMPLATE = "page.html"
_RUN_HEADINGS = ("method", "data", "seed", "test images", *ERROR_COLUMNS.values(), "steps",
                 "seconds", "code")  # fmt: skip


def render(report: Report, folder: pathlib.Path) -> str:
    """Renders the page.

    Args:
        report: The report.
        folder: Folder of the page; its links to runs are relative to it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["sha256"] = _sha256
    tables = max(1, len(report.tables))
    sections = [
        _section(table, folder, max(1, CHARTS // tables), max(1, GALLERIES // tables))
        for table in report.tables
    ]
    numbers = itertools.count()
    for section in sections:
        section["charts"] = [
            (title, _with_unique_ids(chart, next(numbers))) for title, chart in section["charts"]
        ]
    return environment.get_template(_TEMPLATE).render(
        title=report.title,
        description=describe_runs(report),
        sections=sections,
        runs=_run_table(report.runs, folder),
        left_out=[(str(path), _link(path, folder), reason) for path, reason in report.left_out],
        damage=report.damage,
        code=checkout.format_code(checkout.code_version()),
    )


def _sha256(script: str) -> str:
    """The SHA-256 of a script, as a content policy names the one that may run."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _section(
    table: ResultTable, folder: pathlib.Path, max_charts: int, max_galleries: int
) -> dict[str, Any]:
    """The values that the template needs of a table."""
    columns = table_rows.shown_columns(table)
    marks = {column: comparison.mark_of_best(table, column) for column in columns}
    digits, charts = cell_text.table_decimals(table), figures.table_charts(table)
    return {
        "anchor": _anchor(table.name),
        "title": table.title,
        "description": table_notes.describe_table(table),
        "comparisons": list(comparison.compare_methods(table)),
        "columns": columns,
        "rows": [
            (row, [_cell(table, row, c, digits, folder, marks[c]) for c in columns])
            for row in table_rows.shown_rows(table)
        ],
        "references": [
            (name, [texts[column] for column in columns])
            for name, texts in reference_levels.rows(table).items()
        ],
        "recalls": list(class_recall.recall_tables(table)),
        "best_runs": list(best_run.best_runs(table)),
        "details": table_rows.long_table(table),
        "charts": list(itertools.islice(charts, max_charts)),
        "more_charts": next(charts, None) is not None,
        "galleries": list(itertools.islice(_galleries(table, folder), max_galleries)),
        "cells": sum(bool(cell.runs) for *_, cell in cell_text.filled_cells(table)),
    }


def _cell(
    table: ResultTable,
    row: str,
    column: str,
    digits: int,
    folder: pathlib.Path,
    mark: tuple[str, str] | None,
) -> dict[str, Any]:
    """The values that the template needs of a cell."""
    cell = table.cell(row, column)
    difference = cell.difference is not None
    return {
        "mean": cell_text.format_cell(cell, digits),
        "published": cell_text.format_published(cell) if cell.published else "",
        "difference": cell_text.format_signed(cell.difference, digits) if difference else "",
        "source": cell.published.source if cell.published else "",
        "paired": _paired(table, cell, digits),
        "mark": mark[1] if mark and mark[0] == row else "",
        "ahead": mark == (row, comparison.AHEAD),
        "runs": [
            (f"{value:.{digits}f}", _link(run.folder, folder), best_run.seed_words(run))
            for run, value in _single_runs(table, cell)
        ],
    }


def _single_runs(table: ResultTable, cell: ResultCell) -> Iterator[tuple[FinishedRun, float]]:
    """The runs of a cell that have a folder, each with its value; folds have their own values."""
    for run, value in zip(cell.runs, cell.values, strict=True):
        if run.fold_count:
            yield from ((part, part.result[table.number]) for part in run.parts)
        else:
            yield run, value


def _paired(table: ResultTable, cell: ResultCell, digits: int) -> str:
    """The difference to the baseline on the same splits, in a few words."""
    if cell.paired is None:
        return ""
    differences = cell.paired.differences
    text = f"{cell_text.format_signed(differences.mean, digits)} to {table.baseline}"
    count = cell_text.format_count_ahead(cell.paired, table.measure.better)
    return f"{text} ({count if differences.n > 1 else cell_text.NOT_TOLD_APART})"


def _run_table(runs: Sequence[FinishedRun], folder: pathlib.Path) -> dict[str, Any]:
    """The values that the template needs of the list of runs: headings, and a row for each."""
    links = [(run_folders.shown(run.folder), _link(run.folder, folder)) for run in runs]
    rows = table_rows.without_empty_columns([_RUN_HEADINGS, *map(_run_texts, runs)])
    return {"headings": rows[0], "rows": list(zip(links, rows[1:], strict=True))}


def _run_texts(run: FinishedRun) -> list[str]:
    """A row of the list of runs."""
    result = run.result
    images = result["test_images"]
    # The median is of several classifiers, so it has no interval.
    counts = [images * (name != "test_error_median20") for name in ERROR_COLUMNS]
    errors = zip((result[name] for name in ERROR_COLUMNS), counts, strict=True)
    return [
        run.method,
        f"{result['dataset']}, {result['labels']:,} labels",
        best_run.seed_words(run),
        f"{images:,}",
        *(cell_text.EMPTY if e is None else cell_text.format_share(e, 2, n) for e, n in errors),
        f"{result['steps']:,}",
        f"{result['seconds']:,.0f}" if result["seconds"] else cell_text.EMPTY,
        run_code.short_code(run),
    ]


def _with_unique_ids(chart: str, number: int) -> str:
    """A chart whose ids occur in no other chart."""
    return re.sub(r'(\bid="|url\(#|href="#)(?=[A-Za-z][0-9a-f]{10}\b)', rf"\g<1>c{number}-", chart)


def _galleries(table: ResultTable, folder: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Images of the run with the first seed in each cell; if the table is a figure, only those."""
    figure = [
        embedded_images.FIGURES[name] for name in table.shows if name in embedded_images.FIGURES
    ]
    for row, column, cell in cell_text.filled_cells(table):
        for run in (part for own in cell.runs[:1] for part in own.parts[:1]):
            captions = embedded_images.captions(run.folder)
            images = [
                {"data": data, "caption": captions[name], "chart": name in embedded_images.CHARTS}
                for name in (figure if table.shows else captions)
                if (data := embedded_images.data_url(run.folder / name))
            ]
            if images:
                yield {
                    "title": f"{row}, {column}",
                    "seed": best_run.seed_words(run),
                    "link": _link(run.folder, folder),
                    "images": images,
                }


def _link(path: pathlib.Path, folder: pathlib.Path) -> str:
    """The URL of a run's folder, relative to the page."""
    return urllib.parse.quote(os.fsencode(os.path.relpath(path, folder)), safe=b"/") + "/"


def _anchor(name: str) -> str:
    """The id of a table's section; different names give different ids."""
    return urllib.parse.quote(name, safe="", errors="backslashreplace")  # paths may be no UTF-8
