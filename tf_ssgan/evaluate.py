"""Judges a run on another data set, say CIFAR-10.1 after training on CIFAR-10.

    python -m tf_ssgan.evaluate --run=runs/cifar10-4000-frgan-s0-1234abcd --dataset=cifar10_1/v6

Nothing is learned from it, and nothing chosen. The answer is printed, and added as a line to
`evaluations.jsonl` in the folder of the run.
"""

import json
import pathlib
from typing import Any

from absl import flags as absl_flags

import flags
from flags import quiet
from tf_ssgan import assembly, errors
from tf_ssgan.data import datasets

_KNOWN = absl_flags.FlagValues()
absl_flags.DEFINE_string("run", "", "Folder of the run.", flag_values=_KNOWN)
absl_flags.DEFINE_string("dataset", "", "Images to judge on.", flag_values=_KNOWN)
absl_flags.DEFINE_string("data_dir", "", "Folder of these images.", flag_values=_KNOWN)


def judge(workdir: pathlib.Path, dataset: str, data_dir: str = "") -> dict[str, Any]:
    """Measures the shipped and the raw weights of a run on the test images of a data set.

    Args:
        workdir: Folder of the run.
        dataset: Name of the data set; its images and classes must be like the run's.
        data_dir: Where its images lie.

    Returns:
        `dataset`, `images`, `test_error` and `test_error_raw` in percent, and `step`.

    Raises:
        UserError: No such run or data, or images or classes unlike the run's.
    """
    from tf_ssgan import evaluation  # TensorFlow: after the names are understood

    arrays = datasets.load(dataset, data_dir or None)
    run = assembly.reopen(workdir)
    mine, theirs, known = run.arrays.card, arrays.card, run.config.dataset
    if (mine.shape, len(mine.classes)) != (theirs.shape, len(theirs.classes)):
        raise errors.UserError(
            f"{dataset} has images {theirs.shape} of {len(theirs.classes)} classes, the run "
            f"learned {mine.shape} of {len(mine.classes)}. Choose a data set like {known}."
        )
    found = {
        "dataset": dataset,
        "images": len(arrays.test_labels),
        "step": int(run.method.step.numpy()),
    }
    for name, network in (("", run.method.shipped), ("_raw", run.method.classifier)):
        report = evaluation.evaluate(
            evaluation.predictor(network), arrays.test_images, arrays.test_labels, len(mine.classes)
        )
        found[f"test_error{name}"] = report.error
    return found


def main(argv: list[str]) -> None:
    """Judges, prints and writes down."""
    rest = _KNOWN(argv)
    if len(rest) > 1 or not _KNOWN.run or not _KNOWN.dataset:
        raise errors.UserError("Give --run=FOLDER and --dataset=NAME (and --data_dir=FOLDER).")
    datasets.check(_KNOWN.dataset, _KNOWN.data_dir or None, training=False)
    with quiet.start_up():
        from tf_ssgan import assembly  # noqa: F401 - says at once if TensorFlow is broken
    found = judge(pathlib.Path(_KNOWN.run), _KNOWN.dataset, _KNOWN.data_dir)
    with (pathlib.Path(_KNOWN.run) / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps(found) + "\n")
    print(
        f"{found['images']} images of {found['dataset']}: test_error {found['test_error']:.2f} %, "
        f"raw {found['test_error_raw']:.2f} %"
    )


if __name__ == "__main__":
    flags.main(main, flags_parser=lambda argv: argv)
