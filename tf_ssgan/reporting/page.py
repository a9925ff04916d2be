"""A report as one HTML page that needs nothing but itself."""

import collections
import itertools
import os
import pathlib
import re
import statistics
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import jinja2

from tf_ssgan.reporting import charts, forms, pictures, protocols
from tf_ssgan.reporting.records import NUMBERS, Record
from tf_ssgan.reporting.sheets import Cell, Sheet

GALLERY = 24  # cells of which pictures are shown, over the whole page
_TEMPLATE = "page.html"


def html(report: forms.Report, folder: pathlib.Path) -> str:
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
    left = GALLERY
    sections = []
    for sheet in report.sheets:
        sections.append(_section(sheet, folder, left))
        left -= len(sections[-1]["galleries"])
    numbers = itertools.count()
    for section in sections:
        section["charts"] = [
            (title, _apart(chart, next(numbers))) for title, chart in section["charts"]
        ]
    return environment.get_template(_TEMPLATE).render(
        title=report.title,
        when=forms.when(report),
        sections=sections,
        runs=[_run(record, folder) for record in report.records],
        numbers=NUMBERS,
        left_out=[(str(where), _link(where, folder), why) for where, why in report.found.left_out],
    )


def _section(sheet: Sheet, folder: pathlib.Path, galleries: int) -> dict[str, Any]:
    """What the template needs of a table."""
    return {
        "anchor": _anchor(sheet.name),
        "title": sheet.title,
        "about": forms.about(sheet),
        "verdicts": list(verdicts(sheet)),
        "columns": sheet.columns,
        "rows": [
            (row, [_cell(sheet, row, column, folder) for column in sheet.columns])
            for row in sheet.rows
        ],
        "details": forms.long(sheet),
        "charts": list(_charts(sheet)),
        "galleries": list(itertools.islice(_galleries(sheet, folder), galleries)),
        "cells": sum(bool(cell.records) for *_, cell in forms.filled(sheet)),
    }


def _cell(sheet: Sheet, row: str, column: str, folder: pathlib.Path) -> dict[str, Any]:
    """What the template needs of a cell."""
    cell, digits = sheet.cell(row, column), forms.decimals(sheet)
    return {
        "told": forms.mean(cell.mean, digits),
        "published": forms.printed(cell, digits) if cell.printed else "",
        "difference": forms.signed(cell.difference, digits) if cell.difference is not None else "",
        "source": cell.printed.source if cell.printed else "",
        "paired": _paired(sheet, cell, digits),
        "best": bool(cell.records) and row == _best(sheet, column),
        "runs": [
            (f"{value:.{digits}f}", _link(record.folder, folder), _seed(record))
            for record, value in zip(cell.records, cell.values, strict=True)
        ],
    }


def _paired(sheet: Sheet, cell: Cell, digits: int) -> str:
    """The difference to the baseline on the same splits, in short."""
    if cell.paired is None:
        return ""
    differences = cell.paired.differences
    many = f" (lower in {cell.paired.fewer} of {differences.n})" if differences.n > 1 else ""
    return f"{forms.signed(differences.mean, digits)} to {sheet.baseline}{many}"


def _run(record: Record, folder: pathlib.Path) -> dict[str, Any]:
    """What the template needs of a run."""
    result = record.result
    known = {name: result.get(name) for name in NUMBERS}
    return {
        "name": record.folder.name,
        "link": _link(record.folder, folder),
        "method": record.method,
        "of": f"{result['dataset']}, {result['labels']:,} labels",
        "seed": _seed(record),
        "numbers": {k: forms.EMPTY if v is None else f"{v:.2f}" for k, v in known.items()},
        "steps": f"{result['steps']:,}",
        "seconds": f"{result['seconds']:,.0f}" if result.get("seconds") else forms.EMPTY,
    }


def verdicts(sheet: Sheet) -> Iterator[str]:
    """Says of each column with several methods which is ahead, and which one would have taken."""
    for column in sheet.columns:
        best = _best(sheet, column)
        if best is None:
            continue
        cell, digits = sheet.cell(best, column), forms.decimals(sheet)
        word = "lowest" if sheet.measure.better == "lower" else "highest"
        told = f"{column}: {best} is {word}, {forms.mean(cell.mean, digits)}."
        chosen = _chosen(sheet, column)
        if chosen == best:
            told += " Held-out images would have chosen it too."
        elif chosen:
            of_chosen = forms.mean(sheet.cell(chosen, column).mean, digits)
            told += f" Held-out images would have chosen {chosen}, {of_chosen}."
        yield told


def _compared(sheet: Sheet, column: str) -> dict[str, Cell]:
    """The methods of a column that have runs; none where there is nothing to compare."""
    found = {row: cell for row in sheet.rows if (cell := sheet.cell(row, column)).records}
    return found if len(found) > 1 else {}


def _best(sheet: Sheet, column: str) -> str | None:
    """The row whose mean is ahead."""
    sign = 1 if sheet.measure.better == "lower" else -1
    means = {row: sign * cell.mean.mean for row, cell in _compared(sheet, column).items()}
    return min(means, key=means.__getitem__, default=None)


def _chosen(sheet: Sheet, column: str) -> str | None:
    """The row with the lowest error on held-out images; None where one does not say."""
    found = {
        row: forms.number(cell, "validation_error")
        for row, cell in _compared(sheet, column).items()
    }
    if not all(found.values()):
        return None
    return min(found, key=lambda row: found[row].mean, default=None)


