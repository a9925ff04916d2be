"""Fingerprints of data sets, computed in a process of its own, once for each data set and form."""

import functools
import os

import pytest
from support import file_contents, image_folders

from tf_ssgan.data import datasets, fingerprint
from tf_ssgan.launch import data_hashes
from tf_ssgan.launch.data_hashes import DataHashes
from tf_ssgan.training import config, same_data

SPEC = datasets.ImageSpec()


def test_the_fingerprint_is_that_of_the_loaded_data(capfd):
    assert DataHashes().sha256("digits", "", SPEC) == file_contents.DIGITS_SHA256
    assert capfd.readouterr().out == ""


def test_own_images_are_found_in_their_folder_and_form(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    image_folders.make_folder(tmp_path / "data/d", labeled=5)
    (tmp_path / "data/d/labeled/cat/broken.png").write_bytes(b"no image")
    spec = datasets.ImageSpec(8, "1", "pad")
    loaded = datasets.find("folder:d", str(tmp_path / "data")).load(spec)
    capfd.readouterr()
    assert DataHashes().sha256("folder:d", str(tmp_path / "data"), spec) == (
        fingerprint.record(loaded).sha256
    )
    assert capfd.readouterr().err == "", "the runs say what is left out"


def test_each_data_set_and_form_is_read_once(monkeypatch):
    calls = []
    monkeypatch.setattr(data_hashes, "_in_own_process", lambda *key: calls.append(key) or [key])
    hashes, other = DataHashes(), datasets.ImageSpec(8)
    keys = [("a", "", SPEC, ""), ("a", "", other, ""), ("a", "d", SPEC, ""), ("b", "", SPEC, "")]
    keys.append(("a", "", SPEC, "^p"))  # other groups make other test images
    assert [hashes.sha256(*key)[:4] for key in keys * 3] == keys * 3
    assert calls == [(*key, 0, 0) for key in keys]


def test_all_folds_of_a_data_set_are_read_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name, calls = image_folders.make_folder(tmp_path / "d", labeled=5, test=0), []
    original = data_hashes._in_own_process
    monkeypatch.setattr(
        data_hashes, "_in_own_process", lambda *key: calls.append(key) or original(*key)
    )
    hashes = DataHashes()
    own = [hashes.sha256(name, "", SPEC, "", 5, 3, fold) for fold in range(5)]
    given = {"max_steps": 9, "folds": 5, "split_seed": 3, "image_size": 32}
    for fold, sha256 in enumerate(own):
        settings = config.configure("supervised", name, fold=fold, **given)
        assert fingerprint.record(same_data.load_arrays(settings)).sha256 == sha256
    assert len(set(own)) == 5 and len(calls) == 1


@pytest.mark.parametrize("name", ["folder:nowhere", "npz:nowhere"])
def test_data_that_cannot_be_read_are_those_of_no_run(tmp_path, name):
    assert DataHashes().sha256(name, str(tmp_path), SPEC) == data_hashes.UNKNOWN


def test_a_process_that_is_killed_is_no_end(monkeypatch):
    monkeypatch.setattr(data_hashes, "_make_quiet", functools.partial(os._exit, 9))
    assert data_hashes._in_own_process("digits", "", SPEC, "", 0, 0) == (data_hashes.UNKNOWN,)
