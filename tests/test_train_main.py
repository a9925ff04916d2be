"""The training program prints the summary of a result; workers other than the chief print none."""

import types

import pytest

import flags
import train_main
from tf_ssgan.launch import cross_validation
from tf_ssgan.training import loop, summary


@pytest.mark.parametrize("result, text", [({"steps": 3}, "3 steps in runs/a\n"), ({}, "")])
def test_a_result_is_printed_as_a_summary(monkeypatch, capsys, result, text):
    config = types.SimpleNamespace(workdir="runs/a", trains_all_folds=False)
    monkeypatch.setattr(flags, "parse", lambda argv: {"train_main.py": config}[argv[0]])
    monkeypatch.setattr(loop, "run", lambda settings: result if settings is config else None)
    monkeypatch.setattr(
        summary, "format_summary", lambda result, workdir: f"{result['steps']} steps in {workdir}"
    )
    train_main.main(["train_main.py"])
    assert capsys.readouterr().out == text


def test_without_a_fold_a_run_is_trained_for_each(monkeypatch):
    config, trained = types.SimpleNamespace(trains_all_folds=True), []
    monkeypatch.setattr(flags, "parse", lambda argv: config)
    monkeypatch.setattr(cross_validation, "run", trained.append)
    train_main.main(["train_main.py"])
    assert trained == [config]
