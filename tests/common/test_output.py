"""Programs whose output nobody reads end without a traceback."""

import errno
import os
import pathlib
import pty
import subprocess
import sys

import pytest
from support.programs import python_path

from tf_ssgan.common import output

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import sys
from tf_ssgan.common import output
with output.may_be_lost():
    {body}
"""


def run(body, unbuffered="", **streams):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)], timeout=30, text=True, **streams,
        env=os.environ | {"PYTHONPATH": python_path(ROOT), "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip


@pytest.fixture
def broken_pipe():
    inner, outer = os.pipe()
    os.close(inner)
    yield outer
    os.close(outer)


@pytest.mark.parametrize("body, status", [
    ("print('x')", 141), ("print('x', flush=True)", 141), ("pass", 0),
    ("print('x'); sys.exit(3)", 3), ("print('x'); raise SystemExit(0)", 141),
])  # fmt: skip
def test_a_program_whose_pipe_is_closed_ends_quietly(broken_pipe, body, status):
    end = run(body, stdout=broken_pipe, stderr=subprocess.PIPE)
    assert (end.returncode, end.stderr) == (status, "")


def test_a_program_with_closed_descriptors_writes_into_no_file(tmp_path):
    body = "f = open('kept', 'w'); print('x', flush=True); print('y', file=sys.stderr)"
    command = [sys.executable, "-c", PROGRAM.format(body=body)]
    end = subprocess.run(
        ["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", *command], cwd=tmp_path, timeout=30,
        env=os.environ | {"PYTHONPATH": python_path(ROOT)},
    )  # fmt: skip
    assert end.returncode == 0 and (tmp_path / "kept").read_text() == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_said(unbuffered):
    with open("/dev/full", "w") as full:
        end = run("print('x')", unbuffered, stdout=full, stderr=subprocess.PIPE)
    assert end.returncode == 2
    assert end.stderr == "Standard output cannot be written: No space left on device.\n"


def test_other_errors_are_not_those_of_the_output():
    assert not output.is_lost(OSError(errno.ENOSPC, "full"))
    assert not output.is_lost(OSError(errno.EIO, "bad disk"))
    assert not output.is_lost(BrokenPipeError(errno.EPIPE, "Broken pipe", "some/pipe"))
    assert not output.is_lost(ValueError("x"))


def test_a_terminal_that_is_gone_is_noticed():
    master, slave = pty.openpty()
    assert not output._is_unread(slave)
    os.close(master)
    assert output._is_unread(slave)
    os.close(slave)
