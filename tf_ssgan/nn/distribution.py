"""All calls of functions of `tf.distribute` in the project.

Keras optimizers sum gradients over replicas, and batch statistics and random seeds are per replica.
Code that depends on the replicas calls a function of this module.
"""

import contextlib
import functools

import numpy as np
import tensorflow as tf

from tf_ssgan.common import cluster, errors, rendezvous


@functools.cache
def strategy(devices: int = 0) -> tf.distribute.Strategy:
    """The distribution strategy of this process.

    Two MirroredStrategies in one process use the same collective keys and collide, so the strategy
    for each number of devices is made once.

    Args:
        devices: Replicas on this machine; 0 means every GPU, or the CPU if there is no GPU.

    Raises:
        UserError: There are fewer devices, or the workers of a cluster cannot meet.
    """
    if cluster.read() is not None:
        return _workers()
    # Listing logical devices starts them, and a started CPU cannot be split.
    gpus = len(tf.config.list_physical_devices("GPU"))
    count = devices or max(1, gpus)
    if count == 1:
        return tf.distribute.get_strategy()
    names = tf.config.list_logical_devices("GPU") if gpus else _split_cpu(count)
    if count > len(names):
        raise errors.UserError(f"--devices={count}, but TensorFlow sees {len(names)} device(s).")
    return tf.distribute.MirroredStrategy([device.name for device in names[:count]])


def one_device() -> tf.distribute.Strategy:
    """The strategy of a program that no other host takes part in, whatever `TF_CONFIG` says."""
    return tf.distribute.get_strategy()


def join_cluster() -> None:
    """Connects this worker with the others; nothing if `TF_CONFIG` is not set.

    It comes before data are loaded: hosts start at about the same time, but some read data longer.

    Raises:
        UserError: `TF_CONFIG` is wrong, the port is in use, or another worker does not come.
    """
    if cluster.read() is not None:
        _workers()


@functools.cache
def _workers() -> tf.distribute.Strategy:
    rendezvous.meet(cluster.read(), rendezvous.LIMIT)
    return tf.distribute.MultiWorkerMirroredStrategy()


def usable_gpus(batch_size: int) -> int:
    """The largest number of GPUs that can share a batch evenly; 0 if the machine has no GPU."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    return max((n for n in range(1, gpus + 1) if batch_size % n == 0), default=0)


def _split_cpu(count: int) -> list:
    """Splits the CPU into several devices; works only before TensorFlow has started its devices."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    with contextlib.suppress(RuntimeError):
        pieces = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, pieces)
    return tf.config.list_logical_devices("CPU")


def is_chief() -> bool:
    """Whether this process writes files: worker 0 of a cluster, or the only process."""
    here = cluster.read()
    return here is None or here.index == 0


def num_replicas() -> int:
    """Number of replicas that share a step, over all hosts."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_rank() -> int | tf.Tensor:
    """This replica's number in [0, `num_replicas()`); 0 outside a replica."""
    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def copy_beside(variable: tf.Variable, other: tf.Variable) -> tf.Variable:
    """The copy of a variable on the device of another one's copy; itself, with a single replica.

    Args:
        variable: The copy on one replica.
        other: The variable of all replicas whose copy is asked for.
    """
    copies = tf.distribute.get_strategy().experimental_local_results(other)
    if len(copies) == 1:
        return copies[0]
    return next(copy for copy in copies if copy.device == variable.device)


def mean_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """Mean over the replicas of a value that each holds; differentiable.

    Losses and layers that couple the examples of a batch (feature matching, batch statistics) need
    it, because a replica sees only its own share of the batch. Outside a replica, or with a single
    one, it returns the value itself.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def gather_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The rows of all replicas, in the order of their ranks; differentiable.

    For losses that compare each example with every other. Outside a replica, or with a single one,
    it returns the value itself.

    Args:
        value: [rows, ...], with as many rows on each replica.

    Returns:
        [rows * num_replicas, ...].
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    # Each replica puts its rows among zeros; unlike a gather, the sum of these has a gradient.
    place = tf.one_hot(context.replica_id_in_sync_group, num_replicas(), dtype=value.dtype)
    spread = place[(..., *[tf.newaxis] * value.shape.rank)] * value[tf.newaxis]
    whole = context.all_reduce(tf.distribute.ReduceOp.SUM, spread)
    return tf.reshape(whole, [num_replicas() * value.shape[0], *value.shape[1:]])


def permuted(value: tf.Tensor, order: tf.Tensor) -> tf.Tensor:
    """This replica's rows of the whole batch in another order; differentiable.

    Args:
        value: [rows, ...], this replica's rows.
        order: int32 [rows of all replicas], the place that each row comes from; the same on every
            replica, see `StepRandom.order`.

    Returns:
        [rows, ...].
    """
    return replica_share(tf.gather(gather_over_replicas(value), order))


def max_over_workers(number: int) -> int:
    """The largest of a number that each worker of a cluster has; without one, the number itself.

    For what all workers must do at the same step, such as stopping when one receives a signal.
    """
    if cluster.read() is None:
        return number
    return int(_largest()(tf.constant(number)))


@functools.cache
def _largest():
    workers = _workers()

    def one(number: tf.Tensor) -> tf.Tensor:
        # Strategies reduce by sum or mean only, so each number gets a place of its own.
        context = tf.distribute.get_replica_context()
        row = tf.one_hot(
            context.replica_id_in_sync_group, num_replicas(), on_value=number, off_value=0
        )
        return tf.reduce_max(context.all_reduce(tf.distribute.ReduceOp.SUM, row))

    @tf.function
    def largest(number: tf.Tensor) -> tf.Tensor:
        return workers.experimental_local_results(workers.run(one, args=(number,)))[0]

    return largest


def of_first_worker(value: np.ndarray) -> np.ndarray:
    """What the first worker of a cluster has computed, on each of them; without one, the value.

    For what each computes from the same data: other processors may round otherwise.

    Args:
        value: Of the same shape on every worker; float or integer.
    """
    if cluster.read() is None:
        return value
    workers = _workers()

    def one(own: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        # `where` and not a product, which would keep another worker's NaN.
        first = tf.where(context.replica_id_in_sync_group == 0, own, tf.zeros_like(own))
        return context.all_reduce(tf.distribute.ReduceOp.SUM, first)

    agreed = tf.function(lambda own: workers.run(one, args=(own,)))(tf.constant(value))
    return workers.experimental_local_results(agreed)[0].numpy()


def replica_share(value: tf.Tensor) -> tf.Tensor:
    """This replica's rows of a tensor that holds the rows of all replicas.

    Args:
        value: [rows, ...]; rows is a multiple of `num_replicas()`.

    Returns:
        [rows / num_replicas, ...], contiguous, in the order of the ranks.
    """
    replicas = num_replicas()
    context = tf.distribute.get_replica_context()
    if replicas == 1 or context is None:
        return value
    rows = value.shape[0] // replicas
    start = tf.cast(context.replica_id_in_sync_group, tf.int32) * rows
    piece = tf.slice(value, [start] + [0] * (value.shape.rank - 1), [rows] + value.shape[1:])
    return tf.ensure_shape(piece, [rows] + value.shape[1:])
