"""Checkups keep pictures in a folder of the test's own, and start their processes from here."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture(scope="session")
def texts():
    """A function: findings -> "level: text" of each, one below the other."""
    return lambda found: "\n".join(f"{finding.level}: {finding.text}" for finding in found)


@pytest.fixture(scope="session")
def the():
    """A function that gives the only finding with some words in its text."""

    def only(found, words):
        (one,) = [finding for finding in found if words in finding.text]
        return one

    return only
