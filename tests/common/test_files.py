"""Files that are replaced whole or not at all, and their digests."""

import hashlib
import os
import pathlib
import subprocess
import sys

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


def test_a_file_is_read_whole(tmp_path):
    content, heads = bytes(range(256)) * 4000, []
    (tmp_path / "a").write_bytes(content)
    assert files.read_regular(tmp_path / "a", len(content), heads.append) == content
    assert heads == [content[: files.HEAD]]


def test_pipes_and_devices_are_not_opened(tmp_path):
    """Opening this pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), ("/dev/zero", "a device")):
        with pytest.raises(OSError, match=f"it is {kind}, not a file"):
            files.read_regular(path, 10)
    with pytest.raises(IsADirectoryError):
        files.read_regular(tmp_path, 10)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "a").touch()
    os.truncate(tmp_path / "a", 30_000_000_000)  # takes no space
    with pytest.raises(OSError, match="it has 30,000,000,000 bytes, and at most 1,000 are read"):
        files.read_regular(tmp_path / "a", 1000, lambda head: pytest.fail("it was read"))


def test_a_file_that_grows_is_read_to_its_end_or_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def grow(head):
        path.write_bytes(b"new and longer")

    assert files.read_regular(path, 14, grow) == b"new and longer"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="it does not end after 13 bytes"):
        files.read_regular(path, 13, grow)


def test_files_that_seem_empty_are_read():
    assert b"Name:" in files.read_regular("/proc/self/status", 10**6)


def test_what_is_no_file_is_told_from_files_of_any_size(tmp_path):
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 2**40)
    files.check_regular(tmp_path / "huge")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a pipe, not a file"):
        files.check_regular(tmp_path / "pipe")


def partial(name, process):
    """The name of a file that a process of this host is writing."""
    return files.partial_name(name).replace(f"-{os.getpid()}.", f"-{process}.")


@pytest.fixture
def ended_process():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_bytes_are_written_as_they_are(tmp_path):
    files.replace(tmp_path / "a.png", b"\x89\r\n")
    assert (tmp_path / "a.png").read_bytes() == b"\x89\r\n"


def test_leftovers_of_ended_processes_are_removed_and_nothing_else(tmp_path, ended_process):
    ended = partial("a.json", ended_process)
    kept = [partial("a.json", os.getppid()), partial("b", ended_process), ended[:-8], "a.json",
            f"a.json.another-host-{ended_process}.partial", "a.json.x.partial"]  # fmt: skip
    for name in [*kept, ended, partial("c.png", os.getpid()), partial("c.png", "9" * 30)]:
        (tmp_path / name).touch()
    folder, link = partial("d.png", ended_process), partial("e.png", ended_process)
    (tmp_path / folder).mkdir()
    os.symlink("a.json", tmp_path / link)
    assert files.remove_leftovers(tmp_path, ("a.json", "*.png")) == 3
    assert {path.name for path in tmp_path.iterdir()} == {*kept, folder, link}


def test_whoever_holds_the_lock_removes_leftovers_of_every_process(tmp_path):
    (tmp_path / f"a.json.another-host-{os.getppid()}.partial").touch()
    assert files.remove_leftovers(tmp_path, ["a.json"], locked=True) == 1
    assert not list(tmp_path.iterdir())
    assert files.remove_leftovers(tmp_path / "missing", ["a.json"]) == 0
