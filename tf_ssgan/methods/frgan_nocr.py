"""FR-GAN without its consistency penalty: the squeeze-and-excitation block alone.

Jiang, Zhang and Liu (2019), table 2 "GAN without regularization".

Departures: those of `frgan`.
"""

from tf_ssgan.methods import ssgan

PAPER = "Jiang, Zhang and Liu 2019, ablation without regularization"
GROUP = "GAN classifiers"

HParams = ssgan.HParams


class Method(ssgan.Method):
    """The semi-supervised GAN with recalibrated channels."""

    recalibrate = True
