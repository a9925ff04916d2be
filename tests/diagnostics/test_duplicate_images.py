"""Duplicate images: exact, near, and none."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.data import content_hash, equal_images, similar_images
from tf_ssgan.diagnostics import duplicate_images

SIZE = 32


def compared(images, test, labels=None, names=None):
    labels = np.zeros(len(images), np.int64) if labels is None else np.array(labels)
    names = [f"{n}.png" for n in range(len(images))] if names is None else names
    test = np.isin(np.arange(len(images)), test)
    return equal_images.ImagesToCompare(
        content_hash.keys(images), labels, test, names, ("cat", "dog")
    )


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def natural_images(count, side=SIZE):
    """Smooth colors, as in photos: random 5x5 images, enlarged."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (count, 5, 5, 3), np.uint8)
    return np.stack([resized(one, side, Image.Resampling.BICUBIC) for one in small])


def resized(image, side=SIZE, how=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(image).resize((side, side), how))


def jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def near(images, test):
    return list(duplicate_images.check_near(images, compared(images, test)))


# --- Exact ----------------------------------------------------------------------------------------


def test_all_different():
    (finding,) = duplicate_images.check_exact(compared(noise(9), [7, 8]))
    assert finding.level == "ok"


def test_training_and_the_doctor_say_the_same_of_copies():
    images = noise(5)[[0, 1, 2, 3, 0, 1, 4]]
    findings = duplicate_images.check_exact(compared(images, [4, 6]))
    remarks = equal_images.remarks(compared(images, [4, 6]))
    assert [vars(remark) for remark in remarks] == [
        {name: getattr(finding, name) for name in ("level", "text", "advice", "names")}
        for finding in findings
    ]


# --- Near -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side, quality", [(SIZE, 95), (SIZE, 85), (128, 75), (128, 50)])
def test_an_image_saved_again_as_jpeg_is_a_near_duplicate(side, quality):
    large = natural_images(40, side)
    images = np.stack([resized(one) for one in [*large, jpeg(large[7], quality)]])
    (finding,) = near(images, [40])
    assert finding.level == "warning" and finding.names == ("40.png ~ 7.png",)


def test_an_image_brightened_a_little_is_a_near_duplicate():
    images = natural_images(40)
    images = np.concatenate([images, (images[7] // 2 + 60)[None]])
    images[7] = images[7] // 2 + 58
    (finding,) = near(images, [40])
    assert finding.names == ("40.png ~ 7.png",)


@pytest.mark.parametrize("make", [noise, natural_images])
def test_different_images_are_no_duplicates(make):
    (finding,) = near(make(300), list(range(200, 300)))
    assert finding.level == "ok"


def test_exact_duplicates_are_not_near_duplicates():
    images = natural_images(20)[[*range(20), 3]]
    assert near(images, [20])[0].level == "ok"


def test_plain_images_are_no_duplicates():
    plain = np.stack([np.full((SIZE, SIZE, 3), 100 + n, np.uint8) for n in range(6)])
    slope = (np.arange(SIZE)[None, None, :, None] * 4 + np.arange(3)[:, None, None, None]).astype(
        np.uint8
    ) * np.ones((1, SIZE, 1, 3), np.uint8)  # every block is brighter than its neighbor
    for images in (plain, slope, slope[:, :, ::-1]):
        assert near(np.ascontiguousarray(images), [0, 1])[0].level == "ok"


def test_images_of_low_contrast_are_compared_by_their_contrast():
    faint = (100 + (natural_images(30).astype(np.int64) - 128) // 40).astype(np.uint8)
    assert near(faint, list(range(15)))[0].level == "ok"


def test_a_hash_that_many_images_have_is_ignored(monkeypatch):
    images = np.repeat(natural_images(1), 30, axis=0)
    images[:, 0, 0, 0] = np.arange(30)  # nearly, not exactly equal
    assert len(near(images, [0])[0].names) == 0 and near(images, [0])[0].level == "ok"
    monkeypatch.setattr(similar_images, "FEW", 30)
    assert near(images, [0])[0].level == "warning"


def test_the_most_similar_pairs_come_first_and_ten_are_printed():
    images = natural_images(30)
    copies = images[:12].astype(np.int64)
    copies[:, ::2] += np.where(copies[:, ::2] > 128, -1, 1) * np.arange(12, 0, -1)[
        :, None, None, None
    ] // 2  # fmt: skip
    copies[11, 0, 0, 0] ^= 1
    images = np.concatenate([images, copies.astype(np.uint8)])
    (finding,) = near(images, list(range(30, 42)))
    assert finding.text.startswith("12 test images") and finding.listed == 10
    assert finding.names[0] == "41.png ~ 11.png" and finding.names[-1] == "30.png ~ 0.png"


def test_of_very_many_images_a_random_part_is_compared(monkeypatch):
    monkeypatch.setattr(duplicate_images, "MAX_TRAIN", 50)
    images = natural_images(80)
    (finding,) = near(images, [79])
    assert "of 79 training images, 50 random ones were compared" in finding.text
