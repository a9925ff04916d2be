"""Prepared data that are damaged: one sentence with the folder, before that library opens them."""

import json
import os
import time

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, datasets, memory_limit
from tf_ssgan.data.sources import tfds, tfds_files

CIFAR = dataset_info.KNOWN["cifar10"]


def refused_at_once(prepared, message):
    start = time.monotonic()
    for act in ("check", "load"):
        source = datasets.find("cifar10", str(prepared.parents[1]))
        with pytest.raises(errors.UserError) as error:
            getattr(source, act)()
        text = str(error.value)
        assert text.startswith(f"cifar10 in {prepared} cannot be read: ") and message in text
        assert text.endswith("Move that folder away, and it will be prepared again.")
        assert "\n" not in text and len(text) < 600
    assert time.monotonic() - start < 5


def change(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "dataset_info.json is no JSON"),
        (b"{", "dataset_info.json is no JSON"),
        (b"\xff\xfe", "dataset_info.json is no JSON"),
        (b"[" * 200_000, "dataset_info.json is no JSON"),
        (b"[]", "dataset_info.json describes no splits"),
        (b'{"splits": 3}', "dataset_info.json describes no splits"),
        (b'{"splits": [3]}', "dataset_info.json describes no splits"),
        (b'{"splits": [{"shardLengths": 3}]}', "shardLengths are no numbers"),
        (b'{"splits": [{"shardLengths": [-3]}]}', "shardLengths are no numbers"),
        (b'{"splits": [{"shardLengths": [null]}]}', "shardLengths are no numbers"),
        (b'{"splits": [{"shardLengths": [1e400]}]}', "shardLengths are no numbers"),
        (b'{"splits": [{"filepathTemplate": "../{SPLIT}"}]}', "names files in another folder"),
        (b'{"splits": [{"filepathTemplate": 3}]}', "names files in another folder"),
        (b'{"splits": [{"name": "train", "shardLengths": ["21"]}]}', "hold 20 images, and"),
        (b'{"splits": [{"name": "train", "shardLengths": ["19"]}]}', "holds more images than"),
        (b'{"name": "cifar10", "splits": []}', ""),
    ],
)  # fmt: skip
def test_a_damaged_description_is_refused(prepared, content, message):
    (prepared / "dataset_info.json").write_bytes(content)
    if message:
        refused_at_once(prepared, message)
    else:  # as very old versions wrote it: that library says what it misses
        with pytest.raises(errors.UserError, match="cifar10 in .* cannot be read: "):
            datasets.find("cifar10", str(prepared.parents[1])).load()


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json", "record"])
def test_pipes_are_not_waited_for(prepared, name):
    path = next(prepared.glob("*-test.tfrecord*")) if name == "record" else prepared / name
    path.unlink()
    os.mkfifo(path)
    refused_at_once(prepared, f"{path.name}: it is a pipe, not a file")


def test_modules_of_other_packages_are_not_imported(prepared, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    path = prepared / "features.json"
    for odd in ("evil_module.Feature", 3, "os.system"):
        change(path, featuresDict={"features": {"image": {"pythonClassName": odd}}})
        refused_at_once(prepared, "features.json names the class")
    assert not (tmp_path / "executed").exists()
    path.write_bytes(b"{")
    refused_at_once(prepared, "features.json is no JSON")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: (2**62).to_bytes(8, "little") + content[8:],
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: bytes(len(content)),
        lambda content: bytes(10**8),
    ],
)
def test_records_that_do_not_fill_their_file_are_refused(prepared, damage):
    path = next(prepared.glob("*-test.tfrecord*"))
    path.write_bytes(damage(path.read_bytes()))
    refused_at_once(prepared, "-test.tfrecord-00000-of-00001 is cut short or damaged")


def test_a_changed_byte_is_noticed(prepared):
    path = next(prepared.glob("*-test.tfrecord*"))
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(errors.UserError, match=f"cifar10 in {prepared} cannot be read: "):
        datasets.find("cifar10", str(prepared.parents[1])).load()


def test_missing_records_are_refused(prepared):
    next(prepared.glob("*-test.tfrecord*")).unlink()
    refused_at_once(prepared, "its files of test hold 0 images, and dataset_info.json says 10")


def test_memory_is_asked_before_images_are_read(prepared, monkeypatch):
    monkeypatch.setattr(memory_limit, "available", lambda: 100_000)
    monkeypatch.setattr(tfds, "_open", lambda *_: pytest.fail("opened"))
    with pytest.raises(errors.UserError, match="30 images take 0.2 MB of memory, but 0.1 MB are"):
        datasets.find("cifar10", str(prepared.parents[1])).load()


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (np.zeros((2, 8, 8, 3), np.uint8), [0, 1], r"uint8 \[8, 8, 3\], expected uint8 \[32, 32"),
        (np.zeros((2, 32, 32, 3)), [0, 1], r"float64 \[32, 32, 3\]"),
        (np.zeros((2, 32, 32, 3), np.uint8), [0, 10], r"labels are not one of 0\.\.9"),
        (np.zeros((2, 32, 32, 3), np.uint8), [0, -1], r"labels are not one of 0\.\.9"),
        (np.zeros((2, 32, 32, 3), np.uint8), [[0], [1]], r"labels are not one of 0\.\.9"),
    ],
)
def test_images_of_another_data_set_are_refused(tmp_path, images, labels, message):
    with pytest.raises(errors.UserError, match=message):
        tfds_files.check_arrays("cifar10", tmp_path, CIFAR, images, np.array(labels))
