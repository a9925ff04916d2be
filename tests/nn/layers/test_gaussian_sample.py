"""Samples of Gaussian latents: their moments, replicas, and constants that go with the network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core import averages
from tf_ssgan.nn import distribution, layers, precision, step_random

MEAN = tf.constant([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
LOG_VARIANCE = tf.math.log([[4.0, 1.0, 0.25], [1.0, 9.0, 16.0]])
DEVIATION = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 4.0]])


def network(training=2, inference=5):
    """Means over samples of a square, which differ from that of the mean."""
    mean, log_variance = keras.Input((3,)), keras.Input((3,))
    samples = layers.GaussianSample(training, inference)(mean, log_variance)
    outputs = keras.ops.mean(keras.ops.square(samples), axis=1)
    return keras.Model([mean, log_variance], outputs)


def sample_layer(model):
    return next(x for x in model.layers if isinstance(x, layers.GaussianSample))


def test_samples_have_the_mean_and_the_standard_deviation():
    """Of 20,000 samples the mean is within 4 standard errors, the deviation within 2 %."""
    layer = layers.GaussianSample(20_000, 1)
    with step_random.at(0, 1):
        samples = layer(MEAN, LOG_VARIANCE, training=True).numpy()
    assert samples.shape == (2, 20_000, 3)
    errors = np.abs(samples.mean(1) - MEAN) / (DEVIATION / np.sqrt(20_000))
    assert errors.max() < 4
    np.testing.assert_allclose(samples.std(1), DEVIATION, rtol=0.02)
    # Every number is its own: of different images, samples and latents none go together.
    standard = (samples - MEAN.numpy()[:, np.newaxis]) / DEVIATION[:, np.newaxis]
    standard = standard.transpose(0, 2, 1)
    assert np.abs(np.corrcoef(standard.reshape(6, -1)) - np.eye(6)).max() < 0.03
    shifted = np.corrcoef(standard[..., 1:].ravel(), standard[..., :-1].ravel())
    assert abs(shifted[0, 1]) < 0.02


def test_a_variance_of_zero_gives_the_mean():
    layer, certain = layers.GaussianSample(4, 3), tf.fill([2, 3], -200.0)
    with step_random.at(0, 1):
        for training, count in ((True, 4), (False, 3)):
            samples = layer(MEAN, certain, training=training)
            np.testing.assert_array_equal(samples, np.stack([MEAN] * count, axis=1))
        np.testing.assert_array_equal(layers.sample_gaussian(MEAN, certain), MEAN)


def test_gradients_in_mean_and_log_variance_by_hand():
    """d z / d mean is 1 and d z / d log variance is (z - mean) / 2, for each sample."""
    layer = layers.GaussianSample(5, 1)
    with step_random.at(3, 7), tf.GradientTape() as tape:
        tape.watch([MEAN, LOG_VARIANCE])
        samples = layer(MEAN, LOG_VARIANCE, training=True)
        slopes = tape.gradient(samples, [MEAN, LOG_VARIANCE])
    np.testing.assert_array_equal(slopes[0], np.full([2, 3], 5.0))
    expected = tf.reduce_sum(0.5 * (samples - MEAN[:, tf.newaxis]), axis=1)
    np.testing.assert_allclose(slopes[1], expected, rtol=1e-5, atol=1e-5)


def test_other_steps_and_calls_have_other_samples_and_the_same_step_the_same():
    layer = layers.GaussianSample(2, 1)

    def samples(step):
        with step_random.at(0, step):
            return [layer(MEAN, LOG_VARIANCE, training=True).numpy() for _ in range(2)]

    (first, second), again, (later, _) = samples(4), samples(4), samples(5)
    np.testing.assert_array_equal([first, second], again)
    assert not np.isclose(first, second).any() and not np.isclose(first, later).any()


@pytest.mark.parametrize("single", [True, False])
def test_two_replicas_take_the_samples_of_one(single):
    layer = layers.GaussianSample(3, 1)
    mean, log_variance = tf.zeros([4, 2]), tf.ones([4, 2])
    layer(mean, log_variance)

    def sampled():
        parts = distribution.replica_share(mean), distribution.replica_share(log_variance)
        with step_random.at(0, 1):
            return layers.sample_gaussian(*parts) if single else layer(*parts, training=True)

    strategy = distribution.strategy(2)
    both = strategy.experimental_local_results(tf.function(strategy.run)(sampled))
    np.testing.assert_array_equal(tf.concat(both, 0), sampled())


def test_in_inference_an_image_is_answered_alike_whatever_its_batch():
    model = network()
    together = model([MEAN, LOG_VARIANCE]).numpy()
    np.testing.assert_array_equal(model([MEAN, LOG_VARIANCE]), together)
    for row in range(2):
        alone = model([MEAN[row : row + 1], LOG_VARIANCE[row : row + 1]])
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-6)
    turned = model([MEAN[::-1], LOG_VARIANCE[::-1]])
    np.testing.assert_allclose(turned[::-1], together, rtol=1e-6)


def test_the_constants_are_standard_normal_and_follow_from_the_seed():
    def noise(seed):
        keras.utils.set_random_seed(seed)
        return sample_layer(network(inference=5000)).noise.numpy()

    one = noise(0)
    assert one.shape == (5000, 3)
    assert np.abs(one.mean(0)).max() < 4 / np.sqrt(5000)
    np.testing.assert_allclose(one.std(0), np.ones(3), rtol=0.04)
    np.testing.assert_array_equal(noise(0), one)
    assert not np.isclose(noise(1), one).any()


def test_the_constants_are_weights_that_no_step_moves():
    model = network()
    (noise,) = model.variables
    assert noise is sample_layer(model).noise and noise.shape == (5, 3)
    assert model.trainable_variables == []
    expected = MEAN[:, tf.newaxis] + DEVIATION[:, np.newaxis].astype(np.float32) * noise.numpy()
    given = sample_layer(model)(MEAN, LOG_VARIANCE)
    np.testing.assert_allclose(given, expected, rtol=1e-5)


def test_an_average_has_the_constants_of_its_network():
    model = network()
    copy = averages.frozen_clone(model)
    assert sample_layer(copy) is sample_layer(model)
    average = averages.Average(copy, model, 0.9)
    assert not list(average.pairs())
    before = sample_layer(model).noise.numpy()
    layers.settle_fixed_layers([model, copy], lambda: iter([]))
    np.testing.assert_array_equal(sample_layer(copy).noise, before)


def test_copies_agree():
    network_copies.assert_agree(network, [MEAN, LOG_VARIANCE])


def test_the_number_of_samples_is_open_until_it_is_called():
    whole = network(2, 5)
    samples = sample_layer(whole).output
    assert samples.shape == (None, None, 3)
    model = keras.Model(whole.inputs, samples)
    with step_random.at(0, 0):
        assert model([MEAN, LOG_VARIANCE], training=True).shape == (2, 2, 3)
    assert model([MEAN, LOG_VARIANCE]).shape == (2, 5, 3)


def test_samples_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        layer = layers.GaussianSample(2, 3)
    rounded = tf.cast(MEAN, tf.bfloat16), tf.cast(LOG_VARIANCE, tf.bfloat16)
    with step_random.at(0, 0):
        assert layer(*rounded, training=True).dtype == layer(*rounded).dtype == tf.float32
        assert layers.sample_gaussian(*rounded).dtype == tf.float32
