"""Whitening of images, settled from the unlabeled images before the first step, and its inverse."""

from collections.abc import Iterable, Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution
from tf_ssgan.nn.layers import fixed

# Variances below this share of the largest one are the rounding of float64.
NO_VARIANCE = 1e-11


class Whiten(fixed.FixedLayer):
    """ZCA or PCA whitening (Krizhevsky 2009, appendix A): y = (x - m) P, in float32.

    m is the mean of the images that the layer is settled from, U diag(S) U^T their covariance, and

        P = U diag(1 / sqrt(S + floor)) U^T     zca: the images that change least
        P = U_k diag(1 / sqrt(S_k + floor))     pca: the first k principal components

    A direction in which these images do not vary is left out (its factor is 0): a pixel that is
    constant in all of them, or what fewer images than values do not span. 1 / sqrt(floor) would
    scale up whatever another image has there. A component of pca has the sign with which the
    largest number of its direction is positive.
    """

    def __init__(
        self,
        floor: float,
        kind: Literal["zca", "pca"] = "zca",
        units: int | None = None,
        **kwargs,
    ):
        """Describes the layer.

        Args:
            floor: Added to the variances, in the unit of the squared inputs.
            kind: Whether its outputs are images or components.
            units: k, of pca; None for as many components as an image has values.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.floor = floor
        self.kind = kind
        self.units = units

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes mean [values] and projection [values, outputs], which keeps numbers at first.

        Raises:
            ValueError: There are more components than values, or components of zca.
        """
        values = int(np.prod(input_shape[1:]))
        outputs = values if self.units is None else self.units
        if outputs > values or (self.kind == "zca" and outputs < values):
            raise ValueError(f"{self.kind} whitening: {outputs} of {values} components")
        self.mean = self.add_weight(
            shape=(values,), initializer="zeros", trainable=False, name="mean"
        )
        self.projection = self.add_weight(
            shape=(values, outputs), initializer="identity", trainable=False, name="projection"
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, ...] to the same shape (zca) or to [batch, units] (pca)."""
        flat = tf.reshape(inputs, [-1, self.mean.shape[0]])
        whitened = tf.matmul(flat - self.mean.value, self.projection.value)
        return whitened if self.kind == "pca" else tf.reshape(whitened, [-1, *inputs.shape[1:]])

    def settle(self, blocks: Iterable[np.ndarray]) -> None:
        """Sets mean and projection; on every worker of a cluster, to those of the first one."""
        mean, covariance = moments(blocks)
        if self.kind == "zca":
            projection = zca_projection(covariance, self.floor)
        else:
            projection = pca_projection(covariance, self.floor, self.projection.shape[1])
        for variable, value in ((self.mean, mean), (self.projection, projection)):
            variable.assign(distribution.of_first_worker(value.astype(np.float32)))


class Unwhiten(keras.layers.Layer):
    """The images of principal components: x = m + y P^+, the inverse of `Whiten`, in float32.

    The columns p of P are orthogonal, so row k of its pseudo-inverse P^+ is p_k / |p_k|^2. What the
    components leave out of an image is that of the mean image, and so is a direction in which
    images do not vary.
    """

    def __init__(self, image_shape: Sequence[int], whitening: Whiten | None = None, **kwargs):
        """Describes the layer.

        Args:
            image_shape: Of an image, [h, w, c].
            whitening: A layer of pca, which has been applied, and whose weights this one has too.
                Copies that are made from its configuration have weights of their own.
            **kwargs: Arguments of `keras.layers.Layer`.

        Raises:
            ValueError: The other layer is not one of pca.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        if whitening is not None and whitening.kind != "pca":
            raise ValueError(f"{whitening.kind} whitening has other columns")
        self.image_shape = tuple(image_shape)
        self.whitening = whitening

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Takes mean [values] and projection [values, units] of the other layer, or makes them."""
        if self.whitening is None:
            self.whitening = Whiten(0.0, "pca", input_shape[-1])
            self.whitening.build((None, *self.image_shape))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, units] to [batch, h, w, c]."""
        columns = self.whitening.projection.value
        lengths = tf.reduce_sum(tf.square(columns), axis=0)
        inverse = tf.math.divide_no_nan(columns, lengths)
        flat = self.whitening.mean.value + tf.matmul(inputs, inverse, transpose_b=True)
        return tf.reshape(flat, [-1, *self.image_shape])

    def get_config(self) -> dict:
        """The configuration, without the other layer."""
        return super().get_config() | {"image_shape": self.image_shape}


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
    factors, directions = _factors(covariance, floor)
    return (directions * factors) @ directions.T


def pca_projection(covariance: np.ndarray, floor: float, units: int) -> np.ndarray:
    """The matrix of the whitened principal components, the largest first: float64 [values, units].

    Args:
        covariance: Of the images, float64 [values, values].
        floor: Added to the variances.
        units: How many.
    """
    factors, directions = _factors(covariance, floor)
    first = (directions * factors)[:, ::-1][:, :units]
    largest = np.take_along_axis(first, np.abs(first).argmax(0, keepdims=True), 0)
    return first * np.where(largest < 0, -1.0, 1.0)


def _factors(covariance: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """1 / sqrt(variance + floor), or 0, of each direction; and the directions, as columns."""
    variances, directions = np.linalg.eigh(covariance)
    varies = variances > NO_VARIANCE * max(variances.max(), np.finfo(np.float64).tiny)
    factors = np.where(varies, 1.0 / np.sqrt(np.where(varies, variances, 1.0) + floor), 0.0)
    return factors, directions
