"""Layers whose weights are settled once, before the first step, and moved by no step."""

from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np

Blocks = Callable[[], Iterator[np.ndarray]]


class FixedLayer(keras.layers.Layer):
    """A layer whose weights no step moves; a network and its averages have the same one."""

    def settle(self, blocks: Iterable[np.ndarray]) -> None:
        """Sets the weights.

        Args:
            blocks: What the layers before make of all images, float32 [some, ...] each.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define settle()")


def settle_fixed_layers(networks: Iterable[keras.Model], images: Blocks) -> None:
    """Settles the fixed layers of networks, each once, those before another one first.

    Args:
        networks: Functional networks, whose input are images.
        images: Gives all images, in blocks [some, h, w, c]; called for each fixed layer.

    Raises:
        ValueError: A fixed layer is in a network within a network, whose input is not known.
    """
    settled: set[int] = set()
    for network in networks:
        for layer in network.layers:
            if isinstance(layer, keras.Model) and any(_fixed(layer)):
                raise ValueError(f"{network.name} has fixed layers in its part {layer.name}")
        for layer in _fixed(network):
            if id(layer) not in settled:
                before = keras.Model(network.input, layer.input)
                layer.settle(np.asarray(before(block)) for block in images())
                settled.add(id(layer))


def _fixed(network: keras.Model) -> Iterator[FixedLayer]:
    """The fixed layers of a network, in the order in which they are applied."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _fixed(layer)
        elif isinstance(layer, FixedLayer):
            yield layer
