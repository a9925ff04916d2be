"""Trains methods with several numbers of labels and seeds, or a paper's table, and reports.

    python -m tf_ssgan.sweep --methods=frgan,supervised --dataset=digits --labels=20,50 --seeds=3
    python -m tf_ssgan.sweep --methods=supervised,frgan --dataset=folder:pets --folds=5 --seeds=1
    python -m tf_ssgan.sweep --methods=ssgan,frgan --labels=-1 --noise=wrong --noise_rates=0,.3,.5
    python -m tf_ssgan.sweep --table=frgan_table3 --data_dir=DIR --budget=small --jobs=2
    python -m tf_ssgan.sweep --list

Each run is a run of train_main.py, in a folder under --runs with the name that it would choose
itself. Flags after -- go to every run, as in -- --max_steps=300. The output of a run goes to a log
beside its folder. If a sweep was stopped or killed, the same command continues it and trains
nothing twice; two sweeps at once share the work. A run that fails does not stop the others, and is
named at the end.

--noise_rates trains every method with each share of wrong labels. The report then has a chart for
each method: test accuracy over the epochs, a curve for each share (figure 4 of Jiang et al. 2019).
--folds trains a run for each fold of the labeled images, for data without test images: each image
is tested once, by the run that has not learned it. The folds of a method and a seed lie in one
folder, where cross_validation.json has their error together.
--table trains a table or figure of a paper, at the paper's length or with a smaller --budget;
--methods, --labels and --noise_rates then select a part of it. At the end the program writes a
report; see python -m tf_ssgan.report. Exit status 0: all runs finished; 1: some failed; 2: there is
a mistake on the command line.
"""

import collections
import functools
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import flags
from flags import dataclass_flags, program
from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.common.options import flag_text
from tf_ssgan.data import datasets
from tf_ssgan.launch import cross_validated, data_hashes, jobs, scheduler, sweep_plan
from tf_ssgan.launch.sweep_plan import SweepOptions
from tf_ssgan.reports import (
    by_paper,
    by_protocol,
    embedded_images,
    finished_runs,
    formats,
    quantities,
    report,
)
from tf_ssgan.training import config, precheck, run_folders

# Flags of a run that this program sets -> its own flag for them.
_SWEEP_FLAGS = {
    "method": "methods", "dataset": "dataset", "data_dir": "data_dir", "labels": "labels",
    "seed": "seeds", "workdir": "runs", "folds": "folds", "fold": "folds",
}  # fmt: skip
_NOISE_FLAGS = {"noise": "noise", "noise_rate": "noise_rates"}  # set only with --noise_rates
_SAME_LABELS = ("labels", "noise", "noise_rate", "clean_fraction")  # equal if methods are compared


def parse_args(argv: list[str]) -> tuple[SweepOptions, tuple[str, ...]]:
    """Reads the command line, and checks what can be checked without TensorFlow.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The flags of this program, and those after `--`.

    Raises:
        UserError: A flag is missing or out of range, or data are missing.
    """
    own, further = program.split_at_dashes(argv)
    options, rest = program.read_options(SweepOptions, own, __doc__)
    program.refuse_words(rest)
    if not options.list:
        _check(options)
        noise_flags = _NOISE_FLAGS if options.noise_rates else {}
        program.check_run_flags(further, _SWEEP_FLAGS | noise_flags)
    return options, further


def _check(options: SweepOptions) -> None:
    sweep_plan.check_options(options)
    precheck.check_writable(pathlib.Path(options.runs), "runs")
    precheck.check_writable(options.report_folder, "to")
    formats.refuse_other_files(options.report_folder)
    table = papers.find(options.table) if options.table else None
    if table and f"--dataset={quantities.SECOND_TEST_SET}" in table.evaluate_flags:
        datasets.find(quantities.SECOND_TEST_SET, options.data_dir).check(training=False)


def make_jobs(options: SweepOptions, further: tuple[str, ...] = ()) -> list[jobs.Job]:
    """The runs, in the folders that they would choose themselves.

    Args:
        options: Flags of this program.
        further: Flags that every run gets too.

    Raises:
        UserError: A flag is unknown to a method or out of range, or data are missing.
    """
    run_flags = [
        run | {"data_dir": options.data_dir or None} for run in sweep_plan.run_flags(options)
    ]
    words = [
        tuple(f"--{k}={flag_text(v)}" for k, v in run.items() if v is not None) for run in run_flags
    ]
    command_lines = [[jobs.PROGRAM[1], *own, *further] for own in words]
    given = [dataclass_flags.given_flags(line) for line in command_lines]
    sources = _check_data(given)
    configs = [
        flags.config_of_command_line(line, source)
        for line, source in zip(command_lines, sources, strict=True)
    ]
    if not options.table:
        _refuse_different_labels(configs)
    by_workdir: dict[pathlib.Path, jobs.Job] = {}
    hashes = data_hashes.DataHashes()
    for own, settings in zip(words, configs, strict=True):
        own_name = pathlib.Path(settings.workdir).relative_to(run_folders.ROOT)
        workdir = pathlib.Path(options.runs) / own_name
        place = settings.dataset, settings.data_dir, settings.image_spec, settings.group_by
        if settings.folds:
            place += settings.folds, settings.split_seed, settings.fold
        by_workdir[workdir] = jobs.Job(
            workdir,
            (*own, *further, f"--workdir={workdir}"),
            data=functools.partial(hashes.sha256, *place),
        )
    return list(by_workdir.values())


