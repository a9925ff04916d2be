"""How fast a folder of picture files is decoded to images, compared with Pillow in a loop.

    python benchmarks/decode.py [--dir=DIR] [--size=32] [--rounds=3]

Without --dir, 1,000 picture files of mixed sizes and modes are generated first. Each round
measures, in this order: the usual Pillow loop (open, convert to RGB, resize bilinearly, copy into
an array), the first start of `folder:` (empty cache), and the second start (everything cached). The
table has medians over the rounds; the system's file cache is warm for all. Unreadable files are
skipped.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "own_images")]

import draw  # noqa: E402

from tf_ssgan.data import image_decoding  # noqa: E402
from tf_ssgan.data.sources import image_listing, image_reader  # noqa: E402


def main(argv: list[str] | None = None) -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", help="folder with labeled/<class>/, ...; generated if empty")
    parser.add_argument("--count", type=int, default=1000, help="number of files to generate")
    parser.add_argument("--size", type=int, default=32, help="side of the images, in pixels")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.dir or pathlib.Path(temporary, "pictures")
        if not args.dir:
            draw.draw(folder, args.count)
        measured = measure(f"folder:{folder}", args.size, args.rounds, temporary)
        print(format_table(measured, os.cpu_count()))


def measure(name: str, size: int, rounds: int, temporary: str) -> dict[str, tuple[float, int]]:
    """Times the Pillow loop and both starts.

    Args:
        name: Data set name, folder:DIR.
        size: Side of the images, in pixels.
        rounds: Number of rounds.
        temporary: Folder for the caches, a new one each round.

    Returns:
        What is measured -> (median seconds, number of images).
    """
    listing = image_listing.list_images(name)
    seconds = {"Pillow in a loop": [], "first start": [], "second start": []}
    for number in range(rounds):
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache-{number}"
        began = time.perf_counter()
        count = len(pillow_loop([entry.path for entry in listing.entries], size))
        seconds["Pillow in a loop"].append(time.perf_counter() - began)
        for start in ("first start", "second start"):
            began = time.perf_counter()
            read = image_reader.read(
                image_listing.list_images(name), image_decoding.ImageSpec(size, "3")
            )
            seconds[start].append(time.perf_counter() - began)
    counts = {"Pillow in a loop": count}
    return {k: (statistics.median(v), counts.get(k, len(read.images))) for k, v in seconds.items()}


def pillow_loop(paths: list[str], size: int) -> np.ndarray:
    """The usual Pillow loop, which skips broken files."""
    images = np.empty((len(paths), size, size, 3), np.uint8)
    count = 0
    for path in paths:
        try:
            with Image.open(path) as picture:
                resized = picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
                images[count] = np.asarray(resized)
                count += 1
        except (OSError, ValueError, SyntaxError):
            continue
    return images[:count]


def format_table(measured: dict[str, tuple[float, int]], cores: int) -> str:
    """A Markdown table of seconds, images, images per second and speed relative to Pillow."""
    base = measured["Pillow in a loop"][0] / measured["Pillow in a loop"][1]
    lines = [f"{cores} cores", "", "| | s | images | images/s | times Pillow in a loop |",
             "| --- | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for what, (seconds, count) in measured.items():
        rate = count / seconds
        lines.append(f"| {what} | {seconds:.3f} | {count} | {rate:,.0f} | {rate * base:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
