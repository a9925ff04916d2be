"""The options of a sweep, and the runs that it consists of."""

import dataclasses
import json
import math
import pathlib
from collections.abc import Sequence
from typing import Any, Literal

from tf_ssgan import methods, papers
from tf_ssgan.common import errors
from tf_ssgan.common.options import LARGEST_SEED, check, option
from tf_ssgan.training import config

_MOST_RUNS = 10_000  # of a sweep: ten methods, ten numbers of labels and a hundred seeds
_SHOWN = 60  # characters of a list in a message


@dataclasses.dataclass(frozen=True)
class SweepOptions:
    """The flags of the sweep program."""

    table: str = option("", "Table or figure of a paper to train; see --list.")
    list: bool = option(False, "Print the tables and figures, and train nothing.")
    methods: str = option("", "Methods, separated by commas.")
    dataset: str = option("", "Data set, as in train_main.py; digits if not given.", path="dataset")
    data_dir: str = option("", "Folder of the data, as in train_main.py.", path="folder")
    labels: str = option("", "Numbers of labeled images, separated by commas; -1 for all.")
    noise: Literal["", "wrong", "uniform", "permute", "pair"] = option(
        "", "Kind of label noise for --noise_rates, as in train_main.py; wrong if not given."
    )
    noise_rates: str = option(
        "", "Shares of the labels that are replaced by label noise, separated by commas."
    )
    seeds: str = option(
        "3", "Number of seeds, counted from 0; or the seeds themselves: 0-4, or 10,11, or 7-7."
    )
    folds: int = option(
        0,
        "Divide the labeled images into so many folds, and train a run for each, as in "
        "train_main.py; 0 tests with the test images.",
        low=0,
        high=config.LARGEST_FOLDS,
    )
    budget: Literal["full", "small", "smoke"] = option(
        "full",
        "Length of the runs of --table: full is the paper's, small is what 2 CPU cores can do, "
        "smoke is a short test.",
    )
    runs: str = option("runs", "Folder that holds the folders of the runs.", path="folder")
    to: str = option("", "Folder of the report; RUNS/report-NAMES if not given.", path="folder")
    jobs: int = option(
        1,
        "Number of runs at once. Each has its own CPU cores; GPUs are not divided.",
        low=1,
        high=1_024,
    )

    @property
    def chosen_dataset(self) -> str:
        """Name of the data set, if no table is given."""
        return self.dataset or "digits"

    @property
    def chosen_methods(self) -> tuple[str, ...]:
        """Names of the methods; empty if none is given."""
        return _words("methods", self.methods) if self.methods else ()

    @property
    def chosen_labels(self) -> tuple[int, ...]:
        """Numbers of labels; empty if none is given."""
        return _whole_numbers("labels", self.labels) if self.labels else ()

    @property
    def chosen_noise_rates(self) -> tuple[float, ...]:
        """The noise rates in ascending order; empty if none is given."""
        if not self.noise_rates:
            return ()
        try:
            return tuple(sorted(float(word) for word in _words("noise_rates", self.noise_rates)))
        except ValueError as error:
            raise errors.UserError(
                f"--noise_rates={self.noise_rates}: expected numbers from 0 to 1 separated by "
                "commas, such as 0,.3,.5."
            ) from error

    @property
    def chosen_seeds(self) -> tuple[int, ...]:
        """The seeds."""
        ranges = [
            _whole_numbers("seeds", word.replace("-", ",", 1))
            for word in _words("seeds", self.seeds)
        ]
        if len(ranges) == len(ranges[0]) == 1:
            ranges = [(0, ranges[0][0] - 1)]
        _check_seeds(self.seeds, ranges)
        return tuple(seed for ends in ranges for seed in range(ends[0], ends[-1] + 1))

    @property
    def report_folder(self) -> pathlib.Path:
        """Folder of the report."""
        if self.table:
            name = f"{self.table}-{self.budget}"
        else:
            noise = f"-{self.noise or 'wrong'}" if self.noise_rates else ""
            folds = f"-{self.folds}-folds" if self.folds else ""
            name = f"{self.chosen_dataset}-{self.methods}{noise}{folds}"
        slug = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
        return pathlib.Path(self.to or pathlib.Path(self.runs) / f"report-{slug[:80]}")


def check_options(options: SweepOptions) -> None:
    """Checks the options as far as this needs no data.

    Raises:
        UserError: A value is unknown or out of range, occurs twice or does not fit the others.
    """
    check(options)
    for name in options.chosen_methods:
        methods.check(name)
    for flag in ("methods", "labels", "noise_rates", "seeds"):
        chosen = getattr(options, f"chosen_{flag}")
        if len(set(chosen)) < len(chosen):
            raise errors.UserError(
                f"--{flag}={getattr(options, flag)} names one of them twice. Name each once."
            )
    if not options.chosen_seeds:
        raise errors.UserError(f"--seeds={options.seeds}: expected a number of seeds, 1 or more.")
    _check_noise(options)
    _check_count(options)
    if options.table:
        _check_table(options)
    elif not options.methods:
        raise errors.UserError(
            "Give --table=NAME (see --list), or --methods=NAME,NAME and --dataset=NAME."
        )
    elif options.budget != SweepOptions.budget:
        raise errors.UserError(
            f"--budget={options.budget} is for --table. Give the length after --, as in -- "
            "--max_steps=300."
        )


