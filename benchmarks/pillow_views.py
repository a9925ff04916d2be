"""The views of FixMatch as usually written with Pillow, image by image."""

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

PICTURE = Image.Image
AFFINE = Image.Transform.AFFINE
SMALLEST, LARGEST = 0.05, 0.95  # factors of the enhancements

# Name -> (operation on a picture and an amount, smallest and largest amount).
OPERATIONS: dict[str, tuple[Callable[[PICTURE, float], PICTURE], float, float]] = {
    "autocontrast": (lambda p, amount: ImageOps.autocontrast(p), 0, 1),
    "brightness": (lambda p, amount: ImageEnhance.Brightness(p).enhance(amount), SMALLEST, LARGEST),
    "color": (lambda p, amount: ImageEnhance.Color(p).enhance(amount), SMALLEST, LARGEST),
    "contrast": (lambda p, amount: ImageEnhance.Contrast(p).enhance(amount), SMALLEST, LARGEST),
    "equalize": (lambda p, amount: ImageOps.equalize(p), 0, 1),
    "identity": (lambda p, amount: p, 0, 1),
    "posterize": (lambda p, amount: ImageOps.posterize(p, int(amount)), 4, 8),
    "rotate": (lambda p, amount: p.rotate(amount), -30, 30),
    "sharpness": (lambda p, amount: ImageEnhance.Sharpness(p).enhance(amount), SMALLEST, LARGEST),
    "shear_x": (lambda p, amount: p.transform(p.size, AFFINE, (1, amount, 0, 0, 1, 0)), -0.3, 0.3),
    "shear_y": (lambda p, amount: p.transform(p.size, AFFINE, (1, 0, 0, amount, 1, 0)), -0.3, 0.3),
    "solarize": (lambda p, amount: ImageOps.solarize(p, amount), 0, 256),
    "translate_x": (
        lambda p, amount: p.transform(p.size, AFFINE, (1, 0, amount * p.width, 0, 1, 0)), -0.3, 0.3
    ),
    "translate_y": (
        lambda p, amount: p.transform(p.size, AFFINE, (1, 0, 0, 0, 1, amount * p.height)), -0.3, 0.3
    ),
}  # fmt: skip


def weak(picture: PICTURE) -> PICTURE:
    """Flips with probability 0.5, then crops the picture padded by an eighth of its side."""
    if random.random() < 0.5:
        picture = ImageOps.mirror(picture)
    width, height = picture.size
    pad = width // 8
    pixels = np.asarray(picture)
    edges = ((pad, pad), (pad, pad), (0, 0))[: pixels.ndim]
    padded = Image.fromarray(np.pad(pixels, edges, mode="reflect"))
    left, top = random.randint(0, 2 * pad), random.randint(0, 2 * pad)
    return padded.crop((left, top, left + width, top + height))


def strong(picture: PICTURE) -> PICTURE:
    """The weak view, then two operations of RandAugment and a gray square."""
    picture = weak(picture)
    for name in random.choices(list(OPERATIONS), k=2):
        operation, low, high = OPERATIONS[name]
        picture = operation(picture, random.uniform(low, high))
    return cutout(picture)


def cutout(picture: PICTURE) -> PICTURE:
    """Adds a gray square with a side of up to half the picture's."""
    width, height = picture.size
    side = random.randint(1, min(width, height) // 2)
    left = int(random.uniform(0, width) - side / 2)
    top = int(random.uniform(0, height) - side / 2)
    picture = picture.copy()
    gray = 127 if picture.mode == "L" else (127, 127, 127)
    ImageDraw.Draw(picture).rectangle((left, top, left + side - 1, top + side - 1), gray)
    return picture


def both(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weak and the strong view of uint8 [size, size, 3], float32 in [-1, 1]."""
    picture = Image.fromarray(image)
    return to_float32(weak(picture)), to_float32(strong(picture))


def to_float32(picture: PICTURE) -> np.ndarray:
    """Scales the pixels to float32 in [-1, 1]."""
    return (np.asarray(picture, np.float32) - 127.5) / 127.5
