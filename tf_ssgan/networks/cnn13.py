"""The convolutional network of thirteen layers of the consistency methods (CNN13).

Laine and Aila (2017), table 5; Tarvainen and Valpola (2017), Athiwaratkun et al. (2019) and Verma
et al. (2019) take it with other normalizations. `w` is the width, 128 in the papers.

    input                                          32 x 32 x 3
    [normalization of images, Gaussian noise]
    conv3 w, conv3 w, conv3 w                      32 x 32 x w
    max pool 2, dropout                            16 x 16 x w
    conv3 2w, conv3 2w, conv3 2w                   16 x 16 x 2w
    max pool 2, dropout                            8 x 8 x 2w
    conv3 4w VALID                                 6 x 6 x 4w
    conv1 2w, conv1 w                              6 x 6 x w
    global mean, [length 1] = features             w
    dense                                          classes

A normalization and a leaky ReLU of slope 0.1 follow each convolution:

    norm          "mean_only"                        "batch"
    convolution   weight-normalized, no bias         no bias
    then          mean-only batch norm, shift        batch norm, scale and shift
    dense         like the convolutions              with a bias, [weight-normalized]; or like
                                                     the convolutions
    kernels       N(0, 2 / inputs), dense            PyTorch's uniform, +-1 / sqrt(inputs)
                  N(0, 1 / inputs)
    used by       pi_model, temporal_ensembling,     ict, fast_swa, flexmatch, spctn,
                  mean_teacher, triple_gan           triple_gan, label_propagation

With w = 128, 3 channels and 10 classes there are 3,121,812 trainable weights in the form
"mean_only" (3,119,754 without gains), and 3,121,802 in the form "batch" (3,121,812 if the dense
layer is weight-normalized, or batch-normalized as in Li et al. 2017 on SVHN). The public codes of
Verma et al., Athiwaratkun et al. and Iscen et al. (2019) normalize the weights of convolutions too.
In front of a batch norm, that changes only what weight decay does. Features of length 1 are those
of Iscen et al., whose dense layer is weight-normalized.

Initial kernels are those of the public codes of Laine and Aila, and of Verma et al. and
Athiwaratkun et al.; N(0, .05^2) in that of Tarvainen and Valpola. Their size sets how far a step
turns a normalized kernel. Weight-normalized layers start from data, also the dense layer of the
form "batch", where the public codes start from its kernel as it is.

Images under 24 pixels and over 48 pixels are treated as in `frgan_cnn`: the last 3x3 convolution
uses padding; further stages (three convolutions, a max pool and a dropout) precede the others.
"""

from typing import Literal

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import conv_stages, image_normalization
from tf_ssgan.nn import layers

Norm = Literal["mean_only", "batch"]
Head = Literal["bias", "weight_norm", "batch_norm"]
SLOPE = 0.1  # of the leaky ReLUs
STAGE_CONVOLUTIONS = 3  # before each max pool
MOMENTA = {"mean_only": 0.999, "batch": 0.9}  # Laine and Aila, code; PyTorch's default


def classifier(
    task: task.Task,
    width: int = 128,
    norm: Norm = "mean_only",
    dropout: float = 0.5,
    noise: float = 0.15,
    normalization: image_normalization.Kind = "none",
    head: Head = "bias",
    momentum: float | None = None,
    slope: float = SLOPE,
    input_dropout: float = 0.0,
    unit_features: bool = False,
) -> keras.Model:
    """Builds the network.

    Args:
        task: Image shape, statistics and number of classes.
        width: Channels of the stage before the last (of the first stage for up to 48 pixels).
        norm: Normalization of the layers.
        dropout: Rate of the dropout after each stage.
        noise: Standard deviation of Gaussian noise on the normalized images.
        normalization: What is done to the images first, see `image_normalization`.
        head: What the dense layer of the form "batch" has: a bias, weight normalization and a
            bias, or batch normalization.
        momentum: Decay of moving means and variances; None for that of the papers, `MOMENTA`.
        slope: Negative slope of the leaky ReLUs.
        input_dropout: Rate of the dropout on the normalized images.
        unit_features: Whether the features are scaled to length 1 in front of the dense layer.

    Returns:
        images [batch, h, w, c] in [-1, 1] -> {"features": float32 [batch, width],
        "logits": float32 [batch, classes]}.
    """
    momentum = MOMENTA[norm] if momentum is None else momentum
    images = keras.Input(task.image_shape, name="images")
    x = image_normalization.normalized(images, task, normalization)
    x = layers.GaussianNoise(noise)(x)
    x = layers.Dropout(input_dropout)(x) if input_dropout else x
    for channels in conv_stages.stage_channels(task, width):
        for _ in range(STAGE_CONVOLUTIONS):
            x = _convolution(x, channels, 3, norm, momentum, slope)
        x = keras.layers.MaxPooling2D(2, padding="same")(x)
        x = layers.Dropout(dropout)(x)
    x = _convolution(x, 4 * width, 3, norm, momentum, slope, conv_stages.last_padding(task))
    x = _convolution(x, 2 * width, 1, norm, momentum, slope)
    x = _convolution(x, width, 1, norm, momentum, slope)
    last = {"name": "features", "dtype": "float32"}
    if unit_features:
        x = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
        features = keras.layers.UnitNormalization(**last)(x)
    else:
        features = keras.layers.GlobalAveragePooling2D(**last)(x)
    logits = _logits(features, task.classes, norm, momentum, head)
    return keras.Model(images, {"features": features, "logits": logits}, name="classifier")


def _convolution(
    x: keras.KerasTensor,
    channels: int,
    size: int,
    norm: Norm,
    momentum: float,
    slope: float,
    padding: str = "SAME",
) -> keras.KerasTensor:
    """A convolution, its normalization and its leaky ReLU."""
    mean_only = norm == "mean_only"
    initial = "he_normal" if mean_only else "torch_uniform"
    x = layers.Conv(
        channels, size, padding=padding, weight_norm=mean_only, bias=False, initial=initial
    )(x)
    if mean_only:
        x = layers.MeanOnlyBatchNorm(momentum)(x)
    else:
        x = layers.BatchNorm(momentum, scaled=True)(x)
    return layers.LeakyReLU(slope)(x)


def _logits(
    features: keras.KerasTensor, classes: int, norm: Norm, momentum: float, head: Head
) -> keras.KerasTensor:
    """The dense layer, float32."""
    if norm == "batch" and head != "batch_norm":
        return layers.Dense(
            classes,
            weight_norm=head == "weight_norm",
            initial="torch_uniform",
            name="logits",
            dtype="float32",
        )(features)
    mean_only = norm == "mean_only"
    initial = "lecun_normal" if mean_only else "torch_uniform"
    dense = {"weight_norm": mean_only, "bias": False, "initial": initial}
    x = layers.Dense(classes, **dense, name="dense", dtype="float32")(features)
    last = {"name": "logits", "dtype": "float32"}
    if mean_only:
        return layers.MeanOnlyBatchNorm(momentum, **last)(x)
    return layers.BatchNorm(momentum, scaled=True, **last)(x)
