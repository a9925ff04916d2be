"""Cutout covers a gray square of the right size, anywhere in the image."""

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import cutout
from tf_ssgan.nn.step_random import StepRandom

COUNT = 2000


def covered_pixels(operation, height=16, width=16):
    """Returns bool [count, height, width]: which pixels of black images became gray."""
    images = tf.zeros([COUNT, height, width, 3], tf.uint8)
    result = operation(images, StepRandom(0, 0, piece=(COUNT, 0))).numpy()
    assert set(np.unique(result)) == {0, 127}
    assert (result == result[..., :1]).all()
    return result[..., 0] == 127


def extents(mask):
    """Returns the height and the width of the covered rectangles, [count] each."""
    rows, columns = mask.any(2), mask.any(1)
    np.testing.assert_array_equal(mask, rows[:, :, None] & columns[:, None, :])
    for axis in (rows, columns):  # without a gap
        assert (np.abs(np.diff(axis.astype(int), axis=1, prepend=0, append=0)).sum(1) <= 2).all()
    return rows.sum(1), columns.sum(1)


def test_the_square_of_the_authors_variant_is_half_the_side_unless_clipped():
    mask = covered_pixels(cutout.cutout_authors)
    rows, columns = extents(mask)
    assert rows.max() == columns.max() == 8
    inside = ~(
        mask[:, 0].any(1) | mask[:, -1].any(1) | mask[:, :, 0].any(1) | mask[:, :, -1].any(1)
    )
    assert (rows[inside] == 8).all() and (columns[inside] == 8).all()
    # The center is in the image, so at least a quarter of the square is, too.
    assert rows.min() == columns.min() == 4
    # The square can start in 16 rows; it is not clipped if it starts in rows 0 to 8: 9/16.
    assert abs((rows == 8).mean() - 9 / 16) < 0.04


def test_the_side_is_uniform_up_to_half_of_the_image():
    mask = covered_pixels(cutout.cutout)
    rows, columns = extents(mask)
    inside = mask[:, 4:12, 4:12].any((1, 2)) & (rows == columns)
    assert set(rows[inside]) == set(range(1, 9))
    assert max(rows.max(), columns.max()) == 8
    # Without clipping, each side length occurs in an eighth of the images.
    border = mask[:, :, 0].any(1) | mask[:, :, -1].any(1) | mask[:, 0].any(1) | mask[:, -1].any(1)
    counts = np.bincount(rows[~border], minlength=9)[1:]
    expected = COUNT / 8 * ((16 - np.arange(1, 9) - 1) / 16) ** 2
    np.testing.assert_allclose(counts, expected, atol=5 * np.sqrt(COUNT / 8))


def test_the_square_can_be_anywhere():
    share = covered_pixels(cutout.cutout_authors).mean(0)
    middle, corner = share[7:9, 7:9].mean(), share[[0, 0, -1, -1], [0, -1, 0, -1]].mean()
    assert (
        abs(middle - (8 / 16) ** 2) < 0.03
    )  # the center is at most 4 pixels away in each direction
    assert abs(corner - (4.5 / 16) ** 2) < 0.03


def test_the_square_is_measured_by_the_shorter_side():
    rows, columns = extents(covered_pixels(cutout.cutout_authors, height=8, width=20))
    assert rows.max() == columns.max() == 4


def test_pixels_outside_the_square_are_not_changed():
    images = np.random.default_rng(0).integers(0, 127, (50, 8, 8, 1), np.uint8)
    result = cutout.cutout(tf.constant(images), StepRandom(0, 0, piece=(50, 0))).numpy()
    np.testing.assert_array_equal(result[result != 127], images[result != 127])
