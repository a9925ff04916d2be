"""Layers that Keras lacks, or has in a form that is wrong or slow for us.

Weight normalization with data-dependent initialization, squeeze-and-excitation, batch
normalization whose statistics are those of the global batch and can be frozen for a pass, and
dropout and noise that take their bits from `draws`.
"""

import contextlib
import threading
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_ssgan import draws, replicas

_LOCAL = threading.local()


@contextlib.contextmanager
def frozen_statistics() -> Iterator[None]:
    """Within it, batch normalization normalizes with the batch but records nothing.

    For passes over images that are not the classifier's business: generated, perturbed, a
    teacher's. Thread-local, because replica functions are traced in interleaved threads.
    """
    with _flag("frozen"):
        yield


def statistics_are_frozen() -> bool:
    """Whether this thread is within `frozen_statistics`."""
    return getattr(_LOCAL, "frozen", False)


def initialize_from_data(network: keras.Model, inputs: tf.Tensor) -> None:
    """Sets gains and biases of weight-normalized layers from data, layer by layer.

    One eager forward pass in which each layer's pre-activation gets mean 0 and its initial scale
    as standard deviation (Salimans and Kingma 2016, section 3). Dropout and noise act as in
    training, as in the public code of Salimans et al. (2016): a unit that sees only the faint high
    frequencies of clean photographs would else get a gain that blows up the noise. Call it outside
    of `tf.function`, before training, within `draws.at`.

    Args:
        network: The network.
        inputs: [examples, ...], some hundred inputs of the network, in the range it is fed.
    """
    with _flag("initializing"):
        network(inputs, training=True)


def parameters(network: keras.Model, gains: bool = True) -> int:
    """Number of trainable weights; `gains=False` leaves weight normalization's gains out."""
    return sum(
        int(tf.size(w.value)) for w in network.trainable_variables if gains or w.name != "gain"
    )


def kernels(network: keras.Model) -> list[tf.Tensor]:
    """The kernels of convolutions and dense layers: what weight decay acts on."""
    return [w.value for w in network.trainable_variables if w.name == "kernel"]