def _check_count(options: SweepOptions) -> None:
    """Refuses more runs than anybody waits for, before any of them is described."""
    chosen = (options.chosen_methods, options.chosen_labels, options.chosen_noise_rates)
    count = math.prod(len(values) or 1 for values in (*chosen, options.chosen_seeds))
    count *= options.folds or 1
    if count > _MOST_RUNS:
        raise errors.UserError(
            f"These options ask for {count:,} runs, and a sweep has at most {_MOST_RUNS:,}. Give "
            "fewer --seeds, --labels, --methods, --noise_rates or --folds."
        )


def _check_noise(options: SweepOptions) -> None:
    # Not "rate < 0 or rate > 1": NaN is out of range too.
    if outside := [rate for rate in options.chosen_noise_rates if not 0 <= rate <= 1]:
        raise errors.UserError(
            f"--noise_rates={options.noise_rates}: expected shares of labels from 0 to 1, got "
            f"{outside[0]:g}."
        )
    if options.noise and not options.noise_rates:
        raise errors.UserError(
            f"--noise={options.noise} needs rates. Give some, as in --noise_rates=0,.3,.5."
        )
    if options.noise_rates and 0 in options.chosen_labels:
        raise errors.UserError(
            f"--labels={options.labels}: with 0 labels there are none that --noise_rates could "
            "make wrong. Give other numbers, or -1 for all."
        )


def _check_table(options: SweepOptions) -> None:
    table = papers.find(options.table)
    for flag in ("dataset", "noise", "folds"):
        if value := getattr(options, flag):
            raise errors.UserError(
                f"--{flag}={value}: --table={options.table} has its own. Leave one of them out."
            )
    for flag, key in (("methods", "method"), ("labels", "labels"), ("noise_rates", "noise_rate")):
        known = {cell.flags[key] for cell in table.cells if key in cell.flags}
        if unknown := [value for value in getattr(options, f"chosen_{flag}") if value not in known]:
            raise errors.UserError(
                f"--{flag}={unknown[0]} is not in {options.table}, which has "
                f"{', '.join(map(str, sorted(known))) or 'none'}."
            )
    if not _chosen_cells(options):
        raise errors.UserError(
            f"No cell of {options.table} has this combination of --methods, --labels and "
            "--noise_rates."
        )


def _check_seeds(text: str, ranges: Sequence[tuple[int, ...]]) -> None:
    """Refuses seeds that no run has, or more of them than there may be runs; makes none."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    if any(len(ends) > 2 for ends in ranges) or any(ends[0] < 0 for ends in ranges):
        raise errors.UserError(f"--seeds={shown}: expected a number of seeds, 1 or more.")
    if any(ends[-1] > LARGEST_SEED for ends in ranges):
        raise errors.UserError(f"--seeds={shown}: expected seeds of at most {LARGEST_SEED}.")
    count = sum(max(0, ends[-1] + 1 - ends[0]) for ends in ranges)
    if count > _MOST_RUNS:
        raise errors.UserError(
            f"--seeds={shown} are {count:,} seeds, and a sweep has at most {_MOST_RUNS:,} runs."
        )


def _words(flag: str, text: str) -> tuple[str, ...]:
    """What stands between commas."""
    if text.count(",") >= _MOST_RUNS:
        raise errors.UserError(
            f"--{flag} names {text.count(',') + 1:,} values, and a sweep has at most "
            f"{_MOST_RUNS:,} runs. Give fewer."
        )
    return tuple(text.split(","))


def _whole_numbers(flag: str, text: str) -> tuple[int, ...]:
    """Whole numbers, separated by commas."""
    try:
        return tuple(int(word) for word in _words(flag, text))
    except ValueError as error:
        raise errors.UserError(
            f"--{flag}={text}: expected whole numbers separated by commas, such as 1,2,3."
        ) from error


def run_flags(options: SweepOptions) -> list[dict[str, Any]]:
    """The flags of each run of a sweep; equal runs occur once.

    Returns:
        Flag -> value, or None if the run's recipe has the value. Missing are the folders of the
        run and of its data, and the flags after `--`.
    """
    if options.table:
        table = papers.find(options.table)
        runs = [
            table.flags(cell, options.budget, seed)
            for cell in _chosen_cells(options)
            for seed in options.chosen_seeds
        ]
    else:
        kind = options.noise or "wrong"
        noises = [{"noise": kind, "noise_rate": rate} for rate in options.chosen_noise_rates]
        folds = [{"folds": options.folds, "fold": fold} for fold in range(options.folds)]
        runs = [
            {"method": method, "dataset": options.chosen_dataset, "labels": labels, **noise}
            | {"seed": seed, **fold}
            for labels in options.chosen_labels or (None,)
            for noise in noises or ({},)
            for method in options.chosen_methods
            for seed in options.chosen_seeds
            for fold in folds or ({},)
        ]
    # Seed by seed, so that an unfinished sweep has complete rows early.
    runs.sort(key=lambda run: run["seed"])
    return list({json.dumps(run, sort_keys=True): run for run in runs}.values())


def _chosen_cells(options: SweepOptions) -> list[papers.PublishedCell]:
    """The cells of the table that are trained and that the options select."""
    chosen = {
        "method": options.chosen_methods,
        "labels": options.chosen_labels,
        "noise_rate": options.chosen_noise_rates,
    }
    return [
        cell
        for cell in papers.find(options.table).cells
        if cell.trained
        and all(cell.flags.get(name) in values for name, values in chosen.items() if values)
    ]
