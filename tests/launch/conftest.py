"""Runs of a program that stands in for train_main.py."""

import pathlib
import sys

import pytest

from tf_ssgan.launch import jobs, scheduler

FAKE = pathlib.Path(__file__).parents[1] / "support" / "fake_train.py"


@pytest.fixture(autouse=True)
def fake_program(monkeypatch):
    """The path of the program that takes the place of train_main.py."""
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, str(FAKE)))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    return FAKE


@pytest.fixture(scope="session")
def make_jobs():
    """Makes a job for each rate of label noise, with a folder of its own."""

    def make(folder, *rates, flags=()):
        return [
            jobs.Job(
                folder / f"at{rate}",
                (f"--workdir={folder / f'at{rate}'}", f"--noise_rate={float(rate)}", *flags),
            )
            for rate in rates
        ]

    return make
