"""The linear maps of networks: convolutions, transposed ones, and dense maps.

A map is what its layer computes: of an image that `ZeroPadding2D` has enlarged before, and with the
edges that `Cropping2D` takes off after.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_ssgan.nn import layers

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
        sides = [self._grown(*pair) for pair in zip(self.inputs, self.kernel[:2], strict=False)]
        shape = [x.shape[0], *sides, self.kernel[2]]
        return tf.nn.conv2d_transpose(x, kernel, shape, self.stride, self.padding)

    def _grown(self, side: int, kernel: int) -> int:
        """Side of a transposed convolution's output."""
        return self.stride * (side - 1) + (self.stride if self.padding == "SAME" else kernel)


@dataclasses.dataclass(frozen=True)
class Use:
    """A pass of a linear map in a step."""

    linear: Linear
    batch: int
    direction: str


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
        case keras.layers.Conv2D():
            return {"kind": "conv", "stride": layer.strides[0], "padding": layer.padding.upper()}
        case layers.Conv():
            return {"kind": "conv", "stride": layer.stride, "padding": layer.padding}
        case layers.ConvTranspose():
            return {"kind": "transposed", "stride": 2}
        case keras.layers.Conv2DTranspose():
            padding = layer.padding.upper()
            return {"kind": "transposed", "stride": layer.strides[0], "padding": padding}
    raise TypeError(f"how does the kernel of {layer.name}, a {type(layer).__name__}, act?")
