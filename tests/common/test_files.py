"""Files that are replaced whole or not at all, and their digests."""

import hashlib
import pathlib

import pytest

from tf_ssgan.common import files


def test_a_file_is_replaced_and_nothing_else_stays_in_the_folder(tmp_path):
    path = tmp_path / "result.json"
    files.replace(path, "old")
    files.replace(path, "new\r\nöl\n")
    assert path.read_bytes() == "new\r\nöl\n".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


def test_bytes_of_file_names_that_are_not_valid_text_are_escaped(tmp_path):
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    files.replace(tmp_path / "list.txt", name)
    assert (tmp_path / "list.txt").read_text("utf-8") == r"caf\udce9.png"


def test_a_failure_leaves_the_old_content_and_no_partial_file(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    files.replace(path, "old")

    def full(partial, target):
        raise OSError("No space left on device")

    monkeypatch.setattr(pathlib.Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        files.replace(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


def test_the_digest_is_that_of_the_content(tmp_path):
    content = bytes(range(256)) * 4000
    (tmp_path / "a").write_bytes(content)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
