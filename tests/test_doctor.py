"""The program: its command line, its exit status, and what it leaves behind."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf
from support import image_folders

from tf_ssgan import doctor
from tf_ssgan.common import errors
from tf_ssgan.diagnostics import dry_run, environment

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def environment_is_well(monkeypatch):
    well = environment.Finding(environment.SECTION, "ok", "a good machine")
    monkeypatch.setattr(environment, "examine", lambda workdir: [well])


def program(*words):
    return subprocess.run(
        [sys.executable, "-m", "tf_ssgan.doctor", *words],
        capture_output=True, text=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip


def left():
    return sorted(path.name for path in pathlib.Path().iterdir())


@pytest.mark.parametrize(
    "words, told",
    [
        (["--dataset=digist"], "Did you mean 'digits'?"),
        (["--dataset=folder:nowhere"], "'nowhere' is not a folder"),
        (["--dataset=folder:"], "is not a folder"),
        ([f"--dataset=folder:{'a' * 300}"], "File name too long"),
        (["--dataset=csv:nowhere.csv"], "cannot be read"),
        (["--dataset=npz:nowhere"], "'nowhere' is not a folder"),
        (["--dataset=svhn", "--data_dir=nowhere"], "'nowhere' is not a folder"),
        (["--dataset=cifar10_1/v6"], "test images only"),
        (["--methods=frgan,sgan"], "--method=sgan is not a method"),
        (["--dataset=folder:.", "--fit=strech"], "Known: resize, crop, pad"),
        (["--dataset=folder:.", "--image_size=3"], "--image_size must be 8 or more"),
        (["--dataset=digits", "--image_size=16"], "--image_size is for folder:DIR"),
        (["--labels=-3"], "at least -2"),
        (["--json=nowhere/a.json"], "expected a file in a folder that exists"),
        (["--json=."], "expected a file in a folder that exists"),
        (["digits"], "'digits' is no flag"),
    ],
)
def test_mistakes_are_told_in_a_sentence(words, told):
    with pytest.raises(errors.UserError) as refused:
        doctor.parse_args(["doctor", *words])
    assert told in str(refused.value) and str(refused.value).count("\n") <= 1


def test_a_folder_that_does_not_exist_is_answered_before_tensorflow():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['doctor', '--dataset=folder:nowhere']\n"
        "try: runpy.run_module('tf_ssgan.doctor', run_name='__main__')\n"
        "except SystemExit as stop: print(stop.code, 'tensorflow' in sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout.split() == ["2", "False"], ended
    assert ended.stderr.startswith("--dataset=folder:nowhere: ") and ended.stderr.count("\n") == 1


def test_good_pictures_from_the_first_line_to_the_last(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    ended = program(f"--dataset={name}", "--methods=supervised", "--image_size=8", "--json=a.json")
    assert ended.returncode == 0, ended
    sections = [line for line in ended.stdout.splitlines() if line and line[0] != " "]
    assert sections[:3] == ["Environment", "Data", "Memory and time"]
    assert "34 files, 34 pictures" in ended.stdout and " s a step, about " in ended.stdout
    assert "taking steps of supervised (1 of 1)" in ended.stderr and "Traceback" not in ended.stderr
    content = json.loads(pathlib.Path("a.json").read_text())
    assert content["status"] == 0 and content["dataset"] == name
    assert {f["section"] for f in content["findings"]} == set(sections[:3])
    assert left() == ["a.json"], "more than was asked for"


def test_pictures_that_will_not_do(tmp_path, monkeypatch):
    name = image_folders.folder(tmp_path / "d")
    for path in (tmp_path / "d/labeled/dog").iterdir():
        path.write_bytes(b"no picture")
    image_folders.picture(tmp_path / "d/labeled/cat/größe.png", 0, 77)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")  # a terminal that cannot show the name
    ended = program(f"--dataset={name}", "--json=a.json")
    assert ended.returncode == 1 and "Traceback" not in ended.stdout + ended.stderr
    assert "gr\\xf6\\xdfe.png" in ended.stdout
    assert "nothing is left of dog" in ended.stdout and " s a step" not in ended.stdout
    assert json.loads(pathlib.Path("a.json").read_text())["status"] == 1


def test_without_data_the_machine_is_looked_at(capsys, environment_is_well):
    doctor.main(["doctor"])
    told = capsys.readouterr()
    assert told.out == "Environment\n  ok       a good machine\n\nnothing to mend\n"
    assert told.err == "" and left() == []


def test_a_tensorflow_that_cannot_be_imported_is_a_finding(
    capsys, monkeypatch, environment_is_well
):
    def broken():
        raise ImportError("libcuda is torn")

    monkeypatch.setattr(doctor.quiet, "start_up", broken)
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor"])
    assert stopped.value.code == 1
    assert "TensorFlow: could not be looked at (ImportError: libcuda is torn)" in (
        capsys.readouterr().out
    )


def test_a_layout_that_will_not_do_is_a_finding_and_no_mistake_of_the_command_line(
    tmp_path, capsys, environment_is_well
):
    image_folders.picture(tmp_path / "d/only/1.png", 0, 0)
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor", f"--dataset=folder:{tmp_path}/d"])
    assert stopped.value.code == 1 and "found 1 classes" in capsys.readouterr().out


def test_steps_are_taken_of_the_methods_named_with_the_flags_given(
    tmp_path, capsys, monkeypatch, environment_is_well
):
    asked = []

    def steps(method, given, free):
        asked.append((method, given))
        yield dry_run.Finding(dry_run.SECTION, "ok", f"{method} is quick")

    monkeypatch.setattr(dry_run, "steps", steps)
    name = image_folders.folder(tmp_path / "d")
    words = [f"--dataset={name}", "--image_size=16", "--channels=1", "--fit=pad", "--labels=8"]
    doctor.main(["doctor", *words, "--methods=ssgan,supervised"])
    given = {"dataset": name, "data_dir": "", "image_size": 16, "channels": "1", "fit": "pad",
             "labels": 8}  # fmt: skip
    assert asked == [("ssgan", given), ("supervised", given)]
    told = capsys.readouterr().out
    assert "supervised is quick" in told and "8 labeled (balanced, 2 classes)" in told
    doctor.main(["doctor", *words, "--skip_steps"])
    assert len(asked) == 2


def test_no_steps_are_taken_with_data_that_will_not_do(
    tmp_path, capsys, monkeypatch, environment_is_well
):
    monkeypatch.setattr(dry_run, "steps", lambda *given: pytest.fail("steps were taken"))
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor", f"--dataset={image_folders.folder(tmp_path / 'd')}", "--labels=500"])
    told = capsys.readouterr().out
    assert stopped.value.code == 1 and "500 labels were asked for" in told
    assert "no steps are taken with data that will not do" in told


def test_gpus_are_left_to_the_processes_that_take_steps(monkeypatch):
    hidden = []
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *given: hidden.append(given))
    assert doctor._start() == [] and hidden == [([], "GPU")]


def test_memory_that_cannot_be_known_stops_nothing(capsys, monkeypatch, environment_is_well):
    def broken():
        raise RuntimeError("no such counter")

    monkeypatch.setattr(doctor.memory, "available", broken)
    doctor.main(["doctor"])
    assert "a good machine" in capsys.readouterr().out


def test_steps_that_fail_are_findings_of_their_method(capsys, monkeypatch, environment_is_well):
    def steps(method, given, free):
        if method == "frgan":
            raise errors.UserError("frgan: its steps were ended by SIGKILL: too little memory?")
        yield dry_run.Finding(dry_run.SECTION, "ok", f"{method} is quick")

    monkeypatch.setattr(dry_run, "steps", steps)
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor", "--dataset=digits", "--methods=frgan,ssgan"])
    told = capsys.readouterr().out
    assert stopped.value.code == 1 and "error    frgan: its steps were ended by SIGKILL" in told
    assert "ssgan is quick" in told
