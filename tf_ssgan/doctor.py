"""Checks, before a run, whether this machine and these data can be used.

    python -m tf_ssgan.doctor
    python -m tf_ssgan.doctor --dataset=folder:images

Checks the environment, the data, and a few steps of each method. Each finding is a line marked ok,
note, warning or error, with advice. Exit status 0: nothing would fail, even if there are warnings;
1: something would fail; 2: there is a mistake on the command line.
"""

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any, Literal

from flags import program
from tf_ssgan import methods
from tf_ssgan.common import errors, library_folders, plain_text, startup
from tf_ssgan.common.options import option
from tf_ssgan.data import dataset_info, datasets, memory_limit
from tf_ssgan.diagnostics import dataset_checks, dry_run, environment, findings, group_checks
from tf_ssgan.diagnostics.findings import Finding
from tf_ssgan.training import config

_RUN_FLAGS = ("dataset", "data_dir", "image_size", "channels", "fit", "labels", "group_by")


def _run_option(name: str) -> Any:
    """An option with the default and the help of a flag of every run."""
    (field,) = (field for field in config.run_fields() if field.name == name)
    return dataclasses.field(default=field.default, metadata=field.metadata)


@dataclasses.dataclass(frozen=True)
class DoctorOptions:
    """The flags of this program."""

    dataset: str = option(
        "", "Data to check: a known name, npz:DIR, folder:DIR or csv:FILE.", path="dataset"
    )
    data_dir: str = _run_option("data_dir")
    image_size: int = _run_option("image_size")
    channels: Literal["auto", "1", "3"] = _run_option("channels")
    fit: Literal["resize", "crop", "pad"] = _run_option("fit")
    labels: int = _run_option("labels")
    group_by: str = _run_option("group_by")
    methods: str = option("", "Methods whose steps are run, separated by commas; all if not given.")
    skip_steps: bool = option(False, "Check the machine and the data only; run no steps.")
    workdir: str = option(
        "runs", "Folder of the runs; the check is whether it is writable.", path="folder"
    )
    json: str = option(
        "", "JSON file to write the findings to, with the names of all files.", path="file"
    )

    @property
    def run_flags(self) -> dict[str, Any]:
        """The flags of a run of any method."""
        return {name: getattr(self, name) for name in _RUN_FLAGS}

    @functools.cached_property
    def source(self) -> datasets.DataSource:
        """The data to check, looked up once.

        Raises:
            UserError: The name is unknown.
        """
        return datasets.find(self.dataset, self.data_dir, self.group_by)

    @property
    def chosen_methods(self) -> tuple[str, ...]:
        """Names of the methods whose steps are run."""
        return tuple(filter(None, self.methods.split(","))) or methods.names()


def parse_args(argv: list[str]) -> DoctorOptions:
    """Reads the command line.

    Args:
        argv: The program's name and its arguments.

    Raises:
        UserError: A name or a folder does not exist, or a value is out of range.
    """
    options, words = program.read_options(DoctorOptions, argv, __doc__)
    program.refuse_words(words)
    config.Config(**options.run_flags)  # checks their ranges
    for name in options.chosen_methods:
        methods.check(name)
    if options.dataset:
        options.source.check_location()  # all else about the data is a finding
    _check_json(options.json)
    return options


def _check_json(file: str) -> None:
    """Raises UserError if the findings cannot be written to a file of this name."""
    path = os.path.abspath(file)
    if file and (os.path.isdir(path) or not os.path.isdir(os.path.dirname(path))):
        raise errors.UserError(f"--json={file}: expected a file in a folder that exists.")


def main(argv: list[str]) -> None:
    """Runs all checks in turn, and prints each section when it is done."""
    options = parse_args(argv)
    workdir = pathlib.Path(options.workdir).absolute()
    library_folders.fall_back([str(folder) for folder in (workdir, *workdir.parents)])
    # Measured before this program takes memory itself; if that fails, it is a finding below.
    free = findings.call_or_finding(environment.SECTION, "memory", memory_limit.available)[0] or 0
    results = _start_tensorflow() + environment.check_environment(pathlib.Path(options.workdir))
    print(findings.format_section(environment.SECTION, results), flush=True)
    if options.dataset:
        results += _check_data_and_steps(options, free)
    print(f"\n{findings.format_counts(results)}", flush=True)
    if options.json:
        _write_json(pathlib.Path(options.json), options.dataset, results)
    if findings.has_errors(results):
        raise SystemExit(1)


def _start_tensorflow() -> list[Finding]:
    """Starts TensorFlow without the GPUs, which are for the processes that run steps."""

    def start() -> None:
        with startup.start_up():
            import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # the caller has started it before
            tf.config.set_visible_devices([], "GPU")

    return findings.call_or_finding(environment.SECTION, "TensorFlow", start)[1]


def _check_data_and_steps(options: DoctorOptions, free: int) -> list[Finding]:
    """Makes and prints the second and the third section."""
    settings = config.Config(**options.run_flags)
    _print_progress(f"checking {plain_text.escape(settings.dataset)}")
    results, arrays = dataset_checks.check_dataset(options.source, settings.image_spec)
    if arrays is not None:
        results += findings.run_check(
            dataset_checks.SECTION, "the split", _check_split, options, arrays
        )
    print(f"\n{findings.format_section(dataset_checks.SECTION, results)}", flush=True)
    if arrays is None:
        return results
    third = findings.run_check(dry_run.SECTION, "memory", dry_run.check_image_memory, arrays, free)
    del arrays  # the processes that run steps load their own
    if findings.has_errors(results) and not options.skip_steps:
        text = "no steps are run with data that cannot be used"
        third.append(Finding(dry_run.SECTION, "note", text, "fix the data first"))
    elif not options.skip_steps:
        third += findings.run_check(dry_run.SECTION, "the load", dry_run.check_load)
        names = options.chosen_methods
        for number, name in enumerate(names, 1):
            _print_progress(f"running steps of {name} ({number} of {len(names)})")
            third += findings.run_check(
                dry_run.SECTION, name, dry_run.check_steps, name, options.run_flags, free
            )
    print(f"\n{findings.format_section(dry_run.SECTION, third)}", flush=True)
    return results + third


def _check_split(options: DoctorOptions, arrays: dataset_info.Arrays) -> Iterator[Finding]:
    """The protocol of a run of the first method."""
    settings = config.configure(
        options.chosen_methods[0], source=options.source, **options.run_flags
    )
    yield from dataset_checks.check_protocol(settings, arrays)
    yield from group_checks.check(settings, options.source, arrays)


def _write_json(path: pathlib.Path, dataset: str, results: list[Finding]) -> None:
    """Writes the findings.

    Raises:
        UserError: The file cannot be written.
    """
    content = {
        "dataset": dataset,
        "status": int(findings.has_errors(results)),
        "findings": findings.as_json(results),
    }
    try:
        path.write_text(json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise errors.UserError(f"--json={path} cannot be written ({error.strerror}).") from error


def _print_progress(text: str) -> None:
    """Prints a line of progress on standard error."""
    print(f"... {text}", file=sys.stderr, flush=True)


def command() -> None:
    """The console command `tf-ssgan-doctor`."""
    program.main(main)


if __name__ == "__main__":
    command()
