"""A run for each fold, of a program that trains nothing; tests/faults/test_folds.py trains."""

import json
import pathlib

import pytest
from support import file_contents

from tf_ssgan.common import errors
from tf_ssgan.data import fingerprint, folds
from tf_ssgan.launch import cross_validation
from tf_ssgan.training import config, same_data


@pytest.fixture
def known_data(monkeypatch):
    """The program reads no data; it says this fingerprint."""
    sha256 = file_contents.DIGITS_SHA256
    monkeypatch.setattr(
        cross_validation, "_check_data", lambda settings, each: [sha256] * len(each)
    )


def settings(folder, **given):
    given = {"max_steps": 4, "width": 4, "folds": 3, "workdir": str(folder / "x")} | given
    return config.configure("supervised", "digits", **given)


def starts(folder):
    return [len((folder / f"x/fold-{k}/starts").read_text()) for k in range(3)]


def test_all_folds_are_trained_and_summed_once(tmp_path, known_data, capsys):
    summary = cross_validation.run(settings(tmp_path))
    assert (summary["images"], summary["wrong"], summary["test_error"]) == (1500, 375, 25.0)
    assert json.loads((tmp_path / "x/cross_validation.json").read_text()) == summary
    assert "3 folds: each labeled image tested once" in capsys.readouterr().out
    assert cross_validation.run(settings(tmp_path)) == summary
    assert starts(tmp_path) == [1, 1, 1] and "3 of 3 finished before" in capsys.readouterr().err
    flags = json.loads((tmp_path / "x/fold-2/config.json").read_text())
    own = settings(tmp_path).of_fold(2).as_flags()
    assert {name: flags.get(name, "") for name in own} == own


def test_the_same_command_trains_what_is_missing(tmp_path, known_data):
    summary = cross_validation.run(settings(tmp_path))
    (tmp_path / "x/fold-1/result.json").unlink()
    assert cross_validation.run(settings(tmp_path)) == summary
    assert starts(tmp_path) == [1, 2, 1]


def test_a_fold_that_fails_is_named_and_nothing_is_summed(
    tmp_path, known_data, monkeypatch, capsys
):
    monkeypatch.setenv("TRAINED_FAILS", "supervised")
    with pytest.raises(cross_validation.FoldsFailed, match="3 of 3 folds failed") as failure:
        cross_validation.run(settings(tmp_path))
    assert failure.value.status == 1
    assert "x/fold-1 failed with status 3: Stopped at step 2" in capsys.readouterr().err
    assert not (tmp_path / "x/cross_validation.json").exists()


def test_folds_of_another_run_are_refused_before_any_starts(tmp_path, known_data):
    cross_validation.run(settings(tmp_path))
    for given, message in (
        ({"folds": 4}, "fold-0 holds another run: folds is 3 there and 4 here"),
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"max_steps": 2}, "max_steps is 4 there and 2 here"),
    ):
        with pytest.raises(errors.UserError, match=message):
            cross_validation.run(settings(tmp_path, **given))
    assert starts(tmp_path) == [1, 1, 1]


def test_each_fold_has_its_data(tmp_path, monkeypatch, capsys):
    own = settings(tmp_path, folds=5)
    with monkeypatch.context() as patch:
        patch.setattr(folds, "take", None)  # which copies all pixels
        runs = cross_validation.make_jobs(own)
    assert [run.data() for run in runs] == [
        fingerprint.record(same_data.load_arrays(own.of_fold(fold))).sha256 for fold in range(5)
    ]
    assert len({run.data() for run in runs}) == 5
    assert [run.workdir for run in runs] == [tmp_path / f"x/fold-{k}" for k in range(5)]
    assert [run.log for run in runs] == [tmp_path / f"x/fold-{k}.log" for k in range(5)]
    assert [run.name for run in runs] == [f"x/fold-{k}" for k in range(5)]
    captured = capsys.readouterr()
    assert "5 folds of 259 to 260 test images, 1,297 in all." in captured.out
    assert captured.err.count("its 500 test images are left out") == 6, "once, and five times above"
    with pytest.raises(errors.UserError, match="1300 labels were requested, but only"):
        cross_validation.make_jobs(settings(pathlib.Path("x"), labels=1300))
