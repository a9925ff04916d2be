"""Weight normalization with data-dependent initialization."""

import math

import keras
import tensorflow as tf

from tf_ssgan.nn import activations, weights
from tf_ssgan.nn.layers import pass_modes


def initialize_from_data(network: keras.Model, inputs: tf.Tensor) -> None:
    """Sets gains and biases of weight-normalized layers from data, layer by layer.

    One eager forward pass, in which the pre-activations of each layer get mean 0 and the layer's
    initial scale as standard deviation (Salimans and Kingma 2016, section 3). Dropout and noise act
    as in training, as in the public code of Salimans et al. (2016). Without noise, units that
    respond only to the weak high frequencies of images would get gains that amplify the noise
    later. Call it outside of `tf.function`, before training, in the context `step_random.at`.

    Args:
        network: The network.
        inputs: [examples, ...], some hundred inputs of the network, scaled as in training.
    """
    with pass_modes.initialization():
        network(inputs, training=True)


class _WeightNormalized(keras.layers.Layer):
    """A linear map whose kernel is g v / ||v|| per output unit, a bias, and a leaky ReLU.

    Salimans and Kingma (2016), equation 2, with 1e-6 added inside the root as in the public code of
    Salimans et al. (2016). Keras 3 has no such layer.
    """

    _unit_axis = -1

    def __init__(
        self,
        units: int,
        slope: float | None = None,
        weight_norm: bool = True,
        initial_scale: float = 1.0,
        bias: bool = True,
        initial: str | float = "glorot_uniform",
        **kwargs,
    ):
        """Describes the layer.

        Args:
            units: Output channels.
            slope: Negative slope of the leaky ReLU; None for none.
            weight_norm: Whether the kernel is normalized; if not, it is a plain layer.
            initial_scale: Standard deviation of the pre-activations after `initialize_from_data`.
            bias: Whether there is a bias; a normalization layer that follows has its own.
            initial: Initial values of the kernel: "torch_uniform", an initializer of Keras, or the
                standard deviation of normal ones. The length of a normalized kernel counts too:
                steps turn a longer one less.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.units = units
        self.slope = slope
        self.weight_norm = weight_norm
        self.initial_scale = initial_scale
        self.with_bias = bias
        self.initial = initial

    def _add_weights(self, kernel_shape: tuple[int, ...]) -> None:
        # Without a seed, because Method sets the global seed before it builds its networks.
        initial = self.initial
        if initial == "torch_uniform":
            initial = weights.torch_uniform(math.prod(kernel_shape) // self.units)
        elif isinstance(initial, float):
            initial = keras.initializers.RandomNormal(stddev=initial)
        self.kernel = self.add_weight(
            shape=kernel_shape, initializer=initial, name="kernel", autocast=False
        )
        if self.weight_norm:
            self.gain = self.add_weight(
                shape=(self.units,), initializer="ones", name="gain", autocast=False
            )
        if self.with_bias:
            self.bias = self.add_weight(
                shape=(self.units,), initializer="zeros", name="bias", autocast=False
            )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ..., channels] to [batch, ..., units]."""
        if self.weight_norm and pass_modes.is_initializing():
            self._initialize(inputs)
        outputs = self._linear(inputs, tf.cast(self._effective_kernel(), inputs.dtype))
        if self.with_bias:
            outputs = weights.add_bias(outputs, tf.cast(self.bias.value, outputs.dtype))
        if self.slope is None:
            return outputs
        return activations.leaky_relu(outputs, self.slope, training)

    def _initialize(self, inputs: tf.Tensor) -> None:
        """Sets gain s / std(t) and bias -mean(t) s / std(t); t are the outputs of v / ||v||."""
        outputs = tf.cast(
            self._linear(inputs, tf.cast(self._unit_kernel(), inputs.dtype)), tf.float32
        )
        mean, variance = tf.nn.moments(outputs, list(range(len(outputs.shape) - 1)))
        # 1e-10 keeps the gain of a unit finite that is constant on the data.
        scale = self.initial_scale * tf.math.rsqrt(variance + 1e-10)
        self.gain.assign(scale)
        if self.with_bias:
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
        raise NotImplementedError("a subclass applies the kernel")


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
            stride: Stride in both directions.
            padding: "SAME" or "VALID".
            **kwargs: Arguments of all weight-normalized layers: slope, weight_norm, initial_scale.
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
    """Weight-normalized transposed convolution, SAME, stride 2: it doubles height and width."""

    _unit_axis = -2

    def __init__(self, units: int, size: int, **kwargs):
        """Describes the layer.

        Args:
            units: Output channels.
            size: Height and width of the kernel.
            **kwargs: Arguments of all weight-normalized layers.
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
