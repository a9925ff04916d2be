"""RandAugment draws the operations and amounts that its sources draw."""

import numpy as np
import tensorflow as tf
from support import pillow_reference

from benchmarks import pillow_views
from tf_ssgan.augmentation import randaugment
from tf_ssgan.nn.step_random import StepRandom

KINDS = {name: kind for kind, name in enumerate(randaugment.NAMES)}


def test_the_pillow_reference_has_the_same_operations_and_ranges():
    for name, (_, low, high) in randaugment.OPERATIONS.items():
        assert pillow_views.OPERATIONS[name][1:] == (low, high)
    assert len(pillow_views.OPERATIONS) == len(randaugment.OPERATIONS) == 14


def test_each_image_gets_its_own_operation():
    images = pillow_reference.sample_images(1, 16, 3)
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 14, len(images))
    amounts = rng.uniform(randaugment.LOW[kinds], randaugment.HIGH[kinds]).astype(np.float32)
    results = randaugment.apply_operations(
        tf.constant(images), tf.constant(kinds, tf.int32), amounts
    ).numpy()
    for image, kind, amount, result in zip(images, kinds, amounts, results, strict=True):
        expected = pillow_reference.apply(randaugment.NAMES[kind], image[None], [amount])[0]
        np.testing.assert_array_equal(result, expected)


def record_operations(monkeypatch, augment, count=4000):
    """The kinds and amounts of the operations that are drawn, [2, count] each."""
    calls = []

    def record(images, kinds, amounts):
        calls.append((kinds.numpy(), amounts.numpy()))
        return images

    monkeypatch.setattr(randaugment, "apply_operations", record)
    augment(tf.zeros([count, 32, 32, 1], tf.uint8), StepRandom(0, 0, piece=(count, 0)))
    return [np.stack(values) for values in zip(*calls, strict=True)]


def test_two_operations_are_drawn_uniform_in_kind_and_amount(monkeypatch):
    kinds, amounts = record_operations(monkeypatch, randaugment.randaugment)
    assert kinds.shape == (2, 4000)
    for row in kinds:
        counts = np.bincount(row, minlength=14)
        assert abs(counts - 4000 / 14).max() < 5 * np.sqrt(4000 / 14)
    # With replacement: one image in fourteen gets the same operation twice.
    assert abs((kinds[0] == kinds[1]).mean() - 1 / 14) < 0.02
    low, high = randaugment.LOW[kinds], randaugment.HIGH[kinds]
    share = (amounts - low) / (high - low)
    assert share.min() >= 0 and share.max() <= 1
    deciles = np.histogram(share, bins=10, range=(0, 1))[0]
    assert abs(deciles - 800).max() < 5 * np.sqrt(800)
    assert abs(np.corrcoef(share)[0, 1]) < 0.08


def test_the_authors_variant_applies_half_of_the_operations_at_nine_magnitudes(monkeypatch):
    kinds, amounts = record_operations(monkeypatch, randaugment.randaugment_authors)
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
    # 4 + int(0.4 n): the operation itself drops the fraction.
    np.testing.assert_array_equal(np.floor(table["posterize"]), [4, 4, 5, 5, 6, 6, 6, 7, 7])
    # A threshold of 256 - int(25.6 n) is the same as one of 256 - 25.6 n.
    np.testing.assert_array_equal(
        np.ceil(table["solarize"]), [231, 205, 180, 154, 128, 103, 77, 52, 26]
    )
    # int(0.03 n of the side) pixels: 0.96 n of 32 rows, 1.92 n of 64 columns.
    np.testing.assert_allclose(table["translate_y"] * 32, [0, 1, 2, 3, 4, 5, 6, 7, 8], atol=1e-5)
    np.testing.assert_allclose(
        table["translate_x"] * 64, [1, 3, 5, 7, 9, 11, 13, 15, 17], atol=1e-5
    )
