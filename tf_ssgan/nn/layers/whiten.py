"""ZCA whitening of images, settled from the unlabeled images before the first step."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution
from tf_ssgan.nn.layers import fixed

# Variances below this share of the largest one are the rounding of float64.
NO_VARIANCE = 1e-11


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

    def settle(self, blocks: Iterable[np.ndarray]) -> None:
        """Sets mean and projection; on every worker of a cluster, to those of the first one."""
        mean, covariance = moments(blocks)
        for variable, value in (
            (self.mean, mean),
            (self.projection, zca_projection(covariance, self.floor)),
        ):
            variable.assign(distribution.of_first_worker(value.astype(np.float32)))


def moments(blocks: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean [values] and covariance [values, values] of examples, float64.

    Args:
        blocks: The examples, [some, ...] each; at least one example.
    """
    shift, count = 0.0, 0
    for block in blocks:
        examples = block.reshape(len(block), -1).astype(np.float64)
        if not count:  # near the mean: the difference of two large numbers would lose digits
            shift = examples.mean(0)
            total, products = np.zeros_like(shift), np.zeros([len(shift)] * 2)
        examples -= shift
        count += len(examples)
        total += examples.sum(0)
        products += examples.T @ examples
    mean = total / count
    return shift + mean, products / count - np.outer(mean, mean)


def zca_projection(covariance: np.ndarray, floor: float) -> np.ndarray:
    """The matrix that whitens and changes images least: float64 [values, values].

    Args:
        covariance: Of the images, float64 [values, values].
        floor: Added to the variances.
    """
    variances, directions = np.linalg.eigh(covariance)
    varies = variances > NO_VARIANCE * max(variances.max(), np.finfo(np.float64).tiny)
    factors = np.where(varies, 1.0 / np.sqrt(np.where(varies, variances, 1.0) + floor), 0.0)
    return (directions * factors) @ directions.T
