"""The simple critic: maps, biases, float32 in any precision, and frozen statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.core.task import Task
from tf_ssgan.networks import wsgan_critic
from tf_ssgan.nn import layers, losses, precision, weights


def built(size=28, channels=1, classes=10, width=None):
    keras.utils.set_random_seed(0)
    return wsgan_critic.critic(Task(classes, size, width or size, channels, 10, 100, 10, 10))


@pytest.fixture(scope="module")
def critic():
    return built()


def maps(network):
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, layers.SpectralConv)]


def images(size=28, channels=1, count=4):
    return tf.random.stateless_uniform([count, size, size, channels], [1, 1], -1.0, 1.0)


def test_the_maps_of_the_table(critic):
    assert maps(critic) == [(13, 13, 8), (5, 5, 16), (1, 1, 32), (1, 1, 64)]
    outputs = critic(images())
    assert (outputs["logits"].shape, outputs["source"].shape) == ((4, 10), (4, 1))


def test_the_parameters_by_hand(critic):
    kernels = 16 * (1 * 8 + 8 * 16 + 16 * 32) + 32 * 64
    norms = 2 * (8 + 16 + 32 + 64)
    assert weights.parameter_count(critic) == kernels + norms + 64 * 10 + 10 + 64


def test_only_the_class_logits_have_a_bias(critic):
    assert not critic.get_layer("source").use_bias
    assert critic.get_layer("logits").use_bias
    paths = [v.path for v in critic.trainable_variables if v.name == "bias"]
    assert paths == ["logits/bias"]


@pytest.mark.parametrize(
    ("size", "channels", "expected"),
    [
        (8, 1, [4, 2, 1, 1]),
        (21, 3, [11, 6, 3, 3]),  # With padding.
        (22, 3, [10, 4, 1, 1]),  # Without padding.
        (64, 3, [31, 14, 6, 6]),
    ],
)
def test_other_sizes(size, channels, expected):
    network = built(size, channels, 3)
    assert [shape[0] for shape in maps(network)] == expected
    assert network(images(size, channels))["logits"].shape == (4, 3)


def test_it_is_in_float32_in_any_precision():
    with precision.policy("mixed_bfloat16"):
        network = built(8)
    assert {x.compute_dtype for x in network.layers[1:]} == {"float32"}
    np.testing.assert_array_equal(network(images(8))["source"], built(8)(images(8))["source"])


def test_a_frozen_pass_and_a_penalty_change_no_variable():
    network, x = built(8), images(8)
    before = [v.numpy() for v in network.variables]

    def score(between):
        with layers.frozen_statistics():
            return network(between, training=True)["source"]

    with tf.GradientTape() as tape:
        penalty = losses.gradient_penalty(score, x, -x, tf.fill([4, 1, 1, 1], 0.3))
    kernels = [v.value for v in network.trainable_variables if v.name == "kernel"]
    gradients = dict(zip([v.path for v in network.trainable_variables if v.name == "kernel"],
                         tape.gradient(penalty, kernels), strict=True))  # fmt: skip
    assert gradients.pop("logits/kernel") is None  # The penalty is on the source.
    assert all(np.any(value) and np.all(np.isfinite(value)) for value in gradients.values())
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    network(x, training=True)
    moved = {v.name for v, old in zip(network.variables, before, strict=True)
             if not np.array_equal(v, old)}  # fmt: skip
    assert moved == {"direction", "moving_mean", "moving_variance"}


def test_its_dense_layers_start_as_in_pytorch(critic):
    logits = critic.get_layer("logits")
    for values in (logits.kernel, logits.bias, critic.get_layer("source").kernel):
        initial_values.check_torch_uniform(values, 64)