def _charts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """The charts of a table and their titles; of a figure that is one itself, that chart alone."""
    kinds = {
        "label_curves": _label_charts,
        "dots": _dot_charts,
        "learning_curves": _learning_charts,
        "noise_curves": _noise_charts,
    }
    named = [kind for kind in kinds if kind in sheet.shows]
    for kind in named or kinds:
        yield from kinds[kind](sheet)


def _columns(sheet: Sheet) -> Iterator[tuple[str, dict[str, Cell]]]:
    """The columns with runs, and their cells that have some."""
    for column in sheet.columns:
        cells = {row: cell for row in sheet.rows if (cell := sheet.cell(row, column)).records}
        if cells:
            yield column, cells


def _apart(chart: str, number: int) -> str:
    """A chart in which no element has the name of one in another chart."""
    return re.sub(r'(\bid="|url\(#|href="#)(?=[A-Za-z][0-9a-f]{10}\b)', rf"\g<1>c{number}-", chart)


def _dot_charts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Every run as a dot, a chart a column; of columns with something to compare."""
    for column, cells in _columns(sheet):
        printed = {row: cell.printed.value for row, cell in cells.items() if cell.printed}
        values = {row: cell.values for row, cell in cells.items()}
        if printed or sum(map(len, values.values())) > 1:
            yield column, charts.dots(values, printed, column, _label(sheet))


def _learning_charts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Test error over the steps, a chart a column."""
    for column, cells in _columns(sheet):
        learned = {row: _learning(cell.records) for row, cell in cells.items()}
        if learned := {row: runs for row, runs in learned.items() if runs}:
            yield column, charts.curves(learned, column, "step", "test error (%)")


def _label_charts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Each method over the number of labels, where nothing else tells the columns apart."""
    curves = collections.defaultdict(lambda: collections.defaultdict(list))
    others = set()
    for row, _, cell in forms.filled(sheet):
        for record, value in zip(cell.records, cell.values, strict=True):
            curves[row][record.protocol["labels"]].append(value)
            others.add(str({k: v for k, v in record.protocol.items() if k != "labels"}))
    labels = {count for found in curves.values() for count in found}
    if len(others) == 1 and len(labels) > 2 and min(labels) > 0:
        # A curve from the lowest values and one from the highest: the range is between them.
        series = {
            row: [[(k, pick(found[k])) for k in found] for pick in (min, statistics.fmean, max)]
            for row, found in curves.items()
        }
        title = "by number of labels"
        yield title, charts.curves(series, title, "labels", _label(sheet), log=True)


def _label(sheet: Sheet) -> str:
    """What the numbers of a table are, with their unit."""
    return f"{sheet.measure.label} ({sheet.measure.unit})".removesuffix(" ()")


def _learning(records: Sequence[Record]) -> list[charts.Curve]:
    """Test error over the steps, of runs that all have some steps in common."""
    found = [
        [(line["step"], line["test_error"]) for line in record.history if "test_error" in line]
        for record in records
    ]
    shared = set.intersection(*({x for x, _ in run} for run in found)) if found else set()
    return found if shared else []


def _noise_charts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """For each method with several shares of wrong labels, accuracy over the epochs.

    Figure 4 of Jiang, Zhang and Liu (2019).
    """
    rows = [
        (row, r) for row in sheet.rows for c in sheet.columns for r in sheet.cell(row, c).records
    ]
    names = protocols.named_without_noise([record for _, record in rows])
    alike = collections.defaultdict(lambda: collections.defaultdict(list))
    for (row, record), name in zip(rows, names, strict=True):
        protocol = record.protocol
        share = protocol["noise_rate"], -protocol["clean_pct"], protocols.noise(protocol)
        alike[row, protocol["dataset"], name][share].append(record)
    for (row, _, name), shares in alike.items():
        accuracies = {share[-1]: _accuracies(shares[share]) for share in sorted(shares)}
        if len(accuracies) > 1 and all(accuracies.values()):
            title = ", ".join(filter(None, (row, name, "label noise")))
            yield title, charts.curves(accuracies, title, "epoch", "test accuracy (%)")


def _accuracies(records: Sequence[Record]) -> list[charts.Curve]:
    """Test accuracy over the epochs, of runs that have some epochs in common."""
    found = [
        [(line["epoch"], 100 - line["test_error"]) for line in r.history if "test_error" in line]
        for r in records
    ]
    return found if set.intersection(*({x for x, _ in run} for run in found)) else []


def _galleries(sheet: Sheet, folder: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Pictures of one run of each cell, that of the first seed; those that a figure is of."""
    every = pictures.IMAGES | pictures.CHARTS
    chosen = [name for shown, name in pictures.FIGURES.items() if shown in sheet.shows]
    for row, column, cell in forms.filled(sheet):
        for record in cell.records[:1]:
            found = [
                {"data": data, "caption": every[name], "chart": name in pictures.CHARTS}
                for name in chosen or every
                if (data := pictures.embedded(record.folder / name))
            ]
            if found:
                yield {
                    "title": f"{row}, {column}",
                    "seed": _seed(record),
                    "link": _link(record.folder, folder),
                    "pictures": found,
                }


def _seed(record: Record) -> str:
    """Its seed, and its split seed where that is another."""
    split, seed = record.seeds
    return f"seed {seed}" if split == seed else f"seed {seed}, split seed {split}"


def _link(where: pathlib.Path, folder: pathlib.Path) -> str:
    """The address of a run's folder, from the page."""
    return urllib.parse.quote(os.path.relpath(where, folder).replace(os.sep, "/")) + "/"


def _anchor(name: str) -> str:
    """A name for an element, which no two tables share."""
    return urllib.parse.quote(name, safe="")
