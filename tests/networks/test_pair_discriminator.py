"""The discriminator of Triple-GAN: maps, parameter counts, where the class enters, other sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import pair_discriminator
from tf_ssgan.nn import layers, precision, step_random, weights


def task(height=32, channels=3, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def pairs(size=8, channels=1, count=4):
    images = tf.random.stateless_uniform([count, size, size, channels], [3, 4], -1, 1)
    return [images, tf.range(count, dtype=tf.int64) % 10]


def of_type(network, *types):
    return [x for x in network.layers if isinstance(x, types)]


def maps(network):
    """The map after each convolution."""
    return [tuple(x.output.shape[1:]) for x in of_type(network, layers.Conv)]


def test_the_parameters_of_the_public_code():
    network = pair_discriminator.discriminator(task())
    assert weights.parameter_count(network, gains=False) == 327_467
    assert weights.parameter_count(network) == 327_467 + 2 * (32 + 64 + 128) + 1


def test_the_maps_of_the_table():
    assert maps(pair_discriminator.discriminator(task())) == [
        (32, 32, 32),
        (16, 16, 32),
        (16, 16, 64),
        (8, 8, 64),
        (6, 6, 128),
        (4, 4, 128),
    ]


def test_the_layers_in_their_order():
    network = pair_discriminator.discriminator(task(), width=4)
    pair = [layers.JoinClass, layers.Conv]
    stage = [*2 * pair, layers.Dropout]
    last = [keras.layers.GlobalAveragePooling2D, layers.JoinClass, layers.Dense]
    types = [type(x) for x in network.layers if not isinstance(x, keras.layers.InputLayer)]
    assert types == [layers.Dropout, *stage, *stage, *2 * pair, *last]
    assert [x.threshold for x in of_type(network, layers.Dropout)] == [51, 51, 51]  # .2 of 256
    linear = of_type(network, layers.Conv, layers.Dense)
    assert [x.slope for x in linear] == [0.2] * 6 + [None]
    assert all(x.weight_norm and x.with_bias for x in linear)
    assert {x.size for x in linear[:-1]} == {3}
    # Ten channels more than the layer before gives.
    inputs = [x.input.shape[-1] for x in linear]
    assert inputs == [10 + channels for channels in (3, 4, 4, 8, 8, 16, 16)]


def test_another_rate_of_dropout():
    network = pair_discriminator.discriminator(task(8), 2, dropout=0.5)
    assert [x.threshold for x in of_type(network, layers.Dropout)] == [128] * 3


@pytest.mark.parametrize(
    ("size", "after"),
    # Under 24 pixels the last two convolutions are padded; else they take 2 pixels each.
    [(8, 2), (16, 4), (23, 6), (24, 2), (28, 3), ((30, 45), (4, 8)), (32, 4), (48, 8), (49, 3)]
    + [(64, 4), (97, 3), (128, 4)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size(size, after, channels):
    height, width = size if isinstance(size, tuple) else (size, size)
    network = pair_discriminator.discriminator(task(height, channels, 4, width), 2)
    assert maps(network)[-1] == (*(after if isinstance(after, tuple) else (after, after)), 8)
    inputs = [tf.zeros([2, height, width, channels]), tf.constant([0, 3], tf.int64)]
    assert network(inputs)["score"].shape == (2, 1)


def test_128_pixels_have_two_more_stages():
    network = pair_discriminator.discriminator(task(128), 32)
    strided = [x.units for x in of_type(network, layers.Conv) if x.stride == 2]
    assert strided == [8, 16, 32, 64]
    assert maps(network)[-3:] == [(8, 8, 64), (6, 6, 128), (4, 4, 128)]


def test_the_score_depends_on_the_class():
    keras.utils.set_random_seed(0)
    network = pair_discriminator.discriminator(task(8, 1), 2)
    images = tf.repeat(pairs(count=1)[0], 10, 0)
    scores = network([images, tf.range(10, dtype=tf.int64)])["score"].numpy()
    assert len(set(scores.ravel())) == 10


def test_the_score_depends_on_the_image():
    keras.utils.set_random_seed(0)
    network = pair_discriminator.discriminator(task(8, 1), 2)
    scores = network([pairs()[0], tf.zeros([4], tf.int64)])["score"].numpy()
    assert len(set(scores.ravel())) == 4


def test_the_class_reaches_the_last_layer_by_itself():
    """With maps of 0, the score is the class's row of the last kernel."""
    network = pair_discriminator.discriminator(task(8, 1, 3), 2)
    for layer in of_type(network, layers.Conv):
        layer.gain.assign(tf.zeros_like(layer.gain))
    last = network.get_layer("score")
    # 8 features, 3 classes; the length of this kernel is 1.
    last.kernel.assign(tf.constant([0.0] * 8 + [2 / 7, 3 / 7, -6 / 7])[:, None])
    images = tf.ones([3, 8, 8, 1])
    scores = network([images, tf.constant([0, 1, 2], tf.int64)])["score"]
    np.testing.assert_allclose(scores[:, 0], [2 / 7, 3 / 7, -6 / 7], rtol=1e-5)


def test_its_inputs_are_named():
    network = pair_discriminator.discriminator(task(8), 2)
    named = [(x.name, x.dtype) for x in network.inputs]
    assert named == [("images", "float32"), ("label", "int64")]


def test_initialization_from_data_gives_small_scores():
    keras.utils.set_random_seed(0)
    network = pair_discriminator.discriminator(task(8, 1), 4, dropout=0.0)
    inputs = pairs(count=50)
    with step_random.at(0, -1):
        layers.initialize_from_data(network, inputs)
    scores = network(inputs)["score"].numpy()
    assert scores.mean() == pytest.approx(0, abs=1e-4)
    assert scores.std() == pytest.approx(0.1, rel=1e-2)


def test_gradients_reach_every_weight_at_64():
    keras.utils.set_random_seed(0)
    network = pair_discriminator.discriminator(task(64), 4)
    with step_random.at(0, 0), tf.GradientTape() as tape:
        scores = network(pairs(64, 3), training=True)["score"]
        loss = tf.reduce_mean(scores * tf.random.stateless_normal(scores.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


def test_copies_agree():
    network_copies.assert_agree(lambda: pair_discriminator.discriminator(task(8, 1), 2), pairs())


def test_scores_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        network = pair_discriminator.discriminator(task(8, 1), 2)
    with step_random.at(0, 0):
        score = network(pairs(), training=True)["score"]
    assert score.dtype == tf.float32 and np.isfinite(score).all()
    assert {x.compute_dtype for x in of_type(network, layers.Conv)} == {"bfloat16"}
