"""Views are pure functions of the batch, and move pixels only as documented."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.augmentation import transforms
from tf_ssgan.nn.step_random import StepRandom

IMAGES = tf.cast(tf.reshape(tf.range(5 * 8 * 8 * 2) % 251, [5, 8, 8, 2]), tf.uint8)
NAMES = [*transforms.OPERATIONS, "flip crop", "flip crop randaugment cutout",
         "crop randaugment_authors cutout_authors"]  # fmt: skip


def view(name, first=0, rows=5, step=0, images=IMAGES):
    random = StepRandom(3, step, piece=(len(images), first))
    return transforms.view(name)(images[first : first + rows], random).numpy()


def apply_many_times(name, count=1000, shape=(16, 16, 3)):
    """Returns an image of noise, and `count` random views of it."""
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    images = tf.constant(np.broadcast_to(image, (count, *shape)))
    return image, transforms.view(name)(images, StepRandom(0, 0, piece=(count, 0))).numpy()


def test_plain_changes_nothing():
    np.testing.assert_array_equal(view("plain"), IMAGES)


def test_a_translation_is_a_crop_of_the_reflected_image():
    moved = view("translated")
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for image, pad in zip(moved, padded, strict=True):
        crops = [pad[i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
        assert any(np.array_equal(image, crop) for crop in crops)


def test_a_translation_uses_the_first_random_numbers_of_the_step():
    """Runs that were trained with it must stay reproducible."""
    shifts = StepRandom(3, 0, piece=(5, 0)).integers(5, 2, low=-2, high=3).numpy()
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for image, pad, (i, j) in zip(view("translated"), padded, shifts + 2, strict=True):
        np.testing.assert_array_equal(image, pad[i : i + 8, j : j + 8])


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 14, 3), (32, 32, 3), (2, 3, 1)])
def test_a_translation_with_zeros_is_a_crop_of_the_image_in_a_black_frame(shape):
    images = np.random.default_rng(4).integers(1, 256, (30, *shape), np.uint8)
    shifts = StepRandom(3, 0, piece=(30, 0)).integers(30, 2, low=-2, high=3).numpy()
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    moved = view("translated_zeros", rows=30, images=tf.constant(images))
    for image, pad, (i, j) in zip(moved, padded, shifts + 2, strict=True):
        np.testing.assert_array_equal(image, pad[i : i + shape[0], j : j + shape[1]])


def test_the_two_translations_move_alike_and_differ_at_the_border_alone():
    one, two = view("translated"), view("translated_zeros")
    np.testing.assert_array_equal(one[:, 2:-2, 2:-2], two[:, 2:-2, 2:-2])
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("name", ["translated", "translated_zeros"])
def test_all_25_shifts_occur(name):
    moved = apply_many_times(name)[1]
    assert len(np.unique(moved.reshape(1000, -1), axis=0)) == 25


@pytest.mark.parametrize("channels", [1, 3])
def test_a_flip_mirrors_half_of_the_images(channels):
    image, result = apply_many_times("flip", shape=(16, 12, channels))
    mirrored = (result == image[:, ::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(
        result[~mirrored], np.broadcast_to(image, result[~mirrored].shape)
    )
    assert 450 < mirrored.sum() < 550  # 500 +- 3 standard deviations of 16


def test_a_crop_moves_by_up_to_an_eighth_of_each_side():
    image, result = apply_many_times("crop", shape=(24, 16, 1))  # 3 pixels down, 2 across
    padded = np.pad(image, ((3, 3), (2, 2), (0, 0)), mode="reflect")
    crops = [padded[i : i + 24, j : j + 16] for i in range(7) for j in range(5)]
    counts = [(result == crop).all((1, 2, 3)).sum() for crop in crops]
    assert sum(counts) == 1000
    assert min(counts) > 9  # 28.6 each, standard deviation 5.3
    assert max(counts) < 50


def test_a_crop_with_zeros_is_one_of_the_image_in_a_black_frame():
    image, result = apply_many_times("crop_zeros", shape=(24, 16, 1))
    padded = np.pad(image, ((3, 3), (2, 2), (0, 0)))
    crops = [padded[i : i + 24, j : j + 16] for i in range(7) for j in range(5)]
    assert sum((result == crop).all((1, 2, 3)).sum() for crop in crops) == 1000


def test_a_vertical_flip_turns_half_of_the_images_upside_down():
    image, result = apply_many_times("flip_vertical", shape=(16, 12, 3))
    turned = (result == image[::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(result[~turned], np.broadcast_to(image, result[~turned].shape))
    assert 450 < turned.sum() < 550  # 500 +- 3 standard deviations of 16


def test_the_two_flips_are_independent():
    image, result = apply_many_times("flip flip_vertical")
    variants = [image, image[:, ::-1], image[::-1], image[::-1, ::-1]]
    counts = [(result == variant).all((1, 2, 3)).sum() for variant in variants]
    assert sum(counts) == 1000 and min(counts) > 200  # 250 each, standard deviation 13.7


def test_brightness_multiplies_an_image_by_one_half_to_three_halves():
    images = np.broadcast_to(np.array([0, 1, 100, 160, 255], np.uint8)[:, None], (1000, 1, 5, 1))
    result = transforms.brightness(tf.constant(images), StepRandom(0, 0, piece=(1000, 0))).numpy()
    black, dim, gray, light, white = result[:, 0, :, 0].T
    assert np.all(black == 0) and set(dim) == {0, 1}
    assert (gray.min(), gray.max()) == (50, 149)  # fractions are dropped
    factors = gray / 100.0
    assert 0.98 < factors.mean() < 1.02  # the standard deviation of U[.5, 1.5] is .289
    # The factor is known to a hundredth.
    assert np.all(np.abs(light - np.minimum(160 * factors, 255)) < 2.6)
    assert np.all(white[gray >= 100] == 255) and np.all(white[gray < 100] < 255)


def test_brightness_is_one_factor_per_image():
    image, result = apply_many_times("brightness", count=50, shape=(6, 6, 3))
    lit = [(result[i] / np.maximum(image, 1.0))[(image > 100) & (image < 160)] for i in range(50)]
    assert max(np.ptp(factors) for factors in lit) < 0.011  # a hundredth is dropped
    assert len({result[i].tobytes() for i in range(50)}) == 50


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_crop_of_a_constant_image_is_constant(value):
    images = tf.fill([50, 9, 12, 3], tf.constant(value, tf.uint8))
    result = transforms.resized_crop(images, StepRandom(0, 0, piece=(50, 0)))
    assert result.shape == images.shape and result.dtype == tf.uint8
    np.testing.assert_array_equal(result, images)


def slopes(lines):
    """Returns the slope of each line by least squares, without values clipped at the border."""
    result, index = [], np.arange(lines.shape[1])
    for line in lines.astype(float):
        inside = (line > 0.5) & (line < 239.5)
        slope, at_0 = np.polyfit(index[inside], line[inside], 1)
        residual = line[inside] - at_0 - slope * index[inside]
        assert np.abs(residual).max() < 0.8  # rounded to 1: half on either side
        edges = at_0 + slope * np.array([-0.5, len(line) - 0.5])
        assert edges[0] > -10 and edges[1] < 250  # half a pixel, 8, beyond the centers at 0 and 240
        result.append(slope)
    return np.array(result)


def random_crops(count=1000, size=16):
    """Returns random resized crops of two ramps, and their measured heights and widths (0 to 1)."""
    ramp = np.arange(size, dtype=np.uint8) * 16
    image = np.stack(np.meshgrid(ramp, ramp, indexing="ij"), -1)
    images = tf.constant(np.broadcast_to(image, (count, size, size, 2)))
    result = transforms.resized_crop(images, StepRandom(0, 0, piece=(count, 0))).numpy()
    down, across = result[..., 0], result[..., 1]
    assert np.all(down == down[:, :, :1]) and np.all(across == across[:, :1])
    return result, slopes(down[:, :, 0]) / 16, slopes(across[:, 0]) / 16


def test_a_crop_of_a_ramp_is_a_ramp():
    """8 to 100 % of the area, aspect ratios from 3:4 to 4:3, no side longer than the image's."""
    result, tall, wide = random_crops()
    area, ratio = tall * wide, wide / tall
    assert max(tall.max(), wide.max()) < 1.01
    assert 0.075 < area.min() < 0.1 and area.max() > 0.95
    assert np.all((0.73 < ratio) & (ratio < 1.37))
    assert 0.5 < area.mean() < 0.54  # .54 for U[.08, 1], less because some sides are shortened
    assert 0.45 < np.mean(ratio > 1) < 0.55
    assert ratio.min() < 0.78 and ratio.max() > 1.28
    assert result.min() == 0 and result.max() == 240  # crops at every border


