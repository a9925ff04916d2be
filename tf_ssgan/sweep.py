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

import dataclasses
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any, Literal

from absl import flags as absl_flags

import flags
from flags import early, hparams
from tf_ssgan import errors, folder, knobs, methods, processes, tables
from tf_ssgan.knobs import knob
from tf_ssgan.reporting import forms, papers, protocols, records

# Flags of a run that it gets from this program -> the flag of this program.
_OURS = {
    "method": "methods", "dataset": "dataset", "data_dir": "data_dir", "labels": "labels",
    "seed": "seeds", "workdir": "runs",
}  # fmt: skip
_OTHER_SET = "cifar10_1/v6"  # that `evaluate` asks about


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The flags of this program."""

    table: str = knob("", "A table or figure of a paper; see --list.")
    list: bool = knob(False, "Say which tables and figures there are, and end.")
    methods: str = knob("", "Methods, separated by commas.")
    dataset: str = knob("", "Images to learn: a name that train_main.py knows; digits if not said.")
    data_dir: str = knob("", "Folder of the data.")
    labels: str = knob("", "Numbers of labeled images, separated by commas; -1 for all.")
    seeds: str = knob("3", "How many seeds, from 0 on; or which: 0-4, or 10,11.")
    budget: Literal["full", "small", "smoke"] = knob(
        "full", "Of --table: the paper's length; what 2 CPU cores can do; or just that it runs."
    )
    runs: str = knob("runs", "Folder of the runs.")
    to: str = knob("", "Folder of the report; RUNS/report-NAME where not given.")
    jobs: int = knob(1, "How many runs at once.", low=1)

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
        first, dash, last = self.seeds.partition("-")
        if dash:
            (low,), (high,) = _numbers("seeds", first), _numbers("seeds", last)
            return tuple(range(low, high + 1))
        found = _numbers("seeds", self.seeds)
        return found if "," in self.seeds else tuple(range(found[0]))

    @property
    def name(self) -> str:
        """Of the report."""
        return f"{self.table}-{self.budget}" if self.table else (self.dataset or "digits")

    @property
    def report(self) -> pathlib.Path:
        """Folder of the report."""
        slug = "".join(c if c.isalnum() or c in "-_." else "_" for c in self.name)
        return pathlib.Path(self.to or pathlib.Path(self.runs) / f"report-{slug[-60:]}")


def asked(argv: list[str]) -> tuple[Wanted, tuple[str, ...]]:
    """Reads the command line, and refuses mistakes that show without TensorFlow.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The flags of this program, and those after `--`.

    Raises:
        UserError: A flag is missing or out of range, or data are not there.
    """
    cut = argv.index("--") if "--" in argv else len(argv)
    own, further = argv[:cut], tuple(argv[cut + 1 :])
    known = absl_flags.FlagValues()
    fields = hparams.fields(Wanted)
    hparams.define(fields, Wanted, known)
    rest = flags.read(known, own, __doc__)
    if len(rest) > 1:
        raise errors.UserError(f"{rest[1]!r} is no flag. Flags look like --name=value.")
    wanted = Wanted(**{field.name: known[field.name].value for field in fields})
    if not wanted.list:
        _check(wanted)
        _check_further(further)
    return wanted, further


def _check(wanted: Wanted) -> None:
    """Refuses what nothing can be trained of."""
    knobs.check(wanted)
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
    early.check_writable(pathlib.Path(wanted.runs), "runs")
    early.check_writable(wanted.report, "to")
    if wanted.table:
        _check_table(wanted)
    elif not wanted.methods:
        raise errors.UserError(
            "Give --table=NAME (see --list), or --methods=NAME,NAME and --dataset=NAME."
        )
    elif wanted.budget != Wanted.budget:
        raise errors.UserError(
            f"--budget={wanted.budget} is for --table. Say how long after --, as in -- "
            "--max_steps=300."
        )


def _check_table(wanted: Wanted) -> None:
    """Refuses a table that there is not, and parts that it does not have."""
    table = tables.find(wanted.table)
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


def _check_further(further: Sequence[str]) -> None:
    """Refuses words after `--` that are no flags, and flags that this program sets."""
    if further and not further[0].startswith("-"):
        raise errors.UserError(f"{further[0]!r} is no flag. Flags look like --name=value.")
    given = early.look([processes.PROGRAM[1], *further])
    if ours := [name for name in _OURS if name in given]:
        raise errors.UserError(
            f"--{ours[0]} stands after --, and every run gets it from this program: give "
            f"--{_OURS[ours[0]]} before the --."
        )


def _numbers(flag: str, text: str) -> tuple[int, ...]:
    """Whole numbers, separated by commas."""
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise errors.UserError(
            f"--{flag}={text}: expected whole numbers separated by commas, such as 1,2,3."
        ) from error


def flags_of(wanted: Wanted) -> list[dict[str, Any]]:
    """The flags of every run but its folder, the data's and those after `--`; each once."""
    if wanted.table:
        table = tables.find(wanted.table)
        found = [
            table.flags(cell, wanted.budget, seed)
            for cell in _cells(wanted)
            for seed in wanted.chosen_seeds
        ]
    else:
        found = [
            {"method": method, "dataset": wanted.dataset or "digits", "labels": labels} | seed
            for labels in wanted.chosen_labels or (None,)
            for method in wanted.chosen_methods
            for seed in ({"seed": seed} for seed in wanted.chosen_seeds)
        ]
    # One seed of everything before the next: a sweep that is looked at early has whole rows.
    found.sort(key=lambda settings: settings["seed"])
    return list({json.dumps(settings, sort_keys=True): settings for settings in found}.values())