class _WeightNormalized(keras.layers.Layer):
    """A linear map whose kernel is g v / ||v|| per output unit, a bias, and a leaky ReLU.

    Salimans and Kingma (2016), equation 2, with the guard 1e-6 inside the root as in the public
    code of Salimans et al. (2016). Keras 3 has no such layer.
    """

    _unit_axis = -1

    def __init__(
        self,
        units: int,
        slope: float | None = None,
        weight_norm: bool = True,
        initial_scale: float = 1.0,
        **kwargs,
    ):
        """Describes the layer.

        Args:
            units: Output channels.
            slope: Negative slope of the leaky ReLU; None for none.
            weight_norm: Off makes it a plain layer.
            initial_scale: Standard deviation of the pre-activations after `initialize_from_data`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.units = units
        self.slope = slope
        self.weight_norm = weight_norm
        self.initial_scale = initial_scale

    def _add_weights(self, kernel_shape: tuple[int, ...]) -> None:
        # Unseeded: Method fixes the global seed before it builds its networks.
        self.kernel = self.add_weight(
            shape=kernel_shape, initializer="glorot_uniform", name="kernel", autocast=False
        )
        if self.weight_norm:
            self.gain = self.add_weight(
                shape=(self.units,), initializer="ones", name="gain", autocast=False
            )
        self.bias = self.add_weight(
            shape=(self.units,), initializer="zeros", name="bias", autocast=False
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, ..., channels] to [batch, ..., units]."""
        if self.weight_norm and getattr(_LOCAL, "initializing", False):
            self._initialize(inputs)
        outputs = self._linear(inputs, tf.cast(self._effective_kernel(), inputs.dtype))
        outputs = add_bias(outputs, tf.cast(self.bias.value, outputs.dtype))
        return outputs if self.slope is None else tf.nn.leaky_relu(outputs, self.slope)

    def _initialize(self, inputs: tf.Tensor) -> None:
        """Sets gain s / std(t) and bias -mean(t) s / std(t), t the map by the unit kernel."""
        outputs = tf.cast(
            self._linear(inputs, tf.cast(self._unit_kernel(), inputs.dtype)), tf.float32
        )
        mean, variance = tf.nn.moments(outputs, list(range(len(outputs.shape) - 1)))
        # 1e-10: a unit that is constant on the data keeps a finite gain.
        scale = self.initial_scale * tf.math.rsqrt(variance + 1e-10)
        self.gain.assign(scale)
        self.bias.assign(-mean * scale)

    def _unit_kernel(self) -> tf.Tensor:
        """V / ||v|| per output unit, float32."""
        v = self.kernel.value
        axes = [axis for axis in range(v.shape.rank) if axis != v.shape.rank + self._unit_axis]
        return v * tf.math.rsqrt(1e-6 + tf.reduce_sum(tf.square(v), axes, keepdims=True))

    def _effective_kernel(self) -> tf.Tensor:
        if not self.weight_norm:
            return self.kernel.value
        shape = [self.units] + [1] * (-1 - self._unit_axis)
        return self._unit_kernel() * tf.reshape(self.gain.value, shape)

    def _linear(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        raise AssertionError("a subclass says how the kernel acts")


class Dense(_WeightNormalized):
    """Weight-normalized fully connected layer: [batch, in] -> [batch, units]."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [in, units], gain and bias [units]."""
        self._add_weights((input_shape[-1], self.units))

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """[batch, units]."""
        return (*input_shape[:-1], self.units)

    def _linear(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.matmul(inputs, kernel)


class Conv(_WeightNormalized):
    """Weight-normalized convolution: [batch, h, w, in] -> [batch, h', w', units]."""

    def __init__(self, units: int, size: int, stride: int = 1, padding: str = "SAME", **kwargs):
        """Describes the layer.

        Args:
            units: Output channels.
            size: Height and width of the kernel.
            stride: Step in both directions.
            padding: "SAME" or "VALID".
            **kwargs: As for any weight-normalized layer: slope, weight_norm, initial_scale.
        """
        super().__init__(units, **kwargs)
        self.size = size
        self.stride = stride
        self.padding = padding

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [size, size, in, units], gain and bias [units]."""
        self._add_weights((self.size, self.size, input_shape[-1], self.units))

    def _linear(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(inputs, kernel, self.stride, self.padding)


class ConvTranspose(_WeightNormalized):
    """Weight-normalized transposed convolution that doubles the image: SAME, stride 2."""

    _unit_axis = -2

    def __init__(self, units: int, size: int, **kwargs):
        """Describes the layer.

        Args:
            units: Output channels.
            size: Height and width of the kernel.
            **kwargs: As for any weight-normalized layer.
        """
        super().__init__(units, **kwargs)
        self.size = size

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [size, size, units, in], gain and bias [units]."""
        self._add_weights((self.size, self.size, self.units, input_shape[-1]))

    def _linear(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        batch, height, width = tf.shape(inputs)[0], inputs.shape[1], inputs.shape[2]
        shape = tf.stack([batch, 2 * height, 2 * width, self.units])
        return tf.nn.conv2d_transpose(inputs, kernel, shape, 2, "SAME")


class BatchNorm(keras.layers.Layer):
    """Batch normalization over the global batch, with a shift, and with a scale if asked for.

    Keras' layer keeps other moving statistics on every replica unless told to synchronize, and
    has no mode that normalizes with the batch without recording (see `frozen_statistics`). Where
    the layers that follow are linear up to a positive factor, a scale changes nothing.
    """

    def __init__(
        self, momentum: float = 0.9, epsilon: float = 1e-5, scaled: bool = False, **kwargs
    ):
        """Describes the layer.

        Args:
            momentum: Decay of the moving statistics.
            epsilon: Added to the variance.
            scaled: With a scale, which starts from 1: scale normalized + shift.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        self.scaled = scaled

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes scale, shift, moving mean and moving variance, each [channels]."""

        def weight(name: str, initializer: str, trainable: bool) -> keras.Variable:
            return self.add_weight(
                shape=(input_shape[-1],),
                initializer=initializer,
                trainable=trainable,
                name=name,
                autocast=False,
            )

        if self.scaled:
            self.scale = weight("scale", "ones", True)
        self.shift = weight("shift", "zeros", True)
        self.moving_mean = weight("moving_mean", "zeros", False)
        self.moving_variance = weight("moving_variance", "ones", False)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalizes [batch, ..., channels] per channel, in float32."""
        if not training:
            mean, variance = self.moving_mean.value, self.moving_variance.value
            return self._normalized(inputs, mean, variance)
        fused = replicas.count() == 1 and inputs.shape.rank == 4
        outputs, mean, variance = (self._fused if fused else self._together)(inputs)
        if not statistics_are_frozen() and not getattr(_LOCAL, "initializing", False):
            self._record(mean, variance)
        return outputs

    def affine(self) -> tuple[tf.Tensor, tf.Tensor]:
        """What the normalized values are multiplied by and what is added then, [channels] each."""
        shift = self.shift.value
        return (self.scale.value if self.scaled else tf.ones_like(shift)), shift

    def _fused(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One operation: on 2 cores, 12 ms instead of 29 for 6.6 million values and back."""
        scale, offset = self.affine()
        outputs, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=scale, offset=offset, mean=[], variance=[], epsilon=self.epsilon
        )
        values = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        return outputs, mean, unbiased * (values - 1.0) / values

    def _together(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """By the statistics of all replicas' rows."""
        x = tf.cast(inputs, tf.float32)
        axes = list(range(x.shape.rank - 1))
        mean = replicas.mean(tf.reduce_mean(x, axes))
        variance = replicas.mean(tf.reduce_mean(tf.square(x - mean), axes))
        return self._normalized(inputs, mean, variance), mean, variance

    def _normalized(self, inputs: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
        scale, offset = self.affine()
        factor = scale * tf.math.rsqrt(variance + self.epsilon)
        outputs = (tf.cast(inputs, tf.float32) - mean) * factor + offset
        return tf.cast(outputs, inputs.dtype)

    def _record(self, mean: tf.Tensor, variance: tf.Tensor) -> None:
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(self.momentum * moving + (1.0 - self.momentum) * value)


class Standardize(keras.layers.Layer):
    """Images in [-1, 1] to mean 0 and deviation 1 a channel, with the data set's statistics."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], **kwargs):
        """Describes the layer.

        Args:
            mean: Mean of intensities in [0, 1], of each channel, or one for all.
            std: Their standard deviation.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.mean = tuple(mean)
        # Images of one color each have no deviation to divide by.
        self.std = tuple(max(value, 1 / 255) for value in std)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, channels] to the same shape."""
        mean, std = (tf.constant(value, inputs.dtype) for value in (self.mean, self.std))
        return (0.5 * inputs + (0.5 - mean)) / std


class SqueezeExcite(keras.layers.Layer):
    """Rescales each channel by a gate computed from all channel means.

    s = sigmoid(W2 relu(W1 z)), z the mean of each channel over the image, no biases
    (Hu et al. 2018, as in Jiang et al. 2019, section 2.1).
    """

    def __init__(self, reduction: int = 16, **kwargs):
        """Describes the layer.

        Args:
            reduction: The gate's hidden layer has channels / reduction units, at least one.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes W1 [channels, channels / reduction] and W2 the other way round."""
        channels = input_shape[-1]
        hidden = max(1, channels // self.reduction)
        self.squeeze = self.add_weight(shape=(channels, hidden), name="squeeze")
        self.excite = self.add_weight(shape=(hidden, channels), name="excite")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, channels] to the same shape."""
        means = tf.reduce_mean(inputs, [1, 2])
        hidden = tf.nn.relu(tf.matmul(means, tf.convert_to_tensor(self.squeeze)))
        gate = tf.sigmoid(tf.matmul(hidden, tf.convert_to_tensor(self.excite)))
        return inputs * gate[:, tf.newaxis, tf.newaxis, :]


class Dropout(keras.layers.Layer):
    """Dropout that compares one random byte a value with a threshold.

    The rate is rounded to 1/256 and the survivors are scaled by the rounded rate, so the
    expectation is exact. Keras' layer draws a float a value and costs as much as a convolution.
    """

    def __init__(self, rate: float, **kwargs):
        """Describes the layer.

        Args:
            rate: Share of values set to 0, in [0, 1).
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.threshold = round(256 * rate)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape; the identity outside of training."""
        if not training or self.threshold == 0:
            return inputs
        bits = draws.current().bytes(*inputs.shape)
        scale = tf.constant(256.0 / (256 - self.threshold), inputs.dtype)
        return inputs * (tf.cast(bits >= self.threshold, inputs.dtype) * scale)


class GaussianNoise(keras.layers.Layer):
    """Adds N(0, deviation^2) to every value in training; the identity otherwise."""

    def __init__(self, deviation: float, **kwargs):
        """Describes the layer.

        Args:
            deviation: Standard deviation, in the unit of the inputs.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.deviation = deviation

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape."""
        if not training or self.deviation == 0:
            return inputs
        noise = self.deviation * draws.current().normal(*inputs.shape)
        return inputs + tf.cast(noise, inputs.dtype)


def add_bias(x: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """X [batch, ..., units] + bias [units]; in the form whose gradient is the fast one.

    For 26 million values on 2 cores, `bias_add`'s took 2 ms in float32 against 7 by a sum, and 18
    in bfloat16 against 6.
    """
    return tf.nn.bias_add(x, bias) if x.dtype == tf.float32 else x + bias


@contextlib.contextmanager
def _flag(name: str) -> Iterator[None]:
    before = getattr(_LOCAL, name, False)
    setattr(_LOCAL, name, True)
    try:
        yield
    finally:
        setattr(_LOCAL, name, before)
