"""What is checked before TensorFlow is imported: flags of every run, names, data and folders."""

import os
import pathlib

import pytest

from flags import precheck
from tf_ssgan.common import errors
from tf_ssgan.training import config


def test_given_flags_are_those_of_every_run():
    argv = ["train_main.py", "--method=frgan", "--labels", "20", "--width=8", "word"]
    assert precheck.given_flags(argv) == {"method": "frgan", "labels": 20}


def test_given_flags_are_read_from_a_flagfile_too(tmp_path):
    (tmp_path / "run.flags").write_text("--seed=3\n--width=8\n")
    argv = ["train_main.py", f"--flagfile={tmp_path}/run.flags"]
    assert precheck.given_flags(argv) == {"seed": 3}


@pytest.mark.parametrize("old", precheck.RENAMED)
def test_old_names_of_flags_are_refused_by_one_sentence(tmp_path, old):
    (tmp_path / "run.flags").write_text(f"--{old}=1\n")
    for word in (f"--{old}=1", f"--flagfile={tmp_path}/run.flags"):
        with pytest.raises(errors.UserError, match=f"--{precheck.RENAMED[old]};") as refused:
            precheck.given_flags(["train_main.py", word])
        assert refused.value.status == 2 and "\n" not in str(refused.value)


def test_an_old_name_is_not_also_a_flag_of_every_run():
    assert not set(precheck.RENAMED) & {field.name for field in config.run_fields()}


def test_good_flags_pass_and_leave_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    precheck.check_command_line({"method": "frgan", "dataset": "digits", "labels": 20})
    assert not list(tmp_path.iterdir())


def test_the_data_set_is_returned_and_one_that_is_given_is_used():
    source = precheck.check_command_line({"dataset": "digits", "labels": 20})
    assert source.name == "digits" and source.train_count == 1297
    again = precheck.check_command_line({"dataset": "digits", "seed": 1}, source)
    assert again is source


def test_only_names_numbers_and_places_are_checked_for_help(tmp_path):
    given = {"dataset": "digits", "labels": 5000}
    assert precheck.check_for_help(given).name == "digits"
    with pytest.raises(errors.UserError, match="labels"):
        precheck.check_command_line(given)
    for given, message in (
        ({"method": "frgn"}, "Did you mean 'frgan'"), ({"dataset": "digit"}, "mean 'digits'"),
        ({"labels": -5}, "at least -2"), ({"dataset": "folder:nowhere"}, "not a folder"),
        ({"dataset": "svhn", "data_dir": f"{tmp_path}/nowhere"}, "is not a folder"),
        ({"dataset": "cifar10_1/v6"}, "test images only"),
    ):  # fmt: skip
        with pytest.raises(errors.UserError, match=message):
            precheck.check_for_help(given)


def test_a_workdir_that_is_a_file_or_below_one(tmp_path):
    (tmp_path / "file").write_text("")
    for workdir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(errors.UserError, match="is a file"):
            precheck.check_command_line({"workdir": str(workdir)})


def test_a_workdir_that_is_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(errors.UserError, match="not writable"):
        precheck.check_command_line({"workdir": str(tmp_path / "run")})


def test_a_folder_need_not_exist_and_is_not_made(tmp_path):
    precheck.check_writable(tmp_path / "a" / "b", "to")
    assert not os.listdir(tmp_path)


def test_the_message_names_the_flag_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.UserError, match=f"^--runs={tmp_path}/file: "):
        precheck.check_writable(pathlib.Path(tmp_path / "file"), "runs")
