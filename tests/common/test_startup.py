"""TensorFlow's messages are hidden, unless something fails or the user wants to see them."""

import os
import subprocess
import sys

import pytest
from absl import logging

from tf_ssgan.common import startup


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """As at the start of a program, and as it was before when a test ends."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    level = logging.get_verbosity()
    yield
    logging.set_verbosity(level)


def log(text):
    """Writes to the file descriptor, as TensorFlow's C++ code does."""
    os.write(2, text)


def test_messages_are_hidden_within_the_context_alone(capfd):
    with startup.start_up():
        log(b"cudart_stub.cc: Could not find cuda drivers")
    log(b"after")
    assert capfd.readouterr().err == "after"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"


def test_messages_are_shown_if_the_block_fails(capfd):
    with pytest.raises(ImportError), startup.start_up():
        log(b"the reason")
        raise ImportError
    assert capfd.readouterr().err == "the reason"


def test_users_who_set_a_log_level_see_every_message(capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with startup.start_up():
        log(b"shown")
    assert capfd.readouterr().err == "shown"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_without_a_folder_for_temporary_files_messages_are_hidden_in_memory(capfd, monkeypatch):
    def no_folder(*_):
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(startup.tempfile, "TemporaryFile", no_folder)
    with startup.start_up():
        log(b"hidden")
    assert capfd.readouterr().err == ""


def test_messages_are_shown_where_they_can_be_kept_nowhere(capfd, monkeypatch):
    def none(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(startup.os, "memfd_create", none, raising=False)
    monkeypatch.setattr(startup.tempfile, "TemporaryFile", none)
    with startup.start_up():
        log(b"shown")
    assert capfd.readouterr().err == "shown"


def test_a_closed_standard_error_is_no_error():
    code = (
        "from tf_ssgan.common import startup\n"
        "with startup.start_up(): print('started', flush=True)\n"
    )
    done = subprocess.run(
        ["bash", "-c", f'exec "{sys.executable}" -c "{code}" 2>&-'], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "started\n")
