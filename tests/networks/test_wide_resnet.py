"""Wide residual networks: parameter counts, maps, and the differences of the two forms."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.common import errors
from tf_ssgan.core.task import Task
from tf_ssgan.networks import wide_resnet
from tf_ssgan.nn import layers, precision, weights

FORMS = pytest.mark.parametrize("form", ["leaky", "plain"])


def task(size=32, channels=3, classes=10):
    return Task(classes, size, size, channels, 10, 100, 10, 10)


@functools.cache
def large(form):
    """WRN-28-2."""
    keras.utils.set_random_seed(0)
    return wide_resnet.classifier(task(), form=form)


@functools.cache
def small(form, attention=False):
    keras.utils.set_random_seed(0)
    build = wide_resnet.attention_classifier if attention else wide_resnet.classifier
    return build(task(8, 1, 3), 10, 4, form)


def batch_norms(network):
    return [layer for layer in network.layers if isinstance(layer, layers.BatchNorm)]


def convolutions(network, size):
    layers_2d = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    return [layer for layer in layers_2d if layer.kernel_size == (size, size)]


def images(count=2, size=8):
    return tf.random.stateless_uniform([count, size, size, 1], [1, 1], -1.0, 1.0)


def test_the_published_parameter_counts():
    assert weights.parameter_count(large("plain")) == 1_467_610
    assert weights.parameter_count(large("leaky")) == 1_469_642
    hundred = wide_resnet.classifier(task(classes=100), form="plain")
    assert weights.parameter_count(hundred) == 1_467_610 + 90 * 129 == 1_479_220


def test_the_parameters_of_attention():
    """A conv1 with bias and a norm for each map; the last norm, 2 x 128, only on request."""
    two = weights.parameter_count(wide_resnet.attention_classifier(task()))
    assert two == 1_467_610 - 256 + 2 * (129 + 2)
    network = wide_resnet.attention_classifier(task(), maps=4, normalize_map=True)
    four = weights.parameter_count(network)
    assert four == 1_467_610 + 4 * (129 + 2)


@FORMS
def test_its_last_map(form):
    _, x = wide_resnet.last_feature_map(task(), 28, 32, form)
    assert x.shape[1:] == (8, 8, 128)


@pytest.mark.parametrize(
    ("form", "momentum", "epsilon", "slope"),
    [("leaky", 0.999, 1e-3, 0.1), ("plain", 0.9, 1e-5, 0.0)],
)
def test_norm_and_activation_of_each_form(form, momentum, epsilon, slope):
    norms = batch_norms(large(form))
    assert {(one.momentum, one.epsilon, one.scaled) for one in norms} == {(momentum, epsilon, True)}
    assert len(norms) == 25
    slopes = [x.slope for x in large(form).layers if isinstance(x, layers.LeakyReLU)]
    assert len(slopes) == 25 and slopes == pytest.approx([slope] * 25)


@pytest.mark.parametrize(("form", "biased"), [("leaky", True), ("plain", False)])
def test_only_the_leaky_form_has_biases_in_its_convolutions(form, biased):
    use_bias = [x.use_bias for size in (1, 3) for x in convolutions(large(form), size)]
    assert use_bias == [biased] * 28


@pytest.mark.parametrize(
    ("form", "expected"),
    [("leaky", ["LeakyReLU", "Add", "Add"]), ("plain", ["LeakyReLU"] * 3)],
)
def test_the_inputs_of_the_shortcuts(form, expected):
    """Those of stride 2 see every second pixel."""
    inputs = [x.input._keras_history.operation for x in convolutions(large(form), 1)]
    pooled = [isinstance(layer, keras.layers.AveragePooling2D) for layer in inputs]
    assert pooled == [False, True, True]
    inputs[1:] = [layer.input._keras_history.operation for layer in inputs[1:]]
    assert [type(layer).__name__ for layer in inputs] == expected


@pytest.mark.parametrize(
    ("form", "corners"), [("plain", [[4, 6], [6, 9]]), ("leaky", [[9, 6], [6, 4]])]
)
def test_the_padding_of_a_strided_convolution(form, corners):
    """A kernel of ones on an image of ones counts pixels. PyTorch pads on all sides."""
    x = keras.Input((4, 4, 1))
    network = keras.Model(x, wide_resnet._conv(x, 1, 3, 2, form, None))
    (layer,) = convolutions(network, 3)
    layer.kernel.assign(tf.ones([3, 3, 1, 1]))
    np.testing.assert_array_equal(network(tf.ones([1, 4, 4, 1]))[0, ..., 0], corners)


@FORMS
@pytest.mark.parametrize(
    ("size", "last"),
    [(8, 2), (9, 3), (12, 3), (15, 4), (28, 7), (32, 8), (48, 12), (49, 7), (96, 12), (97, 7)]
    + [(128, 8)],
)
def test_the_last_map_of_other_sizes(form, size, last):
    _, x = wide_resnet.last_feature_map(task(size), 10, 2, form)
    assert x.shape[1:] == (last, last, 8)


@pytest.mark.parametrize("depth", [4, 11, 12, 27, 29])
def test_depths_other_than_6n_plus_4_are_refused(depth):
    with pytest.raises(errors.UserError, match=f"--depth={depth}: .* 10, 16, 22, 28, .*6 n"):
        wide_resnet.classifier(task(), depth)


@FORMS
def test_the_standard_deviation_of_initial_kernels(form):
    for layer in convolutions(large(form), 3):
        expected = math.sqrt(2 / (9 * layer.filters))
        assert float(tf.math.reduce_std(layer.kernel.value)) == pytest.approx(expected, rel=0.15)
        assert abs(float(tf.reduce_mean(layer.kernel.value))) < 0.15 * expected


def test_the_initial_kernels_of_the_last_layers():
    plain = large("plain").get_layer("logits").kernel.numpy()
    assert 0.9 / math.sqrt(128) < np.abs(plain).max() <= 1 / math.sqrt(128)
    leaky = large("leaky").get_layer("logits").kernel.numpy()
    assert leaky.std() == pytest.approx(math.sqrt(2 / (128 + 10)), rel=0.1)


@FORMS
def test_the_bias_of_the_last_layer_starts_from_zero(form):
    np.testing.assert_array_equal(large(form).get_layer("logits").bias, np.zeros(10))


@FORMS
def test_attention_and_the_layer_after_it_start_as_in_pytorch(form):
    keras.utils.set_random_seed(0)
    network = wide_resnet.attention_classifier(task(classes=100), 10, 32, form, maps=100)
    attention = [x for x in convolutions(network, 1) if x.filters == 100]
    for layer in [*attention, network.get_layer("logits")]:
        for values in (layer.kernel, layer.bias):
            initial_values.check_torch_uniform(values, 128)
    assert len(attention) == 1


@FORMS
def test_its_outputs(form):
    outputs = small(form)(images())
    assert {k: tuple(v.shape) for k, v in outputs.items()} == {
        "features": (2, 16),
        "logits": (2, 3),
    }
    assert all(value.dtype == tf.float32 for value in outputs.values())


def test_attention_weights_the_positions_of_the_map():
    network = small("plain", attention=True)
    feature_map = [x for x in network.layers if "add" in x.name][-1].output
    outputs = network(images())
    last = keras.Model(network.input, feature_map)(images()).numpy().reshape(2, 4, 16)
    attention = outputs["attention"].numpy()
    assert attention.shape == (2, 4) and attention.min() >= 0 and attention.max() > 0
    expected = (last * attention[..., None]).mean(1)
    np.testing.assert_allclose(outputs["features"], expected, rtol=1e-4, atol=1e-5)


@FORMS
@pytest.mark.parametrize("attention", [False, True])
def test_gradients_reach_every_weight(form, attention):
    network = small(form, attention)
    with tf.GradientTape() as tape:
        logits = network(images(8), training=True)["logits"]
        loss = tf.reduce_mean(logits * tf.random.stateless_normal([8, 3], [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(
        network.trainable_variables, tape.gradient(loss, variables), strict=True
    ):
        assert gradient is not None and np.any(gradient), variable.path


def test_the_whole_network_can_be_in_float32_in_any_precision():
    with precision.policy("mixed_bfloat16"):
        in_float32 = [
            build(task(8, 1), 10, 2, "plain", dtype="float32")
            for build in (wide_resnet.classifier, wide_resnet.attention_classifier)
        ]
        in_bfloat16 = wide_resnet.classifier(task(8, 1), 10, 2, "plain")
    for network in in_float32:
        _, *layers_after_input = network.layers
        assert {layer.compute_dtype for layer in layers_after_input} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in in_bfloat16.layers}
    assert in_bfloat16(images())["logits"].dtype == tf.float32
