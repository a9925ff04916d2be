"""Draws a folder of example pictures: four shapes, in all common file formats and modes.

    python examples/own_images/draw.py --to=shapes --count=1000 --broken

writes shapes/labeled/<class>/, shapes/unlabeled/ and shapes/test/<class>/: PNG and JPEG files of 24
to 400 pixels a side, in gray and color, with palettes, transparency, 16 bits, CMYK and camera
rotations. With --broken, it adds 20 files as they occur in real collections: truncated, empty, not
images, far too large, with a wrong extension, hidden, or with odd names. The same seed gives the
same files.
"""

import argparse
import io
import math
import pathlib

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("circle", "cross", "square", "triangle")
PARTS = {"labeled": 0.1, "test": 0.2, "unlabeled": 0.7}
SIDES = (24, 400)
# How pictures are saved: file extension, and Pillow's mode or "rotated".
FORMS = (
    ("png", "RGB"), ("jpg", "RGB"), ("jpg", "RGB"), ("png", "L"), ("jpg", "L"), ("png", "P"),
    ("png", "RGBA"), ("png", "LA"), ("png", "I;16"), ("jpg", "CMYK"), ("jpg", "rotated"),
)  # fmt: skip


def main() -> None:
    """Draws the pictures that the command line asks for, and prints how many."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=pathlib.Path, required=True, help="folder to fill")
    parser.add_argument("--count", type=int, default=1000, help="number of pictures")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random numbers")
    parser.add_argument("--broken", action="store_true", help="add 20 bad or odd files")
    args = parser.parse_args()
    files = draw(args.to, args.count, args.seed)
    odd = add_bad_files(args.to, args.seed) if args.broken else []
    print(f"{args.to}: {len(files)} pictures of {', '.join(SHAPES)}; {len(odd)} bad or odd files")


def draw(to: pathlib.Path, count: int, seed: int = 0) -> list[pathlib.Path]:
    """Draws a tenth of the pictures as labeled, a fifth as test and the rest as unlabeled."""
    rng = np.random.default_rng(seed)
    parts = np.repeat(list(PARTS), [round(share * count) for share in PARTS.values()])
    paths = []
    for number, part in enumerate(parts):
        shape, (extension, mode) = SHAPES[number % len(SHAPES)], FORMS[number % len(FORMS)]
        folder = to / part / ("" if part == "unlabeled" else shape)
        folder.mkdir(parents=True, exist_ok=True)
        paths.append(folder / f"{number:05}.{extension}")
        _save(_picture(rng, shape), mode, paths[-1], rng)
    return paths


def add_bad_files(to: pathlib.Path, seed: int = 0) -> list[pathlib.Path]:
    """Adds 20 bad or odd files to labeled/circle, unlabeled and test/circle."""
    rng = np.random.default_rng([seed, 1])
    folders = [to / "labeled/circle", to / "unlabeled", to / "test/circle"]
    png, jpeg = (_bytes(_picture(rng, "circle"), form) for form in ("PNG", "JPEG"))
    single = _bytes(Image.new("RGB", (1, 1)), "PNG")
    files = {
        "cut-off.png": png[: len(png) // 2],
        "cut-off-early.png": png[:60],
        "cut-off.jpg": jpeg[: len(jpeg) // 2],
        "cut-off-early.jpg": jpeg[:30],
        "empty.png": b"",
        "empty.jpg": b"",
        "text.png": b"this is not a picture\n",
        "page.jpg": b"<html><body>404 not found</body></html>\n",
        "one-pixel.png": single,
        "one-pixel.jpg": _bytes(Image.new("RGB", (1, 1)), "JPEG"),
        "huge.png": _bytes(Image.new("1", (12_000, 12_000)), "PNG"),
        "png-named.jpg": _bytes(_picture(rng, "circle"), "PNG"),
        "jpeg-named.png": _bytes(_picture(rng, "circle"), "JPEG"),
        "gif-named.bmp": _bytes(_picture(rng, "circle"), "GIF"),
        ".hidden.png": png,
        ".DS_Store": b"\0\0\0\1Bud1",
        "._resource.jpg": b"\0\5\x16\7",
        "a name with blanks.png": _bytes(_picture(rng, "circle"), "PNG"),
        "größe, grün.png": _bytes(_picture(rng, "circle"), "PNG"),
        "円.jpg": _bytes(_picture(rng, "circle"), "JPEG"),
    }
    paths = []
    for number, (name, content) in enumerate(files.items()):
        paths.append(folders[number % len(folders)] / name)
        paths[-1].write_bytes(content)
    return paths


def _picture(rng: np.random.Generator, shape: str) -> Image.Image:
    """A shape of random place, size and color on a background of another color, with noise."""
    width = int(rng.integers(*SIDES))
    height = int(np.clip(width * rng.uniform(0.6, 1.6), *SIDES))
    dark, light = rng.integers(0, 100, 3), rng.integers(150, 256, 3)
    background, color = (dark, light) if rng.random() < 0.5 else (light, dark)
    picture = Image.new("RGB", (width, height), tuple(background.tolist()))
    radius = min(width, height) * rng.uniform(0.25, 0.4)
    center = [rng.uniform(radius, side - radius) for side in (width, height)]
    _draw_shape(ImageDraw.Draw(picture), shape, center, radius, tuple(color.tolist()))
    noise = rng.integers(-15, 16, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(picture, int) + noise, 0, 255).astype(np.uint8))


def _draw_shape(pen: ImageDraw.ImageDraw, shape: str, center, radius: float, color) -> None:
    x, y = center
    if shape == "circle":
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)
    elif shape == "cross":
        arm = radius / 3
        pen.rectangle([x - radius, y - arm, x + radius, y + arm], fill=color)
        pen.rectangle([x - arm, y - radius, x + arm, y + radius], fill=color)
    else:
        corners, turn = (4, math.pi / 4) if shape == "square" else (3, -math.pi / 2)
        angles = [turn + 2 * math.pi * corner / corners for corner in range(corners)]
        pen.polygon(
            [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles], fill=color
        )


def _save(picture: Image.Image, mode: str, path: pathlib.Path, rng: np.random.Generator) -> None:
    if mode == "rotated":
        exif = Image.Exif()
        exif[0x0112] = 6  # portrait: viewers rotate the picture by 90 degrees
        picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=90, exif=exif)
    elif mode == "I;16":
        wide = np.asarray(picture.convert("L")).astype(np.uint16) * 256
        Image.fromarray(wide + rng.integers(0, 256, wide.shape, np.uint16)).save(path)
    else:
        picture = picture.convert(mode)
        if mode.endswith("A"):
            picture.putalpha(int(rng.integers(128, 256)))
        picture.save(path, **({"quality": 90} if path.suffix == ".jpg" else {}))


def _bytes(picture: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
