"""What denoises a unit of a ladder network."""

import keras
import tensorflow as tf

from tf_ssgan.nn.layers import batch_norm


class GaussCombinator(keras.layers.Layer):
    """Estimates values z from corrupted ones and from a signal u of the layer above: float32.

    Rasmus et al. (2015), equation 2. It is the best estimate if z, given u, has a normal
    distribution and the noise another one. Per unit, with u normalized over the batch:

        estimate = (z - mu) v + mu
        mu = a1 sigmoid(a2 u + a3) + a4 u + a5        v = a6 sigmoid(a7 u + a8) + a9 u + a10

    At first a2 and a7 are 1 and the others 0, so the estimate is 0. The second step is the first
    one with a gradient of a2, a3, a7, a8 and, because of v = 0 and mu = 0, of what gives u.
    """

    def __init__(self, epsilon: float = 1e-10, **kwargs):
        """Describes the layer.

        Args:
            epsilon: Added to the variance of u (Rasmus et al. 2015, public code: 1e-10).
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: list[tuple[int, ...]]) -> None:
        """Makes a1 to a10, each [units]."""
        units = input_shape[0][-1]
        initial = {2: "ones", 7: "ones"}
        self.factors = [
            self.add_weight(shape=(units,), initializer=initial.get(n, "zeros"), name=f"a{n}")
            for n in range(1, 11)
        ]

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Maps corrupted z [batch, ..., units] and u, of the same shape, to estimates of z."""
        z, u = inputs
        mean, variance = batch_norm.batch_moments(u)
        u = (u - mean) / tf.sqrt(variance + self.epsilon)
        a1, a2, a3, a4, a5, a6, a7, a8, a9, a10 = (factor.value for factor in self.factors)
        mu = a1 * tf.sigmoid(a2 * u + a3) + a4 * u + a5
        v = a6 * tf.sigmoid(a7 * u + a8) + a9 * u + a10
        return (z - mu) * v + mu
