"""The encoders and the decoder of ladder networks: of dense layers, or a convolutional Gamma model.

Rasmus, Berglund, Honkala, Valpola and Raiko (2015), public code. `w` is the width.

    mlp, w = 1000                           conv, w = 96
    image             784                   image                           32 x 32 x 3
    dense w           1000                  conv3 w VALID, w FULL, w FULL   34 x 34 x 96
    dense w/2         500                   max pool 2                      17 x 17 x 96
    3 x dense w/4     250                   conv3 2w VALID, FULL, VALID     15 x 15 x 192
    dense             classes               max pool 2                      8 x 8 x 192
                                            conv3 2w VALID, conv1 2w        6 x 6 x 192
                                            conv1 classes, global mean      classes

Each line of dense layers, convolutions or poolings is made of layers l = 1 to L, of which each is

    z = batchnorm(linear map or pooling of h of the layer below) + noise
    h = activation(z + bias), scale (z + bias) at the top of the mlp, or z behind a pooling

FULL pads by the size of the kernel minus 1, on all sides. Activations are ReLUs, or leaky ones of
slope .1 in the form "conv"; h of the top are the logits. The clean encoder has no noise. Both
encoders are made of the same layers. The decoder estimates the clean z of each layer that it has,
in the form "conv" those of the top alone (the Gamma model), from the noisy ones and from

    u = probabilities at the top, else V (estimate of the layer above),      normalized

    trainable weights, 10 classes     encoder      decoder
    mlp, 784 values                   1,538,770    1,566,940
    conv, 32 x 32 x 3                 1,369,748    100

Kernels start from N(0, 1 / inputs), those of convolutions from a uniform distribution of that
variance. The public code multiplies the global mean by a constant, which its normalization undoes.

Images are what `image_normalization` makes of them; "none" is an intensity in [0, 1]. Images over
48 pixels get further stages of three convolutions and a pooling, see `conv_stages`; under 24 pixels
the last 3x3 convolution uses padding, and under 4 pixels all of them do.
"""

import dataclasses
from typing import Literal

import keras

from tf_ssgan.core import task
from tf_ssgan.networks import conv_stages, image_normalization
from tf_ssgan.nn import layers

Form = Literal["mlp", "conv"]
WIDTHS = {"mlp": 1000, "conv": 96}  # of the paper
HIDDEN = (1, 2, 4, 4, 4)  # what the width is divided by
SLOPE = 0.1  # of the leaky ReLUs
FIRST = ("VALID", "FULL")  # paddings of a stage's first convolutions
SMALLEST = 4  # pixels; convolutions without padding need as many
_MAP = {"weight_norm": False, "bias": False}


@dataclasses.dataclass
class _Rung:
    """A layer of the encoders: Keras layers before and after the normalization."""

    before: list[keras.layers.Layer]
    after: list[keras.layers.Layer]
    norm: layers.MeasuredBatchNorm = dataclasses.field(default_factory=layers.MeasuredBatchNorm)


def encoders(
    task: task.Task,
    form: Form = "mlp",
    width: int = 1000,
    image_noise: float = 0.3,
    layer_noise: float = 0.3,
    normalization: image_normalization.Kind = "none",
) -> tuple[keras.Model, keras.Model]:
    """Builds the clean encoder, which is the classifier, and the corrupted one.

    Args:
        task: Image shape and number of classes.
        form: Which of the two.
        width: Units of the first layer, or channels of the stage before the last.
        image_noise: Standard deviation of the noise on the images.
        layer_noise: That of the noise on the normalized values of each layer.
        normalization: What is done to the images first.

    Returns:
        Both map images [batch, h, w, c] in [-1, 1] -> {"logits": float32 [batch, classes], "z": of
        each layer that the decoder has, from below, float32 [batch, units]}. The clean one also has
        "mean" and "deviation", by which these are normalized, [units] each; the images, the first
        ones of the form "mlp", are not.
    """
    images = keras.Input(task.image_shape, name="images")
    x = image_normalization.normalized(images, task, normalization)
    if normalization == "none":
        x = keras.layers.Rescaling(0.5, 0.5)(x)
    x = keras.layers.Flatten()(x) if form == "mlp" else x
    rungs = _dense_rungs(task, width) if form == "mlp" else _convolutional_rungs(task, width)
    levels = len(units(task, form, width))
    clean = _encoded(x, rungs, levels)
    noisy = _encoded(layers.GaussianNoise(image_noise)(x), rungs, levels, layer_noise)
    noisy = {name: noisy[name] for name in ("logits", "z")}
    return keras.Model(images, clean, name="classifier"), keras.Model(images, noisy, name="noisy")


