"""Everything the project says to `tf.distribute`.

Keras optimizers sum gradients over replicas, batch statistics and random seeds are per replica:
whoever must think about that calls a function of this module instead.
"""

import contextlib
import functools
import json
import os

import tensorflow as tf

from tf_ssgan.common import errors


def cluster() -> dict | None:
    """Reads `TF_CONFIG`.

    Returns:
        The parsed description of the cluster, or None where the variable is not set.

    Raises:
        UserError: `TF_CONFIG` is not JSON, or names no workers or no task of them.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return None
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        known = task["type"] == "worker" and 0 <= int(task["index"]) < len(workers)
    except (ValueError, KeyError, TypeError) as error:
        raise errors.UserError(_CLUSTER_FORM) from error
    if not known:
        raise errors.UserError(
            f"TF_CONFIG names task {task}, cluster has {workers}. " + _CLUSTER_FORM
        )
    return config


_CLUSTER_FORM = (
    'TF_CONFIG must look like {"cluster": {"worker": ["host:port", ...]}, '
    '"task": {"type": "worker", "index": 0}}; unset it to train on this machine alone.'
)


@functools.cache
def strategy(devices: int = 0) -> tf.distribute.Strategy:
    """The one strategy of this process.

    Two MirroredStrategies in one process restart the same collective keys and collide, so there
    is one for each number of devices, kept.

    Args:
        devices: Replicas on this machine; 0 means every GPU, or the one CPU.

    Raises:
        UserError: More devices than there are.
    """
    if cluster() is not None:
        return _workers()
    # Asking for logical devices would start them, and a started CPU cannot be split.
    gpus = len(tf.config.list_physical_devices("GPU"))
    count = devices or max(1, gpus)
    if count == 1:
        return tf.distribute.get_strategy()
    names = tf.config.list_logical_devices("GPU") if gpus else _split_cpu(count)
    if count > len(names):
        raise errors.UserError(f"--devices={count}, but TensorFlow sees {len(names)} device(s).")
    return tf.distribute.MirroredStrategy([device.name for device in names[:count]])


@functools.cache
def _workers() -> tf.distribute.Strategy:
    return tf.distribute.MultiWorkerMirroredStrategy()


def usable_gpus(batch_size: int) -> int:
    """The most GPUs of this machine that can share a batch evenly; 0 where there is none."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    return max((n for n in range(1, gpus + 1) if batch_size % n == 0), default=0)


def _split_cpu(count: int) -> list:
    """Shows one CPU as several devices; possible only before TensorFlow has started its devices."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    with contextlib.suppress(RuntimeError):
        pieces = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, pieces)
    return tf.config.list_logical_devices("CPU")


def is_chief() -> bool:
    """Whether this process writes files: worker 0 of a cluster, or the only process."""
    config = cluster()
    return config is None or int(config["task"]["index"]) == 0


def num_replicas() -> int:
    """Replicas that share a step, over all hosts."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_rank() -> int | tf.Tensor:
    """This replica's number in [0, count); 0 outside a replica."""
    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def mean_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """Mean over the replicas of a value that each holds; differentiable.

    Losses that couple the batch (feature matching, batch statistics) need it, or every replica
    would see only its own share. Outside a replica, or alone, the value itself.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def gather_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The rows of all replicas, in the order of their ranks; differentiable.

    For losses that compare each example with every other. Outside a replica, or alone, the value
    itself.

    Args:
        value: [rows, ...], as many on each replica.

    Returns:
        [rows * count, ...].
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    # Each puts its rows where they belong among zeros: unlike a gather, a sum has a gradient.
    place = tf.one_hot(context.replica_id_in_sync_group, num_replicas(), dtype=value.dtype)
    spread = place[(..., *[tf.newaxis] * value.shape.rank)] * value[tf.newaxis]
    whole = context.all_reduce(tf.distribute.ReduceOp.SUM, spread)
    return tf.reshape(whole, [num_replicas() * value.shape[0], *value.shape[1:]])


def max_over_workers(number: int) -> int:
    """The largest of the numbers that the workers of a cluster say; alone, the number itself.

    For what all of them must do at the same step, as stopping on a signal that one has heard.
    """
    if cluster() is None:
        return number
    return int(_largest()(tf.constant(number)))


@functools.cache
def _largest():
    together = _workers()

    def one(number: tf.Tensor) -> tf.Tensor:
        # Strategies reduce by sum or mean only: each number goes into a place of its own.
        context = tf.distribute.get_replica_context()
        row = tf.one_hot(
            context.replica_id_in_sync_group, num_replicas(), on_value=number, off_value=0
        )
        return tf.reduce_max(context.all_reduce(tf.distribute.ReduceOp.SUM, row))

    @tf.function
    def largest(number: tf.Tensor) -> tf.Tensor:
        return together.experimental_local_results(together.run(one, args=(number,)))[0]

    return largest


def replica_share(value: tf.Tensor) -> tf.Tensor:
    """This replica's rows of a tensor of global rows.

    Args:
        value: [rows, ...], rows a multiple of `count()`.

    Returns:
        [rows / count, ...], the rank-th contiguous piece.
    """
    replicas = num_replicas()
    context = tf.distribute.get_replica_context()
    if replicas == 1 or context is None:
        return value
    rows = value.shape[0] // replicas
    start = tf.cast(context.replica_id_in_sync_group, tf.int32) * rows
    piece = tf.slice(value, [start] + [0] * (value.shape.rank - 1), [rows] + value.shape[1:])
    return tf.ensure_shape(piece, [rows] + value.shape[1:])
