"""What two replicas share."""

import json

import pytest
import tensorflow as tf

from tf_ssgan import errors, replicas


def test_alone_everything_is_the_identity():
    value = tf.constant([[1.0], [2.0]])
    assert replicas.strategy(1) is replicas.strategy(1)
    assert replicas.count() == 1 and replicas.rank() == 0
    assert replicas.mean(value) is value and replicas.share(value) is value


def test_two_replicas_average_and_share():
    strategy = replicas.strategy(2)
    rows = tf.reshape(tf.range(8.0), [4, 2])

    @tf.function
    def both():
        def one():
            own = replicas.share(rows)
            return own, replicas.mean(tf.reduce_mean(own))

        return strategy.run(one)

    own, means = both()
    first, second = strategy.experimental_local_results(own)
    assert first.numpy().tolist() == [[0, 1], [2, 3]] and second.numpy().tolist() == [
        [4, 5],
        [6, 7],
    ]
    assert [float(m) for m in strategy.experimental_local_results(means)] == [3.5, 3.5]


def test_the_mean_differentiates():
    strategy = replicas.strategy(2)

    @tf.function
    def gradients():
        def one():
            x = tf.constant(3.0) + tf.cast(replicas.rank(), tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.square(replicas.mean(x))
            return tape.gradient(loss, x)

        return strategy.run(one)

    # d/dx of ((x0 + x1) / 2)^2 summed over both replicas' losses: 2 * 3.5 * (1/2 + 1/2)
    assert [float(g) for g in strategy.experimental_local_results(gradients())] == [7.0, 7.0]


def test_more_devices_than_there_are():
    with pytest.raises(errors.UserError, match="TensorFlow sees 2"):
        replicas.strategy(3)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        json.dumps({"cluster": {"worker": ["a:1"]}}),
        json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}),
    ],
)
def test_a_wrong_cluster_is_told(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(errors.UserError, match="TF_CONFIG"):
        replicas.cluster()


def test_the_first_worker_is_chief(monkeypatch):
    cluster = {"worker": ["a:1", "b:1"]}
    for index, chief in ((0, True), (1, False)):
        task = {"type": "worker", "index": index}
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
        assert replicas.is_chief() is chief


def test_two_replicas_gather_their_rows_in_order():
    strategy = replicas.strategy(2)
    rows = tf.reshape(tf.range(12.0), [4, 3])

    @tf.function
    def both():
        def one():
            own = replicas.share(rows)
            found = replicas.gathered(own), replicas.gathered(own[:, 0]), replicas.gathered(own[:1])
            assert [x.shape for x in found] == [(4, 3), (4,), (2, 3)]
            return found

        return strategy.run(one)

    matrices, numbers, firsts = both()
    for matrix, column, first in zip(
        *map(strategy.experimental_local_results, (matrices, numbers, firsts)), strict=True
    ):
        assert matrix.numpy().tolist() == rows.numpy().tolist()
        assert column.numpy().tolist() == [0, 3, 6, 9]
        assert first.numpy().tolist() == [[0, 1, 2], [6, 7, 8]]


def test_alone_all_rows_are_ones_own():
    value = tf.constant([[1.0], [2.0]])
    assert replicas.gathered(value) is value


def test_gathered_rows_differentiate():
    """Of the sum of squares on both replicas: twice 2 x."""
    strategy = replicas.strategy(2)
    rows = tf.constant([[1.0], [2.0], [3.0], [4.0]])

    @tf.function
    def gradients():
        def one():
            own = replicas.share(rows)
            with tf.GradientTape() as tape:
                tape.watch(own)
                loss = tf.reduce_sum(tf.square(replicas.gathered(own)))
            return tape.gradient(loss, own)

        return strategy.run(one)

    first, second = strategy.experimental_local_results(gradients())
    assert first.numpy().tolist() == [[4], [8]] and second.numpy().tolist() == [[12], [16]]
