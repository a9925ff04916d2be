"""TensorFlow's messages are hidden, unless something fails or the user wants to see them."""

import os

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
