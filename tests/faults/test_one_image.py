"""One test image, one label a class, a batch of one image: all numbers of the run are finite."""

import json
import math

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.training import config, loop


def numbers(content):
    """All numbers of a JSON value."""
    if isinstance(content, dict | list):
        parts = content.values() if isinstance(content, dict) else content
        return [number for part in parts for number in numbers(part)]
    return [content] if isinstance(content, int | float) else []


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with a batch of one image, one label a class, and one test image."""
    root = tmp_path_factory.mktemp("one")
    for part, count in (("train", toy_methods.CLASSES), ("test", 1)):
        pixels, labels = toy_methods.images(count)
        np.savez(root / f"{part}.npz", image=pixels, label=labels)
    (root / "classes.txt").write_text("a\nb\nc\n")
    settings = config.configure(
        "supervised", f"npz:{root}", labels=-1, validation=0, batch_size=1, width=4, max_steps=3,
        precision="float32", workdir=str(root / "run"),
    )  # fmt: skip
    return loop.run(settings), root / "run"


def test_every_number_of_the_result_is_finite(run):
    result, folder = run
    assert result["steps"] == 3
    assert result["test_error"] in (0.0, 100.0)
    for name in ("result.json", "protocol.json"):
        assert all(map(math.isfinite, numbers(json.loads((folder / name).read_text()))))
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        assert all(map(math.isfinite, numbers(json.loads(line))))
