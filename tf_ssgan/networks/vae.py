"""Networks of variational autoencoders of vectors: M1 and M2, ADGM and SDGM.

M1 and M2 of Kingma et al. (2014), public code (dpkingma/nips14-ssl), with softplus units. M1 learns
codes of images, 600 whitened principal components on SVHN, and M2 classifies the codes. Binary
pixels have logits instead of means and log variances; on MNIST M1 has 500 units and codes of 50:

    network            inputs          hidden     outputs                     parameters
    M1   q(z | x)      x 600           600, 600   mean, log variance of 300    1,081,800
         p(x | z)      z 300           600, 600   mean, log variance of 600    1,262,400
    M2   q(y | x)      x 300           500        logits of 10                   155,510
         q(z | x, y)   x 300, y 10     500        mean, log variance of 50       205,600
         p(x | z, y)   z 50, y 10      500        mean, log variance of 300      331,100

ADGM and SDGM of Maaloe et al. (2016), public code (larsmaaloee/auxiliary-deep-generative-models),
have a further latent a. Each network has two hidden layers of 500 ReLUs with batch normalization;
a and z have 100 values. They differ in what is generated from what:

    network            inputs of SDGM          inputs of ADGM          outputs
    q(a | x)           x                       x                       mean, log variance of a
    q(y | a, x)        a, x                    a, x                    logits of 10
    q(z | a, x, y)     a, x, y                 a, x, y                 mean, log variance of z
    p(a | .)           z, y                    x, z, y                 mean, log variance of a
    p(x | .)           a, z, y                 z, y                    logits of pixels, or mean,
                                                                       log variance of x
    3,072 Gaussian values (SVHN)    9,516,754              11,002,754 parameters
    784 Bernoulli values            3,399,394               3,741,394 parameters

The first layer of several inputs is that of their concatenation, computed in parts: what an image
gives to it is computed once, however many samples and classes go with it.

Kernels of hidden layers start as in the public codes: N(0, 1 / inputs) with softplus, N(0, 4 /
(inputs + units)) with ReLU; in M2's q(y | x), and in all means and log variances of ADGM and SDGM,
N(0, .001^2), so that variances start near 1. Log variances of posteriors of M1 and M2 start at 0.
Biases start at 0, there from small random numbers.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.nn import layers, losses

Form = Literal["adgm", "sdgm"]
SMALL = 1e-3  # standard deviation of kernels that start near 0
_P_INPUTS = {  # of p(a | .) and p(x | .)
    "sdgm": (("latents", "label"), ("auxiliary", "latents", "label")),
    "adgm": (("x", "latents", "label"), ("latents", "label")),
}


def m1_posterior(
    values: int = 600, latent_size: int = 300, hidden: Sequence[int] = (600, 600)
) -> keras.Model:
    """Builds q(z | x) of M1.

    Args:
        values: Length of x.
        latent_size: Length of z.
        hidden: Units of each hidden layer.

    Returns:
        x [batch, values] -> {"mean": float32 [batch, latent_size], "log_variance": likewise}.
    """
    x = keras.Input((values,), name="x")
    outputs = _gaussian(_softplus([x], hidden), latent_size, _fan_in, 0.0)
    return keras.Model(x, outputs, name="features")


def m1_decoder(
    values: int = 600,
    latent_size: int = 300,
    hidden: Sequence[int] = (600, 600),
    likelihood: layers.Likelihood = "gaussian",
) -> keras.Model:
    """Builds p(x | z) of M1.

    Args:
        values: Length of x.
        latent_size: Length of z.
        hidden: Units of each hidden layer.
        likelihood: Distribution of the values.

    Returns:
        z [batch, latent_size] -> {"logits": float32 [batch, values]}, or of Gaussian values
        {"mean": likewise, "log_variance": likewise}.
    """
    latents = keras.Input((latent_size,), name="latents")
    x = _softplus([latents], hidden)
    if likelihood == "gaussian":
        outputs = _gaussian(x, values, _fan_in, _fan_in)
    else:
        outputs = {"logits": _dense(x, values, _fan_in, "logits")}
    return keras.Model(latents, outputs, name="feature_decoder")


def m2_classifier(classes: int, values: int = 300, hidden: Sequence[int] = (500,)) -> keras.Model:
    """Builds q(y | x) of M2.

    Args:
        classes: Number of classes K.
        values: Length of x, a code of M1.
        hidden: Units of each hidden layer; the public code has 500, or 300 for 100 labels.

    Returns:
        x [batch, values] -> {"logits": float32 [batch, classes]}.
    """
    x = keras.Input((values,), name="x")
    logits = _dense(_softplus([x], hidden, SMALL), classes, SMALL, "logits")
    return keras.Model(x, {"logits": logits}, name="class_posterior")


def m2_posterior(
    classes: int, values: int = 300, latent_size: int = 50, hidden: Sequence[int] = (500,)
) -> keras.Model:
    """Builds q(z | x, y) of M2.

    Args:
        classes: Number of classes K.
        values: Length of x, a code of M1.
        latent_size: Length of z.
        hidden: Units of each hidden layer.

    Returns:
        [x [batch, values], label int64 [batch]] -> {"mean": float32 [batch, latent_size],
        "log_variance": likewise}.
    """
    x, label = keras.Input((values,), name="x"), keras.Input((), dtype="int64", name="label")
    hidden_units = _softplus([x, layers.OneHot(classes)(label)], hidden)
    outputs = _gaussian(hidden_units, latent_size, _fan_in, 0.0)
    return keras.Model([x, label], outputs, name="posterior")


def m2_decoder(
    classes: int, values: int = 300, latent_size: int = 50, hidden: Sequence[int] = (500,)
) -> keras.Model:
    """Builds p(x | z, y) of M2.

    Args:
        classes: Number of classes K.
        values: Length of x, a code of M1.
        latent_size: Length of z.
        hidden: Units of each hidden layer.

    Returns:
        [z [batch, latent_size], label int64 [batch]] -> {"mean": float32 [batch, values],
        "log_variance": likewise}.
    """
    latents = keras.Input((latent_size,), name="latents")
    label = keras.Input((), dtype="int64", name="label")
    hidden_units = _softplus([latents, layers.OneHot(classes)(label)], hidden)
    outputs = _gaussian(hidden_units, values, _fan_in, _fan_in)
    return keras.Model([latents, label], outputs, name="decoder")


@dataclasses.dataclass(frozen=True)
class AuxiliaryNetworks:
    """The networks of ADGM or SDGM.

    All but the first take a dictionary of some of these inputs, which `network.input` names. Their
    second axis is that of samples and classes; where it is 1, the values go with all of them.

        x          [batch, n or 1, values]
        auxiliary  [batch, n or 1, latent_size]
        latents    [batch, n or 1, latent_size]
        label      int64 [batch, n or 1]

    Attributes:
        auxiliary_posterior: q(a | x): x [batch, values] -> {"mean": float32 [batch, latent_size],
            "log_variance": likewise}.
        class_posterior: q(y | a, x) -> {"logits": float32 [batch, n, classes]}.
        posterior: q(z | a, x, y) -> {"mean": float32 [batch, n, latent_size], "log_variance":
            likewise}.
        auxiliary_decoder: p(a | .) -> the same.
        decoder: p(x | .) -> {"logits": float32 [batch, n, values]}, or of Gaussian values {"mean":
            likewise, "log_variance": likewise}.
    """

    auxiliary_posterior: keras.Model
    class_posterior: keras.Model
    posterior: keras.Model
    auxiliary_decoder: keras.Model
    decoder: keras.Model


def auxiliary_networks(
    form: Form,
    values: int,
    classes: int,
    likelihood: layers.Likelihood,
    latent_size: int = 100,
    hidden: Sequence[int] = (500, 500),
) -> AuxiliaryNetworks:
    """Builds the networks of ADGM or SDGM.

    Args:
        form: Which of them.
        values: Length of x, the values of an image.
        classes: Number of classes K.
        likelihood: Distribution of the values.
        latent_size: Length of a, and of z.
        hidden: Units of each hidden layer of each network.
    """
    widths = {"x": values, "auxiliary": latent_size, "latents": latent_size}

    def network(name: str, inputs: Sequence[str], outputs) -> keras.Model:
        known = {k: keras.Input((None, widths[k]), name=k) for k in inputs if k != "label"}
        parts = list(known.values())
        if "label" in inputs:
            known["label"] = keras.Input((None,), dtype="int64", name="label")
            parts.append(layers.OneHot(classes)(known["label"]))
        return keras.Model(known, outputs(_norm_relu(parts, hidden)), name=name)

    def gaussian_latents(x: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        return _gaussian(x, latent_size, SMALL, SMALL)

    def class_logits(x: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        return {"logits": _dense(x, classes, _fan_average, "logits")}

    def pixels(x: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        if likelihood == "gaussian":
            return _gaussian(x, values, SMALL, SMALL)
        return {"logits": _dense(x, values, _fan_average, "logits")}

    x = keras.Input((values,), name="x")
    codes = gaussian_latents(_norm_relu([x], hidden))
    for_auxiliary, for_pixels = _P_INPUTS[form]
    return AuxiliaryNetworks(
        keras.Model(x, codes, name="auxiliary_posterior"),
        network("class_posterior", ("x", "auxiliary"), class_logits),
        network("posterior", ("x", "auxiliary", "label"), gaussian_latents),
        network("auxiliary_decoder", for_auxiliary, gaussian_latents),
        network("decoder", for_pixels, pixels),
    )


def auxiliary_logits(
    x: keras.KerasTensor, networks: AuxiliaryNetworks, training: int = 5, inference: int = 100
) -> keras.KerasTensor:
    """The classifier of ADGM and SDGM: the mean of q(y | a, x) over samples of q(a | x).

    Args:
        x: [batch, values].
        networks: The networks.
        training: Samples of a in training.
        inference: Samples of a in inference, from the same random numbers for every image.

    Returns:
        float32 [batch, classes], logarithms of the class probabilities.
    """
    code = networks.auxiliary_posterior(x)
    sample = layers.GaussianSample(training, inference, name="auxiliary_samples")
    samples = sample(code["mean"], code["log_variance"])
    inputs = {"x": keras.layers.Reshape((1, x.shape[-1]))(x), "auxiliary": samples}
    return MeanPrediction(name="logits")(networks.class_posterior(inputs)["logits"])


def _softplus(
    parts: list[keras.KerasTensor], hidden: Sequence[int], stddev: float | None = None
) -> keras.KerasTensor:
    """Hidden layers of softplus units, with kernels of `stddev`; None for 1 / sqrt(inputs)."""
    for units in hidden:
        initial = _fan_in(_width(parts), units) if stddev is None else stddev
        parts = [keras.layers.Activation("softplus")(layers.JoinedDense(units, initial)(parts))]
    return parts[0]


def _norm_relu(parts: list[keras.KerasTensor], hidden: Sequence[int]) -> keras.KerasTensor:
    """Hidden layers of ReLUs with batch normalization."""
    for units in hidden:
        initial = math.sqrt(2.0) * _fan_average(_width(parts), units)
        x = layers.JoinedDense(units, initial, bias=False)(parts)
        parts = [keras.layers.ReLU()(layers.BatchNorm(scaled=True)(x))]
    return parts[0]


def _gaussian(x: keras.KerasTensor, size: int, mean, log_variance) -> dict[str, keras.KerasTensor]:
    """Mean and log variance of `size` values; the last arguments are those of `_dense`."""
    return {
        "mean": _dense(x, size, mean, "mean"),
        "log_variance": _dense(x, size, log_variance, "log_variance"),
    }


def _dense(x: keras.KerasTensor, units: int, initial, name: str) -> keras.KerasTensor:
    """A linear layer in float32; `initial` is the kernel's stddev, or a function of its sizes."""
    stddev = initial(x.shape[-1], units) if callable(initial) else initial
    return layers.JoinedDense(units, stddev, name=name, dtype="float32")([x])


def _width(parts: list[keras.KerasTensor]) -> int:
    return sum(part.shape[-1] for part in parts)


def _fan_in(inputs: int, units: int) -> float:
    return 1.0 / math.sqrt(inputs)


def _fan_average(inputs: int, units: int) -> float:
    return math.sqrt(2.0 / (inputs + units))


class MeanPrediction(keras.layers.Layer):
    """The mean prediction of samples: logits [batch, samples, classes] -> float32 [batch, classes].

    Its outputs are logarithms of the mean probabilities, which are logits themselves.
    """

    def __init__(self, **kwargs):
        """Describes the layer.

        Args:
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)

    def call(self, logits: tf.Tensor) -> tf.Tensor:
        """Averages them."""
        return losses.mean_log_probabilities(logits)
