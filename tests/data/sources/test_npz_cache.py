"""Decoded archives: read as they were written, or decoded again with a word."""

import os
import time

import numpy as np
import pytest

from tf_ssgan.common import cache
from tf_ssgan.data.sources import npz_cache

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)


@pytest.fixture(autouse=True)
def _say_again():
    cache.say.cache_clear()


def test_images_are_read_as_they_were_written(capsys):
    assert npz_cache.read("a") is None
    npz_cache.write(IMAGES, "a")
    assert (npz_cache.read("a") == IMAGES).all() and npz_cache.read("b") is None
    assert {path.name for path in cache.folder().iterdir()} == {"a.npy", "a.json"}
    assert not capsys.readouterr().err


def test_of_another_archive_nothing_is_used(capsys):
    npz_cache.write(IMAGES, "a")
    for suffix in (".npy", ".json"):
        (cache.folder() / f"a{suffix}").rename(cache.folder() / f"b{suffix}")
    assert npz_cache.read("b") is None and "was damaged" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "link", "gone"])
def test_damage_is_noticed(capsys, tmp_path, suffix, damage):
    npz_cache.write(IMAGES, "a")
    path = cache.folder() / f"a{suffix}"
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-9] ^= 1
        path.write_bytes(content)
    elif damage == "link":
        path.rename(tmp_path / "outside")
        path.symlink_to(tmp_path / "outside")
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else b"")
    assert npz_cache.read("a") is None
    word = capsys.readouterr().err
    assert word == "" if damage == "gone" else "decoded anew" in word
    npz_cache.write(IMAGES, "a")
    assert (npz_cache.read("a") == IMAGES).all()


def test_wrong_fields_are_no_traceback():
    npz_cache.write(IMAGES, "a")
    path = cache.folder() / "a.json"
    good = cache.read_json(path)
    for field in good:
        for odd in (None, "x", [], [-5, 8, 8, 3], [10**12] * 4, {"a": 1}, 7):
            cache.write_json(good | {field: odd}, path)
            assert npz_cache.read("a") is None
    cache.write_json([], path)
    assert npz_cache.read("a") is None


def test_a_folder_of_others_is_not_used(monkeypatch, capsys):
    npz_cache.write(IMAGES, "a")
    cache.folder().chmod(0o777)
    npz_cache.write(IMAGES, "b")
    assert npz_cache.read("a") is None and not (cache.folder() / "b.npy").exists()
    assert "can be written to by other users" in capsys.readouterr().err


def test_what_nobody_used_for_long_is_removed():
    npz_cache.write(IMAGES, "a")
    npz_cache.write(IMAGES, "b")
    for path in cache.folder().glob("a.*"):
        os.utime(path, (time.time() - 61 * 86_400,) * 2)
    assert npz_cache.read("b") is not None
    assert {path.name for path in cache.folder().iterdir()} == {"b.npy", "b.json"}
