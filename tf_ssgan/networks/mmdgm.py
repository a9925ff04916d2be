"""The networks of mmDGM: a convolutional classifier, and a variational autoencoder of its features.

Li et al. (2015), public code (zhenxuan00/mmdgm, SVHN). `w` is the width, 64 there. Convolutions are
SAME, have a bias, and a ReLU follows each but the last ones.

    classifier f(x)                               decoder p(x | z, y)
    image                     32 x 32 x 3         latents 256, class
    conv5 w, max pool         16 x 16 x w         dense, ReLU                      4 x 4 x 1.5w
    conv3 w, dropout .3       16 x 16 x w         unpool, conv3 1.5w               8 x 8 x 1.5w
    conv3 w, max pool, dropout .3   8 x 8 x w     conv3 w                          8 x 8 x w
    conv3 1.5w, dropout .3    8 x 8 x 1.5w        unpool, conv3 w                  16 x 16 x w
    conv3 1.5w, max pool      4 x 4 x 1.5w        conv3 w                          16 x 16 x w
    features 1,536; dense 10                      unpool, conv5 3 for the mean     32 x 32 x 3
                                                  and conv5 3 for the log variance
    posterior q(z | x, y): of features and class, dense 256 for the mean and for the log variance

    parameters: convolutions 217,152, logits 15,370, posterior 792,064, decoder 631,974

Unpooling puts each value into the upper left one of four pixels, the others being 0. The class is
ours, as there its VAE has none. Log variances are clipped to [-10, 10], in the public code only
those of z.

Images are in [-1, 1], those of the decoder too: `image_generator` clips its means. The classifier
sees what `image_normalization` makes of them. The public code normalizes local contrast instead, of
the images that are decoded too.

Other widths, channels and sizes are ours. Where a unit sums fewer inputs than in the public code,
kernels of convolutions start larger by the root of that: with its standard deviation of .1, a
network of width 24 learned nothing from 50 labels of digits in 200 steps. Each pooling halves the
sides, rounding up, and the decoder crops what it doubles to these sizes. Images of more than 48
pixels have further stages behind the first (conv3 w, max pool), until the last map has at most 6
pixels per side.
"""

import dataclasses
import math

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks import image_normalization
from tf_ssgan.nn import layers

POOLINGS = 3  # of images of up to 48 pixels
MAX_LAST_MAP = 6
DROPOUT = 0.3
LARGEST_LOG_VARIANCE = 10.0
# Standard deviations of initial kernels: of convolutions of classifier and decoder, which are for 3
# channels and width 64, and of logits.
STDDEV, DECODER_STDDEV, LOGITS_STDDEV = 0.1, 0.02, 0.01
CHANNELS, WIDTH = 3, 64


@dataclasses.dataclass(frozen=True)
class _Stage:
    """A convolution of the classifier, and what follows it."""

    size: int
    channels: int
    pool: bool
    dropout: bool


def classifier(
    task: task.Task, width: int = 64, normalization: image_normalization.Kind = "none"
) -> keras.Model:
    """Builds the classifier.

    Args:
        task: Image shape and number of classes.
        width: Channels of the first convolution.
        normalization: What is done to the images first.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, features], "logits":
        float32 [batch, classes]}.
    """
    images = keras.Input(task.image_shape, name="images")
    x = image_normalization.normalized(images, task, normalization)
    share = task.channels / CHANNELS  # of the inputs that a unit sums in the public code
    for stage in _stages(task, width):
        x = _convolution(x, stage.channels, stage.size, STDDEV / math.sqrt(share))
        share = width / WIDTH
        x = keras.layers.MaxPooling2D(padding="same")(x) if stage.pool else x
        x = keras.layers.ReLU()(x)
        x = layers.Dropout(DROPOUT)(x) if stage.dropout else x
    features = keras.layers.Flatten(name="features", dtype="float32")(x)
    outputs = {
        "features": features,
        "logits": _dense(features, task.classes, LOGITS_STDDEV, "logits"),
    }
    return keras.Model(images, outputs, name="classifier")


def posterior(task: task.Task, latent_size: int = 256, width: int = 64) -> keras.Model:
    """Builds q(z | x, y) of the classifier's features.

    Args:
        task: Image shape and number of classes.
        latent_size: Length of z.
        width: Channels of the classifier's first convolution.

    Returns:
        [features [batch, features], label int64 [batch]] -> {"mean": float32 [batch, latent_size],
        "log_variance": likewise}.
    """
    features = keras.Input((math.prod(_maps(task, width)[-1]),), name="features")
    label = keras.Input((), dtype="int64", name="label")
    x = layers.JoinClass(task.classes)(features, label)
    outputs = {
        "mean": _dense(x, latent_size, x.shape[-1] ** -0.5, "mean"),
        "log_variance": BoundedLogVariance(name="log_variance")(_dense(x, latent_size, 0.0, "raw")),
    }
    return keras.Model([features, label], outputs, name="posterior")


