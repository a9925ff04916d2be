"""How much wrong labels hurt: test accuracy over the epochs, a curve for each share of them.

    python -m tf_ssgan.noise_curves --dataset=digits --to=noise.png
    python -m tf_ssgan.noise_curves --dataset=svhn --data_dir=DIR --to=noise.png -- --max_steps=300

Figure 4 of Jiang, Zhang and Liu (2019): a panel for ssgan (a) and one for frgan (b). Every curve
is a run of train_main.py in a folder of its own under --runs; what stands after -- is handed to
each of them. What they print goes to a log beside the folder. The same command goes on where it was
stopped, and draws again what is finished. Beside FILE.png lies FILE.csv, and a table of the final
accuracies is printed. Exit status 0: all runs came to their end; 1: some failed, and the figure has
what there is; 2: a mistake on the command line.
"""

import csv
import dataclasses
import pathlib
import re
from typing import Literal

from flags import precheck, program
from tf_ssgan import methods
from tf_ssgan.common import errors, options
from tf_ssgan.common.options import option
from tf_ssgan.launch import jobs, scheduler
from tf_ssgan.metrics import plots

# Flags of a run that it gets from this program -> the flag of this program.
_OURS = {
    "method": "methods", "dataset": "dataset", "data_dir": "data_dir", "labels": "labels",
    "noise": "noise", "noise_rate": "rates", "seed": "seed", "workdir": "runs",
}  # fmt: skip
_REFUSED = errors.UserError.status  # then the folder may hold another run's curve

Curves = dict[tuple[str, float], list[dict[str, float]]]  # (method, rate) -> rows, step by step


@dataclasses.dataclass(frozen=True)
class NoiseCurvesOptions:
    """The flags of this program."""

    dataset: str = option("digits", "Images to learn: a name that train_main.py knows.")
    data_dir: str = option("", "Folder of the data.")
    methods: str = option("ssgan,frgan", "Methods, separated by commas; a panel each.")
    noise: Literal["wrong", "uniform", "permute", "pair"] = option(
        "wrong", "Label noise: wrong, uniform, permute or pair, as in train_main.py."
    )
    rates: str = option("0,.1,.3,.5,.8", "Shares of the labels that noise replaces; a curve each.")
    labels: int = option(-1, "Labeled images in all; -1 for all (Jiang et al. 2019).", low=-1)
    seed: int = option(0, "Seed of every run, and of its split.", low=0)
    runs: str = option("runs", "Folder of the runs; other flags after -- need another one.")
    to: str = option("", "The picture to write, FILE.png.")
    jobs: int = option(1, "How many runs at once.", low=1)

    @property
    def panels(self) -> tuple[str, ...]:
        """Names of the methods."""
        return tuple(self.methods.split(","))

    @property
    def shares(self) -> tuple[float, ...]:
        """The rates, ascending.

        Raises:
            UserError: One is no number.
        """
        try:
            return tuple(sorted(float(text) for text in self.rates.split(",")))
        except ValueError as error:
            raise errors.UserError(
                f"--rates={self.rates}: expected numbers from 0 to 1 separated by commas, such as "
                "0,.3,.5."
            ) from error

    @property
    def picture(self) -> pathlib.Path:
        """Where the figure goes."""
        return pathlib.Path(self.to)

    @property
    def table(self) -> pathlib.Path:
        """Where the rows of the curves go."""
        return self.picture.with_suffix(".csv")


def parse_args(argv: list[str]) -> tuple[NoiseCurvesOptions, tuple[str, ...]]:
    """Reads the command line, and refuses mistakes that show without TensorFlow.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The flags of this program, and those after `--`.

    Raises:
        UserError: A flag is missing, unknown to every run or out of range, or data are not there.
    """
    own, further = program.split_at_dashes(argv)
    wanted, rest = program.read_options(NoiseCurvesOptions, own, __doc__)
    program.refuse_words(rest)
    _check(wanted)
    program.check_run_flags(further, _OURS)
    *_, last = commands(wanted, further).values()  # the highest rate
    precheck.check_command_line(precheck.given_flags([*jobs.PROGRAM[1:], *last.flags]))
    return wanted, further


def _check(wanted: NoiseCurvesOptions) -> None:
    """Refuses what no figure can be made of."""
    options.check(wanted)
    for name in wanted.panels:
        methods.check(name)
    _check_rates(wanted)
    for flag, chosen in (("methods", wanted.panels), ("rates", wanted.shares)):
        if len(set(chosen)) < len(chosen):
            raise errors.UserError(
                f"--{flag}={getattr(wanted, flag)} names one of them twice. Name each once."
            )
    if wanted.labels == 0:
        raise errors.UserError("--labels=0 leaves no label that could be wrong. Give some, or -1.")
    if wanted.picture.suffix != ".png" or not wanted.picture.parent.is_dir():
        raise errors.UserError(
            f"--to={wanted.to}: expected the name of a picture, FILE.png, in a folder that exists."
        )


