"""Locks: one holder at a time, looked at without being kept, gone with the process."""

import os
import subprocess
import sys

import pytest

from tf_ssgan.common import locks


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


def test_a_pipe_is_locked_without_waiting_for_its_other_end(tmp_path):
    os.mkfifo(tmp_path / "lock")
    assert not locks.is_held(tmp_path / "lock")
    with locks.exclusive(tmp_path / "lock") as taken:
        assert taken and locks.is_held(tmp_path / "lock")
