"""Means over steps of the scalars that a method reports."""

from collections.abc import Sequence

import keras
import tensorflow as tf


class ScalarMeans:
    """Sums of scalars in one variable, which checkpoints hold, and the means over the steps.

    Attributes:
        sums: float32 [most scalars + 1], the sums of the scalars and then the number of steps.
    """

    def __init__(self, sums: keras.Variable):
        """Takes the variable, which is 0 before the first step."""
        self.sums = sums

    def add(self, values: tf.Tensor) -> None:
        """Adds the scalars of one step, float32 [scalars]."""
        unused = tf.zeros([self.sums.shape[0] - 1 - values.shape[0]])
        self.sums.assign_add(tf.concat([values, unused, [1.0]], 0))

    def means(self, names: Sequence[str]) -> dict[str, float]:
        """The mean of each scalar since the last `reset`; 0 before the first step.

        Args:
            names: Names of the scalars, in the order of the values that were added.
        """
        *sums, count = self.sums.numpy().tolist()
        return {name: value / max(count, 1.0) for name, value in zip(names, sums, strict=False)}

    def reset(self) -> None:
        """Starts the means anew."""
        self.sums.assign(tf.zeros(self.sums.shape))
