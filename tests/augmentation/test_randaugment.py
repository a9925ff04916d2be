"""RandAugment computes what Pillow computes, and draws what its sources draw."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks import pillow_views
from tf_ssgan.augmentation import randaugment
from tf_ssgan.nn import step_random

BLENDS = ("brightness", "color", "contrast", "sharpness")
GEOMETRY = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
KINDS = {name: kind for kind, name in enumerate(randaugment.NAMES)}


def pictures(seed, size, channels):
    """Noise, low contrast, gradients, single values, and single values with some noise."""
    chance = np.random.default_rng(seed)
    shape, each = (8, size, size, channels), (8, 1, 1, channels)
    noise = chance.integers(0, 256, shape)
    flat = chance.integers(0, 200, each) + noise % chance.integers(1, 56, each)
    slope = np.linspace(0, 1, size)[:, None, None]
    smooth = chance.uniform(0, 256, each) * slope * slope.swapaxes(0, 1)
    single = np.broadcast_to(chance.integers(0, 256, each), shape)
    spotted = np.where(chance.random(shape) < 0.02, noise, single)
    # Values that Pillow's arithmetic treats apart: nothing but the ends.
    ends = np.where(noise < 128, 0, 255)
    return np.concatenate([noise, flat, smooth, single, spotted, ends]).astype(np.uint8)


def pillow(name, images, amounts):
    """The reference, an image at a time."""
    operation = pillow_views.OPERATIONS[name][0]
    bands = images if images.shape[3] == 3 else images[..., 0]
    made = [operation(Image.fromarray(i), float(a)) for i, a in zip(bands, amounts, strict=True)]
    return np.stack([np.asarray(picture) for picture in made]).reshape(images.shape)


def ours(name, images, amounts):
    """In a graph, as in an input pipeline, whose rewriting must not change a value."""
    operation = tf.function(randaugment.OPERATIONS[name][0])
    return operation(tf.constant(images), tf.constant(amounts, tf.float32)).numpy()


def compared(name, images, amounts):
    made, wanted = ours(name, images, amounts), pillow(name, images, np.float32(amounts))
    different = np.abs(made.astype(int) - wanted)
    if name in GEOMETRY:
        assert (different.max(3) > 0).mean() <= 0.001
    elif name in BLENDS:  # a fraction dropped just below a whole number
        assert different.max() <= 1 and (different > 0).mean() <= 0.001
    else:
        assert different.max() == 0


@pytest.mark.parametrize("channels", [3, 1], ids=["color", "gray"])
@pytest.mark.parametrize("name", randaugment.NAMES)
def test_each_operation_is_pillows(name, channels):
    for seed, size in enumerate((32, 16, 19, 32)):
        images = pictures(seed, size, channels)
        _, low, high = randaugment.OPERATIONS[name]
        amounts = np.random.default_rng(seed + 9).uniform(low, high, len(images))
        compared(name, images, amounts.astype(np.float32))


@pytest.mark.parametrize("name", randaugment.NAMES)
def test_the_ends_and_the_authors_amounts_are_pillows_too(name):
    _, low, high = randaugment.OPERATIONS[name]
    authors = randaugment.authors_amounts(32, 32)[KINDS[name]]
    amounts = np.float32(
        [low, high, 0 if low < 0 else high, *authors, *(-authors if low < 0 else [])]
    )
    images = pictures(5, 32, 3)[: len(amounts)]
    compared(name, images, amounts)


def test_the_reference_knows_the_same_operations_and_ranges():
    for name, (_, low, high) in randaugment.OPERATIONS.items():
        assert pillow_views.OPERATIONS[name][1:] == (low, high)
    assert len(pillow_views.OPERATIONS) == len(randaugment.OPERATIONS) == 14


def one(values):
    """A gray image of one row."""
    return np.uint8(values).reshape([1, 1, -1, 1])


def test_small_examples_by_hand():
    def told(name, values, amount=0.0):
        return ours(name, one(values), [amount]).ravel().tolist()

    assert told("autocontrast", [10, 20, 60]) == [0, 51, 255]
    assert told("brightness", [10, 21, 200], 0.5) == [5, 10, 100]
    assert told("contrast", [0, 100, 200], 0.5) == [50, 100, 150]
    assert told("posterize", [255, 17, 16, 15], 4.9) == [240, 16, 16, 0]
    assert told("solarize", [0, 99, 100, 255], 99.5) == [0, 99, 155, 0]
    assert told("solarize", [0, 255], 256.0) == [0, 255]
    assert told("solarize", [0, 255], 0.0) == [255, 0]
    assert told("translate_x", [1, 2, 3, 4], 0.25) == [2, 3, 4, 0]
    assert told("translate_x", [1, 2, 3, 4], -0.3) == [0, 1, 2, 3]


def test_equalize_by_hand():
    """510 of 512 pixels below the highest value: a step of 2, 255 of it at most."""
    values = np.uint8([7] * 254 + [8] * 256 + [90] * 2).reshape([1, 16, 32, 1])
    made = ours("equalize", values, [0.0]).ravel()
    assert [made[0], made[254], made[-1]] == [0, 127, 255]  # 1 // 2, 255 // 2, 511 // 2


def test_gray_images_have_no_color_to_lose():
    images = pictures(0, 16, 1)
    np.testing.assert_array_equal(ours("color", images, np.full(len(images), 0.3)), images)


@pytest.mark.parametrize("name", randaugment.NAMES)
def test_an_operation_may_get_no_image_at_all(name):
    assert ours(name, np.zeros([0, 8, 8, 3], np.uint8), np.zeros([0])).shape == (0, 8, 8, 3)


def test_images_get_their_own_operations():
    images = pictures(1, 16, 3)
    chance = np.random.default_rng(0)
    kinds = chance.integers(0, 14, len(images))
    amounts = chance.uniform(randaugment.LOW[kinds], randaugment.HIGH[kinds]).astype(np.float32)
    made = randaugment.applied(tf.constant(images), tf.constant(kinds, tf.int32), amounts).numpy()
    for image, kind, amount, seen in zip(images, kinds, amounts, made, strict=True):
        np.testing.assert_array_equal(ours(randaugment.NAMES[kind], image[None], [amount])[0], seen)


def recorded(monkeypatch, operation, count=4000):
    """The kinds and amounts that an operation draws, [2 rounds, count] each."""
    calls = []

    def applied(images, kinds, amounts):
        calls.append((kinds.numpy(), amounts.numpy()))
        return images

    monkeypatch.setattr(randaugment, "applied", applied)
    operation(
        tf.zeros([count, 32, 32, 1], tf.uint8), step_random.StepRandom(0, 0, piece=(count, 0))
    )
    return [np.stack(values) for values in zip(*calls, strict=True)]


def test_two_operations_uniform_in_kind_and_amount(monkeypatch):
    kinds, amounts = recorded(monkeypatch, randaugment.randaugment)
    assert kinds.shape == (2, 4000)
    for drawn in kinds:
        counts = np.bincount(drawn, minlength=14)
        assert abs(counts - 4000 / 14).max() < 5 * np.sqrt(4000 / 14)
    # With replacement: the same one twice in a fourteenth of the images.
    assert abs((kinds[0] == kinds[1]).mean() - 1 / 14) < 0.02
    low, high = randaugment.LOW[kinds], randaugment.HIGH[kinds]
    share = (amounts - low) / (high - low)
    assert share.min() >= 0 and share.max() <= 1
    deciles = np.histogram(share, bins=10, range=(0, 1))[0]
    assert abs(deciles - 800).max() < 5 * np.sqrt(800)
    assert abs(np.corrcoef(share)[0, 1]) < 0.08


def test_the_authors_apply_half_of_them_at_nine_magnitudes(monkeypatch):
    kinds, amounts = recorded(monkeypatch, randaugment.randaugment_authors)
    identity = KINDS["identity"]
    assert abs((kinds == identity).mean() - (0.5 + 0.5 / 14)) < 0.03
    rotations = amounts[kinds == KINDS["rotate"]]
    assert sorted(set(rotations)) == [*range(-27, 0, 3), *range(3, 28, 3)]
    assert 0.3 < (rotations < 0).mean() < 0.7
    assert set(np.floor(amounts[kinds == KINDS["posterize"]])) == {4, 5, 6, 7}
    assert (amounts[kinds == KINDS["brightness"]] > 0).all()


def test_the_authors_amounts_by_hand():
    table = dict(zip(randaugment.NAMES, randaugment.authors_amounts(32, 64), strict=True))
    np.testing.assert_allclose(table["color"], 0.05 + 0.09 * np.arange(1, 10), rtol=1e-6)
    np.testing.assert_allclose(table["rotate"], 3 * np.arange(1, 10), rtol=1e-6)
    np.testing.assert_allclose(table["shear_y"], 0.03 * np.arange(1, 10), rtol=1e-6)
    # 4 + int(0.4 n): the operation drops the fraction itself.
    np.testing.assert_array_equal(np.floor(table["posterize"]), [4, 4, 5, 5, 6, 6, 6, 7, 7])
    # A threshold of 256 - int(25.6 n): inverting from 256 - 25.6 n on is the same.
    np.testing.assert_array_equal(
        np.ceil(table["solarize"]), [231, 205, 180, 154, 128, 103, 77, 52, 26]
    )
    # int(0.03 n of the side) pixels: 0.96 n of 32 rows, 1.92 n of 64 columns.
    np.testing.assert_allclose(table["translate_y"] * 32, [0, 1, 2, 3, 4, 5, 6, 7, 8], atol=1e-5)
    np.testing.assert_allclose(
        table["translate_x"] * 64, [1, 3, 5, 7, 9, 11, 13, 15, 17], atol=1e-5
    )
