"""Trains what a table needs, methods by label budgets by seeds, and reports on it.

    python -m tf_ssgan.sweep --methods=frgan,supervised --dataset=digits --labels=20,50 --seeds=3
    python -m tf_ssgan.sweep --table=frgan_table3 --data_dir=DIR --budget=small --jobs=2
    python -m tf_ssgan.sweep --list

Every run is one of train_main.py, in the folder that it would choose itself, under --runs; what
stands after -- is handed to each of them, as in -- --max_steps=300. What they print goes to a log
beside the folder. The same command goes on where it was stopped or killed, and trains nothing
twice; two of them at once share the work. A run that fails stops no other, and is named at the end.
--table trains a table or figure of a paper, at the paper's length or a smaller --budget; --methods
and --labels then take a part of it. At the end, a report: see python -m tf_ssgan.report. Exit
status 0: all runs came to their end; 1: some failed; 2: a mistake on the command line.
"""

import collections
import dataclasses
import functools
import json
import pathlib
from collections.abc import Sequence
from typing import Any, Literal

import flags
from flags import precheck, program
from tf_ssgan import methods, papers
from tf_ssgan.common import errors, options
from tf_ssgan.common.options import option
from tf_ssgan.data import datasets
from tf_ssgan.launch import jobs, scheduler
from tf_ssgan.reports import (
    by_paper,
    by_protocol,
    embedded_images,
    finished_runs,
    formats,
    quantities,
    report,
)
from tf_ssgan.training import config

# Flags of a run that it gets from this program -> the flag of this program.
_OURS = {
    "method": "methods", "dataset": "dataset", "data_dir": "data_dir", "labels": "labels",
    "seed": "seeds", "workdir": "runs",
}  # fmt: skip
_ALIKE = (
    "labels",
    "noise",
    "noise_rate",
    "clean_fraction",
)  # what methods must share to be compared


@dataclasses.dataclass(frozen=True)
class SweepOptions:
    """The flags of this program."""

    table: str = option("", "A table or figure of a paper; see --list.")
    list: bool = option(False, "Say which tables and figures there are, and end.")
    methods: str = option("", "Methods, separated by commas.")
    dataset: str = option(
        "", "Images to learn: a name that train_main.py knows; digits if not said."
    )
    data_dir: str = option("", "Folder of the data.")
    labels: str = option("", "Numbers of labeled images, separated by commas; -1 for all.")
    seeds: str = option("3", "How many seeds, from 0 on; or which: 0-4, or 10,11, or 7-7.")
    budget: Literal["full", "small", "smoke"] = option(
        "full", "Of --table: the paper's length; what 2 CPU cores can do; or just that it runs."
    )
    runs: str = option("runs", "Folder of the runs.")
    to: str = option("", "Folder of the report; RUNS/report-NAMES where not given.")
    jobs: int = option(
        1, "How many runs at once, with CPU cores of their own; GPUs are not dealt out.", low=1
    )

    @property
    def chosen_methods(self) -> tuple[str, ...]:
        """Names of the methods; none where none is said."""
        return tuple(self.methods.split(",")) if self.methods else ()

    @property
    def chosen_labels(self) -> tuple[int, ...]:
        """Numbers of labels; none where none is said."""
        return _numbers("labels", self.labels) if self.labels else ()

    @property
    def chosen_seeds(self) -> tuple[int, ...]:
        """The seeds."""
        ends = [_numbers("seeds", word.replace("-", ",", 1)) for word in self.seeds.split(",")]
        if len(ends) == len(ends[0]) == 1:
            return tuple(range(*ends[0]))
        return tuple(seed for end in ends for seed in range(end[0], end[-1] + 1))

    @property
    def report(self) -> pathlib.Path:
        """Folder of the report."""
        name = f"{self.table}-{self.budget}" if self.table else f"{self._dataset}-{self.methods}"
        slug = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
        return pathlib.Path(self.to or pathlib.Path(self.runs) / f"report-{slug[:80]}")

    @property
    def _dataset(self) -> str:
        return self.dataset or "digits"


def parse_args(argv: list[str]) -> tuple[SweepOptions, tuple[str, ...]]:
    """Reads the command line, and refuses mistakes that show without TensorFlow.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The flags of this program, and those after `--`.

    Raises:
        UserError: A flag is missing or out of range, or data are not there.
    """
    own, further = program.split_at_dashes(argv)
    wanted, rest = program.read_options(SweepOptions, own, __doc__)
    program.refuse_words(rest)
    if not wanted.list:
        _check(wanted)
        program.check_run_flags(further, _OURS)
    return wanted, further


