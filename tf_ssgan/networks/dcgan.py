"""The generator of DCGAN, in the form of Salimans et al. (2016), public code, and of FR-GAN.

Jiang, Zhang and Liu (2019), table 1; `w` is the width, 64 in the paper.

    latent                                         100
    dense 128 w (512 x 4 x 4), BN, ReLU            4 x 4 x 8w
    deconv5 4w stride 2, BN, ReLU                  8 x 8 x 4w
    deconv5 2w stride 2, BN, ReLU                  16 x 16 x 2w
    deconv5 channels stride 2, weight norm, tanh   32 x 32 x channels

Images of other sizes start from ceil(size / 8) and are cut around the center. With w = 64 and 3
channels: 4,933,379 kernels, biases and BN shifts.
"""

import keras
import tensorflow as tf

from tf_ssgan import layers, task


def generator(task: task.Task, latent_size: int = 100, width: int = 64) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: An eighth of the channels of the first map.

    Returns:
        latents [batch, latent_size] -> images float32 [batch, h, w, c] in (-1, 1).
    """
    height, breadth = -(-task.height // 8), -(-task.width // 8)
    latents = keras.Input((latent_size,), name="latents")
    # No bias before a batch normalization: its gradient is zero, and Adam amplifies the rounding.
    x = keras.layers.Dense(height * breadth * 8 * width, use_bias=False)(latents)
    x = _rectified(x)
    x = keras.layers.Reshape((height, breadth, 8 * width))(x)
    for channels in (4 * width, 2 * width):
        x = keras.layers.Conv2DTranspose(channels, 5, 2, "same", use_bias=False)(x)
        x = _rectified(x)
    x = layers.ConvTranspose(task.channels, 5, initial_scale=0.1)(x)
    images = _Image(task.height, task.width, name="images", dtype="float32")(x)
    return keras.Model(latents, images, name="generator")


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
