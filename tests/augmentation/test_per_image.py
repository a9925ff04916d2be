"""Each row is transformed by its own function."""

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import per_image


def test_each_row_gets_its_function_and_rows_keep_their_order():
    functions = [lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y]
    x, y = tf.constant([[1, 2], [3, 4], [5, 6], [7, 8]]), tf.constant([[1], [2], [3], [4]])
    result = per_image.dispatch(functions, tf.constant([2, 0, 2, 0]), x, y)
    np.testing.assert_array_equal(result, [[1, 2], [5, 6], [15, 18], [11, 12]])


def test_a_function_gets_only_its_rows():
    calls = []

    def record(x):
        calls.append(x.numpy().tolist())
        return x

    per_image.dispatch([record] * 3, tf.constant([1, 2, 1]), tf.constant([10, 20, 30]))
    assert calls == [[], [10, 30], [20]]
