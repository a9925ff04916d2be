"""The generator of AC-GAN for classification: a DCGAN that is told the class.

Public code of AC-GAN for classification (avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION), after Radford
et al. (2016); `w` is the width, 128 there. The class enters as a one-hot vector beside the latents.

    Fashion-MNIST          CIFAR-10               radiographs
    1 x 1 x (100 + 10)     1 x 1 x (100 + 10)     1 x 1 x (100 + 2)
    4 x 4 x 4w             4 x 4 x 4w             4 x 4 x 8w
    7 x 7 x 2w             8 x 8 x 2w             8 x 8 x 4w
    14 x 14 x w            16 x 16 x w            16 x 16 x 2w
    28 x 28 x 1            32 x 32 x 3            32 x 32 x w
                                                  64 x 64 x w/2
                                                  128 x 128 x 3

Each line is a transposed convolution without bias, then batch normalization and ReLU, or tanh in
the last. Kernels are 4 x 4; 3 x 3 where 4 pixels become 7. With w = 128: 2,608,896, 3,530,496 and
12,819,328 weights.

Other sizes: the image is halved, rounding up, until no side has more than 4 pixels, which is the
first map; a side is doubled by a kernel of 4, and doubled less one pixel by a kernel of 3, both cut
by one pixel all around. Channels double from w on, the last map before the image, backwards to the
first one, but begin with 8w at most (images of 16 pixels: 2w, w); no map before the image has fewer
than 8, or w where w is less.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks

FIRST_MAP = 4  # its larger side has at most so many pixels, and more than half of them
MOST_WIDTHS = 8  # the first map has at most so many times the width as channels
FEWEST_CHANNELS = 8


def generator(task: task.Task, latent_size: int = 100, width: int = 128) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        latent_size: Length of the latent vector.
        width: A quarter of the channels of the first map, for images of 28 and 32 pixels.

    Returns:
        [latents [batch, latent_size], label int64 [batch]] -> images float32 [batch, h, w, c] in
        (-1, 1).

    Raises:
        UserError: The images are too small, or there are fewer than two classes.
    """
    torch_blocks.check_task(task, "The generator")
    doublings = task.halvings(FIRST_MAP)
    first, *sizes = _sizes(task, doublings)
    channels = [*_channels(doublings, width), task.channels]
    latents = keras.Input((latent_size,), name="latents")
    label = keras.Input((), dtype="int64", name="label")
    x = keras.layers.Concatenate()([latents, _OneHot(task.classes)(label)])
    x = keras.layers.Reshape((1, 1, latent_size + task.classes))(x)
    x = keras.layers.Conv2DTranspose(
        channels[0], first, use_bias=False, kernel_initializer=torch_blocks.normal_kernel()
    )(x)
    for before, size, number in zip([first, *sizes], sizes, channels[1:], strict=False):
        x = keras.layers.ReLU()(torch_blocks.TorchBatchNorm()(x))
        x = _doubled(
            x, number, [2 * small - large for small, large in zip(before, size, strict=True)]
        )
    images = keras.layers.Activation("tanh", name="images", dtype="float32")(x)
    return keras.Model([latents, label], images, name="generator")


def _sizes(task: task.Task, doublings: int) -> list[tuple[int, int]]:
    """Height and width of each map, from the first one to the image."""
    return [
        (-(-task.height // 2**later), -(-task.width // 2**later))
        for later in reversed(range(doublings + 1))
    ]


def _channels(doublings: int, width: int) -> list[int]:
    """Channels of each map before the image, each half of the one before."""
    first = width * min(MOST_WIDTHS, 2 ** (doublings - 1))
    return [max(min(FEWEST_CHANNELS, width), first // 2**i) for i in range(doublings)]


def _doubled(x: keras.KerasTensor, channels: int, less: list[int]) -> keras.KerasTensor:
    """A transposed convolution that doubles the sides, less 0 or 1 pixel each."""
    kernel = tuple(4 - one for one in less)
    # Of 2 (n - 1) + kernel pixels one goes on each side, which is what "same" does for kernels of 4
    # without making the others first.
    same = not any(less)
    x = keras.layers.Conv2DTranspose(
        channels,
        kernel,
        2,
        "same" if same else "valid",
        use_bias=False,
        kernel_initializer=torch_blocks.normal_kernel(),
    )(x)
    return x if same else keras.layers.Cropping2D(1)(x)


class _OneHot(keras.layers.Layer):
    """Class numbers int64 [batch] -> [batch, classes], 1 at the class and 0 elsewhere."""

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(inputs, self.classes, dtype=self.compute_dtype)
