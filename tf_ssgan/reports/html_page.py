"""A report as one HTML page that needs nothing but itself."""

import itertools
import os
import pathlib
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import jinja2

from tf_ssgan.reports import cell_text, comparison, embedded_images, figures, formats
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS, FinishedRun
from tf_ssgan.reports.report import Report, when
from tf_ssgan.reports.result_table import ResultCell, ResultTable

# Over the whole page; a table of many has the first ones of its share.
CHARTS, GALLERY = 40, 24  # charts, and cells of which pictures are shown
_TEMPLATE = "page.html"


def html(report: Report, folder: pathlib.Path) -> str:
    """Renders the page.

    Args:
        report: What to tell.
        folder: Where the page will lie; its links to runs are relative to it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    share = max(1, len(report.sheets))
    sections = [
        _section(sheet, folder, max(1, CHARTS // share), max(1, GALLERY // share))
        for sheet in report.sheets
    ]
    numbers = itertools.count()
    for section in sections:
        section["charts"] = [
            (title, _apart(chart, next(numbers))) for title, chart in section["charts"]
        ]
    return environment.get_template(_TEMPLATE).render(
        title=report.title,
        when=when(report),
        sections=sections,
        runs=[_run(record, folder) for record in report.records],
        numbers=ERROR_COLUMNS,
        left_out=[(str(where), _link(where, folder), why) for where, why in report.found.left_out],
    )


def _section(
    sheet: ResultTable, folder: pathlib.Path, most_charts: int, galleries: int
) -> dict[str, Any]:
    """What the template needs of a table."""
    best = {column: comparison.best(sheet, column) for column in sheet.columns}
    digits, charts = cell_text.decimals(sheet), figures.of(sheet)
    return {
        "anchor": _anchor(sheet.name),
        "title": sheet.title,
        "about": cell_text.about(sheet),
        "verdicts": list(comparison.of(sheet)),
        "columns": sheet.columns,
        "rows": [
            (row, [_cell(sheet, row, c, digits, folder, row == best[c]) for c in sheet.columns])
            for row in sheet.rows
        ],
        "details": formats.long(sheet),
        "charts": list(itertools.islice(charts, most_charts)),
        "more_charts": next(charts, None) is not None,
        "galleries": list(itertools.islice(_galleries(sheet, folder), galleries)),
        "cells": sum(bool(cell.records) for *_, cell in cell_text.filled(sheet)),
    }


def _cell(
    sheet: ResultTable, row: str, column: str, digits: int, folder: pathlib.Path, best: bool
) -> dict[str, Any]:
    """What the template needs of a cell."""
    cell = sheet.cell(row, column)
    return {
        "told": cell_text.mean(cell.mean, digits),
        "published": cell_text.printed(cell) if cell.printed else "",
        "difference": cell_text.signed(cell.difference, digits)
        if cell.difference is not None
        else "",
        "source": cell.printed.source if cell.printed else "",
        "paired": _paired(sheet, cell, digits),
        "best": best,
        "runs": [
            (f"{value:.{digits}f}", _link(record.folder, folder), _seed(record))
            for record, value in zip(cell.records, cell.values, strict=True)
        ],
    }


def _paired(sheet: ResultTable, cell: ResultCell, digits: int) -> str:
    """The difference to the baseline on the same splits, in short."""
    if cell.paired is None:
        return ""
    differences = cell.paired.differences
    told = f"{cell_text.signed(differences.mean, digits)} to {sheet.baseline}"
    many = cell_text.how_many(cell.paired, sheet.measure.better)
    return f"{told} ({many})" if differences.n > 1 else told


def _run(record: FinishedRun, folder: pathlib.Path) -> dict[str, Any]:
    """What the template needs of a run."""
    result = record.result
    known = {name: result.get(name) for name in ERROR_COLUMNS}
    return {
        "name": record.folder.name,
        "link": _link(record.folder, folder),
        "method": record.method,
        "of": f"{result['dataset']}, {result['labels']:,} labels",
        "seed": _seed(record),
        "numbers": {k: cell_text.EMPTY if v is None else f"{v:.2f}" for k, v in known.items()},
        "steps": f"{result['steps']:,}",
        "seconds": f"{result['seconds']:,.0f}" if result.get("seconds") else cell_text.EMPTY,
    }


def _apart(chart: str, number: int) -> str:
    """A chart in which no element has the name of one in another chart."""
    return re.sub(r'(\bid="|url\(#|href="#)(?=[A-Za-z][0-9a-f]{10}\b)', rf"\g<1>c{number}-", chart)


def _galleries(sheet: ResultTable, folder: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Pictures of one run of each cell, that of the first seed; those that a figure is of."""
    every = embedded_images.IMAGES | embedded_images.CHARTS
    chosen = [
        embedded_images.FIGURES[shown] for shown in sheet.shows if shown in embedded_images.FIGURES
    ]
    chosen = chosen if sheet.shows else list(every)
    for row, column, cell in cell_text.filled(sheet):
        for record in cell.records[:1]:
            found = [
                {"data": data, "caption": every[name], "chart": name in embedded_images.CHARTS}
                for name in chosen
                if (data := embedded_images.embedded(record.folder / name))
            ]
            if found:
                yield {
                    "title": f"{row}, {column}",
                    "seed": _seed(record),
                    "link": _link(record.folder, folder),
                    "pictures": found,
                }


def _seed(record: FinishedRun) -> str:
    """Its seed, and its split seed where that is another."""
    split, seed = record.seeds
    return f"seed {seed}" if split == seed else f"seed {seed}, split seed {split}"


def _link(where: pathlib.Path, folder: pathlib.Path) -> str:
    """The address of a run's folder, from the page."""
    return urllib.parse.quote(os.fsencode(os.path.relpath(where, folder)), safe=b"/") + "/"


def _anchor(name: str) -> str:
    """A name for an element, which no two tables share."""
    return urllib.parse.quote(name, safe="")
