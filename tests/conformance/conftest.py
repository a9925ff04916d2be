"""One built and traced toy of each method, shared by all questions asked of it."""

import functools

import pytest
import toys

from tf_ssgan import methods


def pytest_generate_tests(metafunc):
    """Asks every method by name; a new file is asked without being listed anywhere."""
    if "name" in metafunc.fixturenames:
        marks = [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in methods.names()]
        metafunc.parametrize("name", marks)


@functools.cache
def _toy(name: str, devices: int) -> toys.Toy:
    return toys.Toy(name, devices)


@pytest.fixture
def toy(name) -> toys.Toy:
    """The method on one replica, at its start."""
    made = _toy(name, 1)
    made.load(made.start)
    made.method.enter(0)
    return made


@pytest.fixture
def pair(name) -> toys.Toy:
    """The method on two replicas, at its start."""
    made = _toy(name, 2)
    made.load(made.start)
    made.method.enter(0)
    return made
