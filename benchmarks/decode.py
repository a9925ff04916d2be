"""How fast a folder of pictures becomes images, beside Pillow in a loop.

    python benchmarks/decode.py [--dir=DIR] [--size=32] [--rounds=3]

Without --dir, 1,000 pictures of mixed sizes and modes are drawn first. Each round takes, in this
order, a Pillow loop (open, convert to RGB, resize bilinearly, copy into an array; what a person
would write), the first start of `folder:` (nothing kept), and the second (everything kept). Medians
over the rounds; the system's file cache is warm for all. Both pass over what cannot be read.
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", help="labeled/<class>/, ... ; drawn where not given")
    parser.add_argument("--count", type=int, default=1000, help="pictures to draw")
    parser.add_argument("--size", type=int, default=32, help="of the images")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as apart:
        folder = args.dir or pathlib.Path(apart, "drawn")
        if not args.dir:
            draw.draw(folder, args.count)
        print(told(measure(f"folder:{folder}", args.size, args.rounds, apart), os.cpu_count()))


def measure(name: str, size: int, rounds: int, apart: str) -> dict[str, tuple[float, int]]:
    """What is measured -> (median seconds, pictures)."""
    listing = image_listing.list_images(name)
    seconds = {"Pillow in a loop": [], "first start": [], "second start": []}
    for number in range(rounds):
        os.environ["XDG_CACHE_HOME"] = f"{apart}/cache-{number}"
        began = time.perf_counter()
        count = len(loop([entry.path for entry in listing.entries], size))
        seconds["Pillow in a loop"].append(time.perf_counter() - began)
        for start in ("first start", "second start"):
            began = time.perf_counter()
            read = image_reader.read(
                image_listing.list_images(name), image_decoding.Form(size, "3")
            )
            seconds[start].append(time.perf_counter() - began)
    counts = {"Pillow in a loop": count}
    return {k: (statistics.median(v), counts.get(k, len(read.images))) for k, v in seconds.items()}


def loop(paths: list[str], size: int) -> np.ndarray:
    """What a person would write, and keep going where a file is broken."""
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


def told(measured: dict[str, tuple[float, int]], cores: int) -> str:
    """A table in Markdown."""
    base = measured["Pillow in a loop"][0] / measured["Pillow in a loop"][1]
    lines = [f"{cores} cores", "", "| | s | pictures | pictures/s | times Pillow in a loop |",
             "| --- | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for what, (seconds, count) in measured.items():
        rate = count / seconds
        lines.append(f"| {what} | {seconds:.3f} | {count} | {rate:,.0f} | {rate * base:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