def decoder(task: task.Task, latent_size: int = 256, width: int = 64) -> keras.Model:
    """Builds p(x | z, y).

    Args:
        task: Image shape and number of classes.
        latent_size: Length of z.
        width: Channels of the last map before the images.

    Returns:
        [latents [batch, latent_size], label int64 [batch]] -> {"mean": float32 [batch, h, w, c],
        "log_variance": likewise}.
    """
    *maps, last = _maps(task, width)
    latents = keras.Input((latent_size,), name="latents")
    label = keras.Input((), dtype="int64", name="label")
    x = layers.JoinClass(task.classes)(latents, label)
    x = layers.Dense(math.prod(last), weight_norm=False, initial=x.shape[-1] ** -0.5)(x)
    x = keras.layers.Reshape(last)(keras.layers.ReLU()(x))
    first, *others = _stages(task, width)
    stddev = DECODER_STDDEV * math.sqrt(WIDTH / width)
    for stage, (height, width_of_map, channels) in zip(
        reversed(others), reversed(maps[1:]), strict=True
    ):
        x = Unpool(height, width_of_map)(x) if stage.pool else x
        x = keras.layers.ReLU()(_convolution(x, channels, stage.size, stddev))
    x = Unpool(task.height, task.width)(x) if first.pool else x
    sizes = task.channels, first.size, stddev
    outputs = {
        "mean": _convolution(x, *sizes, name="mean", dtype="float32"),
        "log_variance": BoundedLogVariance(name="log_variance")(
            _convolution(x, *sizes, name="raw", dtype="float32")
        ),
    }
    return keras.Model([latents, label], outputs, name="decoder")


def image_generator(decoder: keras.Model) -> keras.Model:
    """The means of a decoder as images, over the same weights.

    Args:
        decoder: p(x | z, y).

    Returns:
        [latents [batch, latent_size], label int64 [batch]] -> float32 [batch, h, w, c] in [-1, 1].
    """
    images = keras.ops.clip(decoder.output["mean"], -1.0, 1.0)
    return keras.Model(decoder.inputs, images, name="generator")


def _stages(task: task.Task, width: int) -> list[_Stage]:
    """The convolutions of the classifier."""
    more = max(0, task.halvings(MAX_LAST_MAP) - POOLINGS)
    wide = 3 * width // 2
    return [
        _Stage(5, width, pool=True, dropout=False),
        *[_Stage(3, width, pool=True, dropout=False)] * more,
        _Stage(3, width, pool=False, dropout=True),
        _Stage(3, width, pool=True, dropout=True),
        _Stage(3, wide, pool=False, dropout=True),
        _Stage(3, wide, pool=True, dropout=False),
    ]


def _maps(task: task.Task, width: int) -> list[tuple[int, int, int]]:
    """Height, width and channels of the image, and of the map after each stage."""
    maps = [task.image_shape]
    for stage in _stages(task, width):
        height, width_of_map, _ = maps[-1]
        halved = 2 if stage.pool else 1
        maps.append((-(-height // halved), -(-width_of_map // halved), stage.channels))
    return maps


def _convolution(
    x: keras.KerasTensor, channels: int, size: int, stddev: float, **options
) -> keras.KerasTensor:
    return layers.Conv(channels, size, weight_norm=False, initial=stddev, **options)(x)


def _dense(x: keras.KerasTensor, units: int, stddev: float, name: str) -> keras.KerasTensor:
    """A linear layer in float32."""
    return layers.Dense(units, weight_norm=False, initial=stddev, name=name, dtype="float32")(x)


class Unpool(keras.layers.Layer):
    """Zero-filling unpooling: each value becomes the upper left one of four pixels.

    The result is cropped, which takes zeros away: that of an odd side is a pixel too long.
    """

    def __init__(self, height: int, width: int, **kwargs):
        """Describes the layer.

        Args:
            height: Height of the result, twice that of the map or one less.
            width: Its width, likewise.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.height = height
        self.width = width

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, channels] to [batch, height, width, channels]."""
        _, height, width, channels = inputs.shape
        apart = tf.reshape(inputs, [-1, height, 1, width, 1, channels])
        filled = tf.pad(apart, [[0, 0], [0, 0], [0, 1], [0, 0], [0, 1], [0, 0]])
        doubled = tf.reshape(filled, [-1, 2 * height, 2 * width, channels])
        return doubled[:, : self.height, : self.width]


class BoundedLogVariance(keras.layers.Layer):
    """Log variances within [-10, 10], so that precisions stay finite; float32."""

    def __init__(self, **kwargs):
        """Describes the layer.

        Args:
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Clips any tensor."""
        return tf.clip_by_value(inputs, -LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
