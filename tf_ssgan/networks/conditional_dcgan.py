"""The generator of AC-GAN: a DCGAN that is conditioned on the class.

Public code of Dravid et al. (2022), avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION, after Radford et al.
(2016). `w` is the width, 128 there. The class is a one-hot vector that is concatenated with the
latents.

    Fashion-MNIST          CIFAR-10               radiographs
    1 x 1 x (100 + 10)     1 x 1 x (100 + 10)     1 x 1 x (100 + 2)
    4 x 4 x 4w             4 x 4 x 4w             4 x 4 x 8w
    7 x 7 x 2w             8 x 8 x 2w             8 x 8 x 4w
    14 x 14 x w            16 x 16 x w            16 x 16 x 2w
    28 x 28 x 1            32 x 32 x 3            32 x 32 x w
                                                  64 x 64 x w/2
                                                  128 x 128 x 3

Each line is a transposed convolution without bias, then batch normalization and ReLU, or tanh in
the last line. Kernels are 4 x 4, except for a 3 x 3 kernel from 4 to 7 pixels. With w = 128, there
are 2,608,896, 3,530,496 and 12,819,328 parameters.

Other sizes: the image size is halved, rounding up, until no side has more than 4 pixels; this is
the first map. A kernel of 4 doubles a side, and a kernel of 3 doubles it less one pixel; both
results are cropped by one pixel on all sides. The last map before the image has w channels, and
each earlier map twice as many as the next, up to 8w (for images of 16 pixels: 2w, w). Maps before
the image have at least 8 channels, or w if w is smaller.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers

FIRST_MAP = 4  # Largest side of the first map, in pixels; its larger side has more than half.
MAX_FIRST_WIDTHS = 8  # Most channels of the first map, in widths.
MIN_CHANNELS = 8


def generator(task: task.Task, latent_size: int = 100, width: int = 128) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        latent_size: Length of the latent vector.
        width: One quarter of the channels of the first map, for images of 28 and 32 pixels.

    Returns:
        [latents [batch, latent_size], label int64 [batch]] -> images float32 [batch, h, w, c] in
        (-1, 1).

    Raises:
        UserError: The images are too small, or there are fewer than two classes.
    """
    torch_blocks.check_task(task, "The generator")
    doublings = task.halvings(FIRST_MAP)
    first, *sizes = _map_sizes(task, doublings)
    channels = [*_map_channels(doublings, width), task.channels]
    latents = keras.Input((latent_size,), name="latents")
    label = keras.Input((), dtype="int64", name="label")
    x = layers.JoinClass(task.classes)(latents, label)
    x = keras.layers.Reshape((1, 1, latent_size + task.classes))(x)
    x = keras.layers.Conv2DTranspose(
        channels[0], first, use_bias=False, kernel_initializer=torch_blocks.normal_kernel()
    )(x)
    for before, after, number in zip([first, *sizes], sizes, channels[1:], strict=False):
        x = keras.layers.ReLU()(torch_blocks.TorchBatchNorm()(x))
        less = [2 * small - large for small, large in zip(before, after, strict=True)]
        x = _double_sides(x, number, less)
    images = keras.layers.Activation("tanh", name="images", dtype="float32")(x)
    return keras.Model([latents, label], images, name="generator")


def _map_sizes(task: task.Task, doublings: int) -> list[tuple[int, int]]:
    """Height and width of each map, from the first one to the image."""
    return [
        (-(-task.height // 2**later), -(-task.width // 2**later))
        for later in reversed(range(doublings + 1))
    ]


def _map_channels(doublings: int, width: int) -> list[int]:
    """Channels of each map before the image; each map has half the channels of the one before."""
    first = width * min(MAX_FIRST_WIDTHS, 2 ** (doublings - 1))
    return [max(min(MIN_CHANNELS, width), first // 2**i) for i in range(doublings)]


def _double_sides(x: keras.KerasTensor, channels: int, less: list[int]) -> keras.KerasTensor:
    """A transposed convolution that doubles each side, less 0 or 1 pixel.

    Args:
        x: [batch, h, w, in].
        channels: Channels of the result.
        less: For height and width, 0 or 1.
    """
    kernel = tuple(4 - pixels for pixels in less)
    # The result without padding has 2 (n - 1) + kernel pixels. One pixel is cropped on each side.
    # For kernels of 4, "same" does this without computing these pixels first.
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
