"""Ctrl-C while programs import, at other times, and in programs that only import the package."""

import importlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from support.programs import python_path

from tf_ssgan.common import interrupts

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = {
    "train": ["train_main.py", "--method=supervised", "--dataset=digits", "--max_steps=1"],
    "evaluate": ["-m", "tf_ssgan.evaluate", "--run=missing"],
    "sweep": ["-m", "tf_ssgan.sweep", "--list"],
    "report": ["-m", "tf_ssgan.report", "missing"],
    "doctor": ["-m", "tf_ssgan.doctor"],
    "export": ["-m", "export.export_main", "--run=missing", "--to=missing"],
    "predict": ["-m", "export.predict", "--model=missing", "missing.png"],
    "client": ["-m", "export.client", "--model=missing", "missing.png"],
}
# As Python starts a program, but with a module whose import says that it has begun and then waits.
SLOW = "import sys, time\nprint('importing', flush=True)\ntime.sleep(20)\n"


def start(words, folder, *paths):
    variables = {"PYTHONPATH": python_path(*paths, ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [sys.executable, *(str(ROOT / w) if w == "train_main.py" else w for w in words)],
        cwd=folder, env=os.environ | variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def assert_quiet(process, number=signal.SIGINT):
    out, err = process.communicate(timeout=60)
    assert process.returncode in (-number, 128 + number), err
    assert "Traceback" not in err + out and "Exception ignored" not in err


@pytest.mark.parametrize("name", ["train", "report", "predict"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_is_quiet_if_it_is_stopped_while_it_imports(tmp_path, name, number):
    (tmp_path / "absl").mkdir()
    (tmp_path / "absl" / "__init__.py").write_text(SLOW)
    process = start(PROGRAMS[name], tmp_path, tmp_path)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(number)
    assert_quiet(process, number)


def test_training_is_quiet_if_it_is_stopped_while_it_imports_tensorflow(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        SLOW.replace("time.sleep(20)", "try:\n    time.sleep(20)\nexcept BaseException: pass")
    )
    process = start([*PROGRAMS["train"], f"--workdir={tmp_path}/run"], tmp_path, tmp_path)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    assert_quiet(process)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_quiet_at_every_moment(tmp_path, name):
    for tenth in range(1, 25):
        process = start(PROGRAMS[name], tmp_path)
        time.sleep(0.05 + tenth / 10)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err + out and "Exception ignored" not in err, (tenth, err)


def test_importing_the_package_changes_no_handler():
    code = "import signal, tf_ssgan; assert signal.getsignal(2) is signal.default_int_handler"
    variables = os.environ | {"PYTHONPATH": python_path(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=variables)


@pytest.mark.parametrize("argv, orig_argv, ours", [
    (["-m"], ["python", "-m", "tf_ssgan.report", "runs"], True),
    (["-m"], ["python", "-u", "-mexport.predict"], True),
    (["-m"], ["python", "-m", "mine", "--package=tf_ssgan"], False),
    (["/usr/bin/tf-ssgan-train"], ["python", "/usr/bin/tf-ssgan-train"], True),
    ([str(ROOT / "train_main.py")], ["python", "train_main.py"], True),
    (["mine/train_main.py"], ["python", "mine/train_main.py"], False),
    ([""], ["python"], False),
    ([], ["python"], False),
])  # fmt: skip
def test_the_programs_of_this_project_are_known(monkeypatch, argv, orig_argv, ours):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "orig_argv", orig_argv)
    assert interrupts._is_own_program() == ours


def test_outside_imports_ctrl_c_raises_and_the_handler_before_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts.raised_outside_imports():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_handlers_stay(monkeypatch):
    importlib.import_module("tf_ssgan")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.raised_outside_imports():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
