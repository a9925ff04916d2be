"""The discriminator of FR-GAN, which is also its classifier.

Jiang, Zhang and Liu (2019), table 1, which is the network of Salimans et al. (2016) for house
numbers with a squeeze-and-excitation block. `w` is the width, 64 in the paper.

    input                                          32 x 32 x 3
    [Gaussian noise, dropout]
    conv3 w, conv3 w, conv3 w stride 2             16 x 16 x w
    dropout
    conv3 2w, conv3 2w, conv3 2w stride 2          8 x 8 x 2w
    dropout
    [squeeze-and-excitation, reduction 16]         8 x 8 x 2w
    conv3 4w VALID                                 6 x 6 x 4w
    conv1 2w                                       6 x 6 x 2w
    global mean = features                         2w
    dense                                          classes

All linear layers are weight-normalized, all but the last followed by a leaky ReLU of slope 0.2.
With w = 64 and 10 classes: 774,026 kernels and biases, and 2,048 in the block.

The table gives no strides and no padding; both are those of the public code of Salimans et al.
(2016). Images under 24 pixels are padded instead of cut by the last 3x3 convolution.

Images of more than 48 pixels are not the paper's. A stage (three convolutions and a dropout) is put
before the others, and another, until the map after the last one has at most 12 pixels a side:

    larger side   stages   channels of the stages       map
    8 to 48       2        w, 2w                        2 to 12
    49 to 96      3        w/2, w, 2w                   7 to 12
    97 to 192     4        w/4, w/2, w, 2w              7 to 12
    193 to 384    5        w/8, w/4, w/2, w, 2w         7 to 12

and so on; no added stage has fewer than 8 channels, or w where w is less. Until then each has four
times the pixels of the stage after it and a quarter of its products of channels, so it multiplies
about as often as the paper's first and holds twice the values of the next. Images much longer than
wide are padded too by the last 3x3 convolution, where the shorter side has fewer than 6 * 2^stages
pixels (which is 24 with two stages).
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.nn import layers

SLOPE = 0.2  # leaky ReLU, as in the public code of Salimans et al. (2016)
# Public code of Salimans et al. (2016): the last layer starts with small logits.
LAST_SCALE = 0.1
FEWEST_STAGES = 2  # those of table 1
# With 12, images of up to 48 pixels keep the table's stages, and larger ones end with 7 to 12.
LARGEST_MAP = 12
FEWEST_CHANNELS = 8  # of an added stage


def classifier(
    task: task.Task,
    width: int = 64,
    recalibrate: bool = True,
    dropout: float = 0.2,
    input_dropout: float = 0.0,
    noise: float = 0.0,
    weight_norm: bool = True,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the stage before the last: of the first one, up to 48 pixels.
        recalibrate: With the squeeze-and-excitation block.
        dropout: Rate of the dropout after each stage.
        input_dropout: Rate of dropout on the images.
        noise: Standard deviation of Gaussian noise on the images, which lie in [-1, 1].
        weight_norm: With weight normalization.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": [batch, 2 width],
        "logits": float32 [batch, classes]}.
    """
    normal = {"slope": SLOPE, "weight_norm": weight_norm}
    stages = max(FEWEST_STAGES, task.halvings(LARGEST_MAP))
    # 24 pixels at the table's two stages; square images of more stages always have enough.
    last_padding = "VALID" if min(task.height, task.width) >= 6 * 2**stages else "SAME"
    images = keras.Input(task.image_shape, name="images")
    x = layers.GaussianNoise(noise)(images)
    x = layers.Dropout(input_dropout)(x)
    for channels in _channels(stages, width):
        x = layers.Conv(channels, 3, **normal)(x)
        x = layers.Conv(channels, 3, **normal)(x)
        x = layers.Conv(channels, 3, stride=2, **normal)(x)
        x = layers.Dropout(dropout)(x)
    if recalibrate:
        x = layers.SqueezeExcite(name="recalibration")(x)
    x = layers.Conv(4 * width, 3, padding=last_padding, **normal)(x)
    x = layers.Conv(2 * width, 1, **normal)(x)
    features = _GlobalMean(name="features", dtype="float32")(x)
    logits = layers.Dense(
        task.classes,
        weight_norm=weight_norm,
        initial_scale=LAST_SCALE,
        name="logits",
        dtype="float32",
    )(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="discriminator")


def _channels(stages: int, width: int) -> list[int]:
    """Channels of each stage: ..., width / 2, width, 2 width."""
    fewest = min(FEWEST_CHANNELS, width)
    return [max(fewest, 2 * width // 2**later) for later in reversed(range(stages))]


class _GlobalMean(keras.layers.Layer):
    """Mean over the image, in float32: [batch, h, w, c] -> [batch, c]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.cast(inputs, tf.float32), [1, 2])
