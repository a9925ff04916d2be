"""Wide residual networks (Zagoruyko and Komodakis 2016) in the two forms known for few labels.

`w` is the width, 16 times the widening factor: 32 in WRN-28-2; n = (depth - 4) / 6 blocks a group.

    input, standardized with the data set's mean and deviation     32 x 32 x 3
    conv3 16                                                       32 x 32 x 16
    n blocks: norm, activation, conv3 w, norm, activation, conv3 w 32 x 32 x w
    n blocks of 2w, the first one of stride 2                      16 x 16 x 2w
    n blocks of 4w, the first one of stride 2                      8 x 8 x 4w
    norm, activation, global mean = features                       4w
    dense                                                          classes

Each block adds its input to its output; the first of a group by way of a conv1.

    form            "leaky"                          "plain"
    source          public code of Sohn et al. 2020  public code of Alshami and Arya 2022
    activation      leaky ReLU, slope 0.1            ReLU
    bias of convs   yes                              no
    batch norm      momentum .999, epsilon 1e-3      momentum .9, epsilon 1e-5
    the conv1 sees  activations in the first group,  activations
                    the block's input in the others
    dense starts    Glorot normal                    torch's uniform, +-1 / sqrt(features)

Kernels start from N(0, 2 / (size^2 outputs)) in both. With depth 28, w = 32, 3 channels and 10
classes: 1,467,610 weights in the plain form (shrebox/Semi-supervised-Image-Classification),
1,469,642 in the leaky one. PyTorch ports of the leaky form feed the first conv3 of its later groups
the raw input, past its norm; here it is normalized, as in the code of Sohn et al.

Images over 48 pixels get convolutions of stride 2 after the first one until no side of the last map
has more than 12 pixels.
"""

from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.core import task
from tf_ssgan.nn import layers

Form = Literal["leaky", "plain"]
FIRST_CHANNELS = 16  # of the first convolution, or the width where that is less
LARGEST_MAP = 12  # pixels a side of the last map
HALVINGS = 2  # by the groups


def classifier(
    task: task.Task,
    depth: int = 28,
    width: int = 32,
    form: Form = "leaky",
    dtype: str | None = None,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape, statistics and number of classes.
        depth: Layers in all, 6 n + 4.
        width: Channels of the first group.
        form: Which of the published ones.
        dtype: Number format of every layer; None for the global one.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 4 width],
        "logits": float32 [batch, classes]}.

    Raises:
        UserError: There is no such depth.
    """
    images, x = trunk(task, depth, width, form, dtype)
    x = _activated(x, form, dtype)
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    logits = head(task.classes, form)(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="classifier")


def trunk(
    task: task.Task, depth: int, width: int, form: Form, dtype: str | None = None
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The network up to the sum of the last block.

    Args:
        task: Image shape and statistics.
        depth: Layers in all, 6 n + 4.
        width: Channels of the first group.
        form: Which of the published ones.
        dtype: Number format of every layer; None for the global one.

    Returns:
        The images, and their last map [batch, h / 4, w / 4, 4 width].

    Raises:
        UserError: There is no such depth.
    """
    blocks = blocks_a_group(depth)
    images = keras.Input(task.image_shape, name="images")
    first = min(FIRST_CHANNELS, width)
    x = layers.Standardize(task.mean, task.std, dtype=dtype)(images)
    x = _conv(x, first, 3, 1, form, dtype)
    for _ in range(task.halvings(LARGEST_MAP) - HALVINGS):
        x = _conv(_activated(x, form, dtype), first, 3, 2, form, dtype)
    for group in range(HALVINGS + 1):
        for number in range(blocks):
            stride = 2 if group and not number else 1
            bare = form == "leaky" and group > 0
            x = _block(x, width * 2**group, stride, not number, bare, form, dtype)
    return images, x


def blocks_a_group(depth: int) -> int:
    """Blocks of each of the three groups.

    Args:
        depth: Layers in all, 6 n + 4.

    Raises:
        UserError: There is no such depth.
    """
    blocks, rest = divmod(depth - 4, 6)
    if rest or blocks < 1:
        raise errors.UserError(
            f"--depth={depth}: wide residual networks have 10, 16, 22, 28, ... layers (6 n + 4)."
        )
    return blocks


