"""Judges what a run has learned to draw, and two runs beside each other.

    python -m tf_ssgan.judge --run=runs/digits-50-frgan-s0-1234abcd
    python -m tf_ssgan.judge --run=runs/one --against=runs/another
    python -m tf_ssgan.judge --run=runs/one --against=runs/another --dataset=cifar10_1/v6

Inception Score, Frechet distance and kernel distance of generated images by a classifier of the
same data set, which is trained on all of its labels when first needed, and kept; beside each the
score of real images. Samples by class, interpolations, a t-SNE with the distances to the class
centers. Errors of both classifiers on the same images, and McNemar's test. Everything is printed,
added to `result.json` in the folder of the run under "judged", drawn as judged_*.png there, and in
its TensorBoard. Nothing is learned from it, and nothing chosen.

Scores hang on who judges: each carries its judge's stamp (data set, accuracy, hash of the weights,
temperature), and scores with different stamps are never compared.
"""

import flags
from flags import quiet
from tf_ssgan.judging import record
from tf_ssgan.judging import wanted as wishes


def asked(argv: list[str]) -> wishes.Wanted:
    """Reads the command line, and refuses mistakes before TensorFlow is imported.

    Args:
        argv: The program's name and its arguments.

    Raises:
        UserError: A flag is missing or out of range, or a folder, a file or data are not there.
    """
    wanted, rest = flags.record(wishes.Wanted, argv, __doc__)
    flags.refuse(rest)
    wishes.check(wanted)
    return wanted


def main(argv: list[str]) -> None:
    """Judges, writes down and prints."""
    wanted = asked(argv)
    with quiet.start_up():  # TensorFlow: after names and paths are understood
        from tf_ssgan.judging import judgment
    found = judgment.judge(wanted)
    print(record.told(found.judged, wanted.other))
    files = ", ".join(["result.json", *found.pictures])
    print("\n".join(["", *found.left_out, f"In {wanted.run}: {files}"]))


if __name__ == "__main__":
    flags.main(main, flags_parser=lambda argv: argv)
