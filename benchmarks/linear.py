"""The linear maps of networks: convolutions, transposed convolutions, and dense maps.

A map is what its layer alone computes: its input includes the padding of a `ZeroPadding2D` layer
before it, and its output the edges that a `Cropping2D` layer after it removes.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_ssgan.nn import layers

FORWARD, BY_INPUT, BY_KERNEL = "forward", "input gradient", "kernel gradient"


@dataclasses.dataclass(frozen=True)
class LinearMap:
    """A linear map of a network.

    Attributes:
        name: Names of network and layer.
        kind: "conv", "transposed" or "dense".
        inputs: Shape of the input, without the batch.
        kernel: Shape of the kernel.
        dtype: Number format in which the layer computes.
        stride: Stride of a convolution.
        padding: Padding of a convolution, "SAME" or "VALID".
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
        sides = [
            self._output_side(*pair) for pair in zip(self.inputs, self.kernel[:2], strict=False)
        ]
        shape = [x.shape[0], *sides, self.kernel[2]]
        return tf.nn.conv2d_transpose(x, kernel, shape, self.stride, self.padding)

    def _output_side(self, side: int, kernel: int) -> int:
        """Side of the output of a transposed convolution."""
        return self.stride * (side - 1) + (self.stride if self.padding == "SAME" else kernel)


@dataclasses.dataclass(frozen=True)
class Use:
    """One pass of a linear map in a training step.

    Attributes:
        linear: The map.
        batch: Batch size.
        direction: FORWARD, BY_INPUT or BY_KERNEL.
    """

    linear: LinearMap
    batch: int
    direction: str


def linear_maps(network: keras.Model, prefix: str) -> list[LinearMap]:
    """The linear maps of a network, from its input to its output."""
    return [linear for layer in network.layers for linear in _linear_maps(layer, prefix)]


def _linear_maps(layer: keras.layers.Layer, prefix: str) -> Iterator[LinearMap]:
    """The linear maps of a layer; most layers have none.

    Raises:
        TypeError: The layer has a kernel and is of an unknown class.
    """
    known = {"name": f"{prefix} {layer.name}", "dtype": layer.compute_dtype}
    if isinstance(layer, layers.SqueezeExcite):
        for weight in (layer.squeeze, layer.excite):
            shape = tuple(weight.shape)
            yield LinearMap(kind="dense", inputs=shape[:1], kernel=shape, **known)
    elif hasattr(layer, "kernel"):
        known |= {"inputs": tuple(layer.input.shape[1:]), "kernel": tuple(layer.kernel.shape)}
        yield LinearMap(**_operation(layer), **known)


def _operation(layer: keras.layers.Layer) -> dict[str, Any]:
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
    raise TypeError(f"layer {layer.name} has a kernel and is of unknown class {type(layer)}")