def test_crops_lie_anywhere_in_the_image():
    result, tall, wide = random_crops()
    for line, length in ((result[:, :, 8, 0], tall), (result[:, 8, :, 1], wide)):
        small = length < 0.6
        middle = line[small][:, 7:9].mean(1) / 240
        assert 0.47 < middle.mean() < 0.53
        assert middle.min() < 0.3 and middle.max() > 0.7


def test_a_crop_of_the_whole_image_changes_nothing():
    class Whole(StepRandom):
        def uniform(self, rows, *shape, low=0.0, high=1.0):
            return tf.fill([rows, *shape], 1.0 if high == 1.0 else 0.0)

    images = tf.constant(np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), np.uint8))
    np.testing.assert_array_equal(transforms.resized_crop(images, Whole(0, 0)), images)


def test_the_quarter_of_an_image_by_hand():
    """Pixels of half the size, at .25 and .75 between those of the image; the border is repeated."""

    class Corner(StepRandom):
        def uniform(self, rows, *shape, low=0.0, high=1.0):
            return tf.fill([rows, *shape], 0.25 if low == 0.08 else 0.0)

    row = np.array([0, 100, 200, 40], np.uint8)
    images = tf.constant(np.tile(row[None, None, :, None], (1, 4, 1, 1)))
    result = transforms.resized_crop(images, Corner(0, 0))
    np.testing.assert_array_equal(result[0, :, :, 0], np.tile([0, 25, 75, 125], (4, 1)))


