"""TensorFlow Datasets, offline: prepared data, failed downloads, and unreachable hosts."""

import time

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.data.sources import tfds as tfds_source


@pytest.mark.parametrize("act", ["check", "load", "train_labels"])
def test_without_data_and_network_the_message_names_the_files(tmp_path, refused, act):
    files = r"DIR/svhn/train.npz and DIR/svhn/test.npz .*DIR/svhn_cropped/3\.1\.0"
    refused(
        rf"svhn_cropped 3\.1\.0\) is not in {tmp_path}/tfds, and ufldl\.stanford\.edu cannot be "
        rf"reached\.\nGive --data_dir=DIR with {files}",
        act=act,
    )


def test_an_unreachable_host_is_noticed_at_once(monkeypatch):
    monkeypatch.undo()
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    start = time.monotonic()
    assert not tfds_source._reachable("http://host.invalid")
    assert not tfds_source._reachable("http://127.0.0.1:9")
    assert time.monotonic() - start < 6


def test_a_slow_name_server_is_not_waited_for(monkeypatch):
    monkeypatch.undo()

    def slow(*_):
        time.sleep(2)
        raise OSError

    monkeypatch.setattr(tfds_source.socket, "create_connection", slow)
    start = time.monotonic()
    assert not tfds_source._reachable("http://host.invalid", seconds=0.2)
    assert time.monotonic() - start < 1.8


@pytest.fixture
def tfds(monkeypatch):
    """TensorFlow Datasets, with every host reachable."""
    monkeypatch.setattr(tfds_source, "_reachable", lambda url: True)
    return pytest.importorskip("tensorflow_datasets")


@pytest.mark.parametrize("name", ["svhn", "cifar100", "fashion_mnist", "cifar10_1/v6"])
def test_data_sets_become_arrays(tfds, name):
    with tfds.testing.mock_data(num_examples=4, policy=tfds.testing.MockPolicy.USE_CODE):
        arrays = datasets.find(name).load()
    training = 0 if name == "cifar10_1/v6" else 4
    assert arrays.train_images.shape == (training, *arrays.info.shape)
    assert arrays.test_images.shape == (4, *arrays.info.shape)
    assert arrays.test_images.dtype == np.uint8 and arrays.test_labels.dtype == np.int64
    known = dataset_info.KNOWN[name]
    info = dataset_info.known_info(name, known, known.classes, tfds_source.source(known))
    assert arrays.info == info


@pytest.mark.parametrize("problem", [AssertionError, ConnectionError])
def test_the_message_of_a_failed_download_names_the_files(tfds, monkeypatch, refused, problem):
    def fail(*_, **__):
        raise problem("no route\nto host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    refused(
        f"svhn could not be downloaded to .*: {problem.__name__}: no route\nGive --data_dir=DIR",
        act="load",
    )


def data_dir(prepared):
    """The folder that --data_dir names."""
    return str(prepared.parents[1])


def test_prepared_data_need_no_network(prepared, monkeypatch, random_images):
    arrays = datasets.find("cifar10", data_dir(prepared)).load()
    assert len(arrays.train_labels) == 20 and len(arrays.test_labels) == 10
    for image, label in zip(arrays.train_images, arrays.train_labels, strict=True):
        original = np.flatnonzero((random_images(30) == image).all((1, 2, 3)))
        assert original.size == 1 and original[0] * 7 % 10 == label
    # The labels are read from the same files in the same order, but without that library.
    monkeypatch.setattr(tfds_source, "_read_split", lambda *_: pytest.fail("loaded images"))
    source = datasets.find("cifar10", data_dir(prepared))
    assert (source.train_labels == arrays.train_labels).all() and source.classes[0] == "airplane"


def test_images_that_are_read_for_their_labels_are_not_read_again(prepared, monkeypatch):
    monkeypatch.setattr(tfds_source.tfds_files, "read_train_labels", lambda *_: None)
    read, splits = tfds_source._read_split, []
    monkeypatch.setattr(
        tfds_source,
        "_read_split",
        lambda builder, split: splits.append(split) or read(builder, split),
    )
    source = datasets.find("cifar10", data_dir(prepared))
    assert len(source.train_labels) == len(source.load().train_images) == 20
    assert splits == ["train", "test"]


def test_numbers_of_published_data_are_known_without_them(monkeypatch):
    monkeypatch.setattr(tfds_source, "_reachable", lambda url: pytest.fail("asked the network"))
    counts = {name: datasets.find(name).train_count for name in datasets.names()}
    assert counts == {
        "digits": 1297, "svhn": 73257, "cifar10": 50000, "cifar100": 50000, "fashion_mnist": 60000,
        "cifar10_1/v6": 0,
    }  # fmt: skip
    assert len(datasets.find("cifar100").classes) == 100


def test_broken_prepared_data_are_refused(prepared, refused):
    for path in prepared.glob("*-train.tfrecord*"):
        path.write_bytes(path.read_bytes()[:-10])
    place, message = data_dir(prepared), "cifar10 in .* cannot be read: .* is cut short or damaged"
    refused(f"{message}. Move that folder", "cifar10", place, "load")
    refused(message, "cifar10", place, "check")
    with pytest.raises(errors.UserError, match=message):
        _ = datasets.find("cifar10", place).train_labels
