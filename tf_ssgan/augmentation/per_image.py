"""Applies different functions to different rows of a batch."""

from collections.abc import Callable, Sequence

import tensorflow as tf


def dispatch(
    functions: Sequence[Callable[..., tf.Tensor]], choices: tf.Tensor, *batches: tf.Tensor
) -> tf.Tensor:
    """Applies functions[choices[i]] to row i; each function is called once, on its rows only.

    Args:
        functions: Each takes rows of each of `batches`, possibly none, and returns as many rows.
        choices: int32 [batch], in [0, len(functions)), the function of each row.
        *batches: [batch, ...], the arguments of the functions.

    Returns:
        [batch, ...], the results of the functions, in the order of the rows.
    """
    count = len(functions)
    rows = tf.dynamic_partition(tf.range(tf.shape(choices)[0]), choices, count)
    parts = [tf.dynamic_partition(batch, choices, count) for batch in batches]
    results = [function(*part) for function, *part in zip(functions, *parts, strict=True)]
    return tf.dynamic_stitch(rows, results)
