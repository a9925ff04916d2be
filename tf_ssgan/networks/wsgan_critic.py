"""The simple discriminator against which WSGAN's generator is trained before the classifier is.

Public code of rajas582/weakly-supervised-gan; the paper gives the reason: against a ResNet that
was trained before, a generator gets no gradient, because nothing it draws is ever taken for real.

    input                          28 x 28 x 1
    conv4 8 stride 2, norm, ReLU   13 x 13 x 8
    conv4 16 stride 2, norm, ReLU  5 x 5 x 16
    conv4 32 stride 2, norm, ReLU  1 x 1 x 32
    conv1 64, norm, ReLU           1 x 1 x 64
    global mean, dense             classes + 1

The last layer's column for "real" has no bias: it would drop out of the difference of two means.
Convolutions are spectrally normalized and without padding, but for images under 22 pixels, of which
nothing would be left. All is in float32: it is differentiated twice.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.nn import layers

CHANNELS = (8, 16, 32)
LAST = 64
SMALLEST = 22  # pixels of images that lose some at each convolution


def critic(task: task.Task) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"logits": float32 [batch, classes], "source":
        float32 [batch, 1]}.
    """
    padding = "VALID" if min(task.height, task.width) >= SMALLEST else "SAME"
    images = x = keras.Input(task.image_shape, name="images")
    for channels in CHANNELS:
        x = _convolved(x, channels, 4, 2, padding)
    x = _convolved(x, LAST, 1, 1, padding)
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    outputs = {
        "logits": keras.layers.Dense(task.classes, name="logits", dtype="float32")(pooled),
        "source": keras.layers.Dense(1, use_bias=False, name="source", dtype="float32")(pooled),
    }
    return keras.Model(images, outputs, name="critic")


def _convolved(
    x: keras.KerasTensor, channels: int, size: int, stride: int, padding: str
) -> keras.KerasTensor:
    convolution = layers.SpectralConv(
        channels, size, stride, padding, slope=None, bias=False, dtype="float32"
    )
    x = layers.BatchNorm(scaled=True, dtype="float32")(convolution(x))
    return keras.layers.ReLU(dtype="float32")(x)
