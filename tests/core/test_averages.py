"""Averages of weights, against numbers worked by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core import averages
from tf_ssgan.nn import layers


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
