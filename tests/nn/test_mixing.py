"""Mixtures of the rows of a batch: by hand, identities, and the same on two replicas."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, mixing, step_random

ROWS = tf.constant([[1.0, 0.0], [0.0, 4.0], [8.0, 2.0]])
ORDER = tf.constant([2, 0, 1])


def mixing_of(share):
    return mixing.Mixing(tf.constant(share), ORDER)


def test_a_mixture_by_hand():
    mixed = mixing_of(0.25).mixed(ROWS)
    np.testing.assert_allclose(mixed, [[6.25, 1.5], [0.75, 1.0], [2.0, 3.5]])


def test_a_share_of_one_changes_nothing_and_of_zero_leaves_the_partners():
    np.testing.assert_array_equal(mixing_of(1.0).mixed(ROWS), ROWS)
    np.testing.assert_array_equal(mixing_of(0.0).mixed(ROWS), mixing_of(0.5).partners(ROWS))
    assert mixing_of(0.5).partners(tf.constant([5, 6, 7], tf.int64)).numpy().tolist() == [7, 5, 6]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_sum_over_the_batch_stays_and_so_does_that_of_probabilities(share):
    np.testing.assert_allclose(tf.reduce_sum(mixing_of(share).mixed(ROWS), 0), [9, 6], rtol=1e-6)
    mixed = mixing_of(share).mixed(tf.nn.softmax(ROWS))
    np.testing.assert_allclose(tf.reduce_sum(mixed, 1), np.ones(3), rtol=1e-6)


def test_mixed_one_hot_labels_are_those_of_rows_and_partners():
    labels, some = tf.constant([1, 0, 2]), mixing_of(0.3)
    one, other = (tf.one_hot(x, 3) for x in (labels, some.partners(labels)))
    np.testing.assert_allclose(some.mixed(tf.one_hot(labels, 3)), 0.3 * one + 0.7 * other)


def test_a_mixture_has_the_type_of_its_rows():
    assert mixing_of(0.3).mixed(tf.cast(ROWS, tf.bfloat16)).dtype == tf.bfloat16


def test_drawn_mixings_differ_within_a_step_and_are_not_folded():
    random = step_random.StepRandom(0, 0)
    made = [mixing.draw(random, 1.0, 30) for _ in range(40)]
    shares = np.array([float(one.share) for one in made])
    assert len(set(shares)) == 40
    assert 10 < np.sum(shares < 0.5) < 30  # 20 expected, standard deviation 3
    assert len({one.order.numpy().tobytes() for one in made}) == 40


def test_two_replicas_mix_as_one_does():
    images = tf.random.stateless_normal([6, 2, 2, 1], [1, 2])
    labels = tf.range(6, dtype=tf.int64)

    def step():
        own = distribution.replica_share(images)
        with step_random.at(3, 4) as random:
            one = mixing.draw(random, 0.5, own.shape[0])
        return one.mixed(own), one.partners(distribution.replica_share(labels))

    alone = step()
    strategy = distribution.strategy(2)
    together = tf.function(lambda: strategy.run(step))()
    for expected, values in zip(alone, together, strict=True):
        pieces = strategy.experimental_local_results(values)
        np.testing.assert_array_equal(tf.concat(pieces, 0), expected)


def test_a_folded_mixing_favors_each_row_over_its_partner():
    shares = {}
    for favored in (False, True):
        random = step_random.StepRandom(0, 0)
        made = [mixing.draw(random, 4.0, 6, favored) for _ in range(30)]
        shares[favored] = np.array([float(one.share) for one in made])
    folded = np.maximum(shares[False], 1 - shares[False])
    np.testing.assert_allclose(shares[True], folded, rtol=1e-6)
    assert (shares[False] < 0.5).any() and (shares[True] >= 0.5).all()


def test_parts_are_mixed_as_the_whole_batch_is():
    some = mixing.Mixing(tf.constant(0.3), tf.constant([4, 2, 0, 1, 3]))
    parts = [tf.reshape(tf.range(4.0), [2, 2]), tf.reshape(tf.range(6.0) - 7, [3, 2])]
    mixed = some.mixed_parts(parts)
    assert [part.shape.as_list() for part in mixed] == [[2, 2], [3, 2]]
    np.testing.assert_array_equal(tf.concat(mixed, 0), some.mixed(tf.concat(parts, 0)))


def test_two_replicas_mix_parts_as_one_does():
    """Each has a half of each part; partners come from the halves of both."""
    parts = [tf.reshape(tf.range(4.0), [4, 1]), tf.reshape(10 * tf.range(8.0), [8, 1])]
    order = tf.constant(np.random.default_rng(0).permutation(12))
    some, strategy = mixing.Mixing(tf.constant(0.6), order), distribution.strategy(2)

    def own():
        return some.mixed_parts([distribution.replica_share(part) for part in parts])

    found = strategy.run(tf.function(own))
    for part, whole in zip(found, some.mixed_parts(parts), strict=True):
        halves = strategy.experimental_local_results(part)
        np.testing.assert_allclose(tf.concat(halves, 0), whole, rtol=1e-6)
