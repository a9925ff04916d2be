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
"""

import keras
import tensorflow as tf

from tf_ssgan import layers, task

SLOPE = 0.2  # leaky ReLU, as in the public code of Salimans et al. (2016)
# Public code of Salimans et al. (2016): the last layer starts with small logits.
LAST_SCALE = 0.1


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
        width: Channels of the first convolutions.
        recalibrate: With the squeeze-and-excitation block.
        dropout: Rate of the two dropout layers.
        input_dropout: Rate of dropout on the images.
        noise: Standard deviation of Gaussian noise on the images, which lie in [-1, 1].
        weight_norm: With weight normalization.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": [batch, 2 width],
        "logits": float32 [batch, classes]}.
    """
    normal = {"slope": SLOPE, "weight_norm": weight_norm}
    last_padding = "VALID" if min(task.height, task.width) >= 24 else "SAME"
    images = keras.Input(task.image_shape, name="images")
    x = layers.GaussianNoise(noise)(images)
    x = layers.Dropout(input_dropout)(x)
    for channels in (width, 2 * width):
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


class _GlobalMean(keras.layers.Layer):
    """Mean over the image, in float32: [batch, h, w, c] -> [batch, c]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.cast(inputs, tf.float32), [1, 2])
