"""The networks of ALI: encoder, decoder, and the discriminator of pairs of image and latents.

Dumoulin et al. (2017), appendix A, public code. The width is 32, with 256 latents for SVHN and 64
for CIFAR-10. Convolutions are VALID and have no bias; a leaky ReLU follows each (.01 for SVHN, .1
for CIFAR-10).

    encoder                        decoder                         discriminator of x
    image            32 x 32 x 3   latents        1 x 1 x 256      image           32 x 32 x 3
    conv5 32, BN         28 x 28   deconv4 256, BN      4 x 4      conv5 32, bias      28 x 28
    conv4 64 s2, BN      13 x 13   deconv4 128 s2, BN 10 x 10      conv4 64 s2, BN     13 x 13
    conv4 128, BN        10 x 10   deconv4 64, BN     13 x 13      conv4 128, BN       10 x 10
    conv4 256 s2, BN       4 x 4   deconv4 32 s2, BN  28 x 28      conv4 256 s2, BN      4 x 4
    conv4 512, BN          1 x 1   deconv5 32, BN     32 x 32      conv4 512, BN         1 x 1
    dense 512, BN                  conv1 32, BN
    dense 2 x 256, bias            conv1 3, bias per pixel, tanh   of z: dense 512, dense 512
                                                                   of both: dense 1024, dense 1024,
                                                                   with a bias; dense 10

A dropout of .2 precedes each layer of the discriminator. For CIFAR-10 it is .5, except in front of
image and latents (the public code misses a convolution, by an index that counts a batch
normalization too many), and the discriminator has no batch normalization: each layer has a bias
(in the public code the first and the joint ones), and all but the last keep the larger of each pair
of their units (maxout), half of those above.

    trainable parameters   encoder     decoder     discriminator
    SVHN                   3,315,488   1,767,584   5,292,298
    CIFAR-10               3,118,496   981,152     2,616,650

Images of other than 32 x 32 pixels are ours: the convolutions are SAME, with the same strides, and
the last one is as large as the map. Images of more than 48 pixels have further convolutions of
stride 2 behind the first, until that map has at most 12 pixels per side; the decoder mirrors them.
"""

from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.nn import layers

Form = Literal["leaky", "maxout"]
SLOPES = {"leaky": 0.01, "maxout": 0.1}  # of SVHN and CIFAR-10
MOMENTUM = 0.95  # of batch normalization
FIRST_DROPOUT, DROPOUTS = 0.2, {"leaky": 0.2, "maxout": 0.5}
STDDEV = 0.01  # of the initial kernels
HIDDEN, JOINT = 16, 32  # units of the dense layers, in widths
PUBLISHED = (32, 32)  # pixels
LARGEST_MAP = 12  # before the first dense layer, in pixels per side, for images of other sizes
_PLAIN = {"weight_norm": False, "initial": STDDEV}


def encoder(
    task: task.Task, latent_size: int = 256, width: int = 32, form: Form = "leaky"
) -> keras.Model:
    """Builds the encoder q(z | x) = N(mean, exp(log_scale)^2).

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: Channels of the first convolution.
        form: Which slope the leaky ReLUs have.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"mean": float32 [batch, latent_size],
        "log_scale": likewise}.
    """
    images = keras.Input(task.image_shape, name="images")
    x, padding = images, _padding(task)
    for size, stride, channels in _convolutions(task, width):
        x = layers.Conv(channels, size, stride, padding.upper(), bias=False, **_PLAIN)(x)
        x = _norm_leaky(x, form)
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = _norm_leaky(layers.Dense(HIDDEN * width, bias=False, **_PLAIN)(x), form)
    x = layers.Dense(2 * latent_size, **_PLAIN, name="codes", dtype="float32")(x)
    outputs = {"mean": x[:, :latent_size], "log_scale": x[:, latent_size:]}
    return keras.Model(images, outputs, name="encoder")


