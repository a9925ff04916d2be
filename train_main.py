"""Trains a classifier from few labeled and many unlabeled images.

python train_main.py --method=frgan --dataset=digits
python train_main.py --method=frgan --help
"""

import flags
from flags import program


def main(argv: list[str]) -> None:
    """Runs what the command line describes, and prints how it went."""
    del argv
    from tf_ssgan.training import loop, summary  # TensorFlow: after the command line is understood

    result = loop.run(flags.config())
    if result:
        print(summary.format_summary(result, flags.config().workdir))


if __name__ == "__main__":
    program.main(main, flags_parser=flags.parse)
