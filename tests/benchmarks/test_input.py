"""The benchmark of the input runs at toy size, and Pillow's views are what it says."""

import pathlib
import random
import subprocess
import sys

import numpy as np
from PIL import Image

from benchmarks import pillow_views

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_table_has_four_rows_of_positive_figures():
    command = [sys.executable, str(ROOT / "benchmarks" / "input.py"), "--size=8", "--rounds=1"]
    done = subprocess.run([*command, "--seconds=0.1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "| " in line][2:]
    names = [name for name, _, _ in rows]
    assert names[0] == "Pillow in a loop"
    assert "processes" in names[1] and "Keras" in names[2] and names[3] == "ours"
    rates = [float(rate.replace(",", "")) for _, rate, _ in rows]
    assert min(rates) > 0
    for rate, (_, _, times) in zip(rates, rows, strict=True):
        assert abs(float(times) - rate / rates[0]) < 0.006 + rate / rates[0] * 1e-3


def test_pillows_weak_view_is_a_crop_of_the_picture_or_its_mirror_image():
    random.seed(0)
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    crops = []
    for way in (image, image[:, ::-1]):
        padded = np.pad(way, ((2, 2), (2, 2), (0, 0)), mode="reflect")
        crops += [padded[i : i + 16, j : j + 16].tobytes() for i in range(5) for j in range(5)]
    picture = Image.fromarray(image)
    seen = {np.asarray(pillow_views.weak(picture)).tobytes() for _ in range(600)}
    assert seen == set(crops)


def test_pillows_square_is_at_most_half_the_side():
    random.seed(0)
    sides = set()
    for _ in range(300):
        covered = np.asarray(pillow_views.cutout(Image.new("RGB", (16, 16)))) == 127
        sides.add(max(covered.any((1, 2)).sum(), covered.any((0, 2)).sum()))
    assert sides == set(range(1, 9))
