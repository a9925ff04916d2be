"""The operations on pixel values compute what Pillow computes."""

import numpy as np
import pytest
from support import pillow_reference
from support.pillow_reference import apply, apply_to_row


@pytest.mark.parametrize("channels", [3, 1], ids=["color", "gray"])
@pytest.mark.parametrize("name", pillow_reference.COLOR)
def test_each_operation_equals_pillows(name, channels):
    pillow_reference.check_random_amounts(name, channels)


@pytest.mark.parametrize("name", pillow_reference.COLOR)
def test_the_ends_of_the_range_and_the_authors_amounts_equal_pillows(name):
    pillow_reference.check_special_amounts(name)


@pytest.mark.parametrize("name", pillow_reference.COLOR)
def test_an_operation_accepts_an_empty_batch(name):
    pillow_reference.check_empty_batch(name)


def test_small_examples_by_hand():
    assert apply_to_row("autocontrast", [10, 20, 60]) == [0, 51, 255]
    assert apply_to_row("brightness", [10, 21, 200], 0.5) == [5, 10, 100]
    assert apply_to_row("contrast", [0, 100, 200], 0.5) == [50, 100, 150]
    assert apply_to_row("posterize", [255, 17, 16, 15], 4.9) == [240, 16, 16, 0]
    assert apply_to_row("solarize", [0, 99, 100, 255], 99.5) == [0, 99, 155, 0]
    assert apply_to_row("solarize", [0, 255], 256.0) == [0, 255]
    assert apply_to_row("solarize", [0, 255], 0.0) == [255, 0]


def test_equalize_by_hand():
    """510 of 512 pixels are below the highest value: a step of 2, and at most 255 steps."""
    values = np.uint8([7] * 254 + [8] * 256 + [90] * 2).reshape([1, 16, 32, 1])
    equalized = apply("equalize", values, [0.0]).ravel()
    # 1 // 2, 255 // 2, 511 // 2
    assert [equalized[0], equalized[254], equalized[-1]] == [0, 127, 255]


def test_gray_images_have_no_color_to_lose():
    images = pillow_reference.sample_images(0, 16, 1)
    np.testing.assert_array_equal(apply("color", images, np.full(len(images), 0.3)), images)
