"""What of a method is watched at each evaluation; `training/monitors.py` watches it."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class PseudoLabels:
    """Confident predictions of the classifier for unlabeled images, as the method takes them.

    The metrics get how many predictions are confident, and how many of those are right.

    Attributes:
        threshold: Smallest probability of a confident prediction; or a function that returns, at
            each evaluation, that of each predicted class, float [classes].
        strict: Whether the probability must be larger than the threshold.
        aligned: What the method makes of the logits first, float32 [n, classes] -> the same shape;
            None if it takes them as they are.
    """

    threshold: float | Callable[[], np.ndarray]
    strict: bool = False
    aligned: Callable[[np.ndarray], tf.Tensor] | None = None


@dataclasses.dataclass(frozen=True)
class NoisyLabels:
    """Labels that the method takes as wrong.

    The metrics get how many there are and, if label noise was added, how many of them are wrong and
    how many of the wrong ones are among them.

    Attributes:
        detected: Returns which of the labels are detected, bool [labeled], at each evaluation.
    """

    detected: Callable[[], np.ndarray]


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


@dataclasses.dataclass(frozen=True)
class ImageRows:
    """Training images, each with a row of images made from it: the picture `<name>.png`.

    Attributes:
        name: Name of the picture, and its tag in TensorBoard.
        draw: Images, float32 [n, h, w, c] in [-1, 1] -> float32 [n, columns, h, w, c], which are
            clipped to [-1, 1]; it has random numbers of a step, the same at each evaluation.
        examples: n, how many images there are.
        titles: What the columns are, one for each.
    """

    name: str
    draw: Callable[[tf.Tensor], tf.Tensor]
    examples: int
    titles: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Bound:
    """The lower bound of log p(x) of a generative model, the ELBO: "test_bound" of the metrics.

    Attributes:
        of: Images, float32 [n, h, w, c] in [-1, 1] -> the bound of each in nats, float32 [n]; it
            has random numbers of a step, the same at each evaluation. It serves test images, so it
            changes nothing of the method.
    """

    of: Callable[[tf.Tensor], tf.Tensor]


Monitored = PseudoLabels | NoisyLabels | ImagePairs | ImageRows | Bound