def _check(wanted: SweepOptions) -> None:
    """Refuses what nothing can be trained of."""
    options.check(wanted)
    for name in wanted.chosen_methods:
        methods.check(name)
    for flag in ("methods", "labels", "seeds"):
        chosen = getattr(wanted, f"chosen_{flag}")
        if len(set(chosen)) < len(chosen):
            raise errors.UserError(
                f"--{flag}={getattr(wanted, flag)} names one of them twice. Name each once."
            )
    if not wanted.chosen_seeds or min(wanted.chosen_seeds) < 0:
        raise errors.UserError(f"--seeds={wanted.seeds}: expected a number of seeds, 1 or more.")
    precheck.check_writable(pathlib.Path(wanted.runs), "runs")
    precheck.check_writable(wanted.report, "to")
    if wanted.table:
        _check_table(wanted)
    elif not wanted.methods:
        raise errors.UserError(
            "Give --table=NAME (see --list), or --methods=NAME,NAME and --dataset=NAME."
        )
    elif wanted.budget != SweepOptions.budget:
        raise errors.UserError(
            f"--budget={wanted.budget} is for --table. Say how long after --, as in -- "
            "--max_steps=300."
        )


def _check_table(wanted: SweepOptions) -> None:
    """Refuses a table that there is not, and parts that it does not have."""
    table = papers.find(wanted.table)
    if wanted.dataset:
        raise errors.UserError(
            f"--dataset={wanted.dataset}: --table={wanted.table} says itself what is learned. "
            "Leave one of them out."
        )
    for flag, key in (("methods", "method"), ("labels", "labels")):
        there = {cell.flags[key] for cell in table.cells if cell.trained}
        if strange := [name for name in getattr(wanted, f"chosen_{flag}") if name not in there]:
            raise errors.UserError(
                f"--{flag}={strange[0]} is not in {wanted.table}, which has "
                f"{', '.join(map(str, sorted(there)))}."
            )
    if not _cells(wanted):
        raise errors.UserError(f"No cell of {wanted.table} has these --methods and --labels.")
    if "evaluate" in table.after:
        datasets.check(quantities.OTHER_SET, wanted.data_dir or None, training=False)


def _numbers(flag: str, text: str) -> tuple[int, ...]:
    """Whole numbers, separated by commas."""
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise errors.UserError(
            f"--{flag}={text}: expected whole numbers separated by commas, such as 1,2,3."
        ) from error


def flags_of(wanted: SweepOptions) -> list[dict[str, Any]]:
    """The flags of every run but its folder, the data's and those after `--`; each once."""
    if wanted.table:
        table = papers.find(wanted.table)
        found = [
            table.flags(cell, wanted.budget, seed)
            for cell in _cells(wanted)
            for seed in wanted.chosen_seeds
        ]
    else:
        found = [
            {"method": method, "dataset": wanted._dataset, "labels": labels} | seed
            for labels in wanted.chosen_labels or (None,)
            for method in wanted.chosen_methods
            for seed in ({"seed": seed} for seed in wanted.chosen_seeds)
        ]
    # One seed of everything before the next: a sweep that is looked at early has whole rows.
    found.sort(key=lambda settings: settings["seed"])
    return list({json.dumps(settings, sort_keys=True): settings for settings in found}.values())


def _cells(wanted: SweepOptions) -> list[papers.PublishedCell]:
    """The cells of a table that are asked for."""
    return [
        cell
        for cell in papers.find(wanted.table).cells
        if cell.trained
        and (not wanted.methods or cell.flags["method"] in wanted.chosen_methods)
        and (not wanted.labels or cell.flags["labels"] in wanted.chosen_labels)
    ]


def commands(wanted: SweepOptions, further: tuple[str, ...] = ()) -> list[jobs.Job]:
    """The runs, in the folders that they would choose themselves.

    Args:
        wanted: Flags of this program.
        further: Flags that every run gets too.

    Raises:
        UserError: A flag is unknown to a method or out of range, or data are not there.
    """
    told = [settings | {"data_dir": wanted.data_dir or None} for settings in flags_of(wanted)]
    words = [tuple(f"--{k}={_word(v)}" for k, v in s.items() if v is not None) for s in told]
    _check_data(
        [precheck.given_flags([jobs.PROGRAM[1], *own, *further]) for own in words], wanted.runs
    )
    found: dict[pathlib.Path, jobs.Job] = {}
    chosen = [flags.config_of_command_line([jobs.PROGRAM[1], *own, *further]) for own in words]
    if not wanted.table:
        _refuse_unlike(chosen)
    for own, one in zip(words, chosen, strict=True):
        workdir = pathlib.Path(wanted.runs) / pathlib.Path(one.workdir).name
        found[workdir] = jobs.Job(workdir, (*own, *further, f"--workdir={workdir}"))
    return list(found.values())


