"""The generator of Localized GAN, which draws images near a given one (Qi et al. 2018, code).

`w` is the width, 64 there. Batch normalization has a shift, in the lines with a star a scale too.

    image                                          32 x 32 x 3
    conv5 w/2 stride 2, BN, leaky ReLU             16 x 16 x w/2
    conv5 w stride 2, BN, leaky ReLU               8 x 8 x w
    conv5 2w stride 2, BN, leaky ReLU              4 x 4 x 2w
    global mean, with the latents, BN              2w + 256
    dense, BN, ReLU                                4 x 4 x 8w
    conv3 4w, BN, leaky ReLU; conv1 8w, BN *, leaky ReLU
    deconv5 4w stride 2, BN, ReLU                  8 x 8 x 4w
    conv3 2w, BN, leaky ReLU; conv1 4w, BN *, leaky ReLU
    deconv5 2w stride 2, BN, ReLU                  16 x 16 x 2w
    conv3 w, BN, leaky ReLU; conv1 2w, BN *, leaky ReLU
    deconv5 channels stride 2, weight norm, tanh   32 x 32 x channels

With w = 64, 3 channels and 256 latents, there are 9,241,478 parameters, 3 gains included. Images of
other sizes are treated as in `dcgan`: the convolutions of stride 2 mirror its doublings.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import conv_stages, dcgan
from tf_ssgan.nn import layers


def generator(task: task.Task, latent_size: int = 256, width: int = 64) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: One eighth of the channels of the first map that is made from the latents.

    Returns:
        [latents [batch, latent_size], image [batch, h, w, c] in [-1, 1]] -> images float32
        [batch, h, w, c] in (-1, 1).
    """
    latents = keras.Input((latent_size,), name="latents")
    image = keras.Input(task.image_shape, name="image")
    channels, height_width = dcgan.map_channels(task, width), dcgan.first_map(task)
    x = keras.layers.Concatenate()([latents, _features(image, [*reversed(channels), 8 * width])])
    x = layers.BatchNorm()(x)
    first = (*height_width, 8 * width)
    x = keras.layers.Dense(first[0] * first[1] * first[2], use_bias=False)(x)
    x = keras.layers.Reshape(first)(keras.layers.ReLU()(layers.BatchNorm()(x)))
    for before, after in zip([8 * width, *channels], channels, strict=False):
        x = _refined(x, before)
        x = keras.layers.Conv2DTranspose(after, 5, 2, "same", use_bias=False)(x)
        x = keras.layers.ReLU()(layers.BatchNorm()(x))
    x = layers.ConvTranspose(task.channels, 5, initial_scale=0.1)(_refined(x, channels[-1]))
    images = dcgan.CroppedTanh(task.height, task.width, name="images", dtype="float32")(x)
    return keras.Model([latents, image], images, name="generator")


def _features(image: keras.KerasTensor, channels: list[int]) -> keras.KerasTensor:
    """What the generator keeps of the image, [batch, channels[-1] / 4]."""
    x = image
    for number in channels:
        x = _norm_leaky(_convolution(x, max(1, number // 4), 5, stride=2))
    return keras.layers.GlobalAveragePooling2D()(x)


def _refined(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    """A convolution to half of the channels, and one that mixes them."""
    x = _norm_leaky(_convolution(x, max(1, channels // 2), 3))
    return _norm_leaky(_convolution(x, channels, 1), scaled=True)


def _convolution(x: keras.KerasTensor, channels: int, size: int, **options) -> keras.KerasTensor:
    return layers.Conv(channels, size, weight_norm=False, bias=False, **options)(x)


def _norm_leaky(x: keras.KerasTensor, scaled: bool = False) -> keras.KerasTensor:
    return layers.LeakyReLU(conv_stages.SLOPE)(layers.BatchNorm(scaled=scaled)(x))
