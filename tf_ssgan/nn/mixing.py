"""Mixing of each row of a batch with another one (mixup, Zhang et al. 2018).

The partners are rows of the whole batch, and all replicas have the same numbers, so two replicas
mix as one does.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.nn import distribution
from tf_ssgan.nn.step_random import StepRandom


@dataclasses.dataclass(frozen=True)
class Mixing:
    """Which rows of a batch are mixed, and in which proportion.

    Attributes:
        share: Lambda, the share of each row in its mixture; float32 scalar in [0, 1].
        order: The place of each row's partner, int32 [rows of the whole batch]; a permutation.
    """

    share: tf.Tensor
    order: tf.Tensor

    def partners(self, value: tf.Tensor) -> tf.Tensor:
        """The partner of each row.

        Args:
            value: [rows, ...], this replica's rows of the batch.

        Returns:
            The same shape and type.
        """
        return distribution.permuted(value, self.order)

    def mixed(self, value: tf.Tensor) -> tf.Tensor:
        """Mixtures of rows and their partners, lambda v_i + (1 - lambda) v_order(i).

        Args:
            value: Floats [rows, ...], this replica's rows of the batch: images, or targets.

        Returns:
            The same shape and type; gradients flow into rows and partners.
        """
        share = tf.cast(self.share, value.dtype)
        return share * value + (1.0 - share) * self.partners(value)


def draw(random: StepRandom, alpha: float, rows: int) -> Mixing:
    """Draws how a batch is mixed: one lambda from Beta(alpha, alpha), and one permutation.

    Lambda is not folded to max(lambda, 1 - lambda), which would favor each row over its partner.

    Args:
        random: The random numbers of the step.
        alpha: Both parameters of the beta distribution, larger than 0; 1 is the uniform one, and
            less than 1 favors mixtures that are nearly one of the two rows.
        rows: Rows of this replica.
    """
    return Mixing(random.beta(alpha), random.order(rows))
