"""Judges a run on another data set, say CIFAR-10.1 after training on CIFAR-10.

    python -m tf_ssgan.evaluate --run=runs/cifar10-4000-frgan-s0-1234abcd --dataset=cifar10_1/v6

Nothing is learned from it, and nothing chosen. The answer is printed, and added as a line to
`evaluations.jsonl` in the folder of the run.
"""

import json
import pathlib
from typing import Any

from absl import flags as absl_flags

from flags import program
from tf_ssgan.common import errors, startup
from tf_ssgan.data import datasets

_FLAGS = {
    "run": "Folder of the run.",
    "dataset": "Images to judge on.",
    "data_dir": "Folder of these images.",
}


def judge(workdir: pathlib.Path, dataset: str, data_dir: str = "") -> dict[str, Any]:
    """Measures the shipped and the raw weights of a run on the test images of a data set.

    Args:
        workdir: Folder of the run.
        dataset: Name of the data set; its images and classes must be like the run's.
        data_dir: Where its images lie.

    Returns:
        `dataset`, `images`, `step`, `test_error` and `test_error_raw` in percent, and of the
        shipped weights what `outcome.measures` names, at the temperature fitted on the run's
        validation images.

    Raises:
        UserError: No such run or data, or images or classes unlike the run's.
    """
    with startup.start_up():  # TensorFlow: after the names are understood
        from tf_ssgan.metrics import classification
        from tf_ssgan.nn import inference
        from tf_ssgan.training import build, results
    run = build.reopen(workdir)
    card = run.arrays.info
    form = datasets.Form(card.height, str(card.channels), card.fit)
    arrays = datasets.load(dataset, data_dir or None, form)
    mine, theirs, known = run.arrays.info, arrays.info, run.config.dataset
    if (mine.shape, mine.classes) != (theirs.shape, theirs.classes):
        raise errors.UserError(
            f"{dataset} has images {theirs.shape} of {len(theirs.classes)} classes "
            f"({theirs.classes[0]}, ...), the run learned {mine.shape} of {len(mine.classes)} "
            f"({mine.classes[0]}, ...). Choose a data set like {known}."
        )
    networks = {"": run.method.exported_classifier, "_raw": run.method.classifier}
    judged = arrays.test_images, arrays.test_labels, len(mine.classes)
    reports = {
        k: classification.evaluate(inference.cached_predictor(n), *judged)
        for k, n in networks.items()
    }
    return {
        "dataset": dataset,
        "images": len(arrays.test_labels),
        "step": int(run.method.step.numpy()),
        **{f"test_error{suffix}": report.error for suffix, report in reports.items()},
        **results.quality_metrics(reports[""], _temperature(run)),
    }


def _temperature(run: Any) -> float:
    """The run's own, as its result says; fitted on its validation images where it does not.

    The result may be of earlier weights, where a longer run was stopped.
    """
    from tf_ssgan.training import results, workdir

    told = workdir.read_result(run.workdir) or {}
    if told.get("steps") == int(run.method.step.numpy()) and "temperature" in told:
        return told["temperature"]
    return results.fitted_temperature(run)


def main(argv: list[str]) -> None:
    """Judges, prints and writes down."""
    known = absl_flags.FlagValues()
    for name, doc in _FLAGS.items():
        absl_flags.DEFINE_string(name, "", doc, flag_values=known)
    if len(program.read_flags(known, argv, __doc__)) > 1 or not known.run or not known.dataset:
        raise errors.UserError("Give --run=FOLDER and --dataset=NAME (and --data_dir=FOLDER).")
    datasets.check(known.dataset, known.data_dir or None, training=False)
    workdir = pathlib.Path(known.run)
    found = judge(workdir, known.dataset, known.data_dir)
    with (workdir / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps(found) + "\n")
    print(
        f"{found['images']} images of {found['dataset']}: test_error {found['test_error']:.2f} %, "
        f"raw {found['test_error_raw']:.2f} %"
    )


if __name__ == "__main__":
    program.main(main, flags_parser=lambda argv: argv)
