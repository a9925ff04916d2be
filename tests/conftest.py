"""TensorFlow is quiet, and the CPU is two devices: one process tests one replica and two."""

import importlib
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tf_ssgan  # noqa: F401, I001  settles Keras' settings before TensorFlow imports it
import pytest
import tensorflow as tf
from support import own_process
from support.programs import python_path

from tf_ssgan.training import build


SHARED = pytest.StashKey()  # the folder lasts as long as the configuration


def pytest_addoption(parser):
    """An option by which any CPU tests what one with AMX does."""
    parser.addoption(
        "--auto",
        choices=("detected", "mixed_bfloat16"),
        default="detected",
        help="What --precision=auto means in the tests: as detected, or as on a CPU with AMX.",
    )


def pytest_configure(config):
    """Splits the CPU before anything starts TensorFlow's devices."""
    # Modules are compiled once, and not in each of the hundreds of processes that tests start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    # As every run sets it, so that no test depends on whether another has built one before.
    build.keep_order_of_sums()
    if config.getoption("auto") == "mixed_bfloat16":
        importlib.import_module("support.auto_bfloat16.sitecustomize")
        folder = pathlib.Path(__file__).parent / "support/auto_bfloat16"
        os.environ["PYTHONPATH"] = python_path(folder)
    config.stash[SHARED] = own_process.make_shared_folder()
    looked_at = config.getoption("usepdb") or config.getoption("trace")
    if not own_process.is_child(config) and not looked_at:
        config.pluginmanager.register(own_process.Groups())


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch):
    """A cluster described outside must not reach the tests."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
