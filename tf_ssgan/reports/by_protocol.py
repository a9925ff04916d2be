"""Tables of runs by their own settings: a row for each method, a column for each protocol."""

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tf_ssgan import papers
from tf_ssgan.common import counts, errors
from tf_ssgan.reports import by_paper, common_data, fold_groups, ranking
from tf_ssgan.reports.finished_runs import NOISE, FinishedRun
from tf_ssgan.reports.result_table import (
    ResultTable,
    add_paired_differences,
    make_cell,
    refuse_mixture,
)


def make_tables(
    runs: Sequence[FinishedRun], number: str = "test_error", against: str = ""
) -> list[ResultTable]:
    """Makes a table for each data set: a row for each method, a column for each protocol.

    Args:
        runs: Any runs.
        number: Which error of a run to take.
        against: The row to compare with; empty takes `supervised`, or the first.

    Raises:
        UserError: No table has the row to compare with.
    """
    by_dataset = collections.defaultdict(list)
    for run in runs:
        by_dataset[run.result["dataset"]].append(run)
    tables = [_make_table(name, own, number) for name, own in by_dataset.items()]
    if against and not any(against in table.rows for table in tables):
        rows = dict.fromkeys(row for table in tables for row in table.rows)
        raise errors.UserError(
            f"--against={against} is not a row of the tables. {errors.nearest(against, rows)}"
        )
    return [add_paired_differences(t, against if against in t.rows else "") for t in tables]


def _make_table(dataset: str, runs: list[FinishedRun], number: str) -> ResultTable:
    """The table of a data set."""
    runs, doubled = fold_groups.pool(runs)
    columns = _column_names([run.protocol for run in runs])
    rows = _row_names(runs)
    grouped = collections.defaultdict(list)
    for run, row, column in zip(runs, rows, columns, strict=True):
        grouped[row, column].append(run)
    cells, measure, left_out = {}, papers.QUANTITIES["test_error"], doubled
    for (row, column), fitting in grouped.items():
        own, others = common_data.keep_common_splits(fitting)
        left_out += others
        refuse_mixture(f"{row}, {column}", own)
        published = by_paper.published_error(own[0])
        cells[row, column] = make_cell(own, "test_error", number, published, "")
    return ResultTable(
        name=dataset,
        title=dataset,
        rows=tuple(ranking.sorted_rows(cells, measure.better)),
        columns=tuple(sorted(dict.fromkeys(columns), key=_column_order(runs, columns))),
        cells=cells,
        measure=measure,
        number=number,
        left_out=tuple(left_out),
    )


def _row_names(runs: Sequence[FinishedRun]) -> list[str]:
    """The row of each run: its method, and the settings that differ between runs of a protocol.

    Runs that lack folds have a row of their own.
    """
    by_protocol = collections.defaultdict(list)
    for run in runs:
        by_protocol[run.method, tuple(sorted(map(str, run.protocol.items())))].append(run)
    differing = collections.defaultdict(dict)  # an ordered set of names for each method
    for (method, _), own in by_protocol.items():
        differing[method] |= dict.fromkeys(_differing_keys([run.settings for run in own]))
    names = [
        " ".join([run.method, *(f"{k}={run.settings.get(k)}" for k in differing[run.method])])
        for run in runs
    ]
    missing = map(fold_groups.describe_missing, runs)
    return [f"{n} ({m})" if m else n for n, m in zip(names, missing, strict=True)]


def names_without_noise(runs: Sequence[FinishedRun]) -> list[str]:
    """Names of the protocols of runs, without their label noise."""
    return _column_names([run.protocol | dict.fromkeys(NOISE, 0) for run in runs])


def _column_names(protocols: Sequence[Mapping[str, Any]]) -> list[str]:
    """The column of each protocol; the data are named only where nothing else tells them apart."""
    differing = [name for name in _differing_keys(protocols) if name != "data"]
    names = [_column_name(protocol, differing) for protocol in protocols]
    data = collections.defaultdict(set)
    for name, protocol in zip(names, protocols, strict=True):
        data[name].add(protocol["data"])
    return [
        f"{name}, data {common_data.short(protocol['data'])}" if len(data[name]) > 1 else name
        for name, protocol in zip(names, protocols, strict=True)
    ]


def _column_name(protocol: Mapping[str, Any], differing: list[str]) -> str:
    """The number of labels, and the values of a protocol that differ between protocols."""
    parts = [counts.things(protocol["labels"], "label")]
    if folds := protocol.get("folds"):  # they share their images: see "data"
        parts.append(f"{folds} folds")
        differing = [name for name in differing if name not in ("images", "test_images")]
    if set(NOISE) & set(differing):
        parts.append(describe_noise(protocol))
    if "validation" in differing and (protocol["validation"] or not folds):
        parts.append(f"{protocol['validation']:,} held out")
    if "images" in differing:
        parts.append(counts.things(protocol["images"], "training image"))
    if "test_images" in differing:
        parts.append(counts.things(protocol["test_images"], "test image"))
    known = ("labels", "dataset", "validation", "images", "test_images", "folds", *NOISE)
    return ", ".join([*parts, *(f"{k}={protocol[k]}" for k in differing if k not in known)])


def describe_noise(protocol: Mapping[str, Any]) -> str:
    """The label noise of a protocol in words."""
    kind, rate, clean_fraction, checked = (protocol[name] for name in NOISE)
    clean = f"{100 * clean_fraction:.9g} % known to be correct"
    if kind == "none" and checked:
        return "some labels checked"
    if kind == "none":
        return f"{clean}, others correct too" if clean_fraction else "correct labels"
    words = {
        "wrong": "wrong",
        "uniform": "redrawn",
        "permute": "permuted",
        "pair": "set to the next class",
    }
    noise = words.get(kind, kind) if rate == 1 else f"{100 * rate:.9g} % {words.get(kind, kind)}"
    if checked:
        return f"checked labels correct, others {noise}"
    return f"{clean}, others {noise}" if clean_fraction else noise


def _differing_keys(mappings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys whose values differ between mappings, in their order."""
    names = dict.fromkeys(key for mapping in mappings for key in mapping)
    return [k for k in names if any(own.get(k) != mappings[0].get(k) for own in mappings)]


def _column_order(runs: Sequence[FinishedRun], columns: Sequence[str]) -> Callable[[str], tuple]:
    """Sorts columns: fewer labels first, then less noise, then by name."""
    order = {}
    for run, column in zip(runs, columns, strict=True):
        protocol = run.protocol
        noise = protocol["noise_rate"], protocol["clean_fraction"]
        order[column] = (protocol["labels"], *noise, column)
    return lambda column: order[column]
