"""The error over all labeled images, from the results of the folds."""

import json
import shlex

import numpy as np
import pytest
from sklearn import metrics
from support import finished_run_folders

import flags
from tf_ssgan.common import errors
from tf_ssgan.data import fingerprint
from tf_ssgan.launch import cross_validated
from tf_ssgan.metrics import intervals
from tf_ssgan.training import run_folders
from tf_ssgan.training.workdir import Workdir

CLASSES = ("cat", "dog", "fox")
RNG = np.random.default_rng(0)
TRUE = [RNG.integers(0, 3, n) for n in (11, 10, 10)]
RUN = [np.where(RNG.random(len(y)) < 0.7, y, (y + 1) % 3) for y in TRUE]
LINEAR = [np.where(RNG.random(len(y)) < 0.6, y, 0) for y in TRUE]


def measured(fold):
    """What a run measures on the images of its fold."""
    true, run, linear = TRUE[fold], RUN[fold], LINEAR[fold]
    right, theirs = run == true, linear == true
    counts = [
        {"name": name, "images": int((true == k).sum()), "right": int((right & (true == k)).sum()),
         "predicted": int((run == k).sum())}
        for k, name in enumerate(CLASSES)
    ]  # fmt: skip
    return {
        "folds": 3, "fold": fold, "test_images": len(true), "class_recall": counts,
        "classes_with_test_images": 3,
        "linear": {
            "model": "logistic regression", "features": "pixels",
            "error": 100.0 * float((~theirs).mean()), "interval": [0.0, 100.0],
            "only_run_right": int((right & ~theirs).sum()),
            "only_linear_right": int((theirs & ~right).sum()), "p": 0.5,
        },
    }  # fmt: skip


def write(folder, **changed):
    """Writes the runs of three folds."""
    for fold in range(3):
        own = measured(fold) | changed.get(f"fold{fold}", {})
        error = 100.0 * float((RUN[fold] != TRUE[fold]).mean())
        path = finished_run_folders.write(
            run_folders.of_fold(folder, fold), error, own, folds=3, fold=fold
        )
        keys = np.arange(len(TRUE[fold]), dtype=np.uint64)
        test = fingerprint.PartRecord.of(keys, TRUE[fold])
        none = fingerprint.PartRecord.of(keys[:0], TRUE[fold][:0])
        record = fingerprint.DataRecord((8, 8, 1), CLASSES, none, none, test)
        Workdir(path).keep_data_record(record)
    return folder


def test_all_numbers_are_those_of_scikit_learn(tmp_path):
    summary = cross_validated.summarize(write(tmp_path / "x"), 3)
    true, run, linear = (np.concatenate(part) for part in (TRUE, RUN, LINEAR))
    error = 100 * (1 - metrics.accuracy_score(true, run))
    assert summary["test_error"] == pytest.approx(error)
    assert summary["wrong"] == (run != true).sum() and summary["images"] == 31
    assert summary["test_error_interval"] == list(intervals.wilson(summary["wrong"], 31))
    each = [100 * (1 - metrics.accuracy_score(*pair)) for pair in zip(TRUE, RUN, strict=True)]
    assert [one["test_error"] for one in summary["runs"]] == pytest.approx(each)
    assert summary["mean_over_folds"] == pytest.approx(np.mean(each))
    assert summary["std_over_folds"] == pytest.approx(np.std(each, ddof=1))
    recall = [one["right"] / one["images"] for one in summary["class_recall"]]
    assert recall == pytest.approx(metrics.recall_score(true, run, average=None))
    assert [one["predicted"] for one in summary["class_recall"]] == np.bincount(run).tolist()
    commonest = np.bincount(true).argmax()
    guess = 100 * (1 - metrics.accuracy_score(true, np.full(31, commonest)))
    assert summary["guessing"]["error"] == pytest.approx(guess)
    assert summary["guessing"]["name"] == CLASSES[commonest]
    baseline = 100 * (1 - metrics.accuracy_score(true, linear))
    assert summary["linear"]["error"] == pytest.approx(baseline)
    assert json.loads((tmp_path / "x/cross_validation.json").read_text()) == summary
    text = cross_validated.format_summary(summary, tmp_path / "x")
    low, high = summary["test_error_interval"]
    assert f"{error:.2f} %      31  {low:5.1f} to {high:5.1f} %  (all folds together)" in text
    assert "    fox  " in text and "is not told apart from the linear classifier: " in text


def test_what_a_fold_does_not_say_is_left_out(tmp_path):
    folder = write(tmp_path / "x")
    for name in ("class_recall", "linear"):
        finished_run_folders.change(folder / "fold-1", "result.json", **{name: ...})
    (folder / "fold-2/data.json").unlink()
    summary = cross_validated.summarize(folder, 3)
    assert not {"class_recall", "guessing", "linear"} & set(summary)
    assert "Recognized" not in cross_validated.format_summary(summary, folder)


@pytest.mark.parametrize("change, message", [
    ({"fold": 1}, "fold-2/result.json is damaged: fold is 1, and 2 in config.json"),
    ({"folds": 4}, "fold-2/result.json is damaged: folds is 4, and 3 in config.json"),
])  # fmt: skip
def test_a_result_of_another_fold_is_refused(tmp_path, change, message):
    folder = write(tmp_path / "x")
    finished_run_folders.change(folder / "fold-2", "result.json", **change)
    with pytest.raises(errors.UserError, match=message):
        cross_validated.summarize(folder, 3)


def test_folds_of_another_cross_validation_are_refused(tmp_path):
    folder = write(tmp_path / "x")
    with pytest.raises(errors.UserError, match="fold-0 is not the run of fold 0 of 2"):
        cross_validated.summarize(folder, 2)
    for name in ("config.json", "result.json"):
        finished_run_folders.change(folder / "fold-1", name, seed=4)
    with pytest.raises(errors.UserError, match="fold-1 is of another .*: its seed is 4, and 0"):
        cross_validated.summarize(folder, 3)
    (folder / "fold-1/result.json").unlink()
    with pytest.raises(errors.UserError, match="fold-1 has no result yet. Finish the run first."):
        cross_validated.summarize(folder, 3)


def test_a_classifier_that_a_linear_one_beats_is_said_not_to_beat_it(tmp_path):
    linear = measured(0)["linear"] | {"only_run_right": 0, "only_linear_right": 9}
    own = {f"fold{k}": {"linear": linear} for k in range(3)}
    summary = cross_validated.summarize(write(tmp_path / "x", **own), 3)
    text = cross_validated.format_summary(summary, tmp_path / "x")
    assert "does not beat the linear classifier: 87.1 points higher error, p < 0.0001." in text


def test_the_command_of_the_final_classifier_trains_without_folds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my runs" / "x"
    (folder / "fold-0").mkdir(parents=True)
    own = ["--method=supervised", "--folds=3", "--fold=0", "--max_steps=7", "--width=4"]
    (folder / "fold-0/run.flags").write_text("\n".join([*own, f"--workdir={folder}/fold-0"]))
    settings = flags.parse(
        shlex.split(run_folders.final_command(run_folders.of_fold(folder, 0)))[1:]
    )
    assert (settings.folds, settings.fold, settings.max_steps) == (0, -1, 7)
    assert settings.workdir == f"{folder}-final"
