"""Wide residual networks (Zagoruyko and Komodakis 2016) in two forms of semi-supervised papers.

`w` is the width, 16 times the widening factor: 32 in WRN-28-2. Each of the three groups has
n = (depth - 4) / 6 blocks.

    input, standardized by the mean and standard deviation of the
    dataset                                                        32 x 32 x 3
    conv3 16                                                       32 x 32 x 16
    n blocks: norm, activation, conv3 w, norm, activation, conv3 w 32 x 32 x w
    n blocks of 2w, the first one of stride 2                      16 x 16 x 2w
    n blocks of 4w, the first one of stride 2                      8 x 8 x 4w
    norm, activation, global mean = features                       4w
    dense                                                          classes

Each block adds its input to its output. In the first block of a group, the input goes through a
conv1.

    form            "leaky"                          "plain"
    source          public code of Sohn et al. 2020  public code of Alshami and Arya 2022
    activation      leaky ReLU, slope 0.1            ReLU
    conv bias       yes                              no
    batch norm      momentum .999, epsilon 1e-3      momentum .9, epsilon 1e-5
    the conv1 sees  activations in the first group,  activations
                    the block's input in the others
    dense kernel    Glorot normal                    PyTorch's uniform, +-1 / sqrt(features)

Kernels start from N(0, 2 / (size^2 outputs)) in both, and the biases of the dense layers from 0:
both codes set them so. The network with an attention map is from the code of the plain form. That
code leaves the convolution of the attention and the dense layer after it as PyTorch makes them, so
their kernels and biases start from U(-1 / sqrt(inputs), 1 / sqrt(inputs)), here in both forms.

With depth 28, w = 32, 3 channels and 10 classes, there are 1,467,610 parameters in the plain form
(shrebox/Semi-supervised-Image-Classification) and 1,469,642 in the leaky form. In PyTorch ports of
the leaky form, the first conv3 of the later groups skips its norm and sees the block's input; here
it sees the normalized input, as in the code of Sohn et al.

Images over 48 pixels get convolutions of stride 2 after the first one, until no side of the last
map has more than 12 pixels.
"""

from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.core import task
from tf_ssgan.networks import image_normalization, torch_blocks
from tf_ssgan.nn import layers, weights

Form = Literal["leaky", "plain"]
FIRST_CHANNELS = 16  # Of the first convolution; the width if that is smaller.
MAX_LAST_MAP = 12  # Largest side of the last map, in pixels.
GROUP_HALVINGS = 2  # Halvings of the map by the three groups.


def classifier(
    task: task.Task,
    depth: int = 28,
    width: int = 32,
    form: Form = "leaky",
    dtype: str | None = None,
    normalization: image_normalization.Kind = "standardize",
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape, statistics and number of classes.
        depth: Number of layers, 6 n + 4.
        width: Channels of the first group.
        form: Which of the two published forms.
        dtype: Number format of every layer; None for the global one.
        normalization: What is done to the images first, see `image_normalization`.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 4 width],
        "logits": float32 [batch, classes]}.

    Raises:
        UserError: The depth is not 6 n + 4.
    """
    images, x = last_feature_map(task, depth, width, form, dtype, normalization)
    x = _norm_activation(x, form, dtype)
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    size = features.shape[-1]
    initial = "glorot_normal" if form == "leaky" else weights.torch_uniform(size)
    logits = keras.layers.Dense(
        task.classes, kernel_initializer=initial, name="logits", dtype="float32"
    )(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="classifier")


def last_feature_map(
    task: task.Task,
    depth: int,
    width: int,
    form: Form,
    dtype: str | None = None,
    normalization: image_normalization.Kind = "standardize",
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Builds the network up to the sum of the last block.

    Args:
        task: Image shape and statistics.
        depth: Number of layers, 6 n + 4.
        width: Channels of the first group.
        form: Which of the two published forms.
        dtype: Number format of every layer; None for the global one.
        normalization: What is done to the images first, see `image_normalization`.

    Returns:
        The images, and the last map [batch, h / 4, w / 4, 4 width].

    Raises:
        UserError: The depth is not 6 n + 4.
    """
    blocks = blocks_per_group(depth)
    images = keras.Input(task.image_shape, name="images")
    first = min(FIRST_CHANNELS, width)
    x = image_normalization.normalized(images, task, normalization, dtype)
    x = _conv(x, first, 3, 1, form, dtype)
    for _ in range(task.halvings(MAX_LAST_MAP) - GROUP_HALVINGS):
        x = _conv(_norm_activation(x, form, dtype), first, 3, 2, form, dtype)
    for group in range(GROUP_HALVINGS + 1):
        for number in range(blocks):
            stride = 2 if group and not number else 1
            raw_shortcut = form == "leaky" and group > 0
            x = _block(x, width * 2**group, stride, not number, raw_shortcut, form, dtype)
    return images, x


