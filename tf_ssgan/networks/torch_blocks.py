"""Building blocks of networks whose source is PyTorch code: PyTorch's layers and initial weights.

PyTorch pads equally on all sides, where "same" in Keras pads right and below. Its dense layers
start from U(-1 / sqrt(inputs), 1 / sqrt(inputs)), kernels and biases; Keras' from Glorot's kernels
and no bias.

The other blocks are those of AC-GAN (avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION), with DCGAN's
initial weights (Radford et al. 2016): kernels of convolutions start from N(0, 0.02^2), scales of
normalizations from N(1, 0.02^2). The README of the public code says N(1, 0.02^2) for both, which
would saturate a convolution at once.
"""

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.core import task
from tf_ssgan.nn import layers, weights

MIN_SIDE = 8  # Pixels; smaller images cannot be halved twice.
STDDEV = 0.02  # Of initial kernels and scales.
SLOPE = 0.2  # Of leaky ReLUs.


def check_task(task: task.Task, network: str) -> None:
    """Checks that a network can be built for a task.

    Args:
        task: Image shape and number of classes.
        network: Name of the network in the message.

    Raises:
        UserError: The images are too small, or there are fewer than two classes.
    """
    if min(task.height, task.width) < MIN_SIDE:
        raise errors.UserError(
            f"{network} takes images of at least {MIN_SIDE}x{MIN_SIDE} pixels, but these have "
            f"{task.height}x{task.width}. Enlarge them (--image_size, for your own images)."
        )
    if task.classes < 2:
        raise errors.UserError(
            f"{network} needs at least two classes, but the data have {task.classes}."
        )


def normal_kernel(stddev: float = STDDEV) -> keras.initializers.Initializer:
    """A new initializer N(0, stddev^2).

    Layers must not share one, because it would give all of them the same values.
    """
    return keras.initializers.RandomNormal(0.0, stddev)


def subsampled(x: keras.KerasTensor, stride: int, dtype: str | None = None) -> keras.KerasTensor:
    """Every `stride`-th pixel in both directions, which is all that a conv1 of that stride sees.

    TensorFlow's oneDNN kernel for convolutions of size 1 with a stride writes beyond its memory if
    the batch is odd: the gradient of one with 4 channels ended the process (TensorFlow 2.21,
    AVX-512).

    Args:
        x: [batch, h, w, channels].
        stride: Distance of the pixels, from the first one on.
        dtype: Number format; None for the global one.

    Returns:
        [batch, h / stride, w / stride, channels], sides rounded up.
    """
    return keras.layers.AveragePooling2D(1, stride, dtype=dtype)(x)


def convolution(
    x: keras.KerasTensor,
    channels: int,
    size: int,
    stride: int,
    initial: keras.initializers.Initializer,
    dtype: str | None = None,
) -> keras.KerasTensor:
    """Applies a convolution without bias that is padded by size // 2 on all sides.

    Args:
        x: [batch, h, w, in].
        channels: Channels of the result.
        size: Height and width of the kernel, odd.
        stride: Stride in both directions.
        initial: Initial kernel.
        dtype: Number format; None for the global one.

    Returns:
        [batch, h / stride, w / stride, channels], sides rounded up.
    """
    padding = "same"
    if size == 1 and stride > 1:
        x, stride = subsampled(x, stride, dtype), 1
    if size > 1 and stride > 1:  # "same" pads even sizes only below and on the right
        x, padding = keras.layers.ZeroPadding2D(size // 2, dtype=dtype)(x), "valid"
    return keras.layers.Conv2D(
        channels, size, stride, padding, use_bias=False, kernel_initializer=initial, dtype=dtype
    )(x)


def dense(
    x: keras.KerasTensor,
    units: int,
    activation: str | None = None,
    name: str | None = None,
    dtype: str | None = "float32",
) -> keras.KerasTensor:
    """Applies a dense layer with PyTorch's initial kernel and bias: [..., in] -> [..., units]."""
    kernel, bias = (weights.torch_uniform(x.shape[-1]) for _ in range(2))
    return keras.layers.Dense(
        units, activation, kernel_initializer=kernel, bias_initializer=bias, name=name, dtype=dtype
    )(x)


class TorchBatchNorm(layers.BatchNorm):
    """Batch normalization with a scale: scale (normalized + shift).

    The offset of the usual form is the product of scale and shift.
    """

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the variables of `BatchNorm`, and the scale, [channels]."""
        super().build(input_shape)
        self.scale = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.RandomNormal(1.0, STDDEV),
            name="scale",
            autocast=False,
        )

    def affine(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The scale, and the product of scale and shift."""
        return self.scale.value, self.scale.value * self.shift.value


def layer_norm(dtype: str | None) -> keras.layers.Layer:
    """Normalization of each image by itself, with a scale and an offset for each channel."""
    return keras.layers.GroupNormalization(
        1,
        epsilon=1e-5,
        gamma_initializer=keras.initializers.RandomNormal(1.0, STDDEV),
        dtype=dtype,
    )
