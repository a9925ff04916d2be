"""The simple critic against which WSGAN's generator is trained before the classifier.

Public code of rajas582/weakly-supervised-gan. The paper gives the reason: a pretrained ResNet
recognizes every generated image, so the generator gets no gradient from it.

    input                          28 x 28 x 1
    conv4 8 stride 2, norm, ReLU   13 x 13 x 8
    conv4 16 stride 2, norm, ReLU  5 x 5 x 16
    conv4 32 stride 2, norm, ReLU  1 x 1 x 32
    conv1 64, norm, ReLU           1 x 1 x 64
    global mean, dense             classes + 1

The last layer has no bias for "real", because it would cancel in the difference of two means.
Weights start from PyTorch's uniform distribution. Convolutions are spectrally normalized. They have
no padding, except for images under 22 pixels, of which nothing would be left. Everything is in
float32, because it is differentiated twice.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers, weights

CHANNELS = (8, 16, 32)
LAST_CHANNELS = 64
MIN_UNPADDED = 22  # Smallest side of images without padding, in pixels.


def critic(task: task.Task) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"logits": float32 [batch, classes], "source":
        float32 [batch, 1]}.
    """
    padding = "VALID" if min(task.height, task.width) >= MIN_UNPADDED else "SAME"
    images = x = keras.Input(task.image_shape, name="images")
    for channels in CHANNELS:
        x = _conv_norm_relu(x, channels, 4, 2, padding)
    x = _conv_norm_relu(x, LAST_CHANNELS, 1, 1, padding)
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    initial = weights.torch_uniform(LAST_CHANNELS)
    source = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=initial, name="source", dtype="float32"
    )
    outputs = {
        "logits": torch_blocks.dense(pooled, task.classes, name="logits"),
        "source": source(pooled),
    }
    return keras.Model(images, outputs, name="critic")


def _conv_norm_relu(
    x: keras.KerasTensor, channels: int, size: int, stride: int, padding: str
) -> keras.KerasTensor:
    convolution = layers.SpectralConv(
        channels, size, stride, padding, slope=None, bias=False, dtype="float32"
    )
    x = layers.BatchNorm(scaled=True, dtype="float32")(convolution(x))
    return keras.layers.ReLU(dtype="float32")(x)