def _check_data(given: Sequence[dict[str, Any]], runs: str) -> None:
    """Looks at the data of all runs, once for those that share them; needs no TensorFlow."""
    apart = {"method", "seed", "data_dir"}  # `data_dir` is the same for all
    alike = {
        json.dumps({name: value for name, value in one.items() if name not in apart}): one
        for one in given
    }
    for one in alike.values():
        precheck.check_command_line(one | {"workdir": runs})


def _refuse_unlike(chosen: Sequence[config.Config]) -> None:
    """Raises UserError where methods, by their recipes, would learn from different labels."""
    for name in _ALIKE:
        found = collections.defaultdict(set)
        for one in chosen:
            found[one.method].add(getattr(one, name))
        # Of what was said for all of them, each method has the same values.
        if any(values != found[chosen[0].method] for values in found.values()):
            told = ", ".join(f"{method} {min(values)}" for method, values in found.items())
            where = "--labels" if name == "labels" else f"-- --{name}"
            raise errors.UserError(
                f"These methods would not learn from the same labels: by their recipes {name} is "
                f"{told}. Say it for all of them with {where}=VALUE."
            )


def _word(value: Any) -> str:
    """A value as flags are written, and as `run.flags` has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def followups(wanted: SweepOptions, runs: Sequence[jobs.Job]) -> list[jobs.Followup]:
    """What must still look at finished runs before a table's quantity is there."""
    where = (f"--data_dir={wanted.data_dir}",) if wanted.data_dir else ()
    table = papers.find(wanted.table) if wanted.table else None
    kinds = {"judge": (), "evaluate": (f"--dataset={quantities.OTHER_SET}",)}
    return [
        jobs.Followup(
            run.workdir,
            (f"--run={run.workdir}", *words, *where),
            module=f"tf_ssgan.{program}",
            done=functools.partial(_seen, table),
        )
        for program, words in kinds.items()
        if table and program in table.after
        for run in runs
    ]


def _seen(table: papers.Table, workdir: pathlib.Path) -> bool:
    """Whether the final weights of a run have what a table or figure is of."""
    shown = [
        embedded_images.FIGURES[name] for name in table.shows if name in embedded_images.FIGURES
    ]
    found = finished_runs.read_runs([workdir]).records
    judged = (found[0].result.get("judged") or {}).get("step") if found else None
    return (
        bool(found)
        and quantities.of(found[0], table.measure, table.number) is not None
        and all((workdir / name).exists() for name in shown)
        and ("judge" not in table.after or judged == found[0].result["steps"])
    )


def reported(
    wanted: SweepOptions, runs: Sequence[jobs.Job], further: Sequence[str] = ()
) -> report.Report:
    """The report on the runs of a sweep, which had further flags or not."""
    found = finished_runs.read_runs([run.workdir for run in runs if run.workdir.is_dir()])
    if not wanted.table:
        title = f"{', '.join(wanted.chosen_methods)} on {wanted._dataset}"
        return report.Report(tuple(by_protocol.by_protocol(found.records)), found, title)
    # Flags after -- may have changed what the budget says: then these runs are of none.
    budget = "" if further else wanted.budget
    sheet = by_paper.of_table(papers.find(wanted.table), found.records, budget)
    return report.Report((sheet,), found, sheet.title)


def main(argv: list[str]) -> None:
    """Trains what is left to train, reports, and says what failed."""
    wanted, further = parse_args(argv)
    if wanted.list:
        return print(papers.listing())
    runs = commands(wanted, further)
    statuses = scheduler.run_all(runs, wanted.jobs)
    done = [run for run in runs if not statuses[run]]
    if left := followups(wanted, done):
        statuses |= scheduler.run_all(left, wanted.jobs)
    failed = scheduler.report_failures(statuses)
    if len(failed) < len(statuses):
        made = reported(wanted, runs, further)
        print(formats.format_summary(made, formats.write(made, wanted.report)))
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    program.main(main, flags_parser=lambda argv: argv)
