"""AlexNet for small images: maps, parameter counts, heads and other image sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.core.task import Task
from tf_ssgan.networks import alexnet
from tf_ssgan.nn import step_random, weights


def task(height=32, channels=3, classes=10):
    return Task(classes, height, height, channels, 10, 100, 10, 10)


def last_map(network):
    """The map that the heads flatten."""
    return tuple(next(x.input.shape for x in network.layers if "flatten" in x.name)[1:])


def test_the_paper_parameters():
    assert weights.parameter_count(alexnet.classifier(task())) == 23_272_266


def test_the_source_head_has_the_layers_of_the_class_head():
    # At one eighth of the width: 2 x 2 x 32 to 512, 512 to 512, 512 to 1.
    head = (128 * 512 + 512) + (512 * 512 + 512) + (512 + 1)
    plain, both = (alexnet.classifier(task(), 8, source_head) for source_head in (False, True))
    assert weights.parameter_count(both) - weights.parameter_count(plain) == head
    # At the paper's width: 1024 to 4096, 4096 to 4096, 4096 to 1.
    assert 1025 * 4096 + 4097 * 4096 + 4097 == 20_983_809


@pytest.mark.parametrize(
    ("size", "side"), [(32, 2), (28, 3), (16, 2), (8, 2), (12, 3), (64, 4), (128, 8)]
)
def test_no_pooling_ends_under_two_pixels(size, side):
    network = alexnet.classifier(task(size), 4)
    assert last_map(network) == (side, side, 16)
    assert network(tf.zeros([2, size, size, 3]))["logits"].shape == (2, 10)


def test_heads_have_their_shapes():
    network, x = alexnet.classifier(task(8), 4, source_head=True), tf.ones([2, 8, 8, 3])
    shapes = {name: tuple(value.shape) for name, value in network(x).items()}
    assert shapes == {"features": (2, 256), "logits": (2, 10), "source": (2, 1)}


def test_the_source_head_does_not_see_the_class_head():
    network, x = alexnet.classifier(task(8), 4, source_head=True), tf.ones([2, 8, 8, 3])
    before = network(x)["source"].numpy()
    head = network.get_layer("logits")
    head.kernel.assign(head.kernel + 1.0)
    np.testing.assert_array_equal(network(x)["source"], before)


def test_dropout_acts_in_training_only():
    network, x = alexnet.classifier(task(8), 4), tf.ones([2, 8, 8, 3])
    with step_random.at(0, 0):
        one, two = network(x, training=True)["features"], network(x, training=True)["features"]
    assert not np.allclose(one, two)
    np.testing.assert_array_equal(network(x)["logits"], network(x)["logits"])


@pytest.mark.parametrize("width", [4, 64])
def test_initial_kernels_keep_the_variance_of_the_outputs_at_any_width(width):
    keras.utils.set_random_seed(0)
    network = alexnet.classifier(task(), width)
    kernel = [x.kernel for x in network.layers if isinstance(x, keras.layers.Conv2D)][-1]
    inputs = np.prod(kernel.shape[:3])
    assert kernel.numpy().std() * inputs**0.5 == pytest.approx(0.02 * (9 * 256) ** 0.5, rel=0.02)


def test_it_can_be_differentiated_twice():
    """The gradient penalty needs this, also for max pooling."""
    keras.utils.set_random_seed(0)
    network, x = (
        alexnet.classifier(task(), 4, True),
        tf.random.stateless_normal([2, 32, 32, 3], [1, 1]),
    )
    with step_random.at(0, 0), tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            scores = network(x, training=True)["source"]
        loss = tf.reduce_sum(inner.gradient(scores, x) ** 2)
    kernel = next(v for v in network.layers if isinstance(v, keras.layers.Conv2D)).kernel
    assert np.any(outer.gradient(loss, kernel.value))


def test_dense_layers_start_as_in_pytorch_and_biases_of_convolutions_from_zero():
    keras.utils.set_random_seed(0)
    network = alexnet.classifier(task(), 8, source_head=True)
    dense = [x for x in network.layers if isinstance(x, keras.layers.Dense)]
    assert sorted(tuple(x.kernel.shape) for x in dense) == [
        (128, 512), (128, 512), (512, 1), (512, 10), (512, 512), (512, 512),
    ]  # fmt: skip
    for layer in dense:
        initial_values.check_torch_uniform(layer.kernel, layer.kernel.shape[0])
        initial_values.check_torch_uniform(layer.bias, layer.kernel.shape[0])
    for layer in network.layers:
        assert not isinstance(layer, keras.layers.Conv2D) or not np.any(layer.bias.numpy())
