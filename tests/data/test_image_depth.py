"""How many bits are in use, and how they become eight."""

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.data import image_depth


@pytest.mark.parametrize(
    ("peak", "bits"),
    [(0, 8), (255, 8), (256, 9), (1023, 10), (4095, 12), (4096, 13), (32768, 16), (65535, 16)],
)
def test_the_bits_of_the_largest_value(peak, bits):
    assert image_depth.bits(peak) == bits


def test_eight_bits_by_hand():
    image = Image.fromarray(np.array([[0, 16, 4095, 4096, 65535]], np.uint16))
    assert np.asarray(image_depth.to_eight_bits(image, 12)).tolist() == [[0, 1, 255, 255, 255]]
    turned = image_depth.to_eight_bits(image, 12, inverted=True)
    assert np.asarray(turned).tolist() == [[255, 254, 0, 0, 0]]
    assert image_depth.peak(image) == 65535 and not image_depth.is_inverted(image)
