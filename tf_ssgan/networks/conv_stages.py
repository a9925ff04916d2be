"""The first stages and the head of the discriminators of Salimans et al. (2016) and of FR-GAN.

A stage has three 3x3 convolutions, the last one of stride 2, and a dropout. Both papers have two
stages, of w and 2w channels. For larger images, further stages precede these; see `frgan_cnn`.
"""

from typing import Literal

import keras

from tf_ssgan.core import task
from tf_ssgan.nn import layers

Norm = Literal["weight", "batch", "none"]
SLOPE = 0.2  # Of the leaky ReLUs, as in the public code of Salimans et al. (2016).
LOGITS_SCALE = 0.1  # Initial standard deviation of the logits (the same public code).
STAGE_CONVOLUTIONS = 3  # The last one has stride 2.
MIN_STAGES = 2  # As in both papers.
# With 12, images of up to 48 pixels keep the papers' two stages, and larger ones end with 7 to 12.
MAX_LAST_MAP = 12
MIN_CHANNELS = 8  # Of an added stage.


def apply_stages(
    x: keras.KerasTensor,
    task: task.Task,
    width: int,
    dropout: float,
    norm: Norm = "weight",
    whole_maps: bool = False,
) -> keras.KerasTensor:
    """Applies the stages to the images.

    Args:
        x: [batch, h, w, c], the images, or what noise and dropout made of them.
        task: Image shape, which determines the number of stages.
        width: Channels of the stage before the last.
        dropout: Rate of the dropout after each stage.
        norm: Normalization of the convolutions, see `convolution`.
        whole_maps: Whether the dropout sets whole channels of an image to 0.

    Returns:
        [batch, h / 2^stages, w / 2^stages, 2 width], sides rounded up.
    """
    for channels in stage_channels(task, width):
        for _ in range(STAGE_CONVOLUTIONS - 1):
            x = convolution(x, channels, 3, norm)
        x = convolution(x, channels, 3, norm, stride=2)
        x = layers.Dropout(dropout, whole_maps)(x)
    return x


def convolution(
    x: keras.KerasTensor, channels: int, size: int, norm: Norm = "weight", **options
) -> keras.KerasTensor:
    """A convolution, its normalization and a leaky ReLU.

    Args:
        x: [batch, h, w, c].
        channels: Channels of the result.
        size: Height and width of the kernel.
        norm: "weight" normalizes its weights, "batch" its outputs, with scale and shift.
        **options: Other arguments of `layers.Conv`.
    """
    if norm != "batch":
        return layers.Conv(channels, size, slope=SLOPE, weight_norm=norm == "weight", **options)(x)
    x = layers.Conv(channels, size, weight_norm=False, bias=False, **options)(x)
    return layers.LeakyReLU(SLOPE)(layers.BatchNorm(scaled=True)(x))


def stage_channels(task: task.Task, width: int) -> list[int]:
    """Channels of each stage: ..., width / 2, width, 2 width.

    Args:
        task: Image shape, which determines the number of stages.
        width: Channels of the stage before the last.
    """
    minimum, stages = min(MIN_CHANNELS, width), _count_stages(task)
    return [max(minimum, 2 * width // 2**later) for later in reversed(range(stages))]


def last_padding(task: task.Task) -> str:
    """Padding of the 3x3 convolution after the stages: "VALID", or "SAME" for small maps.

    Args:
        task: Image shape.
    """
    # 24 pixels with two stages. Square images with more stages are always large enough.
    smallest = 6 * 2 ** _count_stages(task)
    return "VALID" if min(task.height, task.width) >= smallest else "SAME"


def apply_head(
    x: keras.KerasTensor,
    task: task.Task,
    norm: Norm = "weight",
    dense: type[layers.Dense] = layers.Dense,
) -> dict[str, keras.KerasTensor]:
    """Applies the mean over the image, which gives the features, and the last layer.

    Args:
        x: [batch, h, w, c], the last map.
        task: Number of classes.
        norm: Normalization of the network; with "weight" the last layer is weight-normalized.
        dense: The class of the last layer.

    Returns:
        {"features": float32 [batch, c], "logits": float32 [batch, classes]}.
    """
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    logits = dense(
        task.classes,
        weight_norm=norm == "weight",
        initial_scale=LOGITS_SCALE,
        name="logits",
        dtype="float32",
    )
    return {"features": features, "logits": logits(features)}


def _count_stages(task: task.Task) -> int:
    return max(MIN_STAGES, task.halvings(MAX_LAST_MAP))