def units(task: task.Task, form: Form, width: int) -> list[int]:
    """Units of the layers that the decoder has, from below.

    Args:
        task: Image shape and number of classes.
        form: Which of the two.
        width: As of the encoders.
    """
    if form == "conv":
        return [task.classes]
    values = task.height * task.width * task.channels
    return [values, *(max(1, width // part) for part in HIDDEN), task.classes]


def decoder(units: list[int]) -> keras.Model:
    """Builds the decoder.

    Args:
        units: Units of its layers, from below.

    Returns:
        [z of each layer from below, probabilities] -> {"z": estimates of the clean ones from below,
        float32 [batch, units] each}.
    """
    corrupted = [keras.Input([size], name=f"z{level}") for level, size in enumerate(units)]
    above = probabilities = keras.Input([units[-1]], name="probabilities")
    estimates = []
    for z, below in zip(reversed(corrupted), [*reversed(units[:-1]), 0], strict=True):
        estimates.insert(0, layers.GaussCombinator()([z, above]))
        if below:
            initial = z.shape[-1] ** -0.5
            above = layers.Dense(below, initial=initial, **_MAP)(estimates[0])
    return keras.Model([*corrupted, probabilities], {"z": estimates}, name="decoder")


def _encoded(
    h: keras.KerasTensor, rungs: list[_Rung], levels: int, noise: float = 0.0
) -> dict[str, keras.KerasTensor | list[keras.KerasTensor]]:
    """The outputs of an encoder, see `encoders`; h are the images."""
    values, means, deviations = [h], [], []
    for rung in rungs:
        for layer in rung.before:
            h = layer(h)
        h, mean, deviation = rung.norm(h)
        h = layers.GaussianNoise(noise)(h) if noise else h
        values.append(h)
        means.append(mean)
        deviations.append(deviation)
        for layer in rung.after:
            h = layer(h)
    measured = {"mean": means[-levels:], "deviation": deviations[-levels:]}
    return {"logits": h, "z": values[-levels:]} | measured


def _dense_rungs(task: task.Task, width: int) -> list[_Rung]:
    """The layers of the form "mlp"."""
    sizes = units(task, "mlp", width)
    rungs = []
    for below, size in zip(sizes, sizes[1:], strict=False):
        top = len(rungs) == len(sizes) - 2
        after = [Affine(scaled=True, name="logits")] if top else [Affine(), keras.layers.ReLU()]
        rungs.append(_Rung([layers.Dense(size, initial=below**-0.5, **_MAP)], after))
    return rungs


def _convolutional_rungs(task: task.Task, width: int) -> list[_Rung]:
    """The layers of the form "conv"."""
    stages, rungs = conv_stages.stage_channels(task, width), []
    for number, channels in enumerate(stages, 1):
        last = "VALID" if number == len(stages) else "FULL"
        rungs += [_convolution(task, channels, 3, p) for p in (*FIRST, last)]
        rungs.append(_Rung([keras.layers.MaxPooling2D(2, padding="same")], []))
    rungs.append(_convolution(task, 2 * width, 3, conv_stages.last_padding(task)))
    rungs += [_convolution(task, channels, 1, "VALID") for channels in (2 * width, task.classes)]
    top = [Affine(name="logits")]
    return [*rungs, _Rung([keras.layers.GlobalAveragePooling2D()], top)]


def _convolution(task: task.Task, channels: int, size: int, padding: str) -> _Rung:
    before = []
    if min(task.height, task.width) < SMALLEST:
        padding = "SAME"
    if padding == "FULL":
        before.append(keras.layers.ZeroPadding2D(size - 1))
    kind = "SAME" if padding == "SAME" else "VALID"
    before.append(layers.Conv(channels, size, padding=kind, initial="lecun_uniform", **_MAP))
    return _Rung(before, [Affine(), layers.LeakyReLU(SLOPE)])


class Affine(keras.layers.Layer):
    """(x + bias) or scale (x + bias), per channel.

    Its name has no underscore in front: Keras names weights after it, and exports none with one.
    """

    def __init__(self, scaled: bool = False, **kwargs):
        """Describes the layer.

        Args:
            scaled: Whether there is a scale.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.scaled = scaled

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the bias, 0, and the scale, 1, each [channels]."""
        shape = (input_shape[-1],)
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")
        if self.scaled:
            self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")

    def call(self, inputs):
        """Maps [batch, ..., channels] to the same shape."""
        outputs = inputs + self.bias.value
        return self.scale.value * outputs if self.scaled else outputs
