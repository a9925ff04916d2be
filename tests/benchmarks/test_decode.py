"""The benchmark of decoding: the Pillow loop, and the table."""

import numpy as np
from PIL import Image


def test_the_pillow_loop_skips_broken_files(benchmarks, tmp_path):
    Image.new("L", (10, 6), 200).save(tmp_path / "gray.png")
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    names = [str(tmp_path / name) for name in ("broken.png", "gray.png", "missing.png")]
    images = benchmarks("decode").pillow_loop(names, 4)
    np.testing.assert_array_equal(images, np.full((1, 4, 4, 3), 200, np.uint8))


def test_the_table_compares_rates_with_pillow(benchmarks):
    measured = {"Pillow in a loop": (2.0, 100), "first start": (1.0, 90)}
    text = benchmarks("decode").format_table(measured, 2)
    assert text.startswith("2 cores\n")
    assert "| Pillow in a loop | 2.000 | 100 | 50 | 1.00 |" in text
    assert "| first start | 1.000 | 90 | 90 | 1.80 |" in text
