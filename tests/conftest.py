"""TensorFlow is quiet, and the CPU is two devices: one process tests one replica and two."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
import tensorflow as tf


def pytest_configure(config):
    """Splits the CPU before anything starts TensorFlow's devices."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch):
    """A cluster described outside must not reach the tests."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
