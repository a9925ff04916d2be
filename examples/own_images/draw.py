"""Draws a folder of pictures to try things on: four shapes, in all the forms pictures come in.

    python examples/own_images/draw.py --to=shapes --count=1000 --broken

makes shapes/labeled/<class>/, shapes/unlabeled/ and shapes/test/<class>/: PNG and JPEG files of 24
to 400 pixels a side, gray, color, with palettes, transparency, 16 bits, CMYK and camera rotations.
With --broken there are 20 more files such as every real collection has: cut off, empty, text, far
too large, with a wrong ending, hidden, and with odd names. A seed draws the same pictures again.
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
# How a picture is saved: ending, Pillow's mode, options.
FORMS = (
    ("png", "RGB"), ("jpg", "RGB"), ("jpg", "RGB"), ("png", "L"), ("jpg", "L"), ("png", "P"),
    ("png", "RGBA"), ("png", "LA"), ("png", "I;16"), ("jpg", "CMYK"), ("jpg", "rotated"),
)  # fmt: skip


def main() -> None:
    """Draws what the command line asks for, and says how many."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=pathlib.Path, required=True, help="folder to fill")
    parser.add_argument("--count", type=int, default=1000, help="pictures in all")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn")
    parser.add_argument("--broken", action="store_true", help="20 bad or odd files besides")
    args = parser.parse_args()
    files = draw(args.to, args.count, args.seed)
    odd = spoil(args.to, args.seed) if args.broken else []
    print(f"{args.to}: {len(files)} pictures of {', '.join(SHAPES)}; {len(odd)} bad or odd files")


def draw(to: pathlib.Path, count: int, seed: int = 0) -> list[pathlib.Path]:
    """Draws a tenth of the pictures as labeled, a fifth as test, and the rest as unlabeled."""
    chance = np.random.default_rng(seed)
    parts = np.repeat(list(PARTS), [round(share * count) for share in PARTS.values()])
    paths = []
    for number, part in enumerate(parts):
        shape, (ending, mode) = SHAPES[number % len(SHAPES)], FORMS[number % len(FORMS)]
        folder = to / part / ("" if part == "unlabeled" else shape)
        folder.mkdir(parents=True, exist_ok=True)
        paths.append(folder / f"{number:05}.{ending}")
        _save(_picture(chance, shape), mode, paths[-1], chance)
    return paths


def spoil(to: pathlib.Path, seed: int = 0) -> list[pathlib.Path]:
    """Adds 20 files that are no pictures, or odd ones, to labeled/circle, unlabeled and test."""
    chance = np.random.default_rng([seed, 1])
    folders = [to / "labeled/circle", to / "unlabeled", to / "test/circle"]
    png, jpeg = (_bytes(_picture(chance, "circle"), form) for form in ("PNG", "JPEG"))
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
        "png-named.jpg": _bytes(_picture(chance, "circle"), "PNG"),
        "jpeg-named.png": _bytes(_picture(chance, "circle"), "JPEG"),
        "gif-named.bmp": _bytes(_picture(chance, "circle"), "GIF"),
        ".hidden.png": png,
        ".DS_Store": b"\0\0\0\1Bud1",
        "._resource.jpg": b"\0\5\x16\7",
        "a name with blanks.png": _bytes(_picture(chance, "circle"), "PNG"),
        "größe, grün.png": _bytes(_picture(chance, "circle"), "PNG"),
        "円.jpg": _bytes(_picture(chance, "circle"), "JPEG"),
    }
    paths = []
    for number, (name, content) in enumerate(files.items()):
        paths.append(folders[number % len(folders)] / name)
        paths[-1].write_bytes(content)
    return paths


def _picture(chance: np.random.Generator, shape: str) -> Image.Image:
    """One shape, somewhere, of some size and color, on a ground of another one, with noise."""
    width = int(chance.integers(*SIDES))
    height = int(np.clip(width * chance.uniform(0.6, 1.6), *SIDES))
    dark, light = chance.integers(0, 100, 3), chance.integers(150, 256, 3)
    ground, ink = (dark, light) if chance.random() < 0.5 else (light, dark)
    picture = Image.new("RGB", (width, height), tuple(ground.tolist()))
    radius = min(width, height) * chance.uniform(0.25, 0.4)
    center = [chance.uniform(radius, side - radius) for side in (width, height)]
    _ink(ImageDraw.Draw(picture), shape, center, radius, tuple(ink.tolist()))
    noise = chance.integers(-15, 16, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(picture, int) + noise, 0, 255).astype(np.uint8))


def _ink(pen: ImageDraw.ImageDraw, shape: str, center, radius: float, color) -> None:
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


def _save(picture: Image.Image, mode: str, path: pathlib.Path, chance: np.random.Generator) -> None:
    if mode == "rotated":
        exif = Image.Exif()
        exif[0x0112] = 6  # a camera held upright: a viewer turns it by 90 degrees
        picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=90, exif=exif)
    elif mode == "I;16":
        wide = np.asarray(picture.convert("L")).astype(np.uint16) * 256
        Image.fromarray(wide + chance.integers(0, 256, wide.shape, np.uint16)).save(path)
    else:
        picture = picture.convert(mode)
        if mode.endswith("A"):
            picture.putalpha(int(chance.integers(128, 256)))
        picture.save(path, **({"quality": 90} if path.suffix == ".jpg" else {}))


def _bytes(picture: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
