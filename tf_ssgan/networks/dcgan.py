"""The generator of DCGAN, as in the public code of Salimans et al. (2016) and in FR-GAN.

Jiang, Zhang and Liu (2019), table 1. `w` is the width, 64 in the paper.

    latent                                         100
    dense 128 w (512 x 4 x 4), BN, ReLU            4 x 4 x 8w
    deconv5 4w stride 2, BN, ReLU                  8 x 8 x 4w
    deconv5 2w stride 2, BN, ReLU                  16 x 16 x 2w
    deconv5 channels stride 2, weight norm, tanh   32 x 32 x channels

For other image sizes, the first map has ceil(size / 8) pixels per side, and the image is cropped
around its center. With w = 64 and 3 channels, there are 4,933,379 kernel, bias and BN shift
parameters.

Images of more than 48 pixels are not in the paper. They get further doublings (deconv5, BN, ReLU)
before the last one, until the first map has at most 6 pixels per side, ceil(size / 2^doublings):

    larger side   doublings   channels, from the first map on          first map
    8 to 48       3           8w, 4w, 2w, image                        1 to 6
    49 to 96      4           8w, 4w, 2w, w, image                     4 to 6
    97 to 192     5           8w, 4w, 2w, w, w/2, image                4 to 6
    193 to 384    6           8w, 4w, 2w, w, w/2, w/4, image           4 to 6

and so on. Maps before the image have at least 8 channels, or w if w is smaller.

The conditional form is the generator of Triple-GAN (Li et al. 2017, public code): the class joins
the latents and each map as a one-hot vector. With w = 64, 3 channels and 10 classes, there are
5,112,052 parameters, 3 gains included.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.nn import layers

MIN_DOUBLINGS = 3  # As in table 1.
# With 6, images of up to 48 pixels keep the table's doublings, and larger ones begin with 4 to 6.
MAX_FIRST_MAP = 6
MIN_CHANNELS = 8  # Of a map before the image.


def generator(
    task: task.Task,
    latent_size: int = 100,
    width: int = 64,
    name: str = "generator",
    conditional: bool = False,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: One eighth of the channels of the first map.
        name: Name of the model.
        conditional: Whether the class is a second input.

    Returns:
        latents [batch, latent_size] -> images float32 [batch, h, w, c] in (-1, 1); if it is
        conditional, the inputs are [latents, label int64 [batch]].
    """
    latents = keras.Input((latent_size,), name="latents")
    label = keras.Input((), dtype="int64", name="label") if conditional else None

    def joined(x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.JoinClass(task.classes)(x, label) if conditional else x

    first_height, first_width = first_map(task)
    # No bias before a batch normalization: its gradient is zero up to rounding, which Adam would
    # amplify.
    units = first_height * first_width * 8 * width
    x = _norm_relu(keras.layers.Dense(units, use_bias=False)(joined(latents)))
    x = keras.layers.Reshape((first_height, first_width, 8 * width))(x)
    for channels in map_channels(task, width):
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(joined(x))
        x = _norm_relu(x)
    x = layers.ConvTranspose(task.channels, 5, initial_scale=0.1)(joined(x))
    images = CroppedTanh(task.height, task.width, name="images", dtype="float32")(x)
    return keras.Model([latents, label] if conditional else latents, images, name=name)


def first_map(task: task.Task) -> tuple[int, int]:
    """Height and width of the first map.

    Args:
        task: Image shape.
    """
    doublings = _doublings(task)
    return -(-task.height // 2**doublings), -(-task.width // 2**doublings)


def map_channels(task: task.Task, width: int) -> list[int]:
    """Channels after each doubling except the last: 4 width, 2 width, width, ...

    Args:
        task: Image shape, which determines the number of doublings.
        width: One eighth of the channels of the first map.
    """
    minimum = min(MIN_CHANNELS, width)
    return [max(minimum, 4 * width // 2**earlier) for earlier in range(_doublings(task) - 1)]


def _doublings(task: task.Task) -> int:
    return max(MIN_DOUBLINGS, task.halvings(MAX_FIRST_MAP))


def _norm_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU()(layers.BatchNorm()(x))


class CroppedTanh(keras.layers.Layer):
    """tanh of the central height x width pixels of a map: [batch, h, w, c] -> float32."""

    def __init__(self, height: int, width: int, **kwargs):
        """Describes the layer.

        Args:
            height: Height of the result.
            width: Width of the result.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.height = height
        self.width = width

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Crops and squashes."""
        top, left = (inputs.shape[1] - self.height) // 2, (inputs.shape[2] - self.width) // 2
        center = inputs[:, top : top + self.height, left : left + self.width, :]
        return tf.tanh(tf.cast(center, tf.float32))
