"""Layers against numbers worked by hand, and their behavior on two replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, layers, step_random, weights


def test_weight_norm_initialization_by_hand():
    """t = x V/||v||, g = 1/std(t), b = -mean(t) g: the outputs have mean 0, deviation 1."""
    dense = layers.Dense(3)
    x = tf.constant([[1.0, 2.0], [0.0, -1.0], [2.0, 0.5]])
    network = keras.Sequential([keras.Input((2,)), dense])
    dense.kernel.assign([[3.0, 0.0, 1.0], [4.0, 1.0, -1.0]])
    layers.initialize_from_data(network, x)
    np.testing.assert_allclose(dense.gain.numpy(), [0.771517, 0.816497, 1.309307], atol=1e-5)
    np.testing.assert_allclose(dense.bias.numpy(), [-0.771517, -0.408248, -0.46291], atol=1e-5)
    expected = [
        [0.92582, 1.224745, -1.38873],
        [-1.38873, -1.224745, 0.46291],
        [0.46291, 0.0, 0.92582],
    ]
    np.testing.assert_allclose(network(x), expected, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv(5, 3, initial_scale=0.1),
        layers.Conv(5, 3, stride=2, padding="VALID", initial_scale=0.1),
        layers.ConvTranspose(5, 5, initial_scale=0.1),
    ],
)
def test_initialization_gives_each_unit_its_scale(layer):
    x = tf.random.stateless_normal([64, 8, 8, 3], [1, 2]) * 3 + 1
    network = keras.Sequential([keras.Input((8, 8, 3)), layer])
    layers.initialize_from_data(network, x)
    mean, variance = tf.nn.moments(network(x), [0, 1, 2])
    np.testing.assert_allclose(mean, np.zeros(5), atol=1e-5)
    np.testing.assert_allclose(variance, np.full(5, 0.01), rtol=1e-4)


def test_the_kernel_has_the_length_of_its_gain():
    for layer, shape, axes in (
        (layers.Dense(4), (6,), 0),
        (layers.Conv(4, 3), (8, 8, 2), (0, 1, 2)),
        (layers.ConvTranspose(4, 5), (8, 8, 2), (0, 1, 3)),
    ):
        layer.build((None, *shape))
        layer.gain.assign([1.0, 2.0, 3.0, 4.0])
        lengths = np.sqrt(np.sum(np.square(layer._effective_kernel()), axis=axes))
        np.testing.assert_allclose(lengths, [1, 2, 3, 4], rtol=1e-5)


def test_without_weight_norm_a_convolution_is_keras_own():
    ours = layers.Conv(4, 3, stride=2, slope=0.2, weight_norm=False)
    theirs = keras.layers.Conv2D(4, 3, 2, "same")
    x = tf.random.stateless_normal([2, 7, 7, 3], [0, 1])
    theirs(x), ours(x)
    ours.kernel.assign(theirs.kernel)
    ours.bias.assign([0.1, -0.1, 0.2, 0.3])
    theirs.bias.assign(ours.bias)
    np.testing.assert_allclose(ours(x), tf.nn.leaky_relu(theirs(x), 0.2), atol=1e-6)


def test_a_transposed_convolution_is_keras_own():
    ours, theirs = (
        layers.ConvTranspose(4, 5, weight_norm=False),
        keras.layers.Conv2DTranspose(4, 5, 2, "same"),
    )
    x = tf.random.stateless_normal([2, 4, 4, 3], [0, 1])
    theirs(x), ours(x)
    ours.kernel.assign(theirs.kernel)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)


def test_squeeze_and_excitation_by_hand():
    block = layers.SqueezeExcite(reduction=2)
    block.build((None, 1, 2, 2))
    block.squeeze.assign([[1.0], [1.0]])
    block.excite.assign([[1.0, -1.0]])
    x = tf.constant([[[[1.0, 0.0], [3.0, 2.0]]]])  # channel means 2 and 1: hidden 3
    gates = 1 / (1 + np.exp([-3.0, 3.0]))
    np.testing.assert_allclose(block(x), x * gates, rtol=1e-6)
    assert weights.parameter_count(keras.Sequential([keras.Input((1, 2, 2)), block])) == 4


def test_batch_norm_equals_keras_own_in_training_and_after():
    ours = layers.BatchNorm(momentum=0.9, epsilon=1e-3)
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, scale=False)
    x = tf.random.stateless_normal([16, 4, 4, 3], [4, 2]) * 2 + 5
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), atol=1e-4)
    np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-4)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-4)


def test_a_scaled_batch_norm_equals_keras_own():
    ours = layers.BatchNorm(momentum=0.8, epsilon=1e-3, scaled=True)
    theirs = keras.layers.BatchNormalization(momentum=0.8, epsilon=1e-3)
    x = tf.random.stateless_normal([16, 4, 4, 3], [4, 2]) * 2 + 5
    for layer, scale in ((ours, "scale"), (theirs, "gamma")):
        layer.build(x.shape)
        getattr(layer, scale).assign([0.5, 2.0, -1.0])
    ours.shift.assign([1.0, 0.0, 3.0])
    theirs.beta.assign(ours.shift)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), atol=1e-4)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-4)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-4)
    assert [w.name for w in ours.trainable_weights] == ["scale", "shift"]


def test_batch_norm_of_one_operation_equals_that_of_many():
    """Maps are normalized by one operation, whose variance is unbiased; vectors by several."""
    maps, vectors = layers.BatchNorm(scaled=True), layers.BatchNorm(scaled=True)
    x = tf.random.stateless_normal([3, 2, 2, 4], [4, 2]) * 2 + 5
    weigh = tf.random.stateless_normal([12, 4], [1, 1])
    gradients = []
    for layer, shape in ((maps, x.shape), (vectors, [12, 4])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reshape(layer(tf.reshape(x, shape), training=True), [12, 4])
            loss = tf.reduce_sum(y * weigh)
        gradients.append((y, tape.gradient(loss, x)))
    for one, two in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)
    np.testing.assert_allclose(maps.moving_mean, vectors.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(maps.moving_variance, vectors.moving_variance, rtol=1e-5)


def test_frozen_statistics_use_the_batch_and_record_nothing():
    layer = layers.BatchNorm()
    x = tf.random.stateless_normal([16, 3], [4, 2]) + 5
    usual = layer(x, training=True)
    kept = layer.moving_mean.numpy()
    with layers.frozen_statistics():
        np.testing.assert_allclose(layer(x, training=True), usual, atol=1e-6)
    np.testing.assert_array_equal(layer.moving_mean, kept)


def test_batch_norm_on_two_replicas_sees_the_whole_batch():
    x = tf.random.stateless_normal([8, 3], [4, 2]) * 3
    alone = layers.BatchNorm()
    expected = alone(x, training=True)
    strategy = distribution.strategy(2)
    with strategy.scope():
        layer = layers.BatchNorm()
        layer.build((None, 3))
    outputs = tf.function(
        lambda: strategy.run(lambda: layer(distribution.replica_share(x), training=True))
    )()
    pieces = strategy.experimental_local_results(outputs)
    np.testing.assert_allclose(tf.concat(pieces, 0), expected, atol=1e-5)
    for copy in strategy.experimental_local_results(layer.moving_mean.value):
        np.testing.assert_allclose(copy, alone.moving_mean, atol=1e-6)


def test_standardize_by_hand():
    """Intensities are (x + 1) / 2: of mean .25 and deviation .5 the intensity 1 is 1.5 off."""
    x = tf.constant([-1.0, 0.0, 1.0])[:, None, None, None] * tf.ones([3, 1, 1, 2])
    found = layers.Standardize((0.25, 0.5), (0.5, 0.2))(x)
    np.testing.assert_allclose(found[:, 0, 0], [[-0.5, -2.5], [0.5, 0], [1.5, 2.5]], atol=1e-6)
    gray = layers.Standardize((0.5,), (0.25,))(x)
    np.testing.assert_allclose(gray[:, 0, 0], [[-2, -2], [0, 0], [2, 2]], atol=1e-6)


def test_images_without_deviation_are_standardized_by_one_gray_level():
    found = layers.Standardize((0.5,), (0.0,))(tf.constant([[[[1 / 127.5]]]]))
    assert float(found[0, 0, 0, 0]) == pytest.approx(1.0, abs=1e-4)


def test_kernels_are_the_weights_of_convolutions_and_dense_layers():
    network = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3), layers.BatchNorm(scaled=True),
         keras.layers.Flatten(), keras.layers.Dense(3)]
    )  # fmt: skip
    assert [tuple(k.shape) for k in weights.kernels(network)] == [(3, 3, 1, 2), (8, 3)]


def test_dropout_keeps_the_expectation_and_its_rate():
    layer, x = layers.Dropout(0.2), tf.ones([64, 32, 32])
    with step_random.at(0, 1):
        dropped = layer(x, training=True).numpy()
        again = layer(x, training=True).numpy()
    assert set(np.unique(dropped)) == {0.0, np.float32(256 / 205)}
    assert np.mean(dropped == 0) == pytest.approx(51 / 256, abs=0.005)
    assert not np.array_equal(dropped, again)
    np.testing.assert_array_equal(layer(x), x)
    assert layers.Dropout(0.0)(x, training=True) is x


def test_dropout_gradient_is_its_mask():
    x = tf.ones([8, 16])
    with step_random.at(0, 1), tf.GradientTape() as tape:
        tape.watch(x)
        y = layers.Dropout(0.5)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


def test_noise_has_its_deviation_and_stops_outside_of_training():
    layer, x = layers.GaussianNoise(0.15), tf.zeros([64, 32, 32, 1])
    with step_random.at(0, 1):
        assert float(tf.math.reduce_std(layer(x, training=True))) == pytest.approx(0.15, rel=0.02)
    np.testing.assert_array_equal(layer(x), x)
