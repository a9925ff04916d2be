"""Sizes of a task."""

import pytest

from tf_ssgan.core.task import Task


def task(height, width):
    return Task(10, height, width, 3, 10, 100, 10, 10)


@pytest.mark.parametrize(
    "size, to_12, to_6",
    [
        (6, 0, 0),
        (8, 0, 1),
        (12, 0, 1),
        (13, 1, 2),
        (24, 1, 2),
        (32, 2, 3),
        (48, 2, 3),
        (49, 3, 4),
        (64, 3, 4),
        (96, 3, 4),
        (97, 4, 5),
        (128, 4, 5),
        (224, 5, 6),
        (256, 5, 6),
        (384, 5, 6),
        (385, 6, 7),
    ],
)
def test_halvings_of_a_square(size, to_12, to_6):
    assert task(size, size).halvings(12) == to_12
    assert task(size, size).halvings(6) == to_6


@pytest.mark.parametrize("pixels", [1, 6, 7, 12])
def test_halvings_are_as_many_as_a_convolution_of_stride_2_needs(pixels):
    for size in range(1, 300):
        sides = [size]
        while sides[-1] > pixels:
            sides.append((sides[-1] + 1) // 2)  # the output of a convolution of stride 2
        assert task(size, size).halvings(pixels) == len(sides) - 1


def test_the_larger_side_decides():
    assert task(8, 128).halvings(12) == task(128, 8).halvings(12) == 4


def test_the_image_shape_is_height_width_channels():
    assert task(4, 6).image_shape == (4, 6, 3)
