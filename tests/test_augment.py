"""Views are pure, batch-wise, and move pixels only as they say."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan import augment, draws

IMAGES = tf.cast(tf.reshape(tf.range(5 * 8 * 8 * 2) % 251, [5, 8, 8, 2]), tf.uint8)
KINDS = [*augment.OPERATIONS, "flip crop", "flip crop randaugment cutout",
         "crop randaugment_authors cutout_authors"]  # fmt: skip


def view(name, first=0, rows=5, step=0, images=IMAGES):
    piece = draws.Draws(3, step, piece=(len(images), first))
    return augment.view(name)(images[first : first + rows], piece).numpy()


def many(kind, count=1000, shape=(16, 16, 3)):
    """One image of noise, and what a view makes of it, again and again."""
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    images = tf.constant(np.broadcast_to(image, (count, *shape)))
    return image, augment.view(kind)(images, draws.Draws(0, 0, piece=(count, 0))).numpy()


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
    shifts = draws.Draws(3, 0, piece=(5, 0)).integers(5, 2, low=-2, high=3).numpy()
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for image, pad, (i, j) in zip(view("translated"), padded, shifts + 2, strict=True):
        np.testing.assert_array_equal(image, pad[i : i + 8, j : j + 8])


def test_all_25_shifts_occur():
    images = tf.tile(IMAGES[:1], [1000, 1, 1, 1])
    moved = augment.translated(images, draws.Draws(0, 0, piece=(1000, 0))).numpy()
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


def test_a_view_applies_its_operations_in_order():
    draw = draws.Draws(3, 0, piece=(5, 0))
    expected = augment.crop(augment.flip(IMAGES, draw), draw)
    np.testing.assert_array_equal(view("flip crop"), expected)


def test_operations_of_a_view_draw_other_numbers():
    image, seen = many("cutout cutout", count=50)
    image, once = many("cutout", count=50)
    assert ((seen != image).sum((1, 2, 3)) > (once != image).sum((1, 2, 3))).sum() > 25


def test_unknown_views_are_refused_and_the_known_ones_named():
    with pytest.raises(ValueError, match="'flip crup': no operation 'crup'; known are plain, tran"):
        augment.view("flip crup")
    with pytest.raises(ValueError, match="no operation at all; known are"):
        augment.view(" ")


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
        made = augment.view(kind)(images, draws.Draws(3, step, piece=(7, 0)))
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
