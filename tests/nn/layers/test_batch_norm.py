"""Batch normalization against Keras' own, and on two replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, layers
from tf_ssgan.nn.layers import pass_modes


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


def test_the_fused_operation_equals_several_operations():
    """Images are normalized by one operation, whose variance is unbiased; vectors by several."""
    images, vectors = layers.BatchNorm(scaled=True), layers.BatchNorm(scaled=True)
    x = tf.random.stateless_normal([3, 2, 2, 4], [4, 2]) * 2 + 5
    factors = tf.random.stateless_normal([12, 4], [1, 1])
    gradients = []
    for layer, shape in ((images, x.shape), (vectors, [12, 4])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reshape(layer(tf.reshape(x, shape), training=True), [12, 4])
            loss = tf.reduce_sum(y * factors)
        gradients.append((y, tape.gradient(loss, x)))
    for one, two in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)
    np.testing.assert_allclose(images.moving_mean, vectors.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(images.moving_variance, vectors.moving_variance, rtol=1e-5)


@pytest.mark.parametrize("kind", [layers.BatchNorm, layers.MeanOnlyBatchNorm])
def test_on_two_replicas_it_sees_the_whole_batch(kind):
    x = tf.random.stateless_normal([8, 3], [4, 2]) * 3
    alone = kind()
    expected = alone(x, training=True)
    strategy = distribution.strategy(2)
    with strategy.scope():
        layer = kind()
        layer.build((None, 3))
    outputs = tf.function(
        lambda: strategy.run(lambda: layer(distribution.replica_share(x), training=True))
    )()
    pieces = strategy.experimental_local_results(outputs)
    np.testing.assert_allclose(tf.concat(pieces, 0), expected, atol=1e-5)
    for copy in strategy.experimental_local_results(layer.moving_mean.value):
        np.testing.assert_allclose(copy, alone.moving_mean, atol=1e-6)


def test_affine_is_the_scale_and_the_shift():
    for scaled, scale in ((False, [1.0, 1.0]), (True, [3.0, -2.0])):
        layer = layers.BatchNorm(scaled=scaled)
        layer.build((None, 2))
        layer.shift.assign([5.0, 6.0])
        if scaled:
            layer.scale.assign(scale)
        np.testing.assert_array_equal(layer.affine(), [scale, [5.0, 6.0]])


def test_mean_only_batch_norm_by_hand():
    """The batch has the means 2 and 10; the moving means keep .75 of 4 and of 0."""
    layer = layers.MeanOnlyBatchNorm(momentum=0.75)
    x = tf.constant([[1.0, 8.0], [3.0, 12.0]])
    layer.build(x.shape)
    layer.shift.assign([0.5, 0.0])
    layer.moving_mean.assign([4.0, 0.0])
    np.testing.assert_allclose(layer(x, training=True), [[-0.5, -2], [1.5, 2]])
    np.testing.assert_allclose(layer.moving_mean, [3.5, 2.5])
    np.testing.assert_allclose(layer(x), [[-2, 5.5], [0, 9.5]])
    assert [w.name for w in layer.trainable_weights] == ["shift"]


def test_mean_only_batch_norm_of_images_takes_the_mean_over_pixels_and_images():
    x = tf.random.stateless_normal([16, 4, 4, 3], [4, 2]) * 2 + 5
    y = layers.MeanOnlyBatchNorm()(x, training=True)
    np.testing.assert_allclose(y, x - tf.reduce_mean(x, [0, 1, 2]), atol=1e-5)


def test_initialization_sets_the_moving_mean_and_no_statistics_of_batch_norm():
    x = tf.random.stateless_normal([16, 3], [4, 2]) + 5
    mean_only, batch = layers.MeanOnlyBatchNorm(), layers.BatchNorm()
    with pass_modes.initialization():
        mean_only(x, training=True), batch(x, training=True)
    np.testing.assert_allclose(mean_only.moving_mean, tf.reduce_mean(x, 0), rtol=1e-5)
    np.testing.assert_array_equal(batch.moving_mean, np.zeros(3))


def test_recalibration_makes_moving_statistics_the_means_over_batches():
    """With 0, 1/2 and 2/3; what was recorded before is forgotten."""
    batches = tf.random.stateless_normal([3, 8, 2], [4, 2]) * [1.0, 3.0] + 5
    batch, mean_only = layers.BatchNorm(), layers.MeanOnlyBatchNorm()
    for layer in (batch, mean_only):
        layer.build((None, 2))
        layer.moving_mean.assign([100.0, 100.0])
        for number, x in enumerate(batches):
            with layers.recalibration(tf.constant(number / (number + 1))):
                layer(x, training=True)
        np.testing.assert_allclose(layer.moving_mean, tf.reduce_mean(batches, [0, 1]), rtol=1e-5)
    expected = np.mean([np.var(x, axis=0) for x in batches.numpy()], axis=0)
    np.testing.assert_allclose(batch.moving_variance, expected, rtol=1e-4)
    batch(batches[0], training=True)  # outside, its own momentum counts again
    mean = 0.9 * np.mean(batches, axis=(0, 1)) + 0.1 * np.mean(batches[0], axis=0)
    np.testing.assert_allclose(batch.moving_mean, mean, rtol=1e-5)


def test_a_measured_batch_norm_returns_what_it_normalizes_by():
    """Of the values 1, 5 and of 2, 2; the moving statistics keep .75 of 0 and of 1."""
    layer = layers.MeasuredBatchNorm(momentum=0.75)
    x = tf.constant([[1.0, 2.0], [5.0, 2.0]])
    y, mean, deviation = layer(x, training=True)
    np.testing.assert_allclose(y, [[-1, 0], [1, 0]], atol=1e-6)
    np.testing.assert_allclose(mean, [3, 2])
    np.testing.assert_allclose(deviation, [2, 1e-5], rtol=1e-6)  # the root of what is added
    np.testing.assert_allclose(layer.moving_mean, [0.75, 0.5])
    np.testing.assert_allclose(layer.moving_variance, [1.75, 0.75])
    y, mean, deviation = layer(x)
    np.testing.assert_allclose(mean, [0.75, 0.5])
    np.testing.assert_allclose(deviation, np.sqrt([1.75, 0.75]), rtol=1e-6)
    np.testing.assert_allclose(y * deviation + mean, x, rtol=1e-6)
    assert layer.trainable_weights == []


def test_a_measured_batch_norm_equals_a_plain_one_and_obeys_the_modes_of_a_pass():
    x = tf.random.stateless_normal([16, 4, 4, 3], [4, 2]) * 2 + 5
    measured, plain = layers.MeasuredBatchNorm(epsilon=1e-5), layers.BatchNorm()
    y, mean, deviation = measured(x, training=True)
    np.testing.assert_allclose(y, plain(x, training=True), atol=1e-5)
    np.testing.assert_allclose(mean, np.mean(x, (0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(deviation, np.std(x, (0, 1, 2)), rtol=1e-4)
    for name in ("moving_mean", "moving_variance"):
        np.testing.assert_allclose(getattr(measured, name), getattr(plain, name), rtol=1e-5)
    with layers.frozen_statistics():
        measured(2.0 * x, training=True)
    np.testing.assert_allclose(measured.moving_mean, plain.moving_mean, rtol=1e-5)
    with layers.recalibration(tf.constant(0.0)):
        measured(x, training=True)
    np.testing.assert_allclose(measured.moving_mean, mean, rtol=1e-6)


def test_a_measured_batch_norm_on_two_replicas_measures_the_whole_batch():
    x = tf.random.stateless_normal([8, 3], [4, 2]) * 3
    expected = layers.MeasuredBatchNorm()(x, training=True)
    strategy = distribution.strategy(2)
    with strategy.scope():
        layer = layers.MeasuredBatchNorm()
        layer.build((None, 3))
    outputs = tf.function(
        lambda: strategy.run(lambda: layer(distribution.replica_share(x), training=True))
    )()
    y, *measured = map(strategy.experimental_local_results, outputs)
    np.testing.assert_allclose(tf.concat(y, 0), expected[0], atol=1e-5)
    for copies, whole in zip(measured, expected[1:], strict=True):
        for copy in copies:
            np.testing.assert_allclose(copy, whole, atol=1e-6)
