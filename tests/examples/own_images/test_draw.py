"""The example pictures: a seed fixes them, and they include bad files."""

import importlib
import pathlib

import numpy as np
import pytest

from tf_ssgan.data import image_decoding

FOLDER = pathlib.Path(__file__).parents[3] / "examples" / "own_images"


@pytest.fixture
def draw(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("draw")


def test_a_seed_draws_the_same_pictures(draw, tmp_path):
    one, two = draw.draw(tmp_path / "1", 24, 3), draw.draw(tmp_path / "2", 24, 3)
    assert [a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True)] == [True] * 24
    images = [image_decoding.decode(path, 16, 3, "pad") for path in one]
    assert len(np.unique(np.stack(images).reshape(24, -1), axis=0)) == 24
    assert len(draw.add_bad_files(tmp_path / "1")) == 20
