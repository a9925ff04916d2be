"""What of a method is watched at each evaluation; `training/monitors.py` watches it."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class PseudoLabels:
    """Confident predictions of the classifier for unlabeled images, as the method takes them.

    The metrics get how many predictions are confident, and how many of those are right.

    Attributes:
        threshold: Smallest probability of a confident prediction.
        strict: Whether the probability must be larger than the threshold.
    """

    threshold: float
    strict: bool = False


@dataclasses.dataclass(frozen=True)
class ImagePairs:
    """Training images, each beside what the method makes of it: the picture `<name>.png`.

    Attributes:
        name: Name of the picture, and its tag in TensorBoard.
        transform: Images, float32 [n, h, w, c] in [-1, 1] -> what the method makes of them, the
            same shape; it has random numbers of a step, the same at each evaluation.
        examples: n, how many images `transform` gets; the first few are shown. It matters if the
            method uses batch statistics, which depend on the whole batch.
    """

    name: str
    transform: Callable[[tf.Tensor], tf.Tensor]
    examples: int


Monitored = PseudoLabels | ImagePairs
