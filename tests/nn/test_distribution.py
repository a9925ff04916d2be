"""Strategies, clusters, and values shared by two replicas."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from support.programs import python_path

from tf_ssgan.common import errors
from tf_ssgan.nn import distribution


def test_a_single_replica_has_every_value_to_itself():
    value = tf.constant([[1.0], [2.0]])
    assert distribution.strategy(1) is distribution.strategy(1)
    assert distribution.num_replicas() == 1 and distribution.replica_rank() == 0
    assert (
        distribution.mean_over_replicas(value) is value
        and distribution.replica_share(value) is value
    )


def test_two_replicas_split_rows_and_average_values():
    strategy = distribution.strategy(2)
    rows = tf.reshape(tf.range(8.0), [4, 2])

    @tf.function
    def both():
        def one():
            own = distribution.replica_share(rows)
            return own, distribution.mean_over_replicas(tf.reduce_mean(own))

        return strategy.run(one)

    own, means = both()
    first, second = strategy.experimental_local_results(own)
    assert first.numpy().tolist() == [[0, 1], [2, 3]] and second.numpy().tolist() == [
        [4, 5],
        [6, 7],
    ]
    assert [float(m) for m in strategy.experimental_local_results(means)] == [3.5, 3.5]


def test_the_mean_over_replicas_has_a_gradient():
    strategy = distribution.strategy(2)

    @tf.function
    def gradients():
        def one():
            x = tf.constant(3.0) + tf.cast(distribution.replica_rank(), tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.square(distribution.mean_over_replicas(x))
            return tape.gradient(loss, x)

        return strategy.run(one)

    # d/dx of ((x0 + x1) / 2)^2 summed over both replicas' losses: 2 * 3.5 * (1/2 + 1/2)
    assert [float(g) for g in strategy.experimental_local_results(gradients())] == [7.0, 7.0]


def test_more_devices_than_there_are_is_an_error():
    with pytest.raises(errors.UserError, match="TensorFlow sees 2"):
        distribution.strategy(3)


def test_one_device_waits_for_no_cluster(monkeypatch):
    task = {"type": "worker", "index": 0}
    text = json.dumps({"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": task})
    monkeypatch.setenv("TF_CONFIG", text)
    assert distribution.one_device().num_replicas_in_sync == 1


def test_without_a_cluster_there_is_nothing_to_join(monkeypatch):
    monkeypatch.setattr(distribution, "_workers", lambda: pytest.fail("waits for others"))
    distribution.join_cluster()


def test_the_first_worker_is_chief(monkeypatch):
    cluster = {"worker": ["a:1", "b:1"]}
    for index, chief in ((0, True), (1, False)):
        task = {"type": "worker", "index": index}
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
        assert distribution.is_chief() is chief


def test_two_replicas_gather_their_rows_in_order():
    strategy = distribution.strategy(2)
    rows = tf.reshape(tf.range(12.0), [4, 3])

    @tf.function
    def both():
        def one():
            own = distribution.replica_share(rows)
            gathered = (
                distribution.gather_over_replicas(own),
                distribution.gather_over_replicas(own[:, 0]),
                distribution.gather_over_replicas(own[:1]),
            )
            assert [x.shape for x in gathered] == [(4, 3), (4,), (2, 3)]
            return gathered

        return strategy.run(one)

    matrices, numbers, firsts = both()
    for matrix, column, first in zip(
        *map(strategy.experimental_local_results, (matrices, numbers, firsts)), strict=True
    ):
        assert matrix.numpy().tolist() == rows.numpy().tolist()
        assert column.numpy().tolist() == [0, 3, 6, 9]
        assert first.numpy().tolist() == [[0, 1, 2], [6, 7, 8]]


def test_a_single_replica_gathers_its_own_rows():
    value = tf.constant([[1.0], [2.0]])
    assert distribution.gather_over_replicas(value) is value


def test_gathered_rows_have_a_gradient():
    """That of the sum of squares on both replicas is twice 2 x."""
    strategy = distribution.strategy(2)
    rows = tf.constant([[1.0], [2.0], [3.0], [4.0]])

    @tf.function
    def gradients():
        def one():
            own = distribution.replica_share(rows)
            with tf.GradientTape() as tape:
                tape.watch(own)
                loss = tf.reduce_sum(tf.square(distribution.gather_over_replicas(own)))
            return tape.gradient(loss, own)

        return strategy.run(one)

    first, second = strategy.experimental_local_results(gradients())
    assert first.numpy().tolist() == [[4], [8]] and second.numpy().tolist() == [[12], [16]]


def test_without_a_cluster_the_largest_number_is_the_only_one():
    assert distribution.max_over_workers(7) == 7


def test_without_a_cluster_the_first_worker_is_this_process():
    value = np.arange(3.0)
    assert distribution.of_first_worker(value) is value


WORKER = """
import json, sys
import numpy as np
from tf_ssgan.nn import distribution
number = int(sys.argv[1])
distribution.join_cluster()
value = np.full((3, 2), [0.1, np.nan][number], np.float32)
np.save(sys.argv[2], distribution.of_first_worker(value))
"""


@pytest.mark.slow
def test_each_worker_of_a_cluster_gets_what_the_first_one_has(tmp_path):
    """Even if another one's values are no numbers."""
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    workers = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    running = []
    for index in range(2):
        hosts = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        place = os.environ | {
            "TF_CONFIG": json.dumps(hosts),
            "CUDA_VISIBLE_DEVICES": "",
            "PYTHONPATH": python_path(pathlib.Path(__file__).parents[2]),
        }
        words = [sys.executable, "-c", WORKER, str(index), str(tmp_path / f"{index}.npy")]
        running.append(subprocess.Popen(words, env=place))
    assert [process.wait(timeout=300) for process in running] == [0, 0]
    for index in range(2):
        np.testing.assert_array_equal(np.load(tmp_path / f"{index}.npy"), np.float32(0.1))


@pytest.mark.parametrize(
    ("gpus", "batch_size", "usable"), [(0, 8, 0), (1, 7, 1), (4, 8, 4), (4, 6, 3), (3, 7, 1)]
)
def test_usable_gpus_share_a_batch_evenly(monkeypatch, gpus, batch_size, usable):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"] * gpus)
    assert distribution.usable_gpus(batch_size) == usable
