"""The generator of DCGAN, in the form of Salimans et al. (2016), public code, and of FR-GAN.

Jiang, Zhang and Liu (2019), table 1; `w` is the width, 64 in the paper.

    latent                                         100
    dense 128 w (512 x 4 x 4), BN, ReLU            4 x 4 x 8w
    deconv5 4w stride 2, BN, ReLU                  8 x 8 x 4w
    deconv5 2w stride 2, BN, ReLU                  16 x 16 x 2w
    deconv5 channels stride 2, weight norm, tanh   32 x 32 x channels

Images of other sizes start from ceil(size / 8) and are cut around the center. With w = 64 and 3
channels: 4,933,379 kernels, biases and BN shifts.

Images of more than 48 pixels are not the paper's. Doublings (deconv5, BN, ReLU) are put before the
last one until the first map has at most 6 pixels a side; they start from ceil(size / 2^doublings):

    larger side   doublings   channels, from the first map on          first map
    8 to 48       3           8w, 4w, 2w, image                        1 to 6
    49 to 96      4           8w, 4w, 2w, w, image                     4 to 6
    97 to 192     5           8w, 4w, 2w, w, w/2, image                4 to 6
    193 to 384    6           8w, 4w, 2w, w, w/2, w/4, image           4 to 6

and so on; no map before the image has fewer than 8 channels, or w where w is less.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.nn import layers

FEWEST_DOUBLINGS = 3  # those of table 1
# With 6, images of up to 48 pixels keep the table's doublings, and larger ones begin with 4 to 6.
LARGEST_FIRST_MAP = 6
FEWEST_CHANNELS = 8  # of an added map


def generator(
    task: task.Task, latent_size: int = 100, width: int = 64, name: str = "generator"
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: An eighth of the channels of the first map.
        name: What it is called.

    Returns:
        latents [batch, latent_size] -> images float32 [batch, h, w, c] in (-1, 1).
    """
    doublings = max(FEWEST_DOUBLINGS, task.halvings(LARGEST_FIRST_MAP))
    height, breadth = -(-task.height // 2**doublings), -(-task.width // 2**doublings)
    latents = keras.Input((latent_size,), name="latents")
    # No bias before a batch normalization: its gradient is zero, and Adam amplifies the rounding.
    x = keras.layers.Dense(height * breadth * 8 * width, use_bias=False)(latents)
    x = _rectified(x)
    x = keras.layers.Reshape((height, breadth, 8 * width))(x)
    for channels in _channels(doublings, width):
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(x)
        x = _rectified(x)
    x = layers.ConvTranspose(task.channels, 5, initial_scale=0.1)(x)
    images = _Image(task.height, task.width, name="images", dtype="float32")(x)
    return keras.Model(latents, images, name=name)


def _channels(doublings: int, width: int) -> list[int]:
    """Channels after each doubling but the last: 4 width, 2 width, width, ..."""
    fewest = min(FEWEST_CHANNELS, width)
    return [max(fewest, 4 * width // 2**earlier) for earlier in range(doublings - 1)]


def _rectified(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU()(layers.BatchNorm()(x))


class _Image(keras.layers.Layer):
    """tanh, and the central height x width of a map that may be larger."""

    def __init__(self, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.height = height
        self.width = width

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        top, left = (inputs.shape[1] - self.height) // 2, (inputs.shape[2] - self.width) // 2
        cut = inputs[:, top : top + self.height, left : left + self.width, :]
        return tf.tanh(tf.cast(cut, tf.float32))
