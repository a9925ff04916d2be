"""AlexNet for small photographs: a classifier, or a discriminator.

Krizhevsky et al. (2012) as in the public code of AC-GAN for classification
(avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION), for CIFAR-10; `w` is the width, 64 there.

    input                                          32 x 32 x 3
    conv3 w stride 2, ReLU, max pool 2             8 x 8 x w
    conv3 3w, ReLU, max pool 2                     4 x 4 x 3w
    conv3 6w, conv3 4w, conv3 4w, ReLU each        4 x 4 x 4w
    max pool 2                                     2 x 2 x 4w
    head: dropout, dense 64w, ReLU, dropout, dense 64w, ReLU, dense

The class head ends in the classes. The source head is another one of the same form on the same map,
and ends in one unit; it never sees a class. There is no normalization. With w = 64, 3 channels and
10 classes: 23,272,266 weights as a classifier, and 20,983,809 in the source head.

Other sizes: a pooling is left out where its map would have a side under 2 pixels: the last one of
28 and of 16 pixels, the last two of 8. Networks of another width start from kernels that keep the
variance of their sums, N(0, 0.02^2 64 / w): nothing normalizes them.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers

WIDTH = 64  # of the public code, to which its initial kernels belong


def classifier(
    task: task.Task,
    width: int = WIDTH,
    source: bool = False,
    dropout: float = 0.5,
    dtype: str | None = None,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the first convolution.
        source: With the head that tells images of the data from generated ones.
        dropout: Rate of the two dropout layers of a head.
        dtype: Number format of every layer; None for the global one.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 64 width], the last
        hidden layer of the class head, "logits": float32 [batch, classes]}, and with the source
        head "source": float32 [batch, 1].

    Raises:
        UserError: The images are too small, or there are fewer than two classes.
    """
    torch_blocks.check_task(task, "AlexNet")
    images = keras.Input(task.image_shape, name="images")
    x = keras.layers.ZeroPadding2D(1, dtype=dtype)(images)
    x = _pooled(_conv(x, width, width, "valid", dtype, stride=2), dtype)
    x = _pooled(_conv(x, 3 * width, width, "same", dtype), dtype)
    for channels in (6 * width, 4 * width, 4 * width):
        x = _conv(x, channels, width, "same", dtype)
    flat = keras.layers.Flatten(dtype=dtype)(_pooled(x, dtype))
    features = _hidden(flat, 64 * width, dropout, dtype)
    logits = keras.layers.Dense(task.classes, name="logits", dtype="float32")(features)
    outputs = {"features": keras.layers.Identity(dtype="float32")(features), "logits": logits}
    if source:
        judged = _hidden(flat, 64 * width, dropout, dtype)
        outputs["source"] = keras.layers.Dense(1, name="source", dtype="float32")(judged)
    return keras.Model(images, outputs, name="discriminator" if source else "classifier")


def _conv(
    x: keras.KerasTensor,
    channels: int,
    width: int,
    padding: str,
    dtype: str | None,
    stride: int = 1,
) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        channels,
        3,
        stride,
        padding,
        activation="relu",
        kernel_initializer=torch_blocks.normal_kernel(torch_blocks.STDDEV * (WIDTH / width) ** 0.5),
        dtype=dtype,
    )(x)


def _pooled(x: keras.KerasTensor, dtype: str | None) -> keras.KerasTensor:
    """The maxima of 2 x 2 pixels, if that leaves 2 pixels a side."""
    return keras.layers.MaxPooling2D(2, dtype=dtype)(x) if min(x.shape[1:3]) >= 4 else x


def _hidden(x: keras.KerasTensor, units: int, rate: float, dtype: str | None) -> keras.KerasTensor:
    """The two hidden layers of a head."""
    for _ in range(2):
        x = layers.Dropout(rate, dtype=dtype)(x)
        x = keras.layers.Dense(units, activation="relu", dtype=dtype)(x)
    return x
