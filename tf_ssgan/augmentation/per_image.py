"""Different functions for different rows of a batch, each of just its rows."""

from collections.abc import Callable, Sequence

import tensorflow as tf


def dispatch(
    functions: Sequence[Callable[..., tf.Tensor]], kinds: tf.Tensor, *batches: tf.Tensor
) -> tf.Tensor:
    """Row i of functions[kinds[i]] of the batches.

    Args:
        functions: Take any number of rows, also none, of each of `batches`, and return as many.
        kinds: int32 [batch], in [0, len(functions)).
        *batches: [batch, ...], what the functions take.

    Returns:
        [batch, ...], what the functions make, in the order of `kinds`.
    """
    count = len(functions)
    places = tf.dynamic_partition(tf.range(tf.shape(kinds)[0]), kinds, count)
    parts = [tf.dynamic_partition(batch, kinds, count) for batch in batches]
    made = [function(*part) for function, *part in zip(functions, *parts, strict=True)]
    return tf.dynamic_stitch(places, made)
