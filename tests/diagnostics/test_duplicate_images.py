"""Pictures that are there twice: exactly, nearly, and not at all."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.data import content_hash
from tf_ssgan.data.sources import digits
from tf_ssgan.diagnostics import duplicate_images

SIZE = 32


def known(images, test, labels=None, names=None):
    labels = np.zeros(len(images), np.int64) if labels is None else np.array(labels)
    names = [f"{n}.png" for n in range(len(images))] if names is None else names
    test = np.isin(np.arange(len(images)), test)
    return duplicate_images.ImagesToCompare(
        content_hash.keys(images), labels, test, names, ("cat", "dog")
    )


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def photographs(count, side=SIZE):
    """Smooth colors, as cameras see them: random 5x5 pictures, enlarged."""
    chance = np.random.default_rng(0)
    small = chance.integers(0, 256, (count, 5, 5, 3), np.uint8)
    return np.stack([resized(one, side, Image.Resampling.BICUBIC) for one in small])


def resized(image, side=SIZE, how=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(image).resize((side, side), how))


def jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def near(images, test):
    return list(duplicate_images.near(images, known(images, test)))


# --- Exact ----------------------------------------------------------------------------------------


def test_all_different():
    (found,) = duplicate_images.exact(known(noise(9), [7, 8]))
    assert found.level == "ok"


def test_a_test_picture_that_is_learned_from(the):
    images = noise(5)[[0, 1, 2, 3, 0, 1, 4]]
    found = list(duplicate_images.exact(known(images, [4, 6])))
    leak = the(found, "1 test picture(s) have the pixels")
    assert leak.level == "warning" and leak.names == ("4.png = 0.png",)
    assert "out of one of the two sides" in leak.advice
    assert the(found, "1 picture(s) to learn from are copies").level == "note"  # 5 is 1


def test_copies_within_the_test_pictures_alone_leak_nothing():
    images = noise(4)[[0, 1, 2, 3, 3]]
    assert not list(duplicate_images.exact(known(images, [3, 4])))


def test_copies_in_different_classes(the):
    images = noise(3)[[0, 1, 0, 2, 0, 0]]
    found = list(duplicate_images.exact(known(images, [], labels=[0, 0, 1, 1, 0, -1])))
    torn = the(found, "copies in different classes")
    assert torn.level == "warning"
    assert torn.names == ("0.png (cat) = 2.png (dog) = 4.png (cat)",)


def test_an_unlabeled_copy_contradicts_nobody():
    images = noise(2)[[0, 0, 1]]
    (found,) = duplicate_images.exact(known(images, [], labels=[0, -1, 1]))
    assert found.level == "note" and found.text.startswith("1 picture(s) to learn from")


# --- Near -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side, quality", [(SIZE, 95), (SIZE, 85), (128, 75), (128, 50)])
def test_a_picture_saved_anew_as_jpeg_is_a_near_duplicate(side, quality):
    large = photographs(40, side)
    images = np.stack([resized(one) for one in [*large, jpeg(large[7], quality)]])
    (found,) = near(images, [40])
    assert found.level == "warning" and found.names == ("40.png ~ 7.png",)


def test_so_is_one_brightened_a_little():
    images = photographs(40)
    images = np.concatenate([images, (images[7] // 2 + 60)[None]])
    images[7] = images[7] // 2 + 58
    (found,) = near(images, [40])
    assert found.names == ("40.png ~ 7.png",)


@pytest.mark.parametrize("make", [noise, photographs])
def test_different_pictures_are_none(make):
    (found,) = near(make(300), list(range(200, 300)))
    assert found.level == "ok"


def test_exact_ones_are_told_elsewhere():
    images = photographs(20)[[*range(20), 3]]
    assert near(images, [20])[0].level == "ok"


def test_plain_pictures_are_none():
    plain = np.stack([np.full((SIZE, SIZE, 3), 100 + n, np.uint8) for n in range(6)])
    slope = (np.arange(SIZE)[None, None, :, None] * 4 + np.arange(3)[:, None, None, None]).astype(
        np.uint8
    ) * np.ones((1, SIZE, 1, 3), np.uint8)  # every block is brighter than its neighbor
    for images in (plain, slope, slope[:, :, ::-1]):
        assert near(np.ascontiguousarray(images), [0, 1])[0].level == "ok"


def test_faint_pictures_are_compared_by_their_own_contrast():
    faint = (100 + (photographs(30).astype(np.int64) - 128) // 40).astype(np.uint8)
    assert near(faint, list(range(15)))[0].level == "ok"


def test_a_hash_that_many_pictures_have_says_nothing(monkeypatch):
    images = np.repeat(photographs(1), 30, axis=0)
    images[:, 0, 0, 0] = np.arange(30)  # nearly, not exactly equal
    assert len(near(images, [0])[0].names) == 0 and near(images, [0])[0].level == "ok"
    monkeypatch.setattr(duplicate_images, "FEW", 30)
    assert near(images, [0])[0].level == "warning"


def test_the_digits_give_no_false_alarm():
    arrays = digits.load()
    images = np.concatenate([arrays.train_images, arrays.test_images])
    test = range(len(arrays.train_images), len(images))
    assert len(images) == 1797
    assert duplicate_images.near_pairs(
        images, content_hash.keys(images), np.array(test), np.arange(test.start)
    ) == []  # fmt: skip


def test_the_most_similar_come_first_and_ten_are_named():
    images = photographs(30)
    copies = images[:12].astype(np.int64)
    copies[:, ::2] += np.where(copies[:, ::2] > 128, -1, 1) * np.arange(12, 0, -1)[
        :, None, None, None
    ] // 2  # fmt: skip
    copies[11, 0, 0, 0] ^= 1
    images = np.concatenate([images, copies.astype(np.uint8)])
    (found,) = near(images, list(range(30, 42)))
    assert found.text.startswith("12 test picture(s)") and found.listed == 10
    assert found.names[0] == "41.png ~ 11.png" and found.names[-1] == "30.png ~ 0.png"


def test_of_very_many_a_random_part_is_compared(monkeypatch):
    monkeypatch.setattr(duplicate_images, "LARGEST", 50)
    images = photographs(80)
    (found,) = near(images, [79])
    assert "of 79 pictures to learn from, a random 50 were compared" in found.text


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 16, 1), (9, 8, 3), (33, 33, 3), (200, 200, 3)])
def test_hashes_compare_neighboring_blocks(shape):
    rising = np.zeros((1, *shape), np.uint8) + np.linspace(0, 250, shape[1], dtype=np.uint8)[
        :, None
    ]  # fmt: skip
    images = np.concatenate([rising, rising[:, :, ::-1], np.full_like(rising, 7)])
    every, none, plain = duplicate_images.hashes(images, np.arange(3))
    assert (every, none, plain) == (2**64 - 1, 0, 0)
