"""One built and traced toy of each method, shared by all questions asked of it."""

import gc
import pathlib

import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods


def pytest_generate_tests(metafunc):
    """Asks every method by name; a new file is asked without being listed anywhere."""
    if "name" in metafunc.fixturenames:
        asked = [n for n in methods.names() if "pair" not in metafunc.fixturenames or steps(n)]
        metafunc.parametrize(
            "name", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in asked]
        )


def steps(name: str) -> bool:
    """Whether a method's step is its own.

    A preset takes another method's step with a constant of its own. What depends on the number of
    replicas is said of that step, and of the same networks, under the names that they come from:
    the two devices' trace of a preset would be a third of all that it costs.
    """
    return "train_step" in vars(methods.find(name).Method)


def pytest_collection_modifyitems(items):
    """Asks a method everything before the next one, for its toys alone are kept."""
    here = pathlib.Path(__file__).parent
    places = [place for place, item in enumerate(items) if item.path.parent == here]
    asked = sorted(
        (items[place] for place in places), key=lambda item: item.callspec.params["name"]
    )
    for place, item in zip(places, asked, strict=True):
        items[place] = item


_KEPT: dict[tuple[str, int], toy_methods.Toy] = {}


def _toy(name: str, devices: int) -> toy_methods.Toy:
    if name not in {known for known, _ in _KEPT}:
        _KEPT.clear()
        gc.collect()  # the last method's: a trace of three stages takes a gigabyte
        # TensorFlow holds on to the rest of it: no collection that follows need look at it again.
        gc.freeze()
    if (name, devices) not in _KEPT:
        _KEPT[name, devices] = toy_methods.Toy(name, devices)
    return _KEPT[name, devices]


@pytest.fixture(autouse=True)
def _unoptimized():
    """A graph that runs a few times is not worth optimizing; other tests do so."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture
def toy(name) -> toy_methods.Toy:
    """The method on one replica, at its start."""
    made = _toy(name, 1)
    made.load(made.start)
    made.method.set_stage(0)
    return made


@pytest.fixture
def pair(name) -> toy_methods.Toy:
    """The method on two replicas, at its start."""
    made = _toy(name, 2)
    made.load(made.start)
    made.method.set_stage(0)
    return made


@pytest.fixture(scope="session")
def written() -> set[str]:
    """The layers of the networks that were written and compared in this process."""
    return set()
