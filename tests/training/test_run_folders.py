"""Folders of runs: the one that a run chooses, those of folds, and which are refused."""

import pathlib

import pytest

from tf_ssgan.common import errors
from tf_ssgan.training import config, run_folders


def default(**given):
    return run_folders.default(config.configure("supervised", "digits", **given))


def test_the_runs_of_all_folds_lie_in_one_folder():
    whole = default(folds=3)
    assert [default(folds=3, fold=k) for k in range(3)] == [whole / f"fold-{k}" for k in range(3)]
    assert whole.parent == run_folders.ROOT and whole.name.startswith("digits-50-supervised-s0-")
    assert whole != default() != default(folds=4) != whole


# Of version 0.4.0. A sweep finds its runs by these names, also those of before a flag came.
FOLDERS = {"fixmatch": "aa5e57af", "fixmatch_attention": "ed8ce5e4", "frgan": "86583e10",
           "pseudo_label": "4e542e2d", "supervised": "4a2a7f75", "vat": "bba148f6"}  # fmt: skip


@pytest.mark.parametrize("method", FOLDERS)
def test_flags_that_came_later_leave_the_folders_of_runs_as_they_were(method):
    folder = run_folders.default(config.configure(method, "digits"))
    assert folder.name == f"digits-50-{method}-s0-{FOLDERS[method]}"


def test_what_changes_a_result_has_another_folder():
    assert default(seed=1) != default() == default(devices=1) != default(width=4)


@pytest.mark.parametrize("folder, name", [
    ("runs/x/fold-3", "x/fold-3"), ("runs/x", "x"), ("fold-3", "fold-3"), ("runs/fold-a", "fold-a"),
])  # fmt: skip
def test_a_fold_is_named_with_its_runs(folder, name):
    assert run_folders.shown(pathlib.Path(folder)) == name


def test_a_run_and_folds_do_not_share_a_folder(tmp_path):
    run, folds, empty = tmp_path / "run", tmp_path / "folds", tmp_path / "empty"
    (folds / "fold-0").mkdir(parents=True)
    run.mkdir()
    (run / "config.json").touch()
    (folds / "fold-0/config.json").touch()
    for folder in (empty, folds, folds / "fold-1"):
        run_folders.refuse_other_kind(folder, all_folds=True)
    for folder in (empty, run, folds / "fold-0"):
        run_folders.refuse_other_kind(folder, all_folds=False)
    with pytest.raises(errors.UserError, match="run holds a run, and the runs of the folds need"):
        run_folders.refuse_other_kind(run, all_folds=True)
    with pytest.raises(errors.UserError, match="folds holds the runs of folds. Give another"):
        run_folders.refuse_other_kind(folds, all_folds=False)
