"""The classifier of WSGAN: a ResNet, a local and a global attention network, summed.

Public code of Axelrod, Kashi and Pandey (rajas582/weakly-supervised-gan), after Mao et al. (2021).
`w` is the width, 64 there. Each of the three branches ends in classes + 1 values, and their sums
are the logits of the classes and of "real".

    ResNet     conv1 to 3 channels, ResNet-18, dense
    local      KB w, conv2 w                     28 - 24 - 23, pooled, dense
    global     KB w, KB w, conv2 w               28 - 24 - 20 - 19, pooled, dense

    KB o       CB o/2, CB o, then the sum of attention over positions and over channels
    CB o       conv2 o/2, conv2 o, plus the first one's mean over 2 x 2, twice side by side
    pooled     global mean + global maximum

Convolutions of the local and global branches are spectrally normalized and have no padding. In CB,
a leaky ReLU of slope 0.01 follows each; none follows the last conv2 before the pooling. Each
attention has its own maps q, k, v: over n positions it is softmax(q^T k / sqrt(n)) v and a dense
layer, over channels softmax(q k^T / sqrt(n)) v. The public code reorders the latter's result when
it reshapes it to an image, which scrambles it; here the order is kept. Outside the ResNet, weights
start from PyTorch's uniform distribution.

Convolutions of images under 16 pixels use padding, because nothing would be left otherwise. For the
local and global branches, images of more than 36 pixels are first halved by average pooling,
because attention compares every pair of positions.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks import resnet18, torch_blocks
from tf_ssgan.nn import layers, weights

MIN_UNPADDED = 16  # Smallest side of images without padding, in pixels.
MAX_ATTENTION_SIDE = 36  # Largest side of the inputs of the attention branches, in pixels.


def classifier(task: task.Task, width: int = 64) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of ResNet-18's first convolution. The maps of the other branches have the
            next multiple of 4.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 8 width] of the ResNet,
        "logits": float32 [batch, classes], "source": float32 [batch, 1]}.
    """
    images = keras.Input(task.image_shape, name="images")
    kernel, bias = (weights.torch_uniform(task.channels) for _ in range(2))
    colored = keras.layers.Conv2D(
        3, 1, kernel_initializer=kernel, bias_initializer=bias, name="colored"
    )(images)
    features = resnet18.extract_features(colored, width)
    padding = "VALID" if min(task.height, task.width) >= MIN_UNPADDED else "SAME"
    small = images
    for _ in range(task.halvings(MAX_ATTENTION_SIDE)):
        small = keras.layers.AveragePooling2D(2, padding="same")(small)
    channels = 4 * -(-width // 4)  # A multiple of 4, because they are halved twice.
    local_map = _attention_block(small, channels, padding)
    global_map = _attention_block(_attention_block(small, channels, padding), channels, padding)
    branches = [features, _global_pooling(local_map, padding), _global_pooling(global_map, padding)]
    dense = [torch_blocks.dense(branch, task.classes + 1) for branch in branches]
    total = keras.layers.Add(dtype="float32")(dense)
    logits = _Columns(0, task.classes, name="logits", dtype="float32")(total)
    source = _Columns(task.classes, task.classes + 1, name="source", dtype="float32")(total)
    outputs = {"features": features, "logits": logits, "source": source}
    return keras.Model(images, outputs, name="branches")


def _attention_block(x: keras.KerasTensor, channels: int, padding: str) -> keras.KerasTensor:
    """KB: [batch, h, w, in] -> [batch, h - 4, w - 4, channels] without padding."""
    x = _conv_block(_conv_block(x, channels // 2, padding), channels, padding)
    return keras.layers.Add()([layers.PositionAttention()(x), layers.ChannelAttention()(x)])


def _conv_block(x: keras.KerasTensor, channels: int, padding: str) -> keras.KerasTensor:
    """CB: [batch, h, w, in] -> [batch, h - 2, w - 2, channels] without padding."""
    first = layers.SpectralConv(channels // 2, 2, padding=padding)(x)
    second = layers.SpectralConv(channels, 2, padding=padding)(first)
    means = keras.layers.AveragePooling2D(2, 1, padding.lower())(first)
    return keras.layers.Add()([second, keras.layers.Concatenate()([means, means])])


def _global_pooling(x: keras.KerasTensor, padding: str) -> keras.KerasTensor:
    """A convolution, then the sum of global mean and global maximum: float32 [batch, channels]."""
    x = layers.SpectralConv(x.shape[-1], 2, padding=padding, slope=None)(x)
    kinds = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)
    return keras.layers.Add(dtype="float32")([kind(dtype="float32")(x) for kind in kinds])


def load_resnet(
    branches: keras.Model, backbone: keras.Model, when: tf.Tensor | bool = True
) -> None:
    """Gives the network's ResNet the weights of a ResNet that copies gray images to 3 channels.

    Its map to 3 channels then copies too, so that both compute the same features.

    Args:
        branches: A network that `classifier` built.
        backbone: The backbone of a network that `resnet18.classifier` built, of the same width.
        when: bool scalar; if it is false, nothing changes.
    """
    colored = branches.get_layer("colored")
    own = {id(v) for v in colored.variables}
    targets = [v for v in resnet18.backbone(branches).variables if id(v) not in own]
    channels = colored.kernel.shape[-2]
    copying = tf.ones([1, 3]) if channels == 1 else tf.eye(channels, 3)
    values = [copying[None, None], tf.zeros(3), *[v.value for v in backbone.variables]]
    for target, value in zip([*colored.variables, *targets], values, strict=True):
        target.assign(tf.where(when, value, target.value))


class _Columns(keras.layers.Layer):
    """Columns start to stop - 1 of [batch, columns]."""

    def __init__(self, start: int, stop: int, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.stop = stop

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs[:, self.start : self.stop]
