"""The time that a step's linear maps take alone, which no step can be faster than.

The convolutions, transposed convolutions and dense maps are read off the networks that ours
trains, so the table follows any width. Each is timed alone, in the number format of its layer, at
the batch size that the step uses: forward, gradient by its input, gradient by its kernel, as often
as the step needs them. The time of an empty call is taken off. At toy size a map takes less than
the call, so the sum means nothing there; nor does it on a machine that is busy with other work.

    D step   D on all batches concatenated: forward, both gradients; the first layer's input is
             data. A forward pass of G makes the generated images.
    G step   G and D forward; gradients by D's inputs alone; both gradients in G, whose first
             layer's input is data.
"""

import dataclasses
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import common
import keras
import ours
import tensorflow as tf

from tf_ssgan import layers, precision

FORWARD, BY_INPUT, BY_KERNEL = "forward", "input gradient", "kernel gradient"


@dataclasses.dataclass(frozen=True)
class Linear:
    """A linear map of a network.

    Attributes:
        name: Network and layer.
        kind: "conv", "transposed" or "dense".
        inputs: Shape of an input, without the batch.
        kernel: Shape of the kernel.
        dtype: What the layer computes in.
        stride: Of a convolution.
        padding: Of a convolution.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    kernel: tuple[int, ...]
    dtype: str
    stride: int = 1
    padding: str = "SAME"

    def __call__(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Applies the map to a batch."""
        if self.kind == "dense":
            return tf.matmul(x, kernel)
        if self.kind == "conv":
            return tf.nn.conv2d(x, kernel, self.stride, self.padding)
        height, width = (self.stride * size for size in self.inputs[:2])
        shape = [x.shape[0], height, width, self.kernel[2]]
        return tf.nn.conv2d_transpose(x, kernel, shape, self.stride, self.padding)


@dataclasses.dataclass(frozen=True)
class Use:
    """A pass of a linear map in a step."""

    linear: Linear
    batch: int
    direction: str


def measure(name: str, size: common.Size, repeats: int) -> dict[str, Any]:
    """Times every linear map of a method's step.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Calls that count, of each map and direction.

    Returns:
        The sum of the medians as the only entry of "seconds", the number format, and the
        layers of the step with the time of each.
    """
    made = ours.build(name, size)
    needed = uses(ours.networks(made), common.STEPS[name], size.batch)
    medians = {use: _median(use, repeats) for use in dict.fromkeys(needed)}
    table = [
        {**dataclasses.asdict(use.linear), "batch": use.batch, "direction": use.direction,
         "times": needed.count(use), "seconds": median}
        for use, median in medians.items()
    ]  # fmt: skip
    return {
        "seconds": [sum(row["times"] * row["seconds"] for row in table)],
        "format": precision.resolve("auto"),
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "layers": table,
    }


def uses(networks: dict[str, keras.Model], step: common.Step, batch: int) -> list[Use]:
    """The layers of the step: every pass of every linear map, in order."""
    d = linear_maps(networks["discriminator"], "D")
    needed = list(_passes(d, step.batches * batch, FORWARD, BY_INPUT, BY_KERNEL))
    if step.adversarial:
        g = linear_maps(networks["generator"], "G")
        needed += _passes(g, batch, FORWARD)
        needed += _passes(d, batch, FORWARD)
        needed += [Use(linear, batch, BY_INPUT) for linear in d]
        needed += _passes(g, batch, FORWARD, BY_INPUT, BY_KERNEL)
    return needed


def linear_maps(network: keras.Model, prefix: str) -> list[Linear]:
    """The linear maps of a network, from its input to its output."""
    return [found for layer in network.layers for found in _linear_maps(layer, prefix)]


def _linear_maps(layer: keras.layers.Layer, prefix: str) -> Iterator[Linear]:
    """Those of a layer; none for most.

    Raises:
        TypeError: The layer has a kernel, and it is not known how the kernel acts.
    """
    known = {"name": f"{prefix} {layer.name}", "dtype": layer.compute_dtype}
    if isinstance(layer, layers.SqueezeExcite):
        for weight in (layer.squeeze, layer.excite):
            shape = tuple(weight.shape)
            yield Linear(kind="dense", inputs=shape[:1], kernel=shape, **known)
    elif hasattr(layer, "kernel"):
        known |= {"inputs": tuple(layer.input.shape[1:]), "kernel": tuple(layer.kernel.shape)}
        yield Linear(**_action(layer), **known)


def _action(layer: keras.layers.Layer) -> dict[str, Any]:
    """Kind, stride and padding of a layer that has a kernel."""
    match layer:
        case layers.Dense() | keras.layers.Dense():
            return {"kind": "dense"}
        case layers.Conv():
            return {"kind": "conv", "stride": layer.stride, "padding": layer.padding}
        case layers.ConvTranspose():
            return {"kind": "transposed", "stride": 2}
        case keras.layers.Conv2DTranspose():
            padding = layer.padding.upper()
            return {"kind": "transposed", "stride": layer.strides[0], "padding": padding}
    raise TypeError(f"how does the kernel of {layer.name}, a {type(layer).__name__}, act?")


def _passes(maps: list[Linear], batch: int, *directions: str) -> Iterator[Use]:
    """Passes through a network whose input is data: its first layer has no input gradient."""
    for i, linear in enumerate(maps):
        for direction in directions:
            if i > 0 or direction != BY_INPUT:
                yield Use(linear, batch, direction)


def _median(use: Use, repeats: int) -> float:
    """Seconds of one pass of one map, beyond those of an empty call with the same arguments."""
    linear = use.linear
    x = _random(use.batch, *linear.inputs, dtype=linear.dtype)
    kernel = _random(*linear.kernel, dtype=linear.dtype)
    upstream = _random(*linear(x, kernel).shape, dtype=linear.dtype)

    @tf.function
    def run(x: tf.Tensor, kernel: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        if use.direction == FORWARD:
            return linear(x, kernel)
        source = x if use.direction == BY_INPUT else kernel
        with tf.GradientTape() as tape:
            tape.watch(source)
            outputs = linear(x, kernel)
        # The forward pass is not needed by a linear map's gradient, and pruned from the graph.
        return tape.gradient(outputs, source, upstream)

    @tf.function
    def empty(x: tf.Tensor, kernel: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        return kernel

    def median(function: Callable[..., tf.Tensor]) -> float:
        def step() -> None:
            function(x, kernel, upstream)
            tf.test.experimental.sync_devices()

        return statistics.median(common.timed(step, repeats))

    return max(0.0, median(run) - median(empty))


def _random(*shape: int, dtype: str) -> tf.Tensor:
    return tf.cast(tf.random.normal(shape), dtype)
