"""Batch normalization against Keras' own, and on two replicas."""

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution, layers


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


def test_affine_is_the_scale_and_the_shift():
    for scaled, scale in ((False, [1.0, 1.0]), (True, [3.0, -2.0])):
        layer = layers.BatchNorm(scaled=scaled)
        layer.build((None, 2))
        layer.shift.assign([5.0, 6.0])
        if scaled:
            layer.scale.assign(scale)
        np.testing.assert_array_equal(layer.affine(), [scale, [5.0, 6.0]])