def head(classes: int, form: Form) -> keras.layers.Layer:
    """The dense layer that gives the logits, float32.

    Args:
        classes: How many.
        form: Which of the published networks it ends.
    """
    initial = "glorot_normal" if form == "leaky" else _torch_uniform()
    return keras.layers.Dense(classes, kernel_initializer=initial, name="logits", dtype="float32")


def _block(
    x: keras.KerasTensor,
    channels: int,
    stride: int,
    first: bool,
    bare: bool,
    form: Form,
    dtype: str | None,
) -> keras.KerasTensor:
    """A residual block; the first of a group changes the channels, and its shortcut is a conv1.

    Args:
        x: [batch, h, w, in].
        channels: Of the result.
        stride: Of its first convolution.
        first: Whether it is the first of its group.
        bare: Whether that shortcut sees the block's input instead of its activations.
        form: Which of the published ones.
        dtype: Number format.
    """
    active = _activated(x, form, dtype)
    shortcut = x
    if first:
        shortcut = _conv(x if bare else active, channels, 1, stride, form, dtype)
    y = _conv(active, channels, 3, stride, form, dtype)
    y = _conv(_activated(y, form, dtype), channels, 3, 1, form, dtype)
    return keras.layers.Add(dtype=dtype)([shortcut, y])


def _activated(x: keras.KerasTensor, form: Form, dtype: str | None) -> keras.KerasTensor:
    """Normalized and rectified."""
    momentum, epsilon, slope = (0.999, 1e-3, 0.1) if form == "leaky" else (0.9, 1e-5, 0.0)
    x = layers.BatchNorm(momentum, epsilon, scaled=True, dtype=dtype)(x)
    return keras.layers.LeakyReLU(slope, dtype=dtype)(x)


def _conv(
    x: keras.KerasTensor, channels: int, size: int, stride: int, form: Form, dtype: str | None
) -> keras.KerasTensor:
    padding = "same"
    if form == "plain" and size > 1 and stride > 1:
        # torch pads on all sides, where "same" pads even sizes below and on the right alone.
        x, padding = keras.layers.ZeroPadding2D(1, dtype=dtype)(x), "valid"
    initial = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return keras.layers.Conv2D(
        channels, size, stride, padding, use_bias=form == "leaky", kernel_initializer=initial,
        dtype=dtype,
    )(x)  # fmt: skip


def attentive(
    task: task.Task,
    depth: int = 28,
    width: int = 32,
    form: Form = "plain",
    maps: int = 2,
    activated: bool = False,
    dtype: str | None = None,
) -> keras.Model:
    """Builds the network with an attention map (Alshami and Arya 2022, public code).

    The last map F, h/4 x w/4 x 4 width, as the last block gives it, gets an attention value at each
    position: A = sum over the maps of relu(norm(conv1(F))). The features are the mean of F A.

    Args:
        task: Image shape, statistics and number of classes.
        depth: Layers in all, 6 n + 4.
        width: Channels of the first group.
        form: Which of the published ones.
        maps: Attention maps that are summed; 129 weights each, and 2 of its norm, at width 32.
        activated: With norm and activation of `classifier` before the attention.
        dtype: Number format of every layer; None for the global one.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 4 width], "attention":
        float32 [batch, positions], at least 0, "logits": float32 [batch, classes]}.

    Raises:
        UserError: There is no such depth.
    """
    images, x = trunk(task, depth, width, form, dtype)
    x = _activated(x, form, dtype) if activated else x
    seen = keras.layers.Conv2D(maps, 1, kernel_initializer=_torch_uniform(), dtype=dtype)(x)
    seen = keras.layers.ReLU(dtype=dtype)(layers.BatchNorm(scaled=True, dtype=dtype)(seen))
    attention = _Sum(dtype="float32")(seen)
    weighted = keras.layers.Multiply(dtype="float32")([x, attention])
    outputs = {
        "features": keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(weighted),
        "attention": keras.layers.Flatten(name="attention", dtype="float32")(attention),
    }
    outputs["logits"] = head(task.classes, form)(outputs["features"])
    return keras.Model(images, outputs, name="classifier")


class _Sum(keras.layers.Layer):
    """Sum over the channels: [batch, h, w, channels] -> [batch, h, w, 1]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(inputs, axis=-1, keepdims=True)


def _torch_uniform() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
