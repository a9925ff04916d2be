"""The views that Pillow computes for comparison."""

import random

import numpy as np
from PIL import Image

from benchmarks import pillow_views


def test_the_weak_view_is_a_crop_of_the_picture_or_of_its_mirror_image():
    random.seed(0)
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    crops = []
    for direction in (image, image[:, ::-1]):
        padded = np.pad(direction, ((2, 2), (2, 2), (0, 0)), mode="reflect")
        crops += [padded[i : i + 16, j : j + 16].tobytes() for i in range(5) for j in range(5)]
    picture = Image.fromarray(image)
    views = {np.asarray(pillow_views.weak(picture)).tobytes() for _ in range(600)}
    assert views == set(crops)


def test_the_gray_square_has_at_most_half_the_side():
    random.seed(0)
    sides = set()
    for _ in range(300):
        covered = np.asarray(pillow_views.cutout(Image.new("RGB", (16, 16)))) == 127
        sides.add(max(covered.any((1, 2)).sum(), covered.any((0, 2)).sum()))
    assert sides == set(range(1, 9))
