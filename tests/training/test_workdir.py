"""The folder of a run: its files, and whether it belongs to this run."""

import json

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan.common import errors
from tf_ssgan.training import config, metrics_log
from tf_ssgan.training.workdir import Workdir

DATA = file_contents.data_record()


def settings(folder, **given):
    given = {"max_steps": 9, "width": 4} | given
    return config.configure("supervised", "digits", workdir=str(folder), **given)


def finish(folder, **given):
    """Writes the files of a run that has finished."""
    own = settings(folder, **given)
    Workdir(folder).prepare(own, {}, 0, DATA)
    result = finished_run_folders.result(own.as_flags() | {"labels": 50})
    Workdir(folder).result_file.write_text(json.dumps(result))


def test_preparing_writes_flags_and_protocol_and_cuts_the_metrics_back(tmp_path):
    own = settings(tmp_path)
    for step in (3, 6):
        metrics_log.append(tmp_path / "metrics.jsonl", finished_run_folders.metrics_line(step))
    assert Workdir(tmp_path).prepare(own, {"pool": 5}, 3, DATA) == ""
    assert Workdir(tmp_path).read_flags() == own.as_flags()
    assert json.loads((tmp_path / "protocol.json").read_text()) == {"pool": 5}
    assert [line["step"] for line in Workdir(tmp_path).read_metrics().lines] == [3]
    flags = (tmp_path / "run.flags").read_text().splitlines()
    assert {"--method=supervised", "--max_steps=9", "--deterministic=false"} <= set(flags)
    assert not [flag for flag in flags if flag.endswith("=")]  # empty values are left out


def test_an_empty_folder_has_no_flags_and_no_result(tmp_path):
    workdir = Workdir(tmp_path)
    assert workdir.read_flags() is None and workdir.read_result() is None
    assert workdir.read_evaluation() is None and workdir.read_metrics().lines == []
    assert workdir.finished_result(settings(tmp_path)) is None
    with pytest.raises(errors.UserError, match="is not the folder of a run: it holds no config"):
        workdir.require_flags()


def test_only_a_run_that_has_all_its_steps_is_finished(tmp_path):
    finish(tmp_path)
    assert Workdir(tmp_path).finished_result(settings(tmp_path))["steps"] == 9
    assert Workdir(tmp_path).finished_result(settings(tmp_path, max_steps=12)) is None


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
        Workdir(tmp_path).finished_result(settings(tmp_path, **given))
    assert text in str(refused.value) and "--workdir" in str(refused.value)


def test_other_data_are_refused_and_a_free_folder_is_named(tmp_path):
    run = Workdir(tmp_path / "run")
    run.path.mkdir()
    run.prepare(settings(run.path, data_dir="there"), {}, 0, DATA)
    run.refuse_other_data(None, DATA)
    run.refuse_other_data(DATA.sha256, DATA)
    now = file_contents.data_record(test=(1, 1))
    with pytest.raises(errors.UserError) as refused:
        run.refuse_other_data(DATA.sha256, now)
    assert str(refused.value) == (
        f"{run} holds a run on other data: the images changed: 1 test image relabeled. Restore the "
        f"data, which the run read from --data_dir=there, or train in another folder: "
        f"--workdir={run}-2"
    )


def test_the_data_record_is_written_once(tmp_path):
    Workdir(tmp_path).prepare(settings(tmp_path), {}, 0, DATA)
    before = (tmp_path / "data.json").stat().st_mtime_ns
    Workdir(tmp_path).prepare(settings(tmp_path), {}, 0, DATA)
    assert (tmp_path / "data.json").stat().st_mtime_ns == before
    assert Workdir(tmp_path).read_data_record().sha256 == DATA.sha256
    (tmp_path / "data.json").write_text("{")
    with pytest.raises(errors.UserError, match="data.json is damaged: .* writes it again"):
        Workdir(tmp_path).read_data_record()


def test_files_of_no_run_are_refused(tmp_path):
    (tmp_path / "samples.png").touch()
    with pytest.raises(errors.UserError, match="holds samples.png but no config.json"):
        Workdir(tmp_path).finished_result(settings(tmp_path))


def test_a_failed_write_names_the_file(tmp_path):
    with pytest.raises(errors.UserError, match="Cannot write to .*missing/x: No such file"):
        with Workdir(tmp_path).writing():
            (tmp_path / "missing/x").write_text("text")


def test_the_lock_ends_with_the_block(tmp_path):
    workdir = Workdir(tmp_path / "run")
    for _ in range(2):
        with workdir.locked():
            assert (workdir.path / "lock").exists() and workdir.is_locked()
            with pytest.raises(errors.UserError, match="Another process uses"):
                with workdir.locked():
                    pass
        assert not workdir.is_locked()


def test_the_configuration_comes_back_whole(tmp_path):
    own = settings(tmp_path, learning_rate=0.5)
    Workdir(tmp_path).prepare(own, {}, 0, DATA)
    assert Workdir(tmp_path).read_config() == own
    moved = Workdir(tmp_path).read_config(data_dir="elsewhere")
    assert moved.data_dir == "elsewhere" and moved.identity() == own.identity()


@pytest.mark.parametrize(
    "changed, text",
    [
        ({"width": 0}, "config.json is damaged: --width=0: expected at least 1"),
        ({"width": "4"}, "config.json is damaged: --width: expected a whole number, got '4'"),
        ({"width": ...}, "config.json is damaged: width is missing"),
        ({"tau": 1.0}, "config.json is damaged: tau is not a hyperparameter of supervised"),
        ({"method": "frgann"}, "config.json is damaged: --method=frgann is not a method"),
        ({"labels": True}, "config.json is damaged: --labels: expected a whole number, got True"),
        ({"method": ...}, "config.json is damaged: method is missing"),
        ({"seed": 2**32}, "config.json is damaged: --seed=4294967296: expected at least 0 and at"),
    ],
)  # fmt: skip
def test_a_configuration_edited_by_hand_names_file_and_field(tmp_path, changed, text):
    Workdir(tmp_path).prepare(settings(tmp_path), {}, 0, DATA)
    finished_run_folders.change(tmp_path, "config.json", **changed)
    with pytest.raises(errors.UserError) as refused:
        Workdir(tmp_path).read_config()
    assert text in str(refused.value) and str(refused.value).endswith("another --workdir.")


def test_a_flag_that_did_not_exist_yet_has_its_default(tmp_path):
    Workdir(tmp_path).prepare(settings(tmp_path), {}, 0, DATA)
    finished_run_folders.change(tmp_path, "config.json", deterministic=...)
    assert Workdir(tmp_path).read_config().deterministic is False


def test_a_finished_run_needs_result_and_checkpoint(tmp_path):
    Workdir(tmp_path).prepare(settings(tmp_path), {}, 0, DATA)
    with pytest.raises(errors.UserError, match="has no result yet. Finish the run first"):
        Workdir(tmp_path).require_finished()
    finish(tmp_path)
    with pytest.raises(errors.UserError, match="holds no checkpoint yet. Continue the run"):
        Workdir(tmp_path).require_finished()
    manifest = tmp_path / "checkpoints/step-0000000009/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    assert Workdir(tmp_path).require_finished()["max_steps"] == 9
    (tmp_path / "evaluation.json").write_text('{"step": 9, "test_sets": [{}]}')
    with pytest.raises(errors.UserError, match=r"evaluation.json is damaged: test_sets.0.test_err"):
        Workdir(tmp_path).require_finished()
