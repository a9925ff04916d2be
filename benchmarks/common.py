"""What all measurements share: sizes, which passes a step takes, and the clock.

Imports neither TensorFlow nor PyTorch: their thread pools must not meet in one process.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

WARM_UPS = 2  # the first call traces or allocates, the second still settles
LATENT_LOW, LATENT_HIGH = -1.0, 1.0
LEARNING_RATE, BETA_1, EPSILON = 3e-4, 0.5, 1e-8
NOISE, DROPOUT, SLOPE = 0.15, 0.2, 0.2
CONSISTENCY_WEIGHT = 10.0  # any weight takes the same time


@dataclasses.dataclass(frozen=True)
class Size:
    """Sizes of the networks and of a batch; the side is a multiple of 8."""

    side: int
    channels: int
    classes: int
    batch: int
    width: int
    latent: int


SIZES = {
    "paper": Size(side=32, channels=3, classes=10, batch=100, width=64, latent=100),
    "toy": Size(side=16, channels=1, classes=3, batch=8, width=4, latent=8),
}


@dataclasses.dataclass(frozen=True)
class Step:
    """Which passes a training step takes.

    Attributes:
        recalibrate: Whether D has the squeeze-and-excitation block.
        branches: Passes of D over unlabeled images: 0 for no GAN, 2 for two that must agree.
    """

    recalibrate: bool
    branches: int

    @property
    def adversarial(self) -> bool:
        """Whether there is a generator."""
        return self.branches > 0

    @property
    def batches(self) -> int:
        """Batches that D is trained on: labeled, unlabeled, generated."""
        return 1 + self.branches + self.adversarial


STEPS = {
    "supervised": Step(recalibrate=True, branches=0),
    "frgan": Step(recalibrate=True, branches=2),
    "frgan_nose": Step(recalibrate=False, branches=2),
    "frgan_nocr": Step(recalibrate=True, branches=1),
    "ssgan": Step(recalibrate=False, branches=1),
}


def timed(step: Callable[[], Any], repeats: int, warm_ups: int = WARM_UPS) -> list[float]:
    """Times calls, after a few that do not count.

    Args:
        step: Returns only once its work is done.
        repeats: Calls that count.
        warm_ups: Calls that do not.

    Returns:
        Seconds of each call that counts.
    """
    for _ in range(warm_ups):
        step()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return times
