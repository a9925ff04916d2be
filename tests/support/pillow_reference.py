"""Compares the operations of RandAugment with Pillow's, image by image."""

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks import pillow_views
from tf_ssgan.augmentation import randaugment

BLENDS = ("brightness", "color", "contrast", "sharpness")
GEOMETRY = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
COLOR = tuple(name for name in randaugment.NAMES if name not in GEOMETRY)


def sample_images(seed, size, channels):
    """Noise, low contrast, gradients, single values, and single values with some noise."""
    rng = np.random.default_rng(seed)
    shape, each = (8, size, size, channels), (8, 1, 1, channels)
    noise = rng.integers(0, 256, shape)
    flat = rng.integers(0, 200, each) + noise % rng.integers(1, 56, each)
    slope = np.linspace(0, 1, size)[:, None, None]
    smooth = rng.uniform(0, 256, each) * slope * slope.swapaxes(0, 1)
    single = np.broadcast_to(rng.integers(0, 256, each), shape)
    spotted = np.where(rng.random(shape) < 0.02, noise, single)
    # Pillow's arithmetic treats the two ends of the range in a special way.
    ends = np.where(noise < 128, 0, 255)
    return np.concatenate([noise, flat, smooth, single, spotted, ends]).astype(np.uint8)


def apply_pillow(name, images, amounts):
    """Applies Pillow's operation to one image at a time."""
    operation = pillow_views.OPERATIONS[name][0]
    bands = images if images.shape[3] == 3 else images[..., 0]
    results = [operation(Image.fromarray(i), float(a)) for i, a in zip(bands, amounts, strict=True)]
    return np.stack([np.asarray(image) for image in results]).reshape(images.shape)


def apply(name, images, amounts):
    """Applies our operation in a graph, as an input pipeline does; this must change no value."""
    operation = tf.function(randaugment.OPERATIONS[name][0])
    return operation(tf.constant(images), tf.constant(amounts, tf.float32)).numpy()


def check_equal(name, images, amounts):
    """Asserts that our operation gives what Pillow's gives, up to rounding."""
    expected = apply_pillow(name, images, np.float32(amounts))
    difference = np.abs(apply(name, images, amounts).astype(int) - expected)
    if name in GEOMETRY:
        assert (difference.max(3) > 0).mean() <= 0.001
    elif name in BLENDS:  # a fraction dropped just below a whole number
        assert difference.max() <= 1 and (difference > 0).mean() <= 0.001
    else:
        assert difference.max() == 0


def check_random_amounts(name, channels):
    """Compares images of several sizes with amounts drawn from the operation's range."""
    _, low, high = randaugment.OPERATIONS[name]
    for seed, size in enumerate((32, 16, 19, 32)):
        images = sample_images(seed, size, channels)
        amounts = np.random.default_rng(seed + 9).uniform(low, high, len(images))
        check_equal(name, images, amounts.astype(np.float32))


def check_special_amounts(name):
    """Compares the ends of the operation's range and the amounts of the authors' variant."""
    _, low, high = randaugment.OPERATIONS[name]
    authors = randaugment.authors_amounts(32, 32)[randaugment.NAMES.index(name)]
    amounts = np.float32(
        [low, high, 0 if low < 0 else high, *authors, *(-authors if low < 0 else [])]
    )
    check_equal(name, sample_images(5, 32, 3)[: len(amounts)], amounts)


def apply_to_row(name, values, amount=0.0):
    """Applies an operation to a gray image of one row."""
    image = np.uint8(values).reshape([1, 1, -1, 1])
    return apply(name, image, [amount]).ravel().tolist()


def check_empty_batch(name):
    """Asserts that an operation accepts a batch without images."""
    assert apply(name, np.zeros([0, 8, 8, 3], np.uint8), np.zeros([0])).shape == (0, 8, 8, 3)
