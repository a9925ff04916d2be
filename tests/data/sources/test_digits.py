"""The digits: their split, their statistics, and the labels of scikit-learn."""

import gzip
import hashlib
import os

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.data.sources import digits


def test_the_split_of_the_digits_never_changes():
    arrays = datasets.find("digits").load()
    assert arrays.train_images.shape == (1297, 16, 16, 1)
    assert arrays.test_images.shape == (500, 16, 16, 1)
    assert arrays.train_images.dtype == np.uint8 and arrays.train_labels.dtype == np.int64
    assert np.bincount(arrays.test_labels).tolist() == [50] * 10
    content = arrays.test_images.tobytes() + arrays.test_labels.astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == "b0dac3f31bb1aba7"


def test_the_labels_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets")
    arrays = datasets.find("digits").load()
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    assert np.bincount(labels).tolist() == np.bincount(sklearn.load_digits().target).tolist()


def test_the_statistics_are_those_of_the_training_images():
    arrays = datasets.find("digits").load()
    assert dataset_info.channel_statistics(arrays.train_images) == (
        arrays.info.mean,
        arrays.info.std,
    )


def test_doubling_equals_pillows_bilinear_resize():
    small = np.random.default_rng(0).uniform(0, 255, (8, 8)).astype(np.float32)
    pillow = np.asarray(Image.fromarray(small).resize((16, 16), Image.Resampling.BILINEAR))
    assert np.abs(digits._double(small[None])[0] - pillow).max() <= 0.51


def test_train_labels_are_those_of_load():
    source = datasets.find("digits")
    assert (source.train_labels == datasets.find("digits").load().train_labels).all()
    assert source.train_count == len(source.train_labels)
    assert source.classes == tuple("0123456789")


def test_a_damaged_file_of_the_package_is_refused(tmp_path, monkeypatch, refused):
    content = digits._find_file().read_bytes()
    path = tmp_path / "digits.csv.gz"
    monkeypatch.setattr(digits, "_find_file", lambda: path)
    table = gzip.decompress(content)
    odd = [table[:-90], table.replace(b",0,", b",nan,"), b"\xff" + table, b"", b"0," * 10**5,
           table.replace(b",1,", b",99,")]  # fmt: skip
    for damaged in (content[:-900], b"", b"x", bytes(10**7), *map(gzip.compress, odd)):
        path.write_bytes(damaged)
        refused(r"digits\.csv\.gz is damaged \(.*\)\. Install it again", "digits", act="load")
    path.unlink()
    os.mkfifo(path)
    refused("it is a pipe", "digits", act="load")
