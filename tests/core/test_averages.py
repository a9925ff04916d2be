"""Averages of weights, against numbers worked by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core import averages, run_state
from tf_ssgan.nn import layers, schedules


def network(value):
    x = keras.Input((2,))
    y = keras.layers.BatchNormalization()(keras.layers.Dense(1, use_bias=False)(x))
    model = keras.Model(x, y)
    fill(model, value)
    return model


def fill(model, value):
    for variable in model.variables:
        variable.assign(tf.fill(variable.shape, float(value)))


def values(model):
    return {float(x) for variable in model.variables for x in np.ravel(variable.numpy())}


def weights_and_statistics(model):
    """The two sets of values of a network."""
    trainable = {float(x) for v in model.variables[:3] for x in np.ravel(v)}
    return trainable, {float(x) for v in model.variables[3:] for x in np.ravel(v)}


def update(average, steps=0):
    averages.update([average], tf.constant(steps, tf.int64))


class Offset(layers.FixedLayer):
    """Adds a number that is settled before the first step."""

    def build(self, input_shape):
        self.offset = self.add_weight(shape=(), initializer="ones", trainable=False, name="offset")

    def call(self, inputs):
        return inputs + self.offset


def nested():
    """A network within a network, both with a fixed layer."""
    x = keras.Input((2,))
    inner = keras.Model(x, keras.layers.Dense(2, use_bias=False)(Offset(name="inner_offset")(x)))
    x = keras.Input((2,))
    return keras.Model(x, keras.layers.Dense(1)(inner(Offset(name="outer_offset")(x))))


def test_a_clone_has_variables_of_its_own_and_none_to_train():
    source = network(3.0)
    clone = averages.frozen_clone(source)
    assert clone.trainable_variables == [] and len(source.trainable_variables) == 3
    assert len(clone.variables) == len(source.variables) == 5
    assert not {id(v) for v in clone.variables} & {id(v) for v in source.variables}
    np.testing.assert_array_equal(
        [v.shape for v in clone.variables[1:]], [v.shape for v in source.variables[1:]]
    )


def test_a_clone_has_the_fixed_layers_of_its_source_and_no_update_touches_them():
    x = keras.Input((2,))
    source = keras.Model(x, keras.layers.Dense(1)(layers.Whiten(0.1)(x)))
    copy = averages.frozen_clone(source)
    assert copy.layers[1] is source.layers[1]
    assert len({id(v) for v in (*source.variables, *copy.variables)}) == 2 + 2 + 2
    average = averages.Average(copy, source, 0.5)
    assert len(list(average.pairs())) == 2
    whiten = source.layers[1]
    whiten.projection.assign([[2.0, 0.1], [0.1, 3.0]])
    averages.reset([average])
    averages.update([average], tf.constant(0, tf.int64))
    np.testing.assert_array_equal(whiten.projection, np.float32([[2.0, 0.1], [0.1, 3.0]]))
    np.testing.assert_allclose(copy(np.ones((3, 2))), source(np.ones((3, 2))), rtol=1e-5)


def test_an_update_moves_every_variable_by_the_warmed_up_decay():
    """(1 + 0) / (10 + 0) of the copy is kept at first, the decay .5 in the end."""
    source, copy = network(10.0), network(0.0)
    averages.update([averages.Average(copy, source, 0.5)], tf.constant(0, tf.int64))
    assert values(copy) == {9.0} and values(source) == {10.0}
    averages.update([averages.Average(copy, source, 0.5)], tf.constant(1000, tf.int64))
    assert values(copy) == {9.5}


@pytest.mark.parametrize(("when", "expected"), [(True, {4.0}), (False, {0.0})])
def test_a_reset_under_a_condition(when, expected):
    average = averages.Average(network(0.0), network(4.0), 0.9)
    averages.reset([average], tf.constant(when))
    assert values(average.copy) == expected


def test_a_reset_copies_every_variable():
    made = [averages.Average(network(0.0), network(value), 0.9) for value in (4.0, 5.0)]
    averages.reset(made)
    assert [values(average.copy) for average in made] == [{4.0}, {5.0}]


def test_a_clone_has_the_same_fixed_layers_and_other_layers_of_its_own():
    source = nested()
    clone = averages.frozen_clone(source)
    assert len(clone.variables) == len(source.variables) == 5
    shared = [v.path for v in clone.variables if id(v) in map(id, source.variables)]
    assert shared == ["outer_offset/offset", "inner_offset/offset"]
    assert clone.trainable_variables == [] and len(source.trainable_variables) == 3


def test_fixed_weights_that_an_average_shares_are_saved_once_with_their_network():
    state = run_state.RunState("state")
    state.make_scalar_means(1)
    images = keras.Input((3,))
    logits = keras.layers.Dense(2, use_bias=False)(Offset()(images))
    state.classifier = keras.Model(images, logits)
    state.player("classifier", state.classifier, keras.optimizers.SGD(1.0))
    state.average(state.classifier, 0.9)
    sizes = {owner: len(owned) for owner, owned in state.state().items()}
    assert (sizes["network/classifier"], sizes["ema/0"]) == (2, 1)
    ids = [id(v) for owned in state.state().values() for v in owned]
    assert len(ids) == len(set(ids))


def test_a_clone_computes_what_its_network_does():
    source, x = nested(), tf.constant([[1.0, -2.0], [0.5, 3.0]])
    average = averages.Average(averages.frozen_clone(source), source, 0.5)
    averages.reset([average])
    np.testing.assert_array_equal(average.copy(x), source(x))


def test_a_decay_that_is_a_function_is_taken_as_it_is():
    average = averages.Average(network(0.0), network(10.0), lambda: tf.constant(0.5))
    update(average)
    assert values(average.copy) == {5.0}
    update(average)
    assert values(average.copy) == {7.5}


def test_own_statistics_are_not_averaged():
    average = averages.Average(network(0.0), network(10.0), lambda: tf.constant(0.5), "own")
    fill(average.network, 10.0)
    update(average)
    assert weights_and_statistics(average.copy) == ({5.0}, {0.0})


def test_own_statistics_of_an_ema_that_warms_up_are_not_averaged():
    average = averages.Average(network(0.0), network(10.0), 0.5, "own")
    update(average)
    assert weights_and_statistics(average.copy) == ({9.0}, {0.0})


def test_a_decay_of_0_copies_the_network_own_statistics_included():
    step = tf.Variable(0.0)
    average = averages.Average(network(0.0), network(10.0), lambda: 0.5 * step, "own")
    update(average)
    assert values(average.copy) == {10.0}
    step.assign(1.0)
    fill(average.network, 20.0)
    update(average)
    assert weights_and_statistics(average.copy) == ({15.0}, {10.0})


def averaged(decay, start, weights):
    """The copies after each step of a network that takes these weights, one of them a step."""
    step, source = tf.Variable(0, dtype=tf.int64), network(start)
    average = averages.Average(averages.frozen_clone(source), source, lambda: decay(step))
    averages.reset([average])
    for weight in weights:
        fill(source, weight)
        update(average, step)
        step.assign_add(1)
        (value,) = values(average.copy)
        yield value


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (lambda step: schedules.true_mean_decay(step, 0.99), [1.0, 1.333333, 1.75, 2.2]),
        (lambda step: tf.constant(0.9999), [1.0, 1.0001, 1.0003, 1.0006]),
    ],
)
def test_emas_from_the_initial_weights(decay, expected):
    """As in the public codes of mean teacher for PyTorch, and of the improved GAN."""
    made = averaged(decay, 1.0, [1.0, 2.0, 3.0, 4.0])
    assert list(made) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("weights", "means"), [([1.0, 3.0, 2.0], [1.0, 2.0, 2.0]), ([2.0, 0.0, 1.0], [2.0, 1.0, 1.0])]
)
def test_a_running_mean_of_snapshots(weights, means):
    """The n-th snapshot has the decay 1 - 1/n, whatever the weights were before the first."""

    def decay(step):
        return 1.0 - 1.0 / (tf.cast(step, tf.float32) + 1.0)

    assert list(averaged(decay, 7.0, weights)) == pytest.approx(means)


def test_a_decay_of_1_between_snapshots_keeps_the_average():
    def decay(step):
        return tf.where(step % 2 == 0, 1.0 - 1.0 / (tf.cast(step // 2, tf.float32) + 1.0), 1.0)

    assert list(averaged(decay, 7.0, [1.0, 9.0, 3.0, 9.0])) == pytest.approx([1.0, 1.0, 2.0, 2.0])
