"""One built and traced toy of each method, shared by all questions asked of it.

Each method is asked in a process of its own; see `support.own_process`.
"""

import pathlib

import pytest
import tensorflow as tf
from support import own_process, toy_methods

from tf_ssgan import methods


def pytest_generate_tests(metafunc):
    """Asks every method by name; a new file is asked without being listed anywhere."""
    if "name" in metafunc.fixturenames:
        of_steps = {"pair", "own_step"} & set(metafunc.fixturenames)
        names = [n for n in methods.names() if not of_steps or has_step(n)]
        metafunc.parametrize(
            "name", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in names]
        )


def has_step(name: str) -> bool:
    """Whether a method's networks or its step are its own.

    A preset takes another method's step with a constant of its own. What depends on the number of
    replicas is asked of that other method, which has the same step and networks: tracing a preset
    on two devices would be a third of all that it costs.
    """
    return bool({"setup", "train_step"} & set(vars(methods.find(name).Method)))


# What holds for weighted labels holds for others: these are the special case of weights of 1.
WEIGHTS = (0.5, 2.0, 0.5)
_KEPT: dict[tuple[str, int], toy_methods.Toy] = {}


def _toy(name: str, devices: int) -> toy_methods.Toy:
    if (name, devices) not in _KEPT:
        _KEPT[name, devices] = toy_methods.Toy(name, devices, WEIGHTS)
    made = _KEPT[name, devices]
    made.load(made.start)
    made.method.set_stage(0)
    return made


@pytest.fixture(autouse=True)
def _unoptimized():
    """A graph that runs a few times is not worth optimizing; other tests do so."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture
def toy(name) -> toy_methods.Toy:
    """The method on one replica, at its start."""
    return _toy(name, 1)


@pytest.fixture
def pair(name) -> toy_methods.Toy:
    """The method on two replicas, at its start."""
    return _toy(name, 2)


@pytest.fixture
def own_step():
    """Marks a question that is not asked of presets, see `has_step`."""


@pytest.fixture
def notes() -> pathlib.Path:
    """A folder in which methods note what need not be asked of others."""
    return own_process.shared_folder()