def blocks_per_group(depth: int) -> int:
    """Number of blocks in each of the three groups.

    Args:
        depth: Number of layers, 6 n + 4.

    Raises:
        UserError: The depth is not 6 n + 4.
    """
    blocks, rest = divmod(depth - 4, 6)
    if rest or blocks < 1:
        raise errors.UserError(
            f"--depth={depth}: wide residual networks have 10, 16, 22, 28, ... layers (6 n + 4)."
        )
    return blocks


def _block(
    x: keras.KerasTensor,
    channels: int,
    stride: int,
    first: bool,
    raw_shortcut: bool,
    form: Form,
    dtype: str | None,
) -> keras.KerasTensor:
    """A residual block. The first one of a group changes the channels; its shortcut is a conv1.

    Args:
        x: [batch, h, w, in].
        channels: Channels of the result.
        stride: Stride of its first convolution.
        first: Whether it is the first block of its group.
        raw_shortcut: Whether the conv1 sees the block's input before norm and activation.
        form: Which of the two published forms.
        dtype: Number format.
    """
    active = _norm_activation(x, form, dtype)
    shortcut = x
    if first:
        shortcut = _conv(x if raw_shortcut else active, channels, 1, stride, form, dtype)
    y = _conv(active, channels, 3, stride, form, dtype)
    y = _conv(_norm_activation(y, form, dtype), channels, 3, 1, form, dtype)
    return keras.layers.Add(dtype=dtype)([shortcut, y])


def _norm_activation(x: keras.KerasTensor, form: Form, dtype: str | None) -> keras.KerasTensor:
    """Batch normalization and (leaky) ReLU."""
    momentum, epsilon, slope = (0.999, 1e-3, 0.1) if form == "leaky" else (0.9, 1e-5, 0.0)
    x = layers.BatchNorm(momentum, epsilon, scaled=True, dtype=dtype)(x)
    return layers.LeakyReLU(slope, dtype=dtype)(x)


def _conv(
    x: keras.KerasTensor, channels: int, size: int, stride: int, form: Form, dtype: str | None
) -> keras.KerasTensor:
    initial = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    if form == "plain":
        return torch_blocks.convolution(x, channels, size, stride, initial, dtype)
    if size == 1 and stride > 1:
        x, stride = torch_blocks.subsampled(x, stride, dtype), 1
    return keras.layers.Conv2D(
        channels, size, stride, "same", kernel_initializer=initial, dtype=dtype
    )(x)


def attention_classifier(
    task: task.Task,
    depth: int = 28,
    width: int = 32,
    form: Form = "plain",
    maps: int = 2,
    normalize_map: bool = False,
    dtype: str | None = None,
) -> keras.Model:
    """Builds the network with an attention map (Alshami and Arya 2022, public code).

    F is the output of the last block, h/4 x w/4 x 4 width. Each position of F gets an attention
    value, A = sum over the maps of relu(norm(conv1(F))). The features are the mean of F A.

    Args:
        task: Image shape, statistics and number of classes.
        depth: Number of layers, 6 n + 4.
        width: Channels of the first group.
        form: Which of the two published forms.
        maps: Number of attention maps that are summed. At width 32, each has 129 parameters, and
            2 of its norm.
        normalize_map: Whether norm and activation, as in `classifier`, precede the attention.
        dtype: Number format of every layer; None for the global one.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 4 width], "attention":
        float32 [batch, positions], at least 0, "logits": float32 [batch, classes]}.

    Raises:
        UserError: The depth is not 6 n + 4.
    """
    images, x = last_feature_map(task, depth, width, form, dtype)
    x = _norm_activation(x, form, dtype) if normalize_map else x
    kernel, bias = (weights.torch_uniform(x.shape[-1]) for _ in range(2))
    values = keras.layers.Conv2D(
        maps, 1, kernel_initializer=kernel, bias_initializer=bias, dtype=dtype
    )(x)
    values = keras.layers.ReLU(dtype=dtype)(layers.BatchNorm(scaled=True, dtype=dtype)(values))
    attention = _ChannelSum(dtype="float32")(values)
    weighted = keras.layers.Multiply(dtype="float32")([x, attention])
    outputs = {
        "features": keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(weighted),
        "attention": keras.layers.Flatten(name="attention", dtype="float32")(attention),
    }
    outputs["logits"] = torch_blocks.dense(outputs["features"], task.classes, name="logits")
    return keras.Model(images, outputs, name="classifier")


class _ChannelSum(keras.layers.Layer):
    """Sum over the channels: [batch, h, w, channels] -> [batch, h, w, 1]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(inputs, axis=-1, keepdims=True)
