"""Files of weights hold numbers and no more than their network; harm is in tests/faults."""

import h5py
import keras
import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.nn import weights_file


@pytest.fixture
def network():
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8), keras.layers.BatchNormalization()]
    )


@pytest.mark.parametrize("name", ["a.weights.h5", "whole.h5"])
def test_what_keras_writes_is_accepted(tmp_path, network, name):
    path = tmp_path / name
    (network.save if name.startswith("whole") else network.save_weights)(path)
    weights_file.check(path, 1000)


def test_the_limit_is_of_the_arrays_in_memory(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a/b", data=np.zeros(100, np.float32), compression="gzip")
    weights_file.check(path, 400)
    with pytest.raises(errors.UserError, match="it needs more than 399 bytes of memory"):
        weights_file.check(path, 399)


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_hdf5_is_refused(tmp_path, content):
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(errors.UserError, match="it cannot be read as HDF5"):
        weights_file.check(path, 1000)
