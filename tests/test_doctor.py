"""The program: its command line, its exit status, and what it leaves behind."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf
from support import image_folders
from support.programs import python_path

from tf_ssgan import doctor
from tf_ssgan.common import errors
from tf_ssgan.diagnostics import dry_run, environment

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", python_path(ROOT))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def good_environment(monkeypatch):
    good = environment.Finding(environment.SECTION, "ok", "a good machine")
    monkeypatch.setattr(environment, "check_environment", lambda workdir: [good])


def program(*words):
    return subprocess.run(
        [sys.executable, "-m", "tf_ssgan.doctor", *words],
        capture_output=True, text=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip


def files():
    return sorted(path.name for path in pathlib.Path().iterdir())


@pytest.mark.parametrize(
    "words, message",
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
        (["digits"], "'digits' is not a flag"),
    ],
)
def test_mistakes_end_in_a_sentence(words, message):
    with pytest.raises(errors.UserError) as refused:
        doctor.parse_args(["doctor", *words])
    assert message in str(refused.value) and str(refused.value).count("\n") <= 1


def test_a_folder_that_does_not_exist_is_reported_before_tensorflow():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['doctor', '--dataset=folder:nowhere']\n"
        "try: runpy.run_module('tf_ssgan.doctor', run_name='__main__')\n"
        "except SystemExit as stop: print(stop.code, 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["2", "False"], done
    assert done.stderr.startswith("--dataset=folder:nowhere: ") and done.stderr.count("\n") == 1


def test_good_images_give_three_sections(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    done = program(f"--dataset={name}", "--methods=supervised", "--image_size=8", "--json=a.json")
    assert done.returncode == 0, done
    sections = [line for line in done.stdout.splitlines() if line and line[0] != " "]
    assert sections[:3] == ["Environment", "Data", "Memory and time"]
    assert "34 files, 34 images" in done.stdout and " s a step, about " in done.stdout
    assert "running steps of supervised (1 of 1)" in done.stderr and "Traceback" not in done.stderr
    content = json.loads(pathlib.Path("a.json").read_text())
    assert content["status"] == 0 and content["dataset"] == name
    assert {f["section"] for f in content["findings"]} == set(sections[:3])
    assert files() == ["a.json"], "more files than requested"


def test_images_that_cannot_be_used(tmp_path, monkeypatch):
    name = image_folders.make_folder(tmp_path / "d")
    for path in (tmp_path / "d/labeled/dog").iterdir():
        path.write_bytes(b"no image")
    image_folders.save_image(tmp_path / "d/labeled/cat/größe.png", 0, 77)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")  # a terminal that cannot show the name
    done = program(f"--dataset={name}", "--json=a.json")
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert "gr\\xf6\\xdfe.png" in done.stdout
    assert "no labeled image is left of dog" in done.stdout and " s a step" not in done.stdout
    assert json.loads(pathlib.Path("a.json").read_text())["status"] == 1


def test_without_data_the_machine_is_checked(capsys, good_environment):
    doctor.main(["doctor"])
    printed = capsys.readouterr()
    assert printed.out == "Environment\n  ok       a good machine\n\nnothing to fix\n"
    assert printed.err == "" and files() == []


def test_a_tensorflow_that_cannot_be_imported_is_a_finding(capsys, monkeypatch, good_environment):
    def broken():
        raise ImportError("libcuda is broken")

    monkeypatch.setattr(doctor.startup, "start_up", broken)
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor"])
    assert stopped.value.code == 1
    assert "TensorFlow: could not be checked (ImportError: libcuda is broken)" in (
        capsys.readouterr().out
    )


def test_a_layout_that_cannot_be_used_is_a_finding(tmp_path, capsys, good_environment):
    image_folders.save_image(tmp_path / "d/only/1.png", 0, 0)
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor", f"--dataset=folder:{tmp_path}/d"])
    assert stopped.value.code == 1 and "found 1 classes" in capsys.readouterr().out


def test_steps_are_run_of_the_named_methods_with_the_given_flags(
    tmp_path, capsys, monkeypatch, good_environment
):
    calls = []

    def steps(method, given, free):
        calls.append((method, given))
        yield dry_run.Finding(dry_run.SECTION, "ok", f"{method} is quick")

    monkeypatch.setattr(dry_run, "check_steps", steps)
    name = image_folders.make_folder(tmp_path / "d")
    words = [f"--dataset={name}", "--image_size=16", "--channels=1", "--fit=pad", "--labels=8"]
    doctor.main(["doctor", *words, "--methods=ssgan,supervised"])
    given = {"dataset": name, "data_dir": "", "image_size": 16, "channels": "1", "fit": "pad",
             "labels": 8, "group_by": ""}  # fmt: skip
    assert calls == [("ssgan", given), ("supervised", given)]
    printed = capsys.readouterr().out
    assert "supervised is quick" in printed and "8 labeled (4 of each of 2 classes)" in printed
    doctor.main(["doctor", *words, "--skip_steps"])
    assert len(calls) == 2


def test_no_steps_are_run_with_data_that_cannot_be_used(
    tmp_path, capsys, monkeypatch, good_environment
):
    monkeypatch.setattr(dry_run, "check_steps", lambda *given: pytest.fail("steps were run"))
    with pytest.raises(SystemExit) as stopped:
        doctor.main(
            ["doctor", f"--dataset={image_folders.make_folder(tmp_path / 'd')}", "--labels=500"]
        )
    printed = capsys.readouterr().out
    assert stopped.value.code == 1 and "500 labels were requested" in printed
    assert "no steps are run with data that cannot be used" in printed


def test_gpus_are_left_to_the_processes_that_run_steps(monkeypatch):
    hidden = []
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *given: hidden.append(given))
    assert doctor._start_tensorflow() == [] and hidden == [([], "GPU")]


def test_memory_that_cannot_be_measured_stops_nothing(capsys, monkeypatch, good_environment):
    def broken():
        raise RuntimeError("no such counter")

    monkeypatch.setattr(doctor.memory_limit, "available", broken)
    doctor.main(["doctor"])
    assert "a good machine" in capsys.readouterr().out


def test_steps_that_fail_are_findings_of_their_method(capsys, monkeypatch, good_environment):
    def steps(method, given, free):
        if method == "frgan":
            raise errors.UserError("frgan: its process was killed by SIGKILL: too little memory?")
        yield dry_run.Finding(dry_run.SECTION, "ok", f"{method} is quick")

    monkeypatch.setattr(dry_run, "check_steps", steps)
    with pytest.raises(SystemExit) as stopped:
        doctor.main(["doctor", "--dataset=digits", "--methods=frgan,ssgan"])
    printed = capsys.readouterr().out
    assert (
        stopped.value.code == 1 and "error    frgan: its process was killed by SIGKILL" in printed
    )
    assert "ssgan is quick" in printed
