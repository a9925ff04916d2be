"""Settling fixed layers: each once, from what the layers before make of all images."""

import keras
import numpy as np
import pytest

from tf_ssgan.nn import layers


class Offset(layers.FixedLayer):
    """Subtracts the mean over all images."""

    def build(self, input_shape):
        self.mean = self.add_weight(shape=(), initializer="zeros", trainable=False, name="mean")
        self.settlings = 0

    def call(self, inputs):
        return inputs - self.mean.value

    def settle(self, blocks):
        self.settlings += 1
        self.mean.assign(np.concatenate(list(blocks)).mean())


IMAGES = np.arange(6, dtype=np.float32).reshape(6, 1)  # their mean is 2.5


def blocks():
    return iter(np.array_split(IMAGES, 4))


@pytest.mark.filterwarnings("error")
def test_each_layer_is_settled_once_behind_those_before_it():
    first, second = Offset(), Offset()
    x = keras.Input((1,), name="images")
    shared = first(x)
    one = keras.Model(x, second(keras.ops.square(shared)))
    other = keras.Model(x, shared)
    layers.settle_fixed_layers([one, other], blocks)
    assert float(first.mean) == 2.5 and first.settlings == second.settlings == 1
    assert float(second.mean) == pytest.approx(np.square(IMAGES - 2.5).mean())


def test_networks_without_fixed_layers_read_no_images():
    x = keras.Input((1,))
    layers.settle_fixed_layers([keras.Model(x, keras.layers.Dense(1)(x))], None)


def test_a_fixed_layer_in_a_nested_network_is_refused():
    x, y = keras.Input((1,)), keras.Input((1,))
    inner = keras.Model(x, Offset()(x), name="inner")
    outer = keras.Model(y, inner(keras.layers.Dense(1)(y)), name="outer")
    with pytest.raises(ValueError, match="outer has fixed layers in its part inner"):
        layers.settle_fixed_layers([outer], blocks)


def test_a_layer_must_say_how_it_is_settled():
    with pytest.raises(NotImplementedError, match="FixedLayer does not define settle"):
        layers.FixedLayer().settle([])
