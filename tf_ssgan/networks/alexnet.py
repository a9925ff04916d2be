"""AlexNet for small images: a classifier, or a discriminator with a source head.

Krizhevsky et al. (2012), in the form of the public code of Dravid et al. (2022),
avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION, for CIFAR-10. `w` is the width, 64 there.

    input                                          32 x 32 x 3
    conv3 w stride 2, ReLU, max pool 2             8 x 8 x w
    conv3 3w, ReLU, max pool 2                     4 x 4 x 3w
    conv3 6w, conv3 4w, conv3 4w, ReLU each        4 x 4 x 4w
    max pool 2                                     2 x 2 x 4w
    head: dropout, dense 64w, ReLU, dropout, dense 64w, ReLU, dense

The last layer of the class head has one unit for each class. The source head has the same layers on
the same map and one unit at its end; it never sees a class. There is no normalization. With w = 64,
3 channels and 10 classes, the classifier has 23,272,266 parameters, and the source head 20,983,809.

Other sizes: a pooling whose map would have a side under 2 pixels is left out: the last one for 28
and 16 pixels, the last two for 8. For other widths, the initial kernels keep the variance of the
layers' outputs, because nothing normalizes them: N(0, 0.02^2 64 / w). Biases of convolutions start
from 0, and dense layers from PyTorch's uniform distribution, as the README says.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers

WIDTH = 64  # Of the public code, for which its initial kernels were chosen.


def classifier(
    task: task.Task,
    width: int = WIDTH,
    source_head: bool = False,
    dropout: float = 0.5,
    dtype: str | None = None,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the first convolution.
        source_head: Whether to add the head that separates real from generated images.
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
    x = _max_pool(_conv(x, width, width, "valid", dtype, stride=2), dtype)
    x = _max_pool(_conv(x, 3 * width, width, "same", dtype), dtype)
    for channels in (6 * width, 4 * width, 4 * width):
        x = _conv(x, channels, width, "same", dtype)
    flat = keras.layers.Flatten(dtype=dtype)(_max_pool(x, dtype))
    features = _hidden_layers(flat, 64 * width, dropout, dtype)
    logits = torch_blocks.dense(features, task.classes, name="logits")
    outputs = {"features": keras.layers.Identity(dtype="float32")(features), "logits": logits}
    if source_head:
        hidden = _hidden_layers(flat, 64 * width, dropout, dtype)
        outputs["source"] = torch_blocks.dense(hidden, 1, name="source")
    name = "discriminator" if source_head else "classifier"
    return keras.Model(images, outputs, name=name)


def _conv(
    x: keras.KerasTensor,
    channels: int,
    width: int,
    padding: str,
    dtype: str | None,
    stride: int = 1,
) -> keras.KerasTensor:
    """A 3x3 convolution and ReLU; `width` is that of the network."""
    return keras.layers.Conv2D(
        channels,
        3,
        stride,
        padding,
        activation="relu",
        kernel_initializer=torch_blocks.normal_kernel(torch_blocks.STDDEV * (WIDTH / width) ** 0.5),
        dtype=dtype,
    )(x)


def _max_pool(x: keras.KerasTensor, dtype: str | None) -> keras.KerasTensor:
    """Max pooling over 2 x 2 pixels, if it leaves at least 2 pixels per side."""
    return keras.layers.MaxPooling2D(2, dtype=dtype)(x) if min(x.shape[1:3]) >= 4 else x


def _hidden_layers(
    x: keras.KerasTensor, units: int, rate: float, dtype: str | None
) -> keras.KerasTensor:
    """The two hidden layers of a head, each after a dropout."""
    for _ in range(2):
        x = layers.Dropout(rate, dtype=dtype)(x)
        x = torch_blocks.dense(x, units, "relu", dtype=dtype)
    return x
