"""The classifier of WSGAN: a ResNet beside a local and a global network with attention.

Public code of Axelrod, Kashi and Pandey (rajas582/weakly-supervised-gan), after Mao et al. (2021);
`w` is the width, 64 there. Each branch ends in classes + 1 numbers, and these are summed: logits of
the classes, and one of "real".

    ResNet     conv1 to 3 channels, ResNet-18, dense
    local      KB w, conv2 w                     28 - 24 - 23, pooled, dense
    global     KB w, KB w, conv2 w               28 - 24 - 20 - 19, pooled, dense

    KB o       CB o/2, CB o, then the sum of attention over positions and over channels
    CB o       conv2 o/2, conv2 o, plus the first one's mean over 2 x 2, twice side by side
    pooled     global mean + global maximum

Convolutions of the two are spectrally normalized, without padding, and followed by a leaky ReLU of
slope 0.01. Attention has maps q, k, v of its own: over n positions softmax(q^T k / sqrt(n)) v and a
dense layer, over channels softmax(q k^T / sqrt(n)) v. The public code reorders the latter's result
on its way back to an image, which scrambles it; here it stays in order.

Images under 16 pixels are padded as they go, because nothing would be left of them; those of more
than 36 pixels are first halved by means, for attention compares each position with each other.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import layers

SMALLEST = 16  # pixels of images that lose some at each convolution
LARGEST = 36  # pixels a side that attention sees


def classifier(task: task.Task, width: int = 64) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of ResNet-18's first convolution; those of the branches' maps are the next
            multiple of 4.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 8 width] of the ResNet,
        "logits": float32 [batch, classes], "source": float32 [batch, 1]}.
    """
    images = keras.Input(task.image_shape, name="images")
    colored = keras.layers.Conv2D(3, 1, name="colored")(images)
    features = resnet18.trunk(colored, width)
    padding = "VALID" if min(task.height, task.width) >= SMALLEST else "SAME"
    small = images
    for _ in range(task.halvings(LARGEST)):
        small = keras.layers.AveragePooling2D(2, padding="same")(small)
    channels = 4 * -(-width // 4)  # halved twice
    near = _attentive(small, channels, padding)
    far = _attentive(_attentive(small, channels, padding), channels, padding)
    ends = [features, _pooled(near, padding), _pooled(far, padding)]
    dense = [keras.layers.Dense(task.classes + 1, dtype="float32")(end) for end in ends]
    both = keras.layers.Add(dtype="float32")(dense)
    logits = _Columns(0, task.classes, name="logits", dtype="float32")(both)
    source = _Columns(task.classes, task.classes + 1, name="source", dtype="float32")(both)
    outputs = {"features": features, "logits": logits, "source": source}
    return keras.Model(images, outputs, name="branches")


def _attentive(x: keras.KerasTensor, channels: int, padding: str) -> keras.KerasTensor:
    """KB: [batch, h, w, in] -> [batch, h - 4, w - 4, channels] without padding."""
    x = _convolved(_convolved(x, channels // 2, padding), channels, padding)
    seen = [layers.PositionAttention()(x), layers.ChannelAttention()(x)]
    return keras.layers.Add()(seen)


def _convolved(x: keras.KerasTensor, channels: int, padding: str) -> keras.KerasTensor:
    """CB: [batch, h, w, in] -> [batch, h - 2, w - 2, channels] without padding."""
    first = layers.SpectralConv(channels // 2, 2, padding=padding)(x)
    second = layers.SpectralConv(channels, 2, padding=padding)(first)
    means = keras.layers.AveragePooling2D(2, 1, padding.lower())(first)
    return keras.layers.Add()([second, keras.layers.Concatenate()([means, means])])


def _pooled(x: keras.KerasTensor, padding: str) -> keras.KerasTensor:
    """Global mean and maximum of one more convolution, summed: float32 [batch, channels]."""
    x = layers.SpectralConv(x.shape[-1], 2, padding=padding)(x)
    kinds = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)
    return keras.layers.Add(dtype="float32")([kind(dtype="float32")(x) for kind in kinds])


class _Columns(keras.layers.Layer):
    """Columns first..last - 1 of [batch, columns]."""

    def __init__(self, first: int, last: int, **kwargs):
        super().__init__(**kwargs)
        self.first = first
        self.last = last

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs[:, self.first : self.last]
