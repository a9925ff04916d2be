"""TensorFlow Datasets, offline: prepared data, downloads that fail, and hosts without an answer."""

import pathlib
import time

import numpy as np
import pytest

from tf_ssgan.data import datasets
from tf_ssgan.data.sources import tfds as source


@pytest.mark.parametrize("act", [datasets.check, datasets.load, datasets.train_labels])
def test_without_data_and_network_the_files_are_named(tmp_path, refused, act):
    place = r"DIR/svhn/train.npz and DIR/svhn/test.npz .*DIR/svhn_cropped/3\.1\.0"
    refused(
        rf"svhn_cropped 3\.1\.0\) is not in {tmp_path}/tfds, and ufldl\.stanford\.edu cannot be "
        rf"reached\.\nGive --data_dir=DIR with {place}",
        act=act,
    )


def test_an_unreachable_host_is_noticed_at_once(monkeypatch):
    monkeypatch.undo()
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    start = time.monotonic()
    assert not source._reachable("http://host.invalid")
    assert not source._reachable("http://127.0.0.1:9")
    assert time.monotonic() - start < 6


def test_a_slow_name_server_does_not_hold_up(monkeypatch):
    monkeypatch.undo()

    def slow(*_):
        time.sleep(2)
        raise OSError

    monkeypatch.setattr(source.socket, "create_connection", slow)
    start = time.monotonic()
    assert not source._reachable("http://host.invalid", seconds=0.2)
    assert time.monotonic() - start < 1.8


@pytest.fixture
def tfds(monkeypatch):
    """TensorFlow Datasets, with every host answering."""
    monkeypatch.setattr(source, "_reachable", lambda url: True)
    return pytest.importorskip("tensorflow_datasets")


@pytest.mark.parametrize("name", ["svhn", "cifar100", "fashion_mnist", "cifar10_1/v6"])
def test_tensorflow_datasets_become_arrays(tfds, name):
    with tfds.testing.mock_data(num_examples=4, policy=tfds.testing.MockPolicy.USE_CODE):
        arrays = datasets.load(name)
    training = 0 if name == "cifar10_1/v6" else 4
    assert arrays.train_images.shape == (training, *arrays.info.shape)
    assert arrays.test_images.shape == (4, *arrays.info.shape)
    assert arrays.test_images.dtype == np.uint8 and arrays.test_labels.dtype == np.int64
    assert arrays.info == datasets.info(name)


@pytest.mark.parametrize("problem", [AssertionError, ConnectionError])
def test_a_failed_download_names_the_files(tfds, monkeypatch, refused, problem):
    def fail(*_, **__):
        raise problem("no route\nto host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    refused(
        f"svhn could not be downloaded to .*: {problem.__name__}: no route\nGive --data_dir=DIR",
        act=datasets.load,
    )


@pytest.fixture
def folder(tfds, tmp_path, monkeypatch, pictures):
    """A folder with 30 pictures that TensorFlow Datasets itself prepared as CIFAR-10."""
    builder = tfds.builder("cifar10", data_dir=tmp_path)
    rows = [{"id": f"{i:03}", "image": pictures(30)[i], "label": i * 7 % 10} for i in range(30)]
    kinds = {"train": rows[:20], "test": rows[20:]}
    monkeypatch.setattr(
        type(builder), "_split_generators",
        lambda *_: {split: ((row["id"], row) for row in kinds[split]) for split in kinds},
    )  # fmt: skip
    builder.download_and_prepare()
    monkeypatch.setattr(source, "_reachable", lambda url: False)
    return str(tmp_path)


def test_prepared_data_need_no_network(folder, monkeypatch, pictures):
    datasets.check("cifar10", folder)
    arrays = datasets.load("cifar10", folder)
    assert len(arrays.train_labels) == 20 and len(arrays.test_labels) == 10
    for image, label in zip(arrays.train_images, arrays.train_labels, strict=True):
        original = np.flatnonzero((pictures(30) == image).all((1, 2, 3)))
        assert original.size == 1 and original[0] * 7 % 10 == label
    # The labels alone come from the same files in the same order, without that library.
    monkeypatch.setattr(datasets, "load", lambda *_: pytest.fail("loaded images"))
    labels, classes = datasets.train_labels("cifar10", folder)
    assert (labels == arrays.train_labels).all() and classes[0] == "airplane"


def test_broken_prepared_data_are_refused(folder, refused):
    for path in pathlib.Path(folder).glob("cifar10/*/*-train.tfrecord*"):
        path.write_bytes(path.read_bytes()[:-10])
    refused("cifar10 in .* cannot be read: .*\nMove that folder", "cifar10", folder, datasets.load)
    refused("cifar10 in .* cannot be read", "cifar10", folder, datasets.train_labels)
