"""A cut-out square is square, gray, as large as it says, and anywhere."""

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import cutout
from tf_ssgan.nn import step_random

COUNT = 2000


def covered(operation, height=16, width=16):
    """Which pixels of black images became gray: bool [count, height, width]."""
    images = tf.zeros([COUNT, height, width, 3], tf.uint8)
    seen = operation(images, step_random.StepRandom(0, 0, piece=(COUNT, 0))).numpy()
    assert set(np.unique(seen)) == {0, 127}
    assert (seen == seen[..., :1]).all()
    return seen[..., 0] == 127


def extents(mask):
    """Rows and columns of the covered rectangles, [count] each."""
    rows, columns = mask.any(2), mask.any(1)
    np.testing.assert_array_equal(mask, rows[:, :, None] & columns[:, None, :])
    for lines in (rows, columns):  # without a gap
        assert (np.abs(np.diff(lines.astype(int), axis=1, prepend=0, append=0)).sum(1) <= 2).all()
    return rows.sum(1), columns.sum(1)


def test_the_authors_square_is_half_the_side_unless_clipped():
    mask = covered(cutout.cutout_authors)
    rows, columns = extents(mask)
    assert rows.max() == columns.max() == 8
    inside = ~(
        mask[:, 0].any(1) | mask[:, -1].any(1) | mask[:, :, 0].any(1) | mask[:, :, -1].any(1)
    )
    assert (rows[inside] == 8).all() and (columns[inside] == 8).all()
    # The center is in the image: a quarter of the square at least is, too.
    assert rows.min() == columns.min() == 4
    # Of the 16 places of the first row, 0 to 8 need no clipping: 9/16 a side, 8 of them off row 0.
    assert abs((rows == 8).mean() - 9 / 16) < 0.04


def test_the_side_is_uniform_up_to_half_of_the_image():
    mask = covered(cutout.cutout)
    rows, columns = extents(mask)
    inside = mask[:, 4:12, 4:12].any((1, 2)) & (rows == columns)
    assert set(rows[inside]) == set(range(1, 9))
    assert max(rows.max(), columns.max()) == 8
    # Where nothing is clipped, each side has its eighth: centers from 4 to 12 fit all of them.
    middle = mask[:, :, 0].any(1) | mask[:, :, -1].any(1) | mask[:, 0].any(1) | mask[:, -1].any(1)
    counts = np.bincount(rows[~middle], minlength=9)[1:]
    expected = COUNT / 8 * ((16 - np.arange(1, 9) - 1) / 16) ** 2
    np.testing.assert_allclose(counts, expected, atol=5 * np.sqrt(COUNT / 8))


def test_the_square_is_anywhere():
    share = covered(cutout.cutout_authors).mean(0)
    middle, corner = share[7:9, 7:9].mean(), share[[0, 0, -1, -1], [0, -1, 0, -1]].mean()
    assert abs(middle - (8 / 16) ** 2) < 0.03  # the center lies within 4 pixels, either way
    assert abs(corner - (4.5 / 16) ** 2) < 0.03


def test_the_shorter_side_counts():
    rows, columns = extents(covered(cutout.cutout_authors, height=8, width=20))
    assert rows.max() == columns.max() == 4


def test_colors_elsewhere_stay():
    images = np.random.default_rng(0).integers(0, 127, (50, 8, 8, 1), np.uint8)
    seen = cutout.cutout(tf.constant(images), step_random.StepRandom(0, 0, piece=(50, 0))).numpy()
    np.testing.assert_array_equal(seen[seen != 127], images[seen != 127])
