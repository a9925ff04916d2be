"""The convolutional network of AC-GAN: a classifier, or a discriminator with a source head.

Public code of Dravid et al. (2022), avdravid/AC-GANS-FOR-IMAGE-CLASSIFICATION, for Fashion-MNIST,
and with the same blocks for chest radiographs of 128 pixels. `w` is the width, 128 there.

    input                                          28 x 28 x 1     128 x 128 x 3
    conv4 w stride 2, norm, leaky ReLU             14 x 14 x w     64 x 64 x w
    conv4 2w stride 2, norm, leaky ReLU            7 x 7 x 2w      32 x 32 x 2w
    conv4 4w stride 2, norm, leaky ReLU            3 x 3 x 4w      16 x 16 x 4w
    class head: dense on the flattened map         classes
    source head: conv as large as the map, VALID   1

Convolutions are padded by 1 on all sides. They and the source head have no bias. The class head
starts from PyTorch's uniform distribution, as the README says. The slope of the leaky ReLUs is 0.2.
The source head sees the image only, never a class. With w = 128, 28 x 28 x 1 and 10 classes, the
classifier has 2,671,370 parameters, and the source head 4,608; with 128 x 128 x 3 and 2 classes,
2,891,522 and 131,072.

Other sizes: each block halves the map, rounding down. Blocks whose map would have a side under 2
pixels are left out: 16 pixels have three blocks (2 x 2), 8 pixels have two.
"""

from typing import Literal

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers

BLOCKS = 3


def classifier(
    task: task.Task,
    width: int = 128,
    source_head: bool = False,
    norm: Literal["batch", "layer"] = "batch",
    dtype: str | None = None,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape and number of classes.
        width: Channels of the first convolution.
        source_head: Whether to add the head that separates real from generated images.
        norm: Normalization over the batch, or of each image by itself.
        dtype: Number format of every layer; None for the global one.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, size of the flattened
        map], "logits": float32 [batch, classes]}, and with the source head "source": float32
        [batch, 1].

    Raises:
        UserError: The images are too small, or there are fewer than two classes.
    """
    torch_blocks.check_task(task, "fm_cnn")
    images = keras.Input(task.image_shape, name="images")
    x = images
    for channels in _channels(task, width):
        x = _block(x, channels, norm, dtype)
    features = keras.layers.Flatten(name="features", dtype="float32")(x)
    logits = torch_blocks.dense(features, task.classes, name="logits")
    outputs = {"features": features, "logits": logits}
    if source_head:
        source = keras.layers.Conv2D(
            1,
            x.shape[1:3],
            use_bias=False,
            kernel_initializer=torch_blocks.normal_kernel(),
            dtype="float32",
        )(x)
        outputs["source"] = keras.layers.Flatten(name="source", dtype="float32")(source)
    name = "discriminator" if source_head else "classifier"
    return keras.Model(images, outputs, name=name)


def _block(x: keras.KerasTensor, channels: int, norm: str, dtype: str | None) -> keras.KerasTensor:
    """A convolution of stride 2, normalization and leaky ReLU."""
    padding = "same"
    if any(side % 2 for side in x.shape[1:3]):
        # For odd sides "same" pads 3 pixels in all, which rounds the map up instead of down.
        x, padding = keras.layers.ZeroPadding2D(1, dtype=dtype)(x), "valid"
    x = keras.layers.Conv2D(
        channels,
        4,
        2,
        padding,
        use_bias=False,
        kernel_initializer=torch_blocks.normal_kernel(),
        dtype=dtype,
    )(x)
    if norm == "batch":
        x = torch_blocks.TorchBatchNorm(dtype=dtype)(x)
    else:
        x = torch_blocks.layer_norm(dtype)(x)
    return layers.LeakyReLU(torch_blocks.SLOPE, dtype=dtype)(x)


def _channels(task: task.Task, width: int) -> list[int]:
    """Channels of the blocks whose map has at least 2 pixels per side."""
    shorter = min(task.height, task.width)
    return [width * 2**i for i in range(BLOCKS) if shorter >> (i + 1) >= 2]
