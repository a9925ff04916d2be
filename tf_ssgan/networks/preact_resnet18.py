"""The ResNet-18 with activations before convolutions of DivideMix (Li, Socher and Hoi 2020).

The public code of LiJunnan1992/DivideMix builds it after He, Zhang, Ren and Sun (2016, "Identity
Mappings in Deep Residual Networks"). `w` is the width, 64 there.

    input, standardized by the mean and standard deviation
    of the data set                                          32 x 32 x 3
    conv3 w, norm, ReLU                                      32 x 32 x w
    2 blocks: norm, ReLU, conv3 w, norm, ReLU, conv3 w       32 x 32 x w
    2 blocks of 2w, the first one of stride 2                16 x 16 x 2w
    2 blocks of 4w, the first one of stride 2                8 x 8 x 4w
    2 blocks of 8w, the first one of stride 2                4 x 4 x 8w
    global mean = features                                   8w
    dense                                                    classes

To its output, each block adds what its first norm and ReLU make of its input, through a conv1 if
the shape changes. So does the public code; the paper of 2016 adds the input itself where the shape
stays. The code also has a norm and a ReLU after the first convolution, though a block follows that
begins with its own, and none before the mean.

Convolutions have no bias and are padded on all sides. Kernels, and kernel and bias of the dense
layer, start from PyTorch's uniform distribution, +-1 / sqrt(inputs), which the code leaves as it
is. With w = 64, 3 channels and 10 classes there are 11,171,274 trainable weights, with 100 classes
11,217,444.

The public code divides CIFAR-10 by .2023, .1994 and .2010, which are smaller than the standard
deviations of the data set, .247, .243 and .262. Here it is divided by those of the data set.

Images over 48 pixels get further layers "norm, ReLU, conv3 w of stride 2" after the first
convolution, until no side of the last map has more than 6 pixels.
"""

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import image_normalization, torch_blocks
from tf_ssgan.nn import layers, weights

WIDTHS = (1, 2, 4, 8)  # Channels of the groups, in widths.
MAX_LAST_MAP = 6  # Largest side of the last map, in pixels.
GROUP_HALVINGS = 3  # Halvings of the map by the groups.


def classifier(
    task: task.Task,
    width: int = 64,
    blocks: int = 2,
    normalization: image_normalization.Kind = "standardize",
    name: str = "classifier",
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape, statistics and number of classes.
        width: Channels of the first convolution.
        blocks: Blocks of each group; 1 for small images such as digits.
        normalization: What is done to the images first, see `image_normalization`.
        name: Name of the model.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, 8 width], "logits":
        float32 [batch, classes]}.
    """
    images = keras.Input(task.image_shape, name="images")
    x = image_normalization.normalized(images, task, normalization)
    x = _conv(x, width, 3, 1)
    for _ in range(task.halvings(MAX_LAST_MAP) - GROUP_HALVINGS):
        x = _conv(_norm_relu(x), width, 3, 2)
    x = _norm_relu(x)
    for group, widths in enumerate(WIDTHS):
        for number in range(blocks):
            x = _block(x, width * widths, 2 if group and not number else 1)
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    logits = torch_blocks.dense(features, task.classes, name="logits")
    return keras.Model(images, {"features": features, "logits": logits}, name=name)


def _block(x: keras.KerasTensor, channels: int, stride: int) -> keras.KerasTensor:
    """A residual block."""
    shortcut = active = _norm_relu(x)
    if stride > 1 or x.shape[-1] != channels:
        shortcut = _conv(active, channels, 1, stride)
    y = _conv(active, channels, 3, stride)
    y = _conv(_norm_relu(y), channels, 3, 1)
    return keras.layers.Add()([shortcut, y])


def _norm_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU()(layers.BatchNorm(scaled=True)(x))


def _conv(x: keras.KerasTensor, channels: int, size: int, stride: int) -> keras.KerasTensor:
    initial = weights.torch_uniform(size**2 * x.shape[-1])
    return torch_blocks.convolution(x, channels, size, stride, initial)
