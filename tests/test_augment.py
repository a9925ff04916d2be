"""Views are pure, batch-wise, and move pixels only as they say."""

import numpy as np
import tensorflow as tf

from tf_ssgan import augment, draws

IMAGES = tf.cast(tf.reshape(tf.range(5 * 8 * 8 * 2) % 251, [5, 8, 8, 2]), tf.uint8)


def view(name, first=0, rows=5, step=0):
    piece = draws.Draws(3, step, piece=(5, first))
    return augment.VIEWS[name](IMAGES[first : first + rows], piece).numpy()


def test_plain_changes_nothing():
    np.testing.assert_array_equal(view("plain"), IMAGES)


def test_a_translation_is_a_crop_of_the_reflected_image():
    moved = view("translated")
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for image, pad in zip(moved, padded, strict=True):
        crops = [pad[i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
        assert any(np.array_equal(image, crop) for crop in crops)


def test_all_25_shifts_occur():
    many = tf.tile(IMAGES[:1], [1000, 1, 1, 1])
    moved = augment.translated(many, draws.Draws(0, 0, piece=(1000, 0))).numpy()
    assert len(np.unique(moved.reshape(1000, -1), axis=0)) == 25


def test_each_host_makes_just_its_rows_of_the_same_batch():
    for name in augment.VIEWS:
        whole = view(name)
        np.testing.assert_array_equal(view(name, first=3, rows=2), whole[3:])
        np.testing.assert_array_equal(view(name), whole)


def test_another_step_is_another_view():
    assert not np.array_equal(view("translated"), view("translated", step=1))
