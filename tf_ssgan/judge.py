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

from flags import program
from tf_ssgan.common import startup
from tf_ssgan.evaluation import options, results_file


def parse_args(argv: list[str]) -> options.EvaluateOptions:
    """Reads the command line, and refuses mistakes before TensorFlow is imported.

    Args:
        argv: The program's name and its arguments.

    Raises:
        UserError: A flag is missing or out of range, or a folder, a file or data are not there.
    """
    wanted, rest = program.read_options(options.EvaluateOptions, argv, __doc__)
    program.refuse_words(rest)
    options.check(wanted)
    return wanted


def main(argv: list[str]) -> None:
    """Judges, writes down and prints."""
    wanted = parse_args(argv)
    with startup.start_up():  # TensorFlow: after names and paths are understood
        from tf_ssgan.evaluation import evaluate_run
    found = evaluate_run.evaluate(wanted)
    print(results_file.format_results(found.judged, wanted.other))
    files = ", ".join(["result.json", *found.pictures])
    print("\n".join(["", *found.left_out, f"In {wanted.run}: {files}"]))


if __name__ == "__main__":
    program.main(main, flags_parser=lambda argv: argv)
