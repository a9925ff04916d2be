"""ResNet-18 (He, Zhang, Ren and Sun 2016), as torchvision builds it, for images of any size.

`w` is the width, 64 there.

    input, gray copied or mapped to 3 channels         28 x 28 x 3
    conv7 w stride 2, norm, ReLU                       14 x 14 x w
    max pooling 3 stride 2                             7 x 7 x w
    2 blocks: conv3 w, norm, ReLU, conv3 w, norm       7 x 7 x w
    2 blocks of 2w, the first one of stride 2          4 x 4 x 2w
    2 blocks of 4w, the first one of stride 2          2 x 2 x 4w
    2 blocks of 8w, the first one of stride 2          1 x 1 x 8w
    global mean = features                             8w

Each block adds its input to its output, and a ReLU follows. If the shape changes, the input goes
through a conv1 and a norm. Convolutions have no bias and are padded on all sides. Kernels start
from N(0, 2 / (size^2 outputs)) as in torchvision, and the dense layers of heads, which the public
code leaves alone, from PyTorch's uniform distribution. With w = 64, there are 11,176,512
parameters. A convolution that maps 1 channel to 3 has 6 more.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers

WIDTHS = (1, 2, 4, 8)  # Channels of the groups, in widths.
BLOCKS = 2  # Per group.


def classifier(task: task.Task, width: int = 64, hidden: int = 384) -> keras.Model:
    """Builds the network with a head of two layers (public code of rajas582, 2021).

    Args:
        task: Image shape and number of classes.
        width: Channels of the first convolution.
        hidden: Units of the head's first layer.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 8 width], "logits":
        float32 [batch, classes]}.
    """
    images = keras.Input(task.image_shape, name="images")
    features = extract_features(_GrayToRGB(name="rgb")(images), width)
    x = torch_blocks.dense(features, hidden, "relu", name="hidden")
    logits = torch_blocks.dense(x, task.classes, name="logits")
    return keras.Model(images, {"features": features, "logits": logits}, name="classifier")


def mlp_head(inputs: int, hidden: int, outputs: int, name: str) -> keras.Model:
    """Builds a head on features: two dense layers with a ReLU between them.

    Args:
        inputs: Length of the feature vectors.
        hidden: Units of the first layer.
        outputs: Units of the second layer.
        name: Name of the model.

    Returns:
        float32 [batch, inputs] -> float32 [batch, outputs].
    """
    features = keras.Input((inputs,), name="features")
    x = torch_blocks.dense(features, hidden, "relu")
    return keras.Model(features, torch_blocks.dense(x, outputs), name=name)


def backbone(classifier: keras.Model) -> keras.Model:
    """The part of a network up to its layer "features"; both share their weights.

    Args:
        classifier: A functional network with a layer "features".

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, features]}.
    """
    features = classifier.get_layer("features").output
    return keras.Model(classifier.input, {"features": features}, name="backbone")


def extract_features(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Applies all layers up to the features.

    Args:
        x: [batch, h, w, 3].
        width: Channels of the first convolution.

    Returns:
        float32 [batch, 8 width], the output of a layer "features".
    """
    x = keras.layers.ReLU()(_norm()(_conv(x, width, 7, 2)))
    # PyTorch pads with minus infinity. After a ReLU, zeros give the same maxima.
    x = keras.layers.MaxPooling2D(3, 2)(keras.layers.ZeroPadding2D(1)(x))
    for group, widths in enumerate(WIDTHS):
        for number in range(BLOCKS):
            x = _block(x, width * widths, 2 if group and not number else 1)
    return keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)


def _block(x: keras.KerasTensor, channels: int, stride: int) -> keras.KerasTensor:
    """A residual block."""
    y = keras.layers.ReLU()(_norm()(_conv(x, channels, 3, stride)))
    y = _norm()(_conv(y, channels, 3, 1))
    if stride > 1 or x.shape[-1] != channels:
        x = _norm()(_conv(x, channels, 1, stride))
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))


def _norm() -> keras.layers.Layer:
    return layers.BatchNorm(scaled=True)


def _conv(x: keras.KerasTensor, channels: int, size: int, stride: int) -> keras.KerasTensor:
    initial = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return torch_blocks.convolution(x, channels, size, stride, initial)


class _GrayToRGB(keras.layers.Layer):
    """Copies gray images to 3 channels, [batch, h, w, 1 or 3] -> [batch, h, w, 3]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.repeat(inputs, 3, axis=-1) if inputs.shape[-1] == 1 else inputs