def test_a_view_applies_its_operations_in_order():
    random = StepRandom(3, 0, piece=(5, 0))
    expected = transforms.crop(transforms.flip(IMAGES, random), random)
    np.testing.assert_array_equal(view("flip crop"), expected)


def test_the_operations_of_a_view_use_different_random_numbers():
    image, result = apply_many_times("cutout cutout", count=50)
    image, once = apply_many_times("cutout", count=50)
    assert ((result != image).sum((1, 2, 3)) > (once != image).sum((1, 2, 3))).sum() > 25


def test_unknown_views_are_refused_and_the_message_lists_the_known_ones():
    with pytest.raises(ValueError, match="'flip crup': no operation 'crup'; known are plain, tran"):
        transforms.view("flip crup")
    with pytest.raises(ValueError, match="no operation at all; known are"):
        transforms.view(" ")


@pytest.mark.parametrize("name", NAMES)
def test_each_host_computes_only_its_rows_of_the_same_batch(name):
    images = tf.constant(np.random.default_rng(1).integers(0, 256, (40, 8, 8, 3), np.uint8))
    whole = view(name, rows=40, images=images)
    np.testing.assert_array_equal(view(name, first=25, rows=15, images=images), whole[25:])
    np.testing.assert_array_equal(view(name, rows=25, images=images), whole[:25])


@pytest.mark.parametrize("name", NAMES)
def test_a_view_is_the_same_in_a_graph_and_its_shape_is_static(name):
    images = tf.constant(np.random.default_rng(2).integers(0, 256, (7, 10, 14, 3), np.uint8))

    @tf.function
    def apply(step):
        result = transforms.view(name)(images, StepRandom(3, step, piece=(7, 0)))
        assert result.shape == images.shape
        return result

    np.testing.assert_array_equal(apply(tf.constant(4)), view(name, rows=7, step=4, images=images))


@pytest.mark.parametrize("name", NAMES)
def test_a_view_of_gray_images_has_one_channel_of_bytes(name):
    result = view(name, images=IMAGES[..., :1])
    assert result.shape == (5, 8, 8, 1)
    assert result.dtype == np.uint8


@pytest.mark.parametrize("name", [name for name in NAMES if name != "plain"])
def test_another_step_gives_another_view(name):
    assert not np.array_equal(view(name), view(name, step=1))
