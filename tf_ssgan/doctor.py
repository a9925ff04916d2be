"""Says, before anything goes wrong, whether this machine and these data will do.

    python -m tf_ssgan.doctor
    python -m tf_ssgan.doctor --dataset=folder:pictures

Looks at the environment, at the data, and at a few steps of each method. Each finding is a line,
marked ok, note, warning or error, with what to do about it. Exit status 0: nothing would fail,
whatever the warnings; 1: something would; 2: a mistake on the command line.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

from absl import flags as absl_flags

from flags import dataclass_flags, program
from tf_ssgan import methods
from tf_ssgan.common import errors, startup
from tf_ssgan.data import dataset_info, datasets, memory_limit
from tf_ssgan.data.sources import image_listing
from tf_ssgan.diagnostics import dataset_checks, dry_run, environment, findings
from tf_ssgan.diagnostics.findings import Finding
from tf_ssgan.training import config

_STRINGS = {
    "dataset": ("", "Data to look at: a known name, npz:DIR, folder:DIR or csv:FILE."),
    "methods": ("", "Methods to take steps of, separated by commas; all where empty."),
    "workdir": ("runs", "Folder in which runs would be written."),
    "json": ("", "File that the findings are written to, with all names."),
}
_OF_A_RUN = ("data_dir", "image_size", "channels", "fit", "labels")  # as in training


@dataclasses.dataclass(frozen=True)
class DoctorOptions:
    """What a person wants to know.

    Attributes:
        settings: the data set and the form of its images.
        methods: methods to take steps of.
        workdir: where runs would be written.
        steps: whether steps are taken.
        json: where the findings are written; empty for nowhere.
    """

    settings: config.Config
    methods: tuple[str, ...]
    workdir: pathlib.Path
    steps: bool
    json: str

    @property
    def given(self) -> dict[str, Any]:
        """The flags that any method's run has."""
        return {name: getattr(self.settings, name) for name in ("dataset", *_OF_A_RUN)}


def parse_args(argv: list[str]) -> DoctorOptions:
    """Reads the command line.

    Args:
        argv: The program's name and its arguments.

    Raises:
        UserError: A name or a value that does not exist, a folder that is not there.
    """
    known = absl_flags.FlagValues()
    for name, (default, doc) in _STRINGS.items():
        absl_flags.DEFINE_string(name, default, doc, flag_values=known)
    absl_flags.DEFINE_boolean("skip_steps", False, "Take no steps.", flag_values=known)
    fields = [field for field in config.run_fields() if field.name in _OF_A_RUN]
    dataclass_flags.define(tuple(fields), config.Config, known)
    rest = program.read_flags(known, argv, __doc__)
    if len(rest) > 1:
        raise errors.UserError(f"{rest[1]!r} is no flag. Flags look like --name=value.")
    given = {field.name: known[field.name].value for field in fields}
    settings = config.Config(dataset=known.dataset, **given)
    chosen = tuple(filter(None, known.methods.split(","))) or methods.names()
    for name in chosen:
        methods.check(name)
    if known.dataset:
        _check_place(known.dataset, known.data_dir)
    told = os.path.abspath(known.json)
    if known.json and (os.path.isdir(told) or not os.path.isdir(os.path.dirname(told))):
        raise errors.UserError(f"--json={known.json}: expected a file in a folder that exists.")
    return DoctorOptions(
        settings, chosen, pathlib.Path(known.workdir), not known.skip_steps, known.json
    )


def _check_place(name: str, data_dir: str) -> None:
    """Refuses a data set whose name, folder or table does not exist; all else is to be found out.

    Raises:
        UserError: in the words that training has for it.
    """
    kind, colon, place = name.partition(":")
    if colon and f"{kind}:" in (*image_listing.PREFIXES, "npz:"):
        above = "" if kind == "npz" else os.path.expanduser(data_dir)
        there = place and os.path.exists(os.path.join(above, os.path.expanduser(place)))
    else:
        trains = name in dataset_info.KNOWN and dataset_info.KNOWN[name].training
        there = trains and (not data_dir or os.path.isdir(os.path.expanduser(data_dir)))
    if there:
        return
    try:
        datasets.check(name, data_dir or None)
    except OSError as error:  # not even a name that a file could have
        raise errors.UserError(f"--dataset={name}: {error.strerror}. Give another.") from error


def main(argv: list[str]) -> None:
    """Looks at everything in turn, and prints as it goes."""
    wanted = parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    # Before this program takes its own share; that it cannot be known is a finding below.
    free = findings.attempted(environment.SECTION, "memory", memory_limit.available)[0] or 0
    found = _start() + environment.examine(wanted.workdir)
    print(findings.format_findings(environment.SECTION, found), flush=True)
    if wanted.settings.dataset:
        found += _data_and_steps(wanted, free)
    print(f"\n{findings.summary(found)}", flush=True)
    if wanted.json:
        _write(pathlib.Path(wanted.json), wanted.settings.dataset, found)
    if findings.failed(found):
        raise SystemExit(1)


def _start() -> list[Finding]:
    """Starts TensorFlow, without the GPUs: they are for the processes that take steps."""

    def start() -> None:
        with startup.start_up():
            import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # started before, by whoever called
            tf.config.set_visible_devices([], "GPU")

    return findings.attempted(environment.SECTION, "TensorFlow", start)[1]


def _data_and_steps(wanted: DoctorOptions, free: int) -> list[Finding]:
    """The second and the third section, printed."""
    settings = wanted.settings
    _say(f"looking at {settings.dataset}")
    found, arrays = dataset_checks.examine(
        settings.dataset, settings.data_dir or None, settings.form
    )
    if arrays is not None:
        found += findings.guarded(dataset_checks.SECTION, "the split", _split, wanted, arrays)
    print(f"\n{findings.format_findings(dataset_checks.SECTION, found)}", flush=True)
    if arrays is None:
        return found
    third = findings.guarded(dry_run.SECTION, "memory", dry_run.images, arrays, free)
    del arrays  # the processes that take steps have their own
    if wanted.steps and findings.failed(found):
        text = "no steps are taken with data that will not do"
        third.append(Finding(dry_run.SECTION, "note", text, "mend the data first"))
    elif wanted.steps:
        third += findings.guarded(dry_run.SECTION, "the load", dry_run.busy)
        for number, name in enumerate(wanted.methods, 1):
            _say(f"taking steps of {name} ({number} of {len(wanted.methods)})")
            third += findings.guarded(
                dry_run.SECTION, name, dry_run.steps, name, wanted.given, free
            )
    print(f"\n{findings.format_findings(dry_run.SECTION, third)}", flush=True)
    return found + third


def _split(wanted: DoctorOptions, arrays: datasets.Arrays) -> Iterator[Finding]:
    """The protocol of the first method's run."""
    return dataset_checks.protocol(config.configure(wanted.methods[0], **wanted.given), arrays)


def _write(path: pathlib.Path, dataset: str, found: list[Finding]) -> None:
    """Writes the findings.

    Raises:
        UserError: the file cannot be written.
    """
    content = {
        "dataset": dataset,
        "status": int(findings.failed(found)),
        "findings": findings.as_json(found),
    }
    try:
        path.write_text(json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise errors.UserError(f"--json={path} cannot be written ({error.strerror}).") from error


def _say(what: str) -> None:
    """A line of progress, beside the findings."""
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    program.main(main, flags_parser=lambda argv: argv)
