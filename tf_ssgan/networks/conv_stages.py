"""The first stages and the head of the discriminators of Salimans et al. (2016) and of FR-GAN.

A stage has three 3x3 convolutions, the last one of stride 2, and a dropout. Both papers have two
stages, of w and 2w channels. For larger images, further stages precede these; see `frgan_cnn`.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.nn import layers

SLOPE = 0.2  # Of the leaky ReLUs, as in the public code of Salimans et al. (2016).
LOGITS_SCALE = 0.1  # Initial standard deviation of the logits (the same public code).
MIN_STAGES = 2  # As in both papers.
# With 12, images of up to 48 pixels keep the papers' two stages, and larger ones end with 7 to 12.
MAX_LAST_MAP = 12
MIN_CHANNELS = 8  # Of an added stage.


def apply_stages(
    x: keras.KerasTensor,
    task: task.Task,
    width: int,
    dropout: float,
    weight_norm: bool = True,
) -> keras.KerasTensor:
    """Applies the stages to the images.

    Args:
        x: [batch, h, w, c], the images, or what noise and dropout made of them.
        task: Image shape, which determines the number of stages.
        width: Channels of the stage before the last.
        dropout: Rate of the dropout after each stage.
        weight_norm: Whether the convolutions are weight-normalized.

    Returns:
        [batch, h / 2^stages, w / 2^stages, 2 width], sides rounded up.
    """
    options = {"slope": SLOPE, "weight_norm": weight_norm}
    for channels in stage_channels(task, width):
        x = layers.Conv(channels, 3, **options)(x)
        x = layers.Conv(channels, 3, **options)(x)
        x = layers.Conv(channels, 3, stride=2, **options)(x)
        x = layers.Dropout(dropout)(x)
    return x


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
    weight_norm: bool = True,
    dense: type[layers.Dense] = layers.Dense,
) -> dict[str, keras.KerasTensor]:
    """Applies the mean over the image, which gives the features, and the last layer.

    Args:
        x: [batch, h, w, c], the last map.
        task: Number of classes.
        weight_norm: Whether the last layer is weight-normalized.
        dense: The class of the last layer.

    Returns:
        {"features": float32 [batch, c], "logits": float32 [batch, classes]}.
    """
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    logits = dense(
        task.classes,
        weight_norm=weight_norm,
        initial_scale=LOGITS_SCALE,
        name="logits",
        dtype="float32",
    )
    return {"features": features, "logits": logits(features)}


def _count_stages(task: task.Task) -> int:
    return max(MIN_STAGES, task.halvings(MAX_LAST_MAP))
