"""Mixing of each row of a batch with another one (mixup, Zhang et al. 2018).

The partners are rows of the whole batch, and all replicas have the same numbers, so two replicas
mix as one does.
"""

import dataclasses
from collections.abc import Sequence

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
        return self._mixed(value, self.partners(value))

    def mixed_parts(self, parts: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """The same for a batch of several parts, any of which may have the partner of a row.

        Args:
            parts: Floats [rows, ...] each, this replica's rows of each part. `order` is of the
                whole batch: all rows of the first part, then all of the next one.

        Returns:
            A mixture for each part, of its shape.
        """
        wholes = [distribution.gather_over_replicas(part) for part in parts]
        partners = tf.gather(tf.concat(wholes, 0), self.order)
        partners = tf.split(partners, [whole.shape[0] for whole in wholes])
        pairs = zip(parts, partners, strict=True)
        return [self._mixed(part, distribution.replica_share(of)) for part, of in pairs]

    def _mixed(self, value: tf.Tensor, partners: tf.Tensor) -> tf.Tensor:
        share = tf.cast(self.share, value.dtype)
        return share * value + (1.0 - share) * partners


def draw(random: StepRandom, alpha: float, rows: int, favored: bool = False) -> Mixing:
    """Draws how a batch is mixed: one lambda from Beta(alpha, alpha), and one permutation.

    Args:
        random: The random numbers of the step.
        alpha: Both parameters of the beta distribution, larger than 0; 1 is the uniform one, and
            less than 1 favors mixtures that are nearly one of the two rows.
        rows: Rows of this replica.
        favored: Whether lambda is folded to max(lambda, 1 - lambda), which favors each row over its
            partner (Berthelot et al. 2019, MixMatch, equation 9).
    """
    share = random.beta(alpha)
    share = tf.maximum(share, 1.0 - share) if favored else share
    return Mixing(share, random.order(rows))
