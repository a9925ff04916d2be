"""Views are pure, batch-wise, and move pixels only as they say."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.augmentation import transforms
from tf_ssgan.nn import step_random

IMAGES = tf.cast(tf.reshape(tf.range(5 * 8 * 8 * 2) % 251, [5, 8, 8, 2]), tf.uint8)
KINDS = [*transforms.OPERATIONS, "flip crop", "flip crop randaugment cutout",
         "crop randaugment_authors cutout_authors"]  # fmt: skip


def view(name, first=0, rows=5, step=0, images=IMAGES):
    piece = step_random.StepRandom(3, step, piece=(len(images), first))
    return transforms.view(name)(images[first : first + rows], piece).numpy()


def many(kind, count=1000, shape=(16, 16, 3)):
    """One image of noise, and what a view makes of it, again and again."""
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    images = tf.constant(np.broadcast_to(image, (count, *shape)))
    return image, transforms.view(kind)(
        images, step_random.StepRandom(0, 0, piece=(count, 0))
    ).numpy()


def test_plain_changes_nothing():
    np.testing.assert_array_equal(view("plain"), IMAGES)


def test_a_translation_is_a_crop_of_the_reflected_image():
    moved = view("translated")
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for image, pad in zip(moved, padded, strict=True):
        crops = [pad[i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
        assert any(np.array_equal(image, crop) for crop in crops)


def test_a_translation_is_told_by_the_first_draw():
    """Runs that were trained with it must come out as they did."""
    shifts = step_random.StepRandom(3, 0, piece=(5, 0)).integers(5, 2, low=-2, high=3).numpy()
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for image, pad, (i, j) in zip(view("translated"), padded, shifts + 2, strict=True):
        np.testing.assert_array_equal(image, pad[i : i + 8, j : j + 8])


def test_all_25_shifts_occur():
    images = tf.tile(IMAGES[:1], [1000, 1, 1, 1])
    moved = transforms.translate(images, step_random.StepRandom(0, 0, piece=(1000, 0))).numpy()
    assert len(np.unique(moved.reshape(1000, -1), axis=0)) == 25


@pytest.mark.parametrize("channels", [1, 3])
def test_a_flip_mirrors_half_of_the_images(channels):
    image, seen = many("flip", shape=(16, 12, channels))
    mirrored = (seen == image[:, ::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(seen[~mirrored], np.broadcast_to(image, seen[~mirrored].shape))
    assert 450 < mirrored.sum() < 550  # 500 +- 3 standard deviations of 16


def test_a_crop_moves_by_up_to_an_eighth_of_each_side():
    image, seen = many("crop", shape=(24, 16, 1))  # 3 pixels down, 2 across
    padded = np.pad(image, ((3, 3), (2, 2), (0, 0)), mode="reflect")
    crops = [padded[i : i + 24, j : j + 16] for i in range(7) for j in range(5)]
    counts = [(seen == crop).all((1, 2, 3)).sum() for crop in crops]
    assert sum(counts) == 1000
    assert min(counts) > 9  # 28.6 each, standard deviation 5.3
    assert max(counts) < 50


def test_a_vertical_flip_turns_half_of_the_images_upside_down():
    image, seen = many("flip_vertical", shape=(16, 12, 3))
    turned = (seen == image[::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(seen[~turned], np.broadcast_to(image, seen[~turned].shape))
    assert 450 < turned.sum() < 550  # 500 +- 3 standard deviations of 16


def test_both_flips_are_drawn_apart():
    image, seen = many("flip flip_vertical")
    kinds = [image, image[:, ::-1], image[::-1], image[::-1, ::-1]]
    counts = [(seen == kind).all((1, 2, 3)).sum() for kind in kinds]
    assert sum(counts) == 1000 and min(counts) > 200  # 250 each, standard deviation 13.7


def test_brightness_multiplies_an_image_by_one_half_to_three_halves():
    images = np.broadcast_to(np.array([0, 1, 100, 160, 255], np.uint8)[:, None], (1000, 1, 5, 1))
    seen = transforms.brightness(
        tf.constant(images), step_random.StepRandom(0, 0, piece=(1000, 0))
    ).numpy()
    black, dim, gray, light, white = seen[:, 0, :, 0].T
    assert np.all(black == 0) and set(dim) == {0, 1}
    assert (gray.min(), gray.max()) == (50, 149)  # fractions are dropped
    factors = gray / 100.0
    assert 0.98 < factors.mean() < 1.02  # U[.5, 1.5] has deviation .289
    assert np.all(np.abs(light - np.minimum(160 * factors, 255)) < 2.6)  # by the hundredth above
    assert np.all(white[gray >= 100] == 255) and np.all(white[gray < 100] < 255)


def test_brightness_is_a_number_an_image():
    image, seen = many("brightness", count=50, shape=(6, 6, 3))
    lit = [(seen[i] / np.maximum(image, 1.0))[(image > 100) & (image < 160)] for i in range(50)]
    assert max(np.ptp(factors) for factors in lit) < 0.011  # a hundredth is dropped
    assert len({seen[i].tobytes() for i in range(50)}) == 50


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_part_of_a_constant_image_is_constant(value):
    images = tf.fill([50, 9, 12, 3], tf.constant(value, tf.uint8))
    seen = transforms.resized_crop(images, step_random.StepRandom(0, 0, piece=(50, 0)))
    assert seen.shape == images.shape and seen.dtype == tf.uint8
    np.testing.assert_array_equal(seen, images)


def slopes(lines):
    """Of each line, by least squares; where nothing is held at the border of the image."""
    found, places = [], np.arange(lines.shape[1])
    for line in lines.astype(float):
        inside = (line > 0.5) & (line < 239.5)
        slope, at_0 = np.polyfit(places[inside], line[inside], 1)
        residue = line[inside] - at_0 - slope * places[inside]
        assert np.abs(residue).max() < 0.8  # rounded to 1: half on either side
        edges = at_0 + slope * np.array([-0.5, len(line) - 0.5])
        assert edges[0] > -10 and edges[1] < 250  # half a pixel, 8, beyond the middles at 0 and 240
        found.append(slope)
    return np.array(found)


def parts(count=1000, size=16):
    """Height and width of random parts of an image, as shares of it, measured by two ramps."""
    ramp = np.arange(size, dtype=np.uint8) * 16
    image = np.stack(np.meshgrid(ramp, ramp, indexing="ij"), -1)
    images = tf.constant(np.broadcast_to(image, (count, size, size, 2)))
    seen = transforms.resized_crop(images, step_random.StepRandom(0, 0, piece=(count, 0))).numpy()
    down, across = seen[..., 0], seen[..., 1]
    assert np.all(down == down[:, :, :1]) and np.all(across == across[:, :1])
    return seen, slopes(down[:, :, 0]) / 16, slopes(across[:, 0]) / 16


def test_a_part_of_a_ramp_is_a_ramp():
    """8 to 100 % of the area, shapes from 3:4 to 4:3, no side longer than the image's."""
    seen, tall, wide = parts()
    area, shape = tall * wide, wide / tall
    assert max(tall.max(), wide.max()) < 1.01
    assert 0.075 < area.min() < 0.1 and area.max() > 0.95
    assert np.all((0.73 < shape) & (shape < 1.37))
    assert 0.5 < area.mean() < 0.54  # .54 of U[.08, 1], less where a side is cut
    assert 0.45 < np.mean(shape > 1) < 0.55
    assert shape.min() < 0.78 and shape.max() > 1.28
    assert seen.min() == 0 and seen.max() == 240  # parts at every border


