"""The linear maps compute what their layers compute."""

import keras
import numpy as np
import pytest

LAYERS = {
    "conv": keras.layers.Conv2D(3, 3, 2, "same", use_bias=False),
    "conv without padding": keras.layers.Conv2D(3, 2, use_bias=False),
    "transposed": keras.layers.Conv2DTranspose(3, 4, 2, "same", use_bias=False),
    "transposed without padding": keras.layers.Conv2DTranspose(3, 2, use_bias=False),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_map_gives_the_output_of_its_layer(benchmarks, kind):
    inputs = keras.Input((4, 4, 2))
    network = keras.Model(inputs, LAYERS[kind](inputs))
    (linear,) = benchmarks("linear").linear_maps(network, "D")
    assert linear.name == f"D {LAYERS[kind].name}" and kind.startswith(linear.kind)
    images = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype(np.float32)
    outputs = linear(images, LAYERS[kind].kernel.value)
    np.testing.assert_allclose(outputs, network(images), rtol=1e-5, atol=1e-6)


def test_layers_without_a_kernel_have_no_map(benchmarks):
    inputs = keras.Input((4, 4, 2))
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization()(inputs))
    network = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(hidden)))
    (dense,) = benchmarks("linear").linear_maps(network, "D")
    assert (dense.kind, dense.inputs, dense.kernel) == ("dense", (32,), (32, 3))


def test_an_unknown_layer_with_a_kernel_is_refused(benchmarks):
    inputs = keras.Input((4, 2))
    network = keras.Model(inputs, keras.layers.Conv1D(3, 2)(inputs))
    with pytest.raises(TypeError, match="has a kernel and is of unknown class"):
        benchmarks("linear").linear_maps(network, "D")
