"""Exports the classifier of a run for TensorFlow Serving.

    python -m export.export_main --run=runs/digits-50-frgan-s0-1234abcd --to=served/digits

writes served/digits/1, then 2, and so on: each a SavedModel, compared with the run's own network
before it gets its name. A server that watches served/digits takes up a new version by itself.
"""

import dataclasses
import pathlib
import time

from absl import flags as absl_flags

from export import publishing
from flags import program
from tf_ssgan.common import errors, startup

_FLAGS = absl_flags.FlagValues()
absl_flags.DEFINE_string("run", None, "Folder of the run.", flag_values=_FLAGS)
absl_flags.DEFINE_string(
    "to", None, "Folder of the served model; its name is the model's.", flag_values=_FLAGS
)
absl_flags.DEFINE_string(
    "data_dir", "", "Where the run's data lie now, if they were moved.", flag_values=_FLAGS
)
absl_flags.DEFINE_integer(
    "version", 0, "Number of the version; 0 takes the next one.", flag_values=_FLAGS
)


@dataclasses.dataclass(frozen=True)
class Exported:
    """An exported classifier.

    Attributes:
        folder: Its SavedModel.
        findings: A `verify.Findings`.
        calibrated: A `calibration.Calibration`.
        warm: Whether it brings warm-up requests.
        seconds: What it took.
    """

    folder: pathlib.Path
    findings: object
    calibrated: object
    warm: bool
    seconds: float


def export(
    workdir: pathlib.Path, to: pathlib.Path, version: int = 0, data_dir: str = ""
) -> Exported:
    """Exports the newest checkpoint of a run as a new version.

    Args:
        workdir: Folder of the run; it may still be training.
        to: Folder of the served model.
        version: Its number, at least 1; 0 takes the next one.
        data_dir: Where the run's data lie now, if no longer where they were.

    Raises:
        UserError: No run, no checkpoint, a folder that cannot be written, a version that exists.
        Mismatch: The exported model answers otherwise than the run's; nothing was published.
    """
    began = time.perf_counter()
    check_run(workdir)
    publishing.check(to, version)
    with startup.start_up():  # TensorFlow: after paths are understood
        from export import servable, verify, warmup
        from tf_ssgan.training import build
    run = build.reopen(workdir, data_dir)
    made = servable.networks(run)
    calibrated = servable.calibrate(made, run)
    made = dataclasses.replace(made, temperature=calibrated.temperature)
    about = servable.model_info(run, calibrated)
    with publishing.version(to, version) as target:
        servable.write(made, target.partial)
        if warmup.available():
            warmup.write(made, target.partial, to.absolute().name)
        findings = verify.verify(target.partial, made, run)
        about["test_error"] = findings.test_error
        servable.write_assets(about, target.partial)
    seconds = time.perf_counter() - began
    return Exported(target.final, findings, calibrated, warmup.available(), seconds)


def check_run(workdir: pathlib.Path) -> None:
    """Refuses what is not a run that has saved, before TensorFlow is imported.

    Raises:
        UserError: Saying what is missing.
    """
    if not (workdir / "config.json").is_file():
        raise errors.UserError(
            f"--run={workdir} is not the folder of a run: it holds no config.json."
        )
    if not any((workdir / "checkpoints").glob("step-*/manifest.json")):
        raise errors.UserError(f"--run={workdir} holds no checkpoint yet; let the run go on first.")


def format_exported(done: Exported) -> str:
    """A summary for a person."""
    findings, model = done.findings, done.folder.absolute().parent
    width = max(map(len, findings.signatures))
    warm = "with warm-up requests"
    if not done.warm:
        warm = "warm-up requests were left out: pip install tensorflow-serving-api adds them"
    close = f"{findings.difference:.1g} of the live network's"
    if findings.rounding > findings.difference:
        close += f" in float32, {findings.rounding:.1g} in the run's own format"
    return "\n".join(
        [
            f"{done.folder}, written and verified in {done.seconds:.1f} s, {warm}",
            *(f"  {name:{width}}  {line}" for name, line in findings.signatures.items()),
            f"  test_error {findings.test_error:.2f} % through the exported model",
            f"  probabilities within {close}",
            f"  {_told_of_calibration(done.calibrated)}",
            f"  one image in {findings.request_ms:.1f} ms (in this process)",
            "Serve it:",
            "  docker run --rm -p 127.0.0.1:8501:8501 -p 127.0.0.1:8500:8500 "
            f"-v {model}:/models/{model.name}:ro -e MODEL_NAME={model.name} tensorflow/serving",
            f"  python -m export.client --model={model.name} IMAGE...",
        ]
    )


def _told_of_calibration(calibrated) -> str:
    if not calibrated.images:
        return "no validation images, so probabilities are as the network gives them"
    return (
        f"temperature {calibrated.temperature:.3g}, fitted on {calibrated.images:,} validation "
        f"images: calibration error {100 * calibrated.ece_before:.1f} % before, "
        f"{100 * calibrated.ece_after:.1f} % after"
    )


def parse(argv: list[str]) -> list[str]:
    """Reads the command line; to be handed to `flags.main`.

    Raises:
        SystemExit: Status 2 and a sentence for a person's mistake; 0 after help.
    """
    with program.exit_on_user_error():
        rest = program.read_flags(_FLAGS, argv, __doc__)
        if len(rest) > 1:
            raise absl_flags.Error(f"{rest[1]!r} is no flag. Flags look like --name=value.")
        for name in ("run", "to"):
            if not _FLAGS[name].value:
                raise errors.UserError(f"--{name} is missing. It takes a folder; see --help.")
    return argv[:1]


def main(argv: list[str]) -> None:
    """Exports what the command line describes, and says where it is."""
    del argv
    workdir, to = pathlib.Path(_FLAGS.run), pathlib.Path(_FLAGS.to)
    print(format_exported(export(workdir, to, _FLAGS.version, _FLAGS.data_dir)))


if __name__ == "__main__":
    program.main(main, flags_parser=parse)
