"""One built and traced toy of each method, shared by all questions asked of it."""

import functools
import gc
import pathlib

import pytest
import tensorflow as tf
import toys

from tf_ssgan import methods


def pytest_generate_tests(metafunc):
    """Asks every method by name; a new file is asked without being listed anywhere."""
    if "name" in metafunc.fixturenames:
        marks = [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in methods.names()]
        metafunc.parametrize("name", marks)


def pytest_collection_modifyitems(items):
    """Asks a method everything before the next one, for its toys alone are kept."""
    here = pathlib.Path(__file__).parent
    places = [place for place, item in enumerate(items) if item.path.parent == here]
    asked = sorted(
        (items[place] for place in places), key=lambda item: item.callspec.params["name"]
    )
    for place, item in zip(places, asked, strict=True):
        items[place] = item


@functools.lru_cache(maxsize=2)
def _toy(name: str, devices: int) -> toys.Toy:
    gc.collect()  # the last method's: a trace of three stages takes a gigabyte
    return toys.Toy(name, devices)


@pytest.fixture(autouse=True)
def _unoptimized():
    """A graph that runs a few times is not worth optimizing; other tests do so."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


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