def test_parts_lie_anywhere_in_the_image():
    """The middle of a part, of the room that its size leaves it."""
    seen, tall, wide = parts()
    for line, share in ((seen[:, :, 8, 0], tall), (seen[:, 8, :, 1], wide)):
        small = share < 0.6
        middle = line[small][:, 7:9].mean(1) / 240
        assert 0.47 < middle.mean() < 0.53
        assert middle.min() < 0.3 and middle.max() > 0.7


def test_the_whole_image_is_a_part_that_changes_nothing():
    class Whole(step_random.StepRandom):
        def uniform(self, rows, *shape, low=0.0, high=1.0):
            return tf.fill([rows, *shape], 1.0 if high == 1.0 else 0.0)

    images = tf.constant(np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), np.uint8))
    np.testing.assert_array_equal(transforms.resized_crop(images, Whole(0, 0)), images)


def test_the_quarter_of_an_image_by_hand():
    """Pixels of half the size: .25 and .75 between those of the image, the border held."""

    class Corner(step_random.StepRandom):
        def uniform(self, rows, *shape, low=0.0, high=1.0):
            return tf.fill([rows, *shape], 0.25 if low == 0.08 else 0.0)

    row = np.array([0, 100, 200, 40], np.uint8)
    images = tf.constant(np.tile(row[None, None, :, None], (1, 4, 1, 1)))
    seen = transforms.resized_crop(images, Corner(0, 0))
    np.testing.assert_array_equal(seen[0, :, :, 0], np.tile([0, 25, 75, 125], (4, 1)))


def test_a_view_applies_its_operations_in_order():
    draw = step_random.StepRandom(3, 0, piece=(5, 0))
    expected = transforms.crop(transforms.flip(IMAGES, draw), draw)
    np.testing.assert_array_equal(view("flip crop"), expected)


def test_operations_of_a_view_draw_other_numbers():
    image, seen = many("cutout cutout", count=50)
    image, once = many("cutout", count=50)
    assert ((seen != image).sum((1, 2, 3)) > (once != image).sum((1, 2, 3))).sum() > 25


def test_unknown_views_are_refused_and_the_known_ones_named():
    with pytest.raises(ValueError, match="'flip crup': no operation 'crup'; known are plain, tran"):
        transforms.view("flip crup")
    with pytest.raises(ValueError, match="no operation at all; known are"):
        transforms.view(" ")


@pytest.mark.parametrize("kind", KINDS)
def test_each_host_makes_just_its_rows_of_the_same_batch(kind):
    images = tf.constant(np.random.default_rng(1).integers(0, 256, (40, 8, 8, 3), np.uint8))
    whole = view(kind, rows=40, images=images)
    np.testing.assert_array_equal(view(kind, first=25, rows=15, images=images), whole[25:])
    np.testing.assert_array_equal(view(kind, rows=25, images=images), whole[:25])


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_is_the_same_in_a_graph_and_its_shape_is_known(kind):
    images = tf.constant(np.random.default_rng(2).integers(0, 256, (7, 10, 14, 3), np.uint8))

    @tf.function
    def seen(step):
        made = transforms.view(kind)(images, step_random.StepRandom(3, step, piece=(7, 0)))
        assert made.shape == images.shape
        return made

    np.testing.assert_array_equal(seen(tf.constant(4)), view(kind, rows=7, step=4, images=images))


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_keeps_gray_images_gray_bytes(kind):
    made = view(kind, images=IMAGES[..., :1])
    assert made.shape == (5, 8, 8, 1)
    assert made.dtype == np.uint8


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "plain"])
def test_another_step_is_another_view(kind):
    assert not np.array_equal(view(kind), view(kind, step=1))
