"""Whether data are those that a run began with; tests/faults/test_changed_data.py has real runs."""

import json

import numpy as np
import pytest
from support import file_contents, finished_run_folders

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


def test_a_checkpoint_knows_its_data(tmp_path):
    saved = manifests.SavedCheckpoint(tmp_path, file_contents.manifest_metadata())
    assert same_data.of_checkpoint(saved) == file_contents.DIGITS_SHA256
