"""ZCA whitening of images, settled from the unlabeled images before the first step."""

import numpy as np
import tensorflow as tf

from tf_ssgan.nn.layers import fixed

# The projection has the square of it as numbers: 64 MiB, and as much again in each checkpoint.
MOST_VALUES = 4096
# Variances below this share of the largest one are the rounding of the eigenvalues.
NO_VARIANCE = 1e-12


class Whiten(fixed.FixedLayer):
    """ZCA whitening (Krizhevsky 2009, appendix A): y = (x - m) P, in float32.

    m is the mean of the images that the layer is settled from, U diag(S) U^T their covariance, and

        P = U diag(1 / sqrt(S + floor)) U^T

    A direction in which these images do not vary is left out (its factor is 0): a pixel that is
    constant in all of them, or what fewer images than values do not span. 1 / sqrt(floor) would
    scale up whatever another image has there.
    """

    def __init__(self, floor: float, **kwargs):
        """Describes the layer.

        Args:
            floor: Added to the variances, in the unit of the squared inputs.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.floor = floor

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes mean [values] and projection [values, values], which is the identity at first."""
        values = int(np.prod(input_shape[1:]))
        self.mean = self.add_weight(
            shape=(values,), initializer="zeros", trainable=False, name="mean"
        )
        self.projection = self.add_weight(
            shape=(values, values), initializer="identity", trainable=False, name="projection"
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, ...] to the same shape."""
        flat = tf.reshape(inputs, [-1, self.mean.shape[0]])
        whitened = tf.matmul(flat - self.mean.value, self.projection.value)
        return tf.reshape(whitened, [-1, *inputs.shape[1:]])
