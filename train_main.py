"""Trains a classifier from few labeled and many unlabeled images.

python train_main.py --method=frgan --dataset=digits
python train_main.py --method=frgan --dataset=folder:pets --folds=5
python train_main.py --method=frgan --help
"""

from tf_ssgan.common import interrupts  # noqa: F401  first: Ctrl-C during imports is quiet

import flags  # isort: skip
from flags import program


def main(argv: list[str]) -> None:
    """Trains as the command line says, a run or one for each fold, and prints a summary."""
    config = flags.parse(argv)
    # TensorFlow: after the command line is understood
    from tf_ssgan.launch import cross_validation
    from tf_ssgan.training import loop, summary

    if config.trains_all_folds:
        cross_validation.run(config)
        return
    result = loop.run(config)
    if result:
        print(summary.format_summary(result, config.workdir))


def command() -> None:
    """The console command `tf-ssgan-train`."""
    program.main(main)


if __name__ == "__main__":
    command()
