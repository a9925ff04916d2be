"""Versions appear whole or not at all."""

import fcntl

import pytest

from export import publishing
from tf_ssgan.common import errors, files


def test_a_second_export_to_the_same_folder_is_refused(tmp_path):
    with (tmp_path / ".exporting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(errors.UserError, match="Another process is exporting"):
            publishing.check_target(tmp_path)


def test_a_full_disk_publishes_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "flush_folder", full)
    with pytest.raises(errors.UserError, match="No space left"):
        with publishing.new_version(tmp_path / "model") as pending:
            (pending.partial / "file").write_text("content")
    assert publishing.list_versions(tmp_path / "model") == []


def test_only_folders_named_by_integers_are_versions(tmp_path):
    for name in ("1", "0012", "x3", ".4.partial", "5.5", "-6"):
        (tmp_path / name).mkdir()
    (tmp_path / "99").write_text("a file")
    assert publishing.list_versions(tmp_path) == [1, 12]
    with publishing.new_version(tmp_path) as pending:
        assert pending.partial.parent == tmp_path and pending.partial.name.startswith(".")
    assert (
        pending.final == tmp_path / "13" and pending.final.is_dir() and not pending.partial.exists()
    )


def test_an_exception_removes_the_pending_version(tmp_path):
    with pytest.raises(ZeroDivisionError), publishing.new_version(tmp_path) as pending:
        (pending.partial / "file").write_text("content")
        raise ZeroDivisionError
    assert {path.name for path in tmp_path.iterdir()} == {".exporting"}


def test_a_number_can_be_chosen_once(tmp_path):
    with publishing.new_version(tmp_path, 7) as pending:
        (pending.partial / "file").write_text("content")
        assert publishing.list_versions(tmp_path) == []
    assert (tmp_path / "7" / "file").read_text() == "content"
    with pytest.raises(errors.UserError, match="has a version 7.* for version 8"):
        publishing.check_target(tmp_path, 7)
    publishing.check_target(tmp_path, 3)
    assert publishing.list_versions(tmp_path) == [7]
