"""The discriminator of Triple-GAN, which judges pairs of image and class (Li et al. 2017, code).

`w` is the width, 32 there. The class joins the images and each map as a one-hot vector.

    input                                          32 x 32 x 3
    dropout .2
    conv3 w, conv3 w stride 2                      16 x 16 x w
    dropout .2
    conv3 2w, conv3 2w stride 2                    8 x 8 x 2w
    dropout .2
    conv3 4w VALID, conv3 4w VALID                 4 x 4 x 4w
    global mean                                    4w
    dense                                          1

All layers are weight-normalized; all but the last have a leaky ReLU of slope 0.2. With w = 32 and
10 classes there are 327,467 kernel and bias parameters, and 449 gains. Images under 24 pixels and
over 48 pixels are treated as in `frgan_cnn`.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import conv_stages
from tf_ssgan.nn import layers


def discriminator(task: task.Task, width: int = 32, dropout: float = 0.2) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the stage before the last (of the first stage for up to 48 pixels).
        dropout: Rate of the dropout on the images and after each stage.

    Returns:
        [images [batch, h, w, c] in [-1, 1], label int64 [batch]] -> {"score": float32 [batch, 1]},
        the logit of the probability that the pair is real.
    """
    images = keras.Input(task.image_shape, name="images")
    label = keras.Input((), dtype="int64", name="label")

    def convolution(x: keras.KerasTensor, channels: int, **options) -> keras.KerasTensor:
        joined = layers.JoinClass(task.classes)(x, label)
        return conv_stages.convolution(joined, channels, 3, **options)

    x = layers.Dropout(dropout)(images)
    for channels in conv_stages.stage_channels(task, width):
        x = convolution(x, channels)
        x = layers.Dropout(dropout)(convolution(x, channels, stride=2))
    for _ in range(2):
        x = convolution(x, 4 * width, padding=conv_stages.last_padding(task))
    x = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    x = layers.JoinClass(task.classes, dtype="float32")(x, label)
    scale = conv_stages.LOGITS_SCALE
    score = layers.Dense(1, initial_scale=scale, name="score", dtype="float32")(x)
    return keras.Model([images, label], {"score": score}, name="discriminator")
