"""Files of weights that are damaged or made to do harm: refused before Keras opens them."""

import os
import pickle
import time

import h5py
import keras
import numpy as np
import pytest

from tf_ssgan.common import weight_files


@pytest.fixture(scope="module")
def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])


def refuse(path, message, most=10**6):
    start = time.monotonic()
    with pytest.raises(weight_files.WeightFileError, match=message) as error:
        weight_files.check(path, most)
    assert time.monotonic() - start < 2 and "\n" not in str(error.value)


def test_what_keras_writes_is_accepted(network, tmp_path):
    for name in ("a.weights.h5", "b.h5"):
        path = tmp_path / name
        network.save_weights(path) if "weights" in name else network.save(path)
        weight_files.check(path, 10**6)
        refuse(path, "it claims .* bytes, and these networks take at most 20", most=20)


def test_what_is_no_such_file_is_refused(network, tmp_path):
    path = tmp_path / "a.weights.h5"
    refuse(path, "No such file")
    os.mkfifo(path)
    refuse(path, "it is a pipe, not a file")
    path.unlink()
    network.save_weights(path)
    content = path.read_bytes()
    for damaged in (b"", b"x" * 999, content[:900], pickle.dumps(print)):
        path.write_bytes(damaged)
        refuse(path, "it is damaged, or no HDF5 file")


@pytest.mark.parametrize("seed", range(30))
def test_changed_bytes_are_no_traceback(network, tmp_path, seed):
    path = tmp_path / "a.weights.h5"
    network.save_weights(path)
    content, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for at in rng.integers(0, len(content), 20):
        content[at] = rng.integers(256)
    path.write_bytes(content)
    try:
        weight_files.check(path, 10**6)
    except weight_files.WeightFileError as error:
        assert "\n" not in str(error)


def external(file, outside):
    file["a"] = h5py.ExternalLink(str(outside), "/a")


def stored_outside(file, outside):
    file.create_dataset("a", (4,), "u1", external=[(str(outside), 0, 4)])


def virtual(file, outside):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(outside), "a", (4,))
    file.create_virtual_dataset("a", layout)


def huge(file, outside):
    file.create_dataset("a", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


def many(file, outside):
    for number in range(300):
        file.create_dataset(f"a{number}", (2_000,), "f4")


def texts(file, outside):
    file.create_dataset("a", (3,), h5py.string_dtype())


def described_at_length(file, outside):
    file.attrs.create("a", "x" * 60_000)
    for number in range(40):
        file.create_group(f"g{number}").attrs.create("a", "x" * 60_000, dtype="S60000")


@pytest.mark.parametrize(
    "make, message",
    [
        (external, "'a' refers to another place or file"),
        (lambda file, _: file.__setitem__("a", h5py.SoftLink("/b")), "refers to another place"),
        (stored_outside, "'a' lies in another file"),
        (virtual, "'a' lies in another file"),
        (huge, "with 'a' it claims 4,000,000,000,000 bytes"),
        (many, "with 'a.*' it claims"),
        (texts, "'a' holds object, and weights are numbers"),
        (described_at_length, "with 'a' it claims"),
    ],
)
def test_what_is_more_than_weights_is_refused(tmp_path, make, message):
    outside = tmp_path / "outside"
    os.mkfifo(outside)  # nobody may open it
    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file, outside)
    refuse(tmp_path / "a.h5", message)


def test_a_group_within_itself_is_looked_at_once(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["b"] = file.create_group("a")
        file["a/again"] = file["/"]
    weight_files.check(tmp_path / "a.h5", 100)
