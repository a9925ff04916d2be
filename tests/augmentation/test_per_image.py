"""Each row goes through its own function."""

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import per_image


def test_each_row_has_its_function_and_its_place():
    functions = [lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y]
    x, y = tf.constant([[1, 2], [3, 4], [5, 6], [7, 8]]), tf.constant([[1], [2], [3], [4]])
    made = per_image.dispatch(functions, tf.constant([2, 0, 2, 0]), x, y)
    np.testing.assert_array_equal(made, [[1, 2], [5, 6], [15, 18], [11, 12]])


def test_a_function_sees_just_its_rows():
    seen = []

    def watching(x):
        seen.append(x.numpy().tolist())
        return x

    per_image.dispatch([watching] * 3, tf.constant([1, 2, 1]), tf.constant([10, 20, 30]))
    assert seen == [[], [10, 30], [20]]
