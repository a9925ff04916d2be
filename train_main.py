"""Trains a classifier from few labeled and many unlabeled images.

python train_main.py --method=frgan --dataset=digits
python train_main.py --method=frgan --help
"""

from tf_ssgan.common import interrupts  # noqa: F401  first: Ctrl-C during imports is quiet

import flags  # isort: skip
from flags import program


def main(argv: list[str]) -> None:
    """Trains as the command line says, and prints a summary of the result."""
    config = flags.parse(argv)
    from tf_ssgan.training import loop, summary  # TensorFlow: after the command line is understood

    result = loop.run(config)
    if result:
        print(summary.format_summary(result, config.workdir))


def command() -> None:
    """The console command `tf-ssgan-train`."""
    program.main(main)


if __name__ == "__main__":
    command()