def _check_data(given: Sequence[dict[str, Any]]) -> list[datasets.DataSource]:
    """Checks the data of all runs, once for runs that share them; needs no TensorFlow.

    Returns:
        The data set of each run. Runs on the same data share it, so it is looked up once.
    """
    ignored = {"method", "seed", "fold", "data_dir"}  # `data_dir` is the same for all
    sources: dict[tuple, datasets.DataSource] = {}  # by the data set and its groups
    checked = set()
    for run in given:
        different = json.dumps({k: v for k, v in run.items() if k not in ignored})
        if different not in checked:
            checked.add(different)
            own = _source_key(run)
            sources[own] = precheck.check_data(run, sources.get(own))
    return [sources[_source_key(run)] for run in given]


def _source_key(run: dict[str, Any]) -> tuple[str, str]:
    return run.get("dataset", config.Config.dataset), run.get("group_by", "")


def _refuse_different_labels(configs: Sequence[config.Config]) -> None:
    """Raises UserError if methods, by their recipes, would learn from different labels."""
    for name in _SAME_LABELS:
        values = collections.defaultdict(set)
        for settings in configs:
            values[settings.method].add(getattr(settings, name))
        # If the command line gives values, all methods have the same ones.
        if any(own != values[configs[0].method] for own in values.values()):
            text = ", ".join(f"{method} {min(own)}" for method, own in values.items())
            flag = "--labels" if name == "labels" else f"-- --{name}"
            raise errors.UserError(
                f"These methods would not learn from the same labels: by their recipes {name} is "
                f"{text}. Give it for all of them with {flag}=VALUE."
            )


def followups(options: SweepOptions, runs: Sequence[jobs.Job]) -> list[jobs.Followup]:
    """The evaluations of finished runs that a table's quantity needs."""
    data_dir = (f"--data_dir={options.data_dir}",) if options.data_dir else ()
    table = papers.find(options.table) if options.table else None
    if not table or not table.evaluate_flags:
        return []
    return [
        jobs.Followup(
            run.workdir,
            (f"--run={run.workdir}", *table.evaluate_flags, *data_dir),
            module="tf_ssgan.evaluate",
            done=functools.partial(_is_evaluated, table),
        )
        for run in runs
    ]


def _is_evaluated(table: papers.Table, workdir: pathlib.Path) -> bool:
    """Whether the quantity and the figures of a table are there, of a run's final weights."""
    images = [
        embedded_images.FIGURES[name] for name in table.shows if name in embedded_images.FIGURES
    ]
    try:
        runs = finished_runs.read_runs([workdir]).runs
    except errors.UserError:  # its files are gone
        return False
    return (
        bool(runs)
        and bool(runs[0].evaluation)
        and quantities.run_quantity(runs[0], table.measure, table.number) is not None
        and all((workdir / name).exists() for name in images)
    )


def _summarize_folds(succeeded: Sequence[jobs.Job], folds: int) -> None:
    """Writes the cross-validated error where the runs of all folds are finished."""
    finished = collections.Counter(run.workdir.parent for run in succeeded)
    for folder in [folder for folder, count in finished.items() if count == folds]:
        print(cross_validated.format_summary(cross_validated.summarize(folder, folds), folder))


def make_report(
    options: SweepOptions,
    runs: Sequence[jobs.Job],
    further: Sequence[str] = (),
    failed: Sequence[jobs.Job] = (),
) -> report.Report:
    """Makes the report on the runs of a sweep.

    Args:
        options: Flags of this program.
        runs: The runs.
        further: Flags that every run got too.
        failed: Those of the runs that failed now.
    """
    finished = finished_runs.read_runs([run.workdir for run in runs if run.workdir.is_dir()])
    refused = {run.workdir: f"was refused: {run.last_log_line()}" for run in failed}
    finished = finished.without(refused)  # results of earlier runs, say on data that have changed
    if not options.table:
        title = f"{', '.join(options.chosen_methods)} on {options.chosen_dataset}"
        title += " by noise rate" if options.noise_rates else ""
        title += f", {options.folds} folds" if options.folds else ""
        return report.Report(tuple(by_protocol.make_tables(finished.runs)), finished, title)
    # Flags after -- may change what the budget says; such runs have no budget.
    budget = "" if further else options.budget
    table = by_paper.fill_table(papers.find(options.table), finished.runs, budget)
    return report.Report((table,), finished, table.title)


def main(argv: list[str]) -> None:
    """Trains what is not trained yet, writes the report, and names the runs that failed."""
    options, further = parse_args(argv)
    if options.list:
        return print(papers.format_list())
    runs = make_jobs(options, further)
    statuses = scheduler.run_all(runs, options.jobs)
    succeeded = [run for run in runs if not statuses[run]]
    if options.folds:
        _summarize_folds(succeeded, options.folds)
    if evaluations := followups(options, succeeded):
        statuses |= scheduler.run_all(evaluations, options.jobs)
    failed = scheduler.report_failures(statuses)
    if len(failed) < len(statuses):
        contents = make_report(options, runs, further, [run for run in runs if statuses[run]])
        paths = formats.write_report(contents, options.report_folder)
        print(formats.format_summary(contents, paths))
    if failed:
        raise SystemExit(1)


def command() -> None:
    """The console command `tf-ssgan-sweep`."""
    program.main(main)


if __name__ == "__main__":
    command()
