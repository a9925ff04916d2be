"""Locks: one holder at a time, looked at without being kept, gone with the process."""

import errno
import os
import subprocess
import sys

import pytest

from tf_ssgan.common import errors, locks


def test_a_lock_has_one_holder_at_a_time(tmp_path):
    path = tmp_path / "lock"
    assert not locks.is_held(path)
    for _ in range(2):
        with locks.exclusive(path) as taken:
            assert taken and locks.is_held(path)
            with locks.exclusive(path) as again:
                assert not again
        assert not locks.is_held(path)


def test_a_lock_ends_with_its_process(tmp_path):
    code = (
        "import os, pathlib, sys\n"
        "from tf_ssgan.common import locks\n"
        "lock = locks.exclusive(pathlib.Path(sys.argv[1]))\n"
        "print(lock.__enter__(), flush=True); sys.stdin.readline(); os._exit(9)\n"
    )
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"True\n" and locks.is_held(path)
        other.stdin.close()
    assert other.returncode == 9 and not locks.is_held(path)


def test_a_folder_that_is_missing_cannot_be_locked(tmp_path):
    assert not locks.is_held(tmp_path / "missing/lock")
    with pytest.raises(FileNotFoundError):
        with locks.exclusive(tmp_path / "missing/lock"):
            pass


def in_the_way(kind, path):
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_file_is_refused_and_left_alone(tmp_path, kind):
    path = tmp_path / "lock"
    in_the_way(kind, path)
    what = {"folder": "is a folder", "pipe": "is not a file", "link": "is a link"}[kind]
    with pytest.raises(errors.UserError) as refused, locks.exclusive(path):
        pass
    assert str(refused.value).startswith(f"{path} {what}, but a file of this name keeps two")
    assert not locks.is_held(path) and [entry.name for entry in tmp_path.iterdir()] == ["lock"]


def test_a_link_to_a_file_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    in_the_way("link", tmp_path / "lock")
    with pytest.raises(errors.UserError, match="is a link"), locks.exclusive(tmp_path / "lock"):
        pass


def test_a_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch):
    (tmp_path / "lock").write_text("mine")

    def denied(path, *_):  # as for a file that is read-only; root may open it all the same
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(locks.os, "open", denied)
    with pytest.raises(errors.UserError, match=r"lock cannot be opened for writing \(Permission "):
        with locks.exclusive(tmp_path / "lock"):
            pass
    assert not locks.is_held(tmp_path / "lock")


def test_a_file_of_this_name_keeps_its_content_and_its_time(tmp_path):
    path = tmp_path / "lock"
    path.write_text("mine")
    os.utime(path, (1, 2))
    with locks.exclusive(path) as taken:
        assert taken and locks.is_held(path)
    assert path.read_text() == "mine" and path.stat().st_mtime == 2


def flock_fails(monkeypatch, code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    locks._say_no_locks.cache_clear()
    monkeypatch.setattr(locks.fcntl, "flock", fail)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_without_locks_of_the_file_system_the_block_runs_and_a_sentence_says_so(
    tmp_path, monkeypatch, capsys, code
):
    flock_fails(monkeypatch, code)
    for _ in range(2):
        with locks.exclusive(tmp_path / "lock") as taken:
            assert taken and not locks.is_held(tmp_path / "lock")
    assert capsys.readouterr().err == (
        f"The file system of {tmp_path} has no locks: never start two processes in this folder at "
        "once.\n"
    )


@pytest.mark.parametrize("code", [errno.EWOULDBLOCK, errno.EACCES])
def test_these_errors_alone_mean_that_another_process_holds_it(tmp_path, monkeypatch, code):
    (tmp_path / "lock").write_text("")
    flock_fails(monkeypatch, code)
    assert locks.is_held(tmp_path / "lock")
    with locks.exclusive(tmp_path / "lock") as taken:
        assert not taken


def test_a_file_system_that_fails_is_an_error_of_the_system(tmp_path, monkeypatch):
    (tmp_path / "lock").write_text("")
    flock_fails(monkeypatch, errno.EIO)
    assert not locks.is_held(tmp_path / "lock")
    with pytest.raises(OSError, match="Input/output error"), locks.exclusive(tmp_path / "lock"):
        pass
