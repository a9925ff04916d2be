"""One built and traced toy of each method, shared by all questions asked of it.

Each method is asked in a process of its own; see `support.own_process`.
"""

import pathlib

import pytest
import tensorflow as tf
from support import own_process, toy_methods

from tf_ssgan import methods

HERE = pathlib.Path(__file__).parent


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


def pytest_collection_modifyitems(items):
    """Asks a method everything before the next one."""
    places = [place for place, item in enumerate(items) if item.path.parent == HERE]
    in_order = sorted((items[place] for place in places), key=method_of)
    for place, item in zip(places, in_order, strict=True):
        items[place] = item


def method_of(item: pytest.Item) -> str:
    """The method that a question is asked of."""
    return item.callspec.params["name"]


GROUPS = pytest.StashKey[own_process.Groups]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """Asks in the process of the method."""
    config = item.config
    if item.path.parent != HERE or own_process.is_child(config):
        return None
    if GROUPS not in config.stash:
        config.stash[GROUPS] = own_process.Groups()
    groups = config.stash[GROUPS]
    name = method_of(item)
    questions = [i for i in item.session.items if i.path.parent == HERE and method_of(i) == name]
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in groups.reports(item, name, questions):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    if nextitem is None or nextitem.path.parent != HERE:
        groups.close()
    return True


# What holds for weighted labels holds for others: these are the special case of weights of 1.
WEIGHTS = (0.5, 2.0, 0.5)
_KEPT: dict[int, toy_methods.Toy] = {}


def _toy(name: str, devices: int) -> toy_methods.Toy:
    if devices not in _KEPT:
        _KEPT[devices] = toy_methods.Toy(name, devices, WEIGHTS)
    made = _KEPT[devices]
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
def notes(request) -> pathlib.Path:
    """A folder in which methods note what need not be asked of others."""
    return own_process.shared_folder(request.config)