def _check_rates(wanted: NoiseCurvesOptions) -> None:
    # Not "rate < 0 or rate > 1": NaN is out of the range.
    if strange := [rate for rate in wanted.shares if not 0 <= rate <= 1]:
        raise errors.UserError(
            f"--rates={wanted.rates}: expected shares of labels from 0 to 1, got {strange[0]:g}."
        )


def commands(
    wanted: NoiseCurvesOptions, further: tuple[str, ...] = ()
) -> dict[tuple[str, float], jobs.Job]:
    """The run of each curve.

    Args:
        wanted: Flags of this program.
        further: Flags that every run gets too.

    Returns:
        (method, rate) -> run; methods in their order, rates ascending.
    """
    return {
        (method, rate): _run(wanted, further, method, rate)
        for method in wanted.panels
        for rate in wanted.shares
    }


def _run(
    wanted: NoiseCurvesOptions, further: tuple[str, ...], method: str, rate: float
) -> jobs.Job:
    share = f"{rate:.15g}"
    slug = re.sub(r"[^A-Za-z0-9_.]+", "_", wanted.dataset).strip("_")[-40:]
    labels = _labels(wanted)
    name = f"{slug}-{labels}-{method}-{wanted.noise}{share}-s{wanted.seed}"
    workdir = pathlib.Path(wanted.runs) / name
    own = {
        "method": method,
        "dataset": wanted.dataset,
        "data_dir": wanted.data_dir,
        "labels": wanted.labels,
        "noise": wanted.noise,
        "noise_rate": share,
        "seed": wanted.seed,
        "workdir": workdir,
    }
    told = tuple(f"--{flag}={value}" for flag, value in own.items() if value != "")
    return jobs.Job(workdir, told + further)


def rows(run: jobs.Job) -> list[dict[str, float]]:
    """The curve of a run's shipped weights: step, epoch and test accuracy in percent."""
    return [
        {
            "step": line["step"],
            "epoch": line["epoch"],
            "test_accuracy": 100.0 - line["test_error"],
        }
        for line in run.history()
    ]


def markdown(wanted: NoiseCurvesOptions, curves: Curves) -> str:
    """The last accuracies as a table, a row a method; a dash where a run has no end.

    Args:
        wanted: Flags of this program.
        curves: Of the runs that have come to their end.
    """
    lines = [["test accuracy (%)", *(f"{100 * rate:g} % {wanted.noise}" for rate in wanted.shares)]]
    lines.append(["---"] * len(lines[0]))
    for method in wanted.panels:
        ends = [curves.get((method, rate)) for rate in wanted.shares]
        told = [f"{end[-1]['test_accuracy']:.2f}" if end else "-" for end in ends]
        lines.append([f"`{method}`", *told])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def picture(wanted: NoiseCurvesOptions, curves: Curves) -> bytes:
    """The figure, as a PNG file.

    Args:
        wanted: Flags of this program.
        curves: Of all runs that have any.
    """
    panels = {
        method: {
            rate: [(row["epoch"], row["test_accuracy"]) for row in found]
            for (theirs, rate), found in curves.items()
            if theirs == method
        }
        for method in wanted.panels
    }
    ends = sorted(found[-1]["step"] for found in curves.values())
    steps = " to ".join(f"{end:,}" for end in dict.fromkeys((ends[0], ends[-1])))
    title = (
        f"{wanted.dataset[-40:]}, {_labels(wanted)} labels, one seed ({wanted.seed}), "
        f"{steps} steps, shipped weights"
    )
    what = "wrong labels" if wanted.noise == "wrong" else f"{wanted.noise} noise"
    return plots.noise_curves_figure(panels, title, what)


def _labels(wanted: NoiseCurvesOptions) -> str:
    return "all" if wanted.labels == -1 else str(wanted.labels)


def write(wanted: NoiseCurvesOptions, curves: Curves) -> None:
    """Writes the figure, and the rows of its curves beside it.

    Raises:
        UserError: They cannot be written.
    """
    try:
        wanted.picture.write_bytes(picture(wanted, curves))
        with wanted.table.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["method", "rate", "step", "epoch", "test_accuracy"])
            for key, found in curves.items():
                table.writerows([*key, *row.values()] for row in found)
    except OSError as error:
        raise errors.UserError(
            f"--to={wanted.to} cannot be written ({error.strerror}); the runs are kept."
        ) from error


def main(argv: list[str]) -> None:
    """Trains what is left to train, draws, prints, and says what failed."""
    wanted, further = parse_args(argv)
    runs = commands(wanted, further)
    statuses = scheduler.run_all(list(runs.values()), wanted.jobs)
    curves = {
        key: found
        for key, run in runs.items()
        if statuses[run] != _REFUSED and (found := rows(run))
    }
    if curves:
        write(wanted, curves)
        print(markdown(wanted, {k: v for k, v in curves.items() if not statuses[runs[k]]}))
        print(f"\nIn {wanted.picture.parent}: {wanted.picture.name}, {wanted.table.name}")
    failed = scheduler.report_failures({run: statuses[run] for run in runs.values()})
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    program.main(main, flags_parser=lambda argv: argv)
