"""FR-GAN without its squeeze-and-excitation block: the consistency penalty alone.

Jiang, Zhang and Liu (2019), table 2 "GAN without SENet", table 3 "with regularization".

Departures: those of `frgan`.
"""

from tf_ssgan.methods import frgan

PAPER = "Jiang, Zhang and Liu 2019, ablation without recalibration"
GROUP = "GAN classifiers"

HParams = frgan.HParams


class Method(frgan.Method):
    """FR-GAN without recalibrated channels."""

    recalibrate = False
