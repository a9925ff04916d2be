"""The cache folder, and files in it that are whole or missing."""

import os
import pathlib

import numpy as np
import pytest

from tf_ssgan.common import cache

ARRAY = np.arange(6, dtype=np.uint8).reshape(2, 3)


def test_the_folder_is_that_of_the_environment_or_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "tf_ssgan" and not cache.folder().exists()
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/somewhere")
    assert cache.folder() == pathlib.Path("/somewhere/.cache/tf_ssgan")


def test_an_array_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "folder" / "images.npy"
    cache.write_array(ARRAY, path)
    np.testing.assert_array_equal(cache.read_array(path), ARRAY)
    assert [p.name for p in path.parent.iterdir()] == ["images.npy"]


@pytest.mark.parametrize("damage", [b"", b"not an array", None], ids=["empty", "text", "missing"])
def test_a_damaged_or_missing_array_is_none(tmp_path, damage):
    path = tmp_path / "images.npy"
    if damage is not None:
        path.write_bytes(damage)
    assert cache.read_array(path) is None


def test_an_array_that_was_cut_short_is_none(tmp_path):
    path = tmp_path / "images.npy"
    cache.write_array(ARRAY, path)
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.read_array(path) is None


def test_a_text_may_hold_bytes_of_any_file_name(tmp_path):
    cache.write_text("caf\udce9 ö", tmp_path / "index.json")
    assert (tmp_path / "index.json").read_bytes() == b"caf\xe9 \xc3\xb6"


def test_a_disk_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    path = tmp_path / "index.json"
    cache.write_text("old", path)

    def full(partial, target):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.write_text("new", path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    (tmp_path / "file").touch()
    cache.write_array(ARRAY, tmp_path / "file" / "images.npy")  # its folder is a file
    assert (tmp_path / "file").read_bytes() == b""