def _cells(wanted: Wanted) -> list[tables.Cell]:
    """The cells of a table that are asked for."""
    return [
        cell
        for cell in tables.find(wanted.table).cells
        if cell.trained
        and (not wanted.methods or cell.flags["method"] in wanted.chosen_methods)
        and (not wanted.labels or cell.flags["labels"] in wanted.chosen_labels)
    ]


def commands(wanted: Wanted, further: tuple[str, ...] = ()) -> list[processes.Run]:
    """The runs, in the folders that they would choose themselves.

    Args:
        wanted: Flags of this program.
        further: Flags that every run gets too.

    Raises:
        UserError: A flag is unknown to a method or out of range, or data are not there.
    """
    found, looked_at = {}, set()
    for settings in flags_of(wanted):
        told = settings | {"data_dir": wanted.data_dir or None}
        words = [f"--{k}={_word(v)}" for k, v in told.items() if v is not None]
        argv = [processes.PROGRAM[1], *words, *further]
        # Data are looked at once for all that share them.
        data = json.dumps([settings.get(k) for k in ("dataset", "labels", "noise", "clean_pct")])
        chosen = flags.settled(argv, data=data not in looked_at)
        looked_at.add(data)
        workdir = pathlib.Path(wanted.runs) / pathlib.Path(chosen.workdir).name
        found[workdir] = processes.Run(workdir, (*words, *further, f"--workdir={workdir}"))
    return list(found.values())


def _word(value: Any) -> str:
    """A value as flags are written, and as `run.flags` has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def followups(wanted: Wanted, runs: Sequence[processes.Run]) -> list[processes.Followup]:
    """What must still look at finished runs before a table's quantity is there."""
    where = (f"--data_dir={wanted.data_dir}",) if wanted.data_dir else ()
    kinds = {
        "judge": ((), _judged),
        "evaluate": ((f"--dataset={_OTHER_SET}",), _evaluated),
    }
    return [
        processes.Followup(
            run.workdir,
            (f"--run={run.workdir}", *words, *where),
            module=f"tf_ssgan.{program}",
            done=done,
        )
        for program, (words, done) in kinds.items()
        if wanted.table and program in tables.find(wanted.table).after
        for run in runs
    ]


def _judged(workdir: pathlib.Path) -> bool:
    """Whether the final weights of a run have been judged."""
    result = folder.result(workdir) or {}
    return (result.get("judged") or {}).get("step") == result.get("steps", -1)


def _evaluated(workdir: pathlib.Path) -> bool:
    """Whether the final weights of a run were asked about the other test set."""
    steps, path = (folder.result(workdir) or {}).get("steps"), workdir / "evaluations.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return any((line["dataset"], line["step"]) == (_OTHER_SET, steps) for line in lines)


def reported(wanted: Wanted, runs: Sequence[processes.Run]) -> forms.Report:
    """The report on the runs of a sweep."""
    found = records.read([run.workdir for run in runs if run.workdir.is_dir()])
    if not wanted.table:
        return forms.Report(tuple(protocols.by_protocol(found.records)), found, wanted.name)
    # Not by budget: flags after -- may have changed what the budget says.
    sheet = papers.of_table(tables.find(wanted.table), found.records)
    return forms.Report((sheet,), found, sheet.title)


def main(argv: list[str]) -> None:
    """Trains what is left to train, reports, and says what failed."""
    wanted, further = asked(argv)
    if wanted.list:
        return print(tables.listing())
    runs = commands(wanted, further)
    statuses = processes.run_all(runs, wanted.jobs)
    done = [run for run in runs if not statuses[run]]
    if left := followups(wanted, done):
        statuses |= processes.run_all(left, wanted.jobs)
    if any(run.workdir.is_dir() for run in runs):
        made = reported(wanted, runs)
        print(forms.told(made, forms.write(made, wanted.report)))
    failed = [run for run, status in statuses.items() if status]
    for run in failed:
        told = f"{run.name} failed with status {statuses[run]}: {run.last_words()}"
        print(f"\n{told}\nSee {run.log}", file=sys.stderr)
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    flags.main(main, flags_parser=lambda argv: argv)
