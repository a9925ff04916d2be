"""Checks cache images in a folder of the test, and start their processes from this tree."""

import pathlib

import pytest
from support.programs import python_path

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", python_path(ROOT))


@pytest.fixture(scope="session")
def texts():
    """A function: findings -> "level: text" of each, one per line."""
    return lambda findings: "\n".join(f"{finding.level}: {finding.text}" for finding in findings)


@pytest.fixture(scope="session")
def finding_with():
    """A function that returns the only finding with some words in its text."""

    def select(findings, words):
        (selected,) = [finding for finding in findings if words in finding.text]
        return selected

    return select
