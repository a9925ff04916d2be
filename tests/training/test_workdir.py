"""The folder of a run: its files, and whether it belongs to this run."""

import json

import pytest

from tf_ssgan.common import errors
from tf_ssgan.training import config, metrics_log, workdir


def settings(folder, **given):
    given = {"max_steps": 9, "width": 4} | given
    return config.configure("supervised", "digits", workdir=str(folder), **given)


def finish(folder, **given):
    """Writes the files of a run that has finished."""
    own = settings(folder, **given)
    workdir.prepare(folder, own, {}, 0)
    (folder / "result.json").write_text(json.dumps({"steps": own.max_steps, "epochs": 0.5}))


def test_preparing_writes_flags_and_protocol_and_cuts_the_metrics_back(tmp_path):
    own = settings(tmp_path)
    for step in (3, 6):
        metrics_log.append(tmp_path / "metrics.jsonl", {"step": step})
    workdir.prepare(tmp_path, own, {"pool": 5}, 3)
    assert workdir.read_flags(tmp_path) == own.as_flags()
    assert json.loads((tmp_path / "protocol.json").read_text()) == {"pool": 5}
    assert metrics_log.history(tmp_path / "metrics.jsonl") == [{"step": 3}]
    flags = (tmp_path / "run.flags").read_text().splitlines()
    assert {"--method=supervised", "--max_steps=9", "--deterministic=false"} <= set(flags)
    assert not [flag for flag in flags if flag.endswith("=")]  # empty values are left out


def test_an_empty_folder_has_no_flags_and_no_result(tmp_path):
    assert workdir.read_flags(tmp_path) is None and workdir.read_result(tmp_path) is None
    assert workdir.finished_result(settings(tmp_path), tmp_path) is None


def test_only_a_run_that_has_all_its_steps_is_finished(tmp_path):
    finish(tmp_path)
    assert workdir.finished_result(settings(tmp_path), tmp_path) == {"steps": 9, "epochs": 0.5}
    assert workdir.finished_result(settings(tmp_path, max_steps=12), tmp_path) is None


@pytest.mark.parametrize(
    "given, text",
    [
        ({"width": 5}, "holds another run: width is 4 there and 5 here. Give the same flags"),
        ({"max_steps": 8}, "holds another run: max_steps is 9 there and 8 here."),
    ],
)
def test_the_folder_of_another_run_is_refused(tmp_path, given, text):
    finish(tmp_path)
    with pytest.raises(errors.UserError) as refused:
        workdir.finished_result(settings(tmp_path, **given), tmp_path)
    assert text in str(refused.value) and "--workdir" in str(refused.value)


def test_files_of_no_run_are_refused(tmp_path):
    (tmp_path / "samples.png").touch()
    with pytest.raises(errors.UserError, match="holds samples.png but no config.json"):
        workdir.finished_result(settings(tmp_path), tmp_path)


def test_a_failed_write_names_the_file(tmp_path):
    with pytest.raises(errors.UserError, match="Cannot write to .*missing/x: No such file"):
        with workdir.writing(tmp_path):
            (tmp_path / "missing/x").write_text("text")


def test_the_lock_ends_with_the_block(tmp_path):
    for _ in range(2):
        with workdir.locked(tmp_path / "run") as folder:
            assert (folder / "lock").exists() and workdir.is_locked(folder)
            with pytest.raises(errors.UserError, match="Another process is training in"):
                with workdir.locked(folder):
                    pass
        assert not workdir.is_locked(folder)
