"""Exports the classifier of a run for TensorFlow Serving.

    python -m export.export_main --run=runs/digits-50-frgan-s0-1234abcd --to=served/digits

writes served/digits/1, then 2, and so on. Each version is a SavedModel that is compared with the
run's own network before it gets its name. A server that watches served/digits loads a new version
by itself.
"""

import dataclasses
import pathlib
import time

from export import publishing
from flags import program
from tf_ssgan.common import errors, few_images, library_folders, options, requirements, startup
from tf_ssgan.common.options import option
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.training.workdir import Workdir


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """The flags of this program."""

    run: str = option("", "Folder of the run to export.", path="folder")
    to: str = option("", "Folder of the served model; its name is the model's.", path="folder")
    data_dir: str = option(
        "",
        "Folder of the run's data, if they were moved; only a run that is not finished needs them.",
        path="folder",
    )
    version: int = option(0, "Number of the version; 0 takes the next one.", high=2**63 - 1)


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """An exported classifier.

    Attributes:
        folder: Its SavedModel.
        verification: A `verify.Verification`.
        calibration: A `calibration.Calibration`.
        held_out: Number of the run's held-out images.
        test_error: Error of the run's weights on the test images in percent, measured in training;
            None if they were saved between two evaluations.
        test_images: Number of these images; None without such an error.
        remarks: What is missing of some classes.
        damage: A sentence on damaged lines of the run's metrics; empty without any.
        has_warmup: Whether it has warm-up requests.
        seconds: How long the export took.
    """

    folder: pathlib.Path
    verification: object
    calibration: object
    held_out: int
    test_error: float | None
    test_images: int | None
    remarks: tuple[str, ...]
    damage: str
    has_warmup: bool
    seconds: float


def export_run(
    workdir: pathlib.Path, to: pathlib.Path, version: int = 0, data_dir: str = ""
) -> ExportResult:
    """Exports the newest checkpoint of a run as a new version.

    Args:
        workdir: Folder of the run, which may still be training.
        to: Folder of the served model.
        version: Its number, at least 1; 0 takes the next one.
        data_dir: Folder of the run's data, if they were moved. Only a run that is still training
            needs them, to fit the temperature.

    Raises:
        UserError: There is no run or no checkpoint, the folder cannot be written, or the version
            exists.
        Mismatch: The exported model differs from the run's; nothing was published.
    """
    began = time.perf_counter()
    Workdir(workdir).require_flags()
    Workdir(workdir).require_checkpoint()
    publishing.check_target(to, version)
    library_folders.fall_back([str(to)])
    with startup.start_up():  # TensorFlow: after the paths are checked
        from export import servable, verify, warmup
        from tf_ssgan.training import build, results
    run = build.reopen(workdir, data_dir=data_dir)
    networks = servable.networks_in_float32(run)
    calibration = results.saved_calibration(run)
    networks = dataclasses.replace(networks, temperature=calibration.temperature)
    info = servable.model_info(run, calibration)
    with publishing.new_version(to, version) as target:
        with servable.errors_of_writing(to):
            servable.write_saved_model(networks, target.partial)
            if warmup.is_available():
                warmup.write_requests(networks, target.partial, to.absolute().name)
        verification = verify.verify(target.partial, networks, run)
        with servable.errors_of_writing(to):
            servable.write_assets(info, target.partial)
    seconds = time.perf_counter() - began
    return ExportResult(
        target.final,
        verification,
        calibration,
        len(run.protocol.validation_ids),
        info["test_error"],
        info["test_images"],
        tuple(info["remarks"]),
        run.workdir.read_metrics().describe_damage(run.workdir.metrics_file),
        warmup.is_available(),
        seconds,
    )


def format_export(result: ExportResult) -> str:
    """A summary of an export, for printing."""
    verification, model = result.verification, result.folder.absolute().parent
    width, name = max(map(len, verification.signatures)), shell_word(model.name)
    warmup = "with warm-up requests"
    if not result.has_warmup:
        warmup = (
            "warm-up requests were left out, as tensorflow-serving-api cannot be imported; for "
            f"them {requirements.EXTRAS.format('serving')}"
        )
    distance = f"{verification.difference:.1g} of the live network's"
    if verification.rounding > verification.difference:
        distance += f" in float32, {verification.rounding:.1g} in the run's own format"
    return "\n".join(
        [
            f"{result.folder}, written and verified in {result.seconds:.1f} s, {warmup}",
            *(f"  {name:{width}}  {line}" for name, line in verification.signatures.items()),
            *([result.damage] if result.damage else []),
            *_format_test_error(result.test_error, result.test_images),
            *(f"  {remark}" for remark in result.remarks),
            f"  probabilities within {distance}",
            f"  {_format_calibration(result.calibration, result.held_out)}",
            f"  one image in {verification.request_ms:.1f} ms (in this process)",
            "Serve it:",
            "  docker run --rm -p 127.0.0.1:8501:8501 -p 127.0.0.1:8500:8500 "
            f"-v {shell_word(f'{model}:/models/{model.name}:ro')} -e MODEL_NAME={name} "
            "tensorflow/serving",
            f"  python -m export.client --model={name} IMAGE...",
        ]
    )


def _format_test_error(test_error: float | None, images: int | None) -> list[str]:
    if test_error is None:
        return []
    of = f"of {images:,} image{'' if images == 1 else 's'}"
    return [f"  test_error {test_error:.2f} % {of}, measured in training"]


def _format_calibration(calibration, held_out: int) -> str:
    if not calibration.images:
        return few_images.why_no_temperature(held_out)
    return (
        f"temperature {calibration.temperature:.3g}, fitted on {calibration.images:,} validation "
        f"images: calibration error {100 * calibration.ece_before:.1f} % before, "
        f"{100 * calibration.ece_after:.1f} % after"
    )


def parse_args(argv: list[str]) -> ExportOptions:
    """Reads the command line.

    Args:
        argv: The program's name and its arguments.

    Raises:
        UserError: A folder is missing, or there is an argument that is not a flag.
    """
    chosen, words = program.read_options(ExportOptions, argv, __doc__)
    program.refuse_words(words)
    options.check(chosen)
    for name in ("run", "to"):
        if not getattr(chosen, name):
            raise errors.UserError(f"--{name} is missing. It takes a folder; see --help.")
    return chosen


def main(argv: list[str]) -> None:
    """Exports a run, and prints where it is."""
    chosen = parse_args(argv)
    workdir, to = pathlib.Path(chosen.run), pathlib.Path(chosen.to)
    print(format_export(export_run(workdir, to, chosen.version, chosen.data_dir)))


def command() -> None:
    """The console command `tf-ssgan-export`."""
    program.main(main)


if __name__ == "__main__":
    command()
