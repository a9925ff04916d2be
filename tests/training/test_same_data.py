"""Whether data are those that a run began with; tests/faults/test_changed_data.py has real runs."""

import dataclasses
import json

import numpy as np
import pytest
from support import file_contents, finished_run_folders, image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import datasets, fingerprint
from tf_ssgan.training import config, manifests, same_data
from tf_ssgan.training.workdir import Workdir


def settings(folder, **given):
    given = {"max_steps": 9, "width": 4} | given
    return config.configure("supervised", "digits", workdir=str(folder), **given)


@pytest.fixture
def finished(tmp_path):
    """The folder of a finished run on digits."""
    own = settings(tmp_path / "run")
    workdir = Workdir(tmp_path / "run")
    workdir.path.mkdir()
    workdir.prepare(own, {}, 0, fingerprint.record(datasets.find("digits").load()))
    result = finished_run_folders.result(own.as_flags() | {"labels": 50})
    workdir.result_file.write_text(json.dumps(result))
    return workdir


def change_test_images(monkeypatch):
    """One test image of the digits is another one from now on."""
    original = datasets.DataSource.load

    def load(source, spec=datasets.ImageSpec()):  # noqa: B008 - frozen
        arrays = original(source, spec)
        arrays.test_images = np.concatenate([255 - arrays.test_images[:1], arrays.test_images[1:]])
        return arrays

    monkeypatch.setattr(datasets.DataSource, "load", load)


def test_data_are_sorted_by_their_contents(tmp_path):
    arrays = same_data.load_arrays(settings(tmp_path))
    assert (np.diff(arrays.train_keys.astype(object)) >= 0).all()
    assert fingerprint.record(arrays).sha256 == file_contents.DIGITS_SHA256


def test_the_data_of_a_fold_are_those_that_its_run_learns_and_tests(tmp_path, capsys):
    parts = [same_data.load_arrays(settings(tmp_path, folds=3, fold=k)) for k in range(3)]
    assert [len(part.test_labels) for part in parts] == [433, 432, 432]
    assert all(len(part.train_labels) + len(part.test_labels) == 1297 for part in parts)
    said = "digits: its 500 test images are left out. With --folds=3 the labeled training images"
    assert capsys.readouterr().err.count(said) == 3
    with pytest.raises(errors.UserError, match="--folds=3 are 3 runs. Give --fold=0 to --fold=2"):
        same_data.load_arrays(settings(tmp_path, folds=3))


def test_own_images_without_test_images_all_take_part(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = image_folders.make_folder(tmp_path / "d", labeled=7, unlabeled=3, test=0)
    own = config.configure("supervised", name, max_steps=9, folds=7, fold=6, workdir="x")
    arrays = same_data.load_arrays(own)
    assert sorted(arrays.test_labels.tolist()) == [0, 1]
    assert np.bincount(arrays.train_labels + 1).tolist() == [3, 6, 6]
    # A source that sets some aside, as the one of a command line without folds, is not used.
    aside = datasets.find(name)
    assert (aside.train_labels >= 0).sum() == 12
    again = same_data.load_arrays(dataclasses.replace(own, source=aside))
    assert fingerprint.record(again).sha256 == fingerprint.record(arrays).sha256


def test_a_finished_run_answers_with_the_same_data_only(finished, monkeypatch):
    own = settings(finished.path)
    assert same_data.finished_result(finished, own)["steps"] == 9
    assert same_data.of_result(finished) == file_contents.DIGITS_SHA256
    change_test_images(monkeypatch)
    with pytest.raises(errors.UserError, match="1 test image replaced by others"):
        same_data.finished_result(finished, own)


def test_a_finished_run_says_that_lines_of_its_metrics_are_damaged(finished, capsys):
    finished.metrics_file.write_text("null\n")
    assert same_data.finished_result(finished, settings(finished.path))
    said = f"Skipped a damaged line of {finished.metrics_file} (line 1: "
    assert capsys.readouterr().out.startswith(said)


def test_other_data_are_said_before_flags_that_may_follow_from_them(finished, monkeypatch):
    other = settings(finished.path, labels=51)
    flags_differ = "holds another run: labels is"
    with pytest.raises(errors.UserError, match=flags_differ):
        same_data.finished_result(finished, other)
    change_test_images(monkeypatch)
    with pytest.raises(errors.UserError, match="1 test image replaced by others"):
        same_data.finished_result(finished, other)
    finished.data_file.unlink()
    with pytest.raises(errors.UserError, match=flags_differ):
        same_data.finished_result(finished, other)


def test_an_empty_folder_has_no_data_and_reads_none(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.DataSource, "load", None)
    assert same_data.finished_result(Workdir(tmp_path), settings(tmp_path)) is None
    assert same_data.of_result(Workdir(tmp_path)) is None
    assert same_data.of_checkpoint(None) is None


def test_a_run_that_has_begun_keeps_its_number_of_held_out_images(finished):
    own, saved = settings(finished.path), file_contents.manifest_metadata()
    assert same_data.as_begun(own, Workdir(finished.path / "new"), None).validation == -1
    held_out = finished.read_result()["validation_images"]
    assert held_out and same_data.as_begun(own, finished, None).validation == held_out
    checkpoint = manifests.SavedCheckpoint(finished.path, saved)
    then = len(saved["protocol"]["validation_ids"])
    assert same_data.as_begun(own, finished, checkpoint).validation == then
    named = settings(finished.path, validation=7)
    assert same_data.as_begun(named, finished, checkpoint) is named
    # Whole groups hold out about so many images: the number would choose other groups.
    for changes in ({"group_by": "x", "dataset": "npz:x"}, {"folds": 3, "fold": 0}):
        later = dataclasses.replace(own, **changes)
        assert same_data.as_begun(later, finished, checkpoint) is later


def test_a_checkpoint_knows_its_data(tmp_path):
    saved = manifests.SavedCheckpoint(tmp_path, file_contents.manifest_metadata())
    assert same_data.of_checkpoint(saved) == file_contents.DIGITS_SHA256
