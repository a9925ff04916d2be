"""Versions appear whole or not at all."""

import fcntl

import pytest

from export import digests, publishing
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


def test_a_version_has_the_list_of_its_files(tmp_path):
    with publishing.new_version(tmp_path) as pending:
        (pending.partial / "saved_model.pb").write_text("content")
    digests.check(tmp_path / "1")
    with pytest.raises(errors.UserError, match="is damaged"):
        (tmp_path / "1" / "saved_model.pb").write_text("others")
        digests.check(tmp_path / "1")


def test_only_leftovers_of_exports_are_removed(tmp_path):
    kept = (".answers.csv.7.partial", ".mine.partial", "1.partial", ".2.partial.txt", ".x")
    for name in kept:
        (tmp_path / name).mkdir()
    (tmp_path / ".4.partial").write_text("a file")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (tmp_path / ".5.partial").symlink_to("elsewhere")
    (tmp_path / ".3.partial" / "variables").mkdir(parents=True)
    with publishing.new_version(tmp_path):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*kept, ".4.partial", ".5.partial", "elsewhere", "1", ".exporting"}
    assert (tmp_path / "elsewhere" / "file").exists()


@pytest.mark.parametrize("number", [-1, 2**63, 10**30])
def test_numbers_that_no_server_reads_are_refused(tmp_path, number):
    with pytest.raises(errors.UserError, match="is not a version. Give an integer from 1 to"):
        publishing.check_target(tmp_path, number)


def test_what_has_the_name_of_a_version_is_not_replaced(tmp_path):
    (tmp_path / "1").write_text("a file")
    (tmp_path / "5").symlink_to("nothing")
    with pytest.raises(errors.UserError, match="has a version 5"):
        publishing.check_target(tmp_path, 5)
    with pytest.raises(errors.UserError, match="no room for version 1. Give another --version"):
        publishing.check_target(tmp_path)
    (tmp_path / str(2**63 - 1)).mkdir()
    with pytest.raises(errors.UserError, match="no room for version"):
        publishing.check_target(tmp_path)


def test_versions_with_zeros_or_too_many_digits(tmp_path):
    for name in ("7", "007", "012", "9" * 19, "9" * 20, "1" * 200):
        (tmp_path / name).mkdir()
    (tmp_path / "00013").write_text("a file")
    found = publishing.find_versions(tmp_path)
    assert {number: path.name for number, path in found.items()} == {7: "7", 12: "012"}


def test_a_folder_that_cannot_be_listed_is_a_sentence(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(publishing, "list_versions", refuse)
    with pytest.raises(errors.UserError, match="cannot be written .*Permission denied"):
        publishing.check_target(tmp_path)


def test_an_error_while_a_version_is_written_is_a_sentence(tmp_path):
    with pytest.raises(errors.UserError, match="cannot be written .*No space left"):
        with publishing.new_version(tmp_path):
            raise OSError(28, "No space left on device")
    assert {path.name for path in tmp_path.iterdir()} == {".exporting"}


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path):
    with pytest.raises(errors.UserError, match="is not UTF-8, and TensorFlow writes no such"):
        publishing.check_target(tmp_path / "\udcff")
    assert list(tmp_path.iterdir()) == []
