"""Self-paced images, cluster weights and pairs: by hand, limits, gradients, replicas."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, losses

VALUES = tf.constant([0.2, 1.5, 0.9])
SQUARES = tf.constant([0.1, 2.0, 0.5])
VECTORS = tf.constant([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
CLASSES = tf.constant([0, 1, 0], tf.int64)
ALL = tf.ones([3])


def near(value):
    return pytest.approx(value, abs=1e-5)


def test_easy_examples_near_their_cluster_by_hand():
    """With lambda between .9 and 1.5, v is 1, 0, 1; w is exp(-d^2)."""
    v = losses.admitted(VALUES, 2 / 3)
    np.testing.assert_array_equal(v, [1.0, 0.0, 1.0])
    vectors = tf.sqrt(SQUARES)[:, tf.newaxis]
    w = losses.cluster_weights(vectors, tf.zeros([1, 1]), tf.zeros([3], tf.int64))
    assert w.numpy().tolist() == near([0.904837, 0.135335, 0.606531])
    assert float(tf.reduce_mean(v * w * VALUES)) == near(0.242282)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.2, 2), (0.44, 4), (0.46, 5), (1.0, 10)])
def test_the_admitted_share_is_rounded_to_whole_examples(share, count):
    values = tf.random.stateless_uniform([10], [0, 1])
    easy = losses.admitted(values, share).numpy()
    assert easy.sum() == count
    if 0 < count < 10:
        assert values.numpy()[easy == 1].max() < values.numpy()[easy == 0].min()


def test_of_equal_losses_none_is_easier_until_all_are_admitted():
    assert not np.any(losses.admitted(tf.ones([4]), 0.9 / 4 * 2))
    assert np.all(losses.admitted(tf.ones([4]), 1.0))


def test_vectors_in_the_middle_of_their_cluster_weigh_one():
    means = tf.constant([[0.6, 0.8], [0.0, 1.0]])
    w = losses.cluster_weights(VECTORS, means, CLASSES)
    assert w.numpy().tolist() == near([math.exp(-0.8), 1.0, 1.0])


def test_pair_terms_by_hand():
    one, two = tf.constant([0.0, 0.0]), tf.constant([0.6, 0.8])
    squared = tf.reduce_sum(tf.square(one - two))
    assert float(losses.pair_terms(squared, 1.0, 2.0)) == near(1.0)
    assert float(losses.pair_terms(squared, 0.0, 2.0)) == near(1.0)
    assert float(losses.pair_terms(squared, 0.0, 0.9)) == 0.0  # beyond the margin


def test_pairs_by_hand():
    """Linked: d^2 = .8. Others: sqrt 2 apart, no loss; and (1 - sqrt .4)^2 = .135089."""
    assert float(losses.pair_loss(VECTORS, CLASSES, ALL, 1.0)) == near((0.8 + 0.135089) / 3)
    some = tf.constant([1.0, 0.0, 1.0])
    assert float(losses.pair_loss(VECTORS, CLASSES, some, 1.0)) == near(0.8)


def test_one_sure_example_makes_no_pair():
    for sure in (tf.zeros([3]), tf.constant([0.0, 1.0, 0.0])):
        assert float(losses.pair_loss(VECTORS, CLASSES, sure, 1.0)) == 0.0


def test_equal_vectors_have_finite_gradients():
    vectors = tf.Variable(tf.ones([4, 3]))
    with tf.GradientTape() as tape:
        value = losses.pair_loss(vectors, tf.constant([0, 0, 1, 1]), tf.ones([4]), 1.0)
    assert float(value) == near(4 / 6)  # the four pairs of two classes have (1 - 0)^2
    np.testing.assert_array_equal(tape.gradient(value, vectors), np.zeros([4, 3]))


def test_gradients_pull_linked_pairs_together_and_push_others_apart():
    vectors = tf.Variable(VECTORS)
    with tf.GradientTape() as tape:
        value = losses.pair_loss(vectors, CLASSES, ALL, 1.0)
    step = (vectors - 0.01 * tape.gradient(value, vectors)).numpy()
    distance = lambda i, j, v: float(np.linalg.norm(v[i] - v[j]))  # noqa: E731
    assert distance(0, 2, step) < distance(0, 2, VECTORS.numpy())
    assert distance(1, 2, step) > distance(1, 2, VECTORS.numpy())


def test_sums_of_each_class_by_hand_without_those_not_counted():
    sums, numbers = losses.class_sums(VECTORS, CLASSES, tf.constant([1.0, 0.0, 1.0]), 3)
    np.testing.assert_allclose(sums, [[1.6, 0.8], [0.0, 0.0], [0.0, 0.0]], atol=1e-6)
    np.testing.assert_array_equal(numbers, [2.0, 0.0, 0.0])


def test_weights_and_sums_have_no_gradient():
    vectors, values = tf.Variable(VECTORS), tf.Variable(VALUES)
    means = tf.Variable(tf.zeros([3, 2]))
    with tf.GradientTape() as tape:
        parts = (
            losses.admitted(values, 0.5),
            losses.cluster_weights(vectors, means, CLASSES),
            losses.class_sums(vectors, CLASSES, ALL, 3)[0],
        )
        total = tf.add_n([tf.reduce_sum(part) for part in parts])
    assert tape.gradient(total, [vectors, values, means]) == [None, None, None]


def test_cross_entropy_of_each_example():
    logits = tf.constant([[0.0, 0.0], [math.log(3.0), 0.0]])
    each = losses.cross_entropies(tf.constant([0, 0]), logits).numpy()
    assert each.tolist() == near([math.log(2), math.log(4 / 3)])


def test_two_replicas_see_all_examples():
    """Values, gradients and which examples are easy are those of the whole batch."""
    vectors = tf.random.stateless_normal([6, 3], [0, 2])
    labels, sure = tf.constant([0, 1, 0, 1, 2, 0], tf.int64), tf.constant([1.0, 1, 1, 0, 1, 1])

    def step():
        parts = [distribution.replica_share(part) for part in (vectors, labels, sure)]
        with tf.GradientTape() as tape:
            tape.watch(parts[0])
            value = losses.pair_loss(*parts, 1.0)
        easy = losses.admitted(parts[0][:, 0], 0.5)
        means = losses.class_sums(*parts, 3)
        return value, tape.gradient(value, parts[0]), easy, means[0] / means[1][:, tf.newaxis]

    alone = step()
    strategy = distribution.strategy(2)
    found = [strategy.experimental_local_results(part) for part in tf.function(strategy.run)(step)]
    for value in found[0]:
        assert float(value) == near(float(alone[0]))
    # The optimizer takes the mean over two replicas, so each has twice its share.
    np.testing.assert_allclose(tf.concat(found[1], 0) / 2, alone[1], atol=1e-5)
    np.testing.assert_array_equal(tf.concat(found[2], 0), alone[2])
    for means in found[3]:
        np.testing.assert_allclose(means, alone[3], atol=1e-5)
