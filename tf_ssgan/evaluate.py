"""Evaluates a finished run: its classifier on other images, beside another run, its generator.

    python -m tf_ssgan.evaluate --run=runs/digits-50-frgan-s0-1234abcd --generator
    python -m tf_ssgan.evaluate --run=runs/one --against=runs/another
    python -m tf_ssgan.evaluate --run=runs/one --against=runs/another --dataset=cifar10_1/v6

--dataset: errors, average precision and calibration on another data set: on the test images that
it declares, or else on all its labeled images. Classes are matched by name; some are enough.
Images that are among the run's labeled, unlabeled or held-out images are found by their pixels,
counted, and left out of every number; its own test images may judge it.
--against: errors of both classifiers on the same images, and McNemar's test. What one of the runs
knows is left out.
--generator: Inception Score, Frechet distance and kernel distance of generated images, beside those
of as many real images, by a reference classifier; distances to the class centers in its features;
images by class, interpolations, truncated latents, and a t-SNE. The reference classifier is trained
once on all labels of the data set, except those of a validation split, and kept.

Everything is printed, and added to `evaluation.json` in the folder of the run. The figures are
written to evaluation_*.png in this folder, and to the run's TensorBoard. The run's weights and its
`result.json` do not change.

Scores depend on the network that they are measured with. Each carries the fingerprint of its
reference classifier (data set, accuracy, hash of the weights, temperature), and scores with
different fingerprints are never compared.
"""

from flags import program
from tf_ssgan.common import library_folders, startup
from tf_ssgan.evaluation import options, results_file
from tf_ssgan.training import run_paths


def parse_args(argv: list[str]) -> tuple[options.EvaluateOptions, options.EvaluationSources]:
    """Reads the command line, and refuses mistakes before TensorFlow is imported.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The options, and the data that they name.

    Raises:
        UserError: An option is missing or out of range, or a folder, a file or data are not there.
    """
    chosen, rest = program.read_options(options.EvaluateOptions, argv, __doc__)
    program.refuse_words(rest)
    return chosen, options.check(chosen)


def main(argv: list[str]) -> None:
    """Evaluates, writes and prints."""
    chosen, sources = parse_args(argv)
    library_folders.fall_back([chosen.run])
    with startup.start_up():  # TensorFlow: after names and paths are understood
        from tf_ssgan.evaluation import evaluate_run
    result = evaluate_run.evaluate(chosen, sources)
    print(results_file.format_results(result.measured, chosen.other))
    files = ", ".join([run_paths.EVALUATION, *result.figures])
    print("\n".join(["", *result.left_out, f"In {chosen.run}: {files}"]))


def command() -> None:
    """The console command `tf-ssgan-evaluate`."""
    program.main(main)


if __name__ == "__main__":
    command()
