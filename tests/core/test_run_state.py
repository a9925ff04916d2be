"""The variables of a run by owner."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core import player, run_state
from tf_ssgan.methods import ssgan
from tf_ssgan.nn import distribution


def linear(units, name):
    images = keras.Input((3,))
    return keras.Model(images, keras.layers.Dense(units, use_bias=False)(images), name=name)


@pytest.fixture
def sharing():
    """Two players that share a network."""
    state = run_state.RunState("state")
    state.make_scalar_means(2)
    state.classifier, state.head = linear(1, "classifier"), linear(4, "head")
    state.player("trains", state.classifier, keras.optimizers.SGD(1.0, momentum=0.9))
    state.player("before", [state.classifier, state.head], keras.optimizers.SGD(1.0))
    return state


def test_owners_are_in_a_fixed_order(sharing):
    sharing.per_example_buffer("labels", 5, initial=-1)
    sharing.average(sharing.classifier, 0.99)
    assert [(owner, len(owned)) for owner, owned in sharing.state().items()] == [
        ("clock", 1), ("curve", 1), ("network/trains", 1), ("network/classifier", 0),
        ("network/head", 1), ("optimizer/trains", 3), ("optimizer/before", 2), ("buffers", 1),
        ("ema/0", 1),
    ]  # fmt: skip
    assert sharing.state()["curve"][0].shape == (3,)


def test_state_is_complete_and_names_what_it_misses():
    model = ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task())
    ids = {id(v) for variables in model.state().values() for v in variables}
    assert len(ids) == sum(map(len, model.state().values()))
    model.stray = keras.layers.Dense(2)
    model.stray.build((None, 2))
    with pytest.raises(ValueError, match="state.* misses .*kernel"):
        model.state()


def test_a_per_example_buffer_is_saved_with_the_state():
    class Method(ssgan.Method):
        def setup(self):
            super().setup()
            self.labels = self.per_example_buffer("labels", 5, initial=-1)

    model = Method(toy_methods.hparams("ssgan"), toy_methods.task())
    (saved,) = model.state()["buffers"]
    assert saved.dtype == tf.int64 and saved.numpy().tolist() == [-1] * 5
    model.labels.assign([3, 1, -1, -1, 0])
    assert model.state()["buffers"][0].numpy().tolist() == [3, 1, -1, -1, 0]
    plain = ssgan.Method(toy_methods.hparams("ssgan"), toy_methods.task())
    assert "buffers" not in plain.state()


def test_an_average_is_a_copy_that_the_state_keeps(sharing):
    copy = sharing.average(sharing.head, 0.5, "own")
    (average,) = sharing.averages
    assert (average.copy, average.network) == (copy, sharing.head)
    assert (average.decay, average.statistics) == (0.5, "own")
    assert [v is copy.variables[0].value for v in sharing.state()["ema/0"]] == [True]


def test_weights_that_two_players_share_are_saved_once_with_the_first(sharing):
    state = sharing.state()
    shared, head = sharing.classifier.variables[0], sharing.head.variables[0]
    owners = [k for k, owned in state.items() if any(v is shared.value for v in owned)]
    assert owners == ["network/trains"] and state["network/classifier"] == []
    assert [v is head.value for v in state["network/head"]] == [True]
    ids = [id(v) for owned in state.values() for v in owned]
    assert len(ids) == len(set(ids))
    assert len(state["optimizer/trains"]) == 3 and len(state["optimizer/before"]) == 2


def test_the_networks_of_a_player_with_several_have_their_own_names(sharing):
    networks = sharing.networks()
    assert list(networks) == ["trains", "classifier", "head"]
    assert networks["trains"] is networks["classifier"] is sharing.classifier


def test_a_buffer_of_any_numbers_is_saved_with_the_state(sharing):
    initial = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    buffer = sharing.buffer("means", initial)
    (saved,) = sharing.state()["buffers"]
    assert saved.dtype == tf.float32
    np.testing.assert_array_equal(saved, initial)
    buffer.assign(buffer.value + 1.0)
    np.testing.assert_array_equal(sharing.state()["buffers"][0], initial + 1.0)


def test_per_example_buffers_have_rows_of_any_shape(sharing):
    sharing.per_example_buffer("labels", 5, initial=-1)
    sharing.per_example_buffer("predictions", 5, 3, initial=0.25, dtype="float32")
    sharing.per_example_buffer("history", 5, 2, 3, dtype="float32")
    labels, predictions, history = sharing.state()["buffers"]
    assert labels.dtype == tf.int64 and labels.numpy().tolist() == [-1] * 5
    assert predictions.dtype == tf.float32 and (predictions.numpy() == np.full((5, 3), 0.25)).all()
    assert history.shape == (5, 2, 3) and not history.numpy().any()


ROWS = np.array([[1.5, -2.0], [3.0, 0.25], [-1.0, 7.0], [0.5, 0.5]], np.float32)
PLACES = np.array([4, 0, 5, 2])


def write_in_a_step(devices):
    """Buffers of 6 rows after a step that writes rows and then counts, and what it read before.

    Returns:
        For each replica: the rows, the counts, and the rows that it read.
    """
    strategy = distribution.strategy(devices)
    with strategy.scope():
        state = run_state.RunState("state")
        rows = state.per_example_buffer("rows", 6, 2, initial=9.0, dtype="float32")
        counts = state.per_example_buffer("counts", 6)

    @tf.function
    def step():
        def own():
            index = distribution.replica_share(tf.constant(PLACES))
            values = distribution.replica_share(tf.constant(ROWS))
            before = tf.gather(rows.value, index), tf.gather(counts.value, index)
            state.write(rows, index, values)
            state.write(counts, index, before[1] + 1)
            return before[0]

        return strategy.run(own)

    read = strategy.experimental_local_results(step())
    step()
    local = strategy.experimental_local_results
    return list(zip(local(rows.value), local(counts.value), read, strict=True))


@pytest.mark.parametrize("devices", [1, 2])
def test_a_step_writes_the_rows_of_all_replicas_on_each_of_them(devices):
    replicas = write_in_a_step(devices)
    assert len(replicas) == devices
    for rows, counts, read in replicas:
        np.testing.assert_array_equal(rows, [ROWS[1], [9, 9], ROWS[3], [9, 9], ROWS[0], ROWS[2]])
        assert counts.numpy().tolist() == [2, 0, 2, 0, 2, 2]
        np.testing.assert_array_equal(read, np.full((4 // devices, 2), 9.0))


def test_a_place_that_is_written_twice_has_one_of_the_values(sharing):
    """Which one is not said; streams whose indices are written are `distinct`."""
    buffer = sharing.per_example_buffer("labels", 3)
    sharing.write(buffer, tf.constant([1, 1]), tf.constant([5, 7]))
    first, twice, last = buffer.numpy().tolist()
    assert (first, last) == (0, 0) and twice in (5, 7)


def test_values_take_the_type_of_the_buffer(sharing):
    labels = sharing.per_example_buffer("labels", 3)
    means = sharing.per_example_buffer("means", 3, 1, dtype="float32")
    index = tf.constant([2], tf.int64)
    sharing.write(labels, index, tf.constant([4], tf.int32))
    sharing.write(means, index, tf.constant([[0.5]], tf.bfloat16))
    assert labels.numpy().tolist() == [0, 0, 4]
    assert means.numpy().tolist() == [[0.0], [0.0], [0.5]]


def test_a_player_has_the_limits_that_it_was_given(sharing):
    clip = player.Clip(5.0, 1.0)
    clipped = sharing.player("clipped", sharing.head, keras.optimizers.SGD(1.0), clip=clip)
    plain = sharing.player("plain", sharing.head, keras.optimizers.SGD(1.0))
    assert clipped.clip is clip and plain.clip is None
