"""The discriminators of the public code of Salimans et al. (2016), which are also its classifiers.

`w` is the width: 64 for house numbers, 96 for CIFAR-10.

    input                                          32 x 32 x 3
    dropout .2
    conv3 w, conv3 w, conv3 w stride 2             16 x 16 x w
    dropout .5
    conv3 2w, conv3 2w, conv3 2w stride 2          8 x 8 x 2w
    dropout .5
    conv3 2w VALID                                 6 x 6 x 2w
    conv1 2w, conv1 2w                             6 x 6 x 2w
    global mean = features                         2w
    dense                                          classes

All linear layers are weight-normalized, all but the last followed by a leaky ReLU of slope 0.2.
With 10 classes: 626,570 kernels and biases at w = 64, 1,406,794 at w = 96.

Images of other sizes are treated as in `recalibrated_cnn`: under 24 pixels the last 3x3 convolution
pads instead of cutting, and over 48 pixels stages (three convolutions and a dropout) are put before
the others until the last map has at most 12 pixels a side.
"""

import keras
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.networks.frgan_cnn import (
    FEWEST_CHANNELS,
    FEWEST_STAGES,
    LARGEST_MAP,
    LAST_SCALE,
    SLOPE,
)
from tf_ssgan.nn import layers


def classifier(
    task: task.Task,
    width: int = 64,
    dropout: float = 0.5,
    input_dropout: float = 0.2,
    head_bias: bool = True,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the stage before the last: of the first one, up to 48 pixels.
        dropout: Rate of the dropout after each stage.
        input_dropout: Rate of dropout on the images.
        head_bias: Without it, logits are the products of features and class vectors alone.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": [batch, 2 width],
        "logits": float32 [batch, classes]}.
    """
    stages = max(FEWEST_STAGES, task.halvings(LARGEST_MAP))
    # 24 pixels at the public code's two stages; square images of more stages always have enough.
    last_padding = "VALID" if min(task.height, task.width) >= 6 * 2**stages else "SAME"
    images = keras.Input(task.image_shape, name="images")
    x = layers.Dropout(input_dropout)(images)
    for later in reversed(range(stages)):
        channels = max(min(FEWEST_CHANNELS, width), 2 * width // 2**later)
        x = layers.Conv(channels, 3, slope=SLOPE)(x)
        x = layers.Conv(channels, 3, slope=SLOPE)(x)
        x = layers.Conv(channels, 3, stride=2, slope=SLOPE)(x)
        x = layers.Dropout(dropout)(x)
    x = layers.Conv(2 * width, 3, padding=last_padding, slope=SLOPE)(x)
    x = layers.Conv(2 * width, 1, slope=SLOPE)(x)
    x = layers.Conv(2 * width, 1, slope=SLOPE)(x)
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    head = layers.Dense if head_bias else _Products
    logits = head(task.classes, initial_scale=LAST_SCALE, name="logits", dtype="float32")(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="discriminator")


def class_vectors(network: keras.Model) -> tf.Tensor:
    """The vectors w_j whose products with the features are the logits, but for the bias.

    Args:
        network: Made by `classifier`.

    Returns:
        float32 [2 width, classes].
    """
    head = network.get_layer("logits")
    return head.gain.value * tf.math.l2_normalize(head.kernel.value, axis=0)


class _Products(layers.Dense):
    """A dense layer whose bias is 0 and stays so: [batch, in] -> [batch, units], f . w_j."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        super().build(input_shape)
        self.bias.trainable = False

    def _initialize(self, inputs: tf.Tensor) -> None:
        super()._initialize(inputs)
        self.bias.assign(tf.zeros_like(self.bias))