def decoder(
    task: task.Task, latent_size: int = 256, width: int = 32, form: Form = "leaky"
) -> keras.Model:
    """Builds the decoder p(x | z), which is the generator.

    Args:
        task: Image shape.
        latent_size: Length of the latent vector.
        width: Channels of the last transposed convolution.
        form: Which slope the leaky ReLUs have.

    Returns:
        latents [batch, latent_size] -> images float32 [batch, h, w, c] in (-1, 1).
    """
    steps, padding = _convolutions(task, width), _padding(task)
    *maps, last = _map_sizes(task, width)
    latents = keras.Input((latent_size,), name="latents")
    channels = steps[-1][2]
    x = layers.Dense(last[0] * last[1] * channels, bias=False, **_PLAIN)(latents)
    x = _norm_leaky(keras.layers.Reshape((*last, channels))(x), form)
    for place in reversed(range(len(steps))):
        size, stride, _ = steps[place]
        channels = steps[max(0, place - 1)][2]
        initial = keras.initializers.RandomNormal(stddev=STDDEV)
        x = keras.layers.Conv2DTranspose(
            channels, size, stride, padding, use_bias=False, kernel_initializer=initial
        )(x)
        x = _norm_leaky(_cropped(x, maps[place]), form)
    x = _norm_leaky(layers.Conv(width, 1, bias=False, **_PLAIN)(x), form)
    x = layers.Conv(task.channels, 1, bias=False, **_PLAIN)(x)
    x = PixelBias(name="pixel_bias", dtype="float32")(x)
    images = keras.layers.Activation("tanh", name="images", dtype="float32")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(
    task: task.Task, latent_size: int = 256, width: int = 32, form: Form = "leaky"
) -> keras.Model:
    """Builds the discriminator of pairs, which is also the classifier.

    Args:
        task: Image shape and number of classes.
        latent_size: Length of the latent vector.
        width: Units of the first convolution.
        form: Leaky ReLUs and batch normalization, or maxout.

    Returns:
        [images [batch, h, w, c] in [-1, 1], latents [batch, latent_size]] ->
        {"features": float32 [batch, 32 width], or half of it with maxout, "logits": float32
        [batch, classes]}.
    """
    images = keras.Input(task.image_shape, name="images")
    latents = keras.Input((latent_size,), name="latents")
    x = _image_features(images, task, width, form)
    z = layers.Dropout(FIRST_DROPOUT)(latents)
    z = _activated(layers.Dense(HIDDEN * width, bias=form == "maxout", **_PLAIN)(z), form)
    z = _hidden(z, HIDDEN * width, form, bias=form == "maxout")
    x = keras.layers.Concatenate()([x, z])
    for _ in range(2):
        x = _hidden(x, JOINT * width, form, bias=True)
    features = keras.layers.Activation("linear", name="features", dtype="float32")(x)
    last = layers.Dense(task.classes, **_PLAIN, name="logits", dtype="float32")
    logits = last(layers.Dropout(DROPOUTS[form], dtype="float32")(features))
    outputs = {"features": features, "logits": logits}
    return keras.Model([images, latents], outputs, name="discriminator")


def _image_features(
    images: keras.KerasTensor, task: task.Task, width: int, form: Form
) -> keras.KerasTensor:
    """The discriminator's layers of the images alone, [batch, 16 width] or half of it."""
    x, bias = layers.Dropout(FIRST_DROPOUT)(images), form == "maxout"
    (size, stride, channels), *others = _convolutions(task, width)
    padding = _padding(task).upper()
    x = _activated(layers.Conv(channels, size, stride, padding, **_PLAIN)(x), form)
    for size, stride, channels in others:
        x = layers.Dropout(DROPOUTS[form])(x)
        x = layers.Conv(channels, size, stride, padding, bias=bias, **_PLAIN)(x)
        x = _activated(x, form, norm=not bias)
    x = layers.Dropout(DROPOUTS[form])(keras.layers.Flatten()(x))
    x = layers.Dense(HIDDEN * width, bias=bias, **_PLAIN)(x)
    return _activated(x, form, norm=not bias)


def _hidden(x: keras.KerasTensor, units: int, form: Form, bias: bool) -> keras.KerasTensor:
    x = layers.Dropout(DROPOUTS[form])(x)
    return _activated(layers.Dense(units, bias=bias, **_PLAIN)(x), form)


def _activated(x: keras.KerasTensor, form: Form, norm: bool = False) -> keras.KerasTensor:
    """Maxout, or a leaky ReLU, perhaps after batch normalization."""
    if form == "maxout":
        return Maxout()(x)
    return _norm_leaky(x, form) if norm else layers.LeakyReLU(SLOPES[form])(x)


def _norm_leaky(x: keras.KerasTensor, form: Form) -> keras.KerasTensor:
    return layers.LeakyReLU(SLOPES[form])(layers.BatchNorm(MOMENTUM, scaled=True)(x))


def _padding(task: task.Task) -> Literal["valid", "same"]:
    return "valid" if (task.height, task.width) == PUBLISHED else "same"


def _convolutions(task: task.Task, width: int) -> list[tuple[int, int, int]]:
    """Kernel, stride and channels of the convolutions before the first dense layer."""
    more = max(0, task.halvings(LARGEST_MAP) - 2)
    return [
        (5, 1, width), *[(4, 2, width)] * more,
        (4, 2, 2 * width), (4, 1, 4 * width), (4, 2, 8 * width),
    ]  # fmt: skip


def _map_sizes(task: task.Task, width: int) -> list[tuple[int, int]]:
    """Height and width of the images, and of the map after each convolution."""
    sizes, valid = [(task.height, task.width)], _padding(task) == "valid"
    for size, stride, _ in _convolutions(task, width):
        less = size - 1 if valid else 0
        sizes.append(tuple(-(-(side - less) // stride) for side in sizes[-1]))
    return sizes


def _cropped(x: keras.KerasTensor, size: tuple[int, int]) -> keras.KerasTensor:
    """The upper left part of a map: doubling the half of an odd side gives a pixel too many."""
    more = [have - want for have, want in zip(x.shape[1:3], size, strict=True)]
    return keras.layers.Cropping2D([(0, pixels) for pixels in more])(x) if any(more) else x


class Maxout(keras.layers.Layer):
    """The maximum of each pair of units (Goodfellow et al. 2013): [..., 2 n] -> [..., n]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Keeps the larger one of units 2 i and 2 i + 1."""
        inner = inputs.shape[1:]
        return tf.reduce_max(tf.reshape(inputs, [-1, *inner[:-1], inner[-1] // 2, 2]), axis=-1)


class PixelBias(keras.layers.Layer):
    """Adds a bias of its own to each pixel and channel: [batch, h, w, c] -> the same shape."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the bias [h, w, c]."""
        self.bias = self.add_weight(shape=input_shape[1:], initializer="zeros", name="bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Adds it."""
        return inputs + self.bias.value
