"""The discriminator of FR-GAN, which is also its classifier.

Jiang, Zhang and Liu (2019), table 1. It is the network of Salimans et al. (2016) for SVHN with a
squeeze-and-excitation block. `w` is the width, 64 in the paper.

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

All linear layers are weight-normalized. All except the last are followed by a leaky ReLU of slope
0.2. With w = 64 and 10 classes, there are 774,026 kernel and bias parameters, and 2,048 in the
block.

The table gives no strides and no padding; both are those of the public code of Salimans et al.
(2016). For images under 24 pixels, the last 3x3 convolution uses padding.

Images of more than 48 pixels are not in the paper. They get further stages (three convolutions and
a dropout) before the others, until the last stage's map has at most 12 pixels per side:

    larger side   stages   channels of the stages       map
    8 to 48       2        w, 2w                        2 to 12
    49 to 96      3        w/2, w, 2w                   7 to 12
    97 to 192     4        w/4, w/2, w, 2w              7 to 12
    193 to 384    5        w/8, w/4, w/2, w, 2w         7 to 12

and so on. Added stages have at least 8 channels, or w if w is smaller. Above this minimum, each
stage has four times the pixels of the next one and a quarter of its products of channels. So it
needs about as many multiplications as the paper's first stage, and holds twice as many values as
the next one. For images much longer than wide, the last 3x3 convolution also uses padding: if the
shorter side has fewer than 6 * 2^stages pixels (24 with two stages).
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import conv_stages
from tf_ssgan.nn import layers


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
        width: Channels of the stage before the last (of the first stage for up to 48 pixels).
        recalibrate: Whether to include the squeeze-and-excitation block.
        dropout: Rate of the dropout after each stage.
        input_dropout: Rate of the dropout on the images.
        noise: Standard deviation of Gaussian noise on the images, which lie in [-1, 1].
        weight_norm: Whether linear layers are weight-normalized.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": [batch, 2 width],
        "logits": float32 [batch, classes]}.
    """
    norm = "weight" if weight_norm else "none"
    images = keras.Input(task.image_shape, name="images")
    x = layers.GaussianNoise(noise)(images)
    x = layers.Dropout(input_dropout)(x)
    x = conv_stages.apply_stages(x, task, width, dropout, norm)
    if recalibrate:
        x = layers.SqueezeExcite(name="recalibration")(x)
    padding = conv_stages.last_padding(task)
    x = conv_stages.convolution(x, 4 * width, 3, norm, padding=padding)
    x = conv_stages.convolution(x, 2 * width, 1, norm)
    outputs = conv_stages.apply_head(x, task, norm)
    return keras.Model(images, outputs, name="discriminator")
