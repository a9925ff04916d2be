"""The surroundings of a program: its working directory, its home, and what paths may mean there."""

import errno
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from support import programs

import flags
import tf_ssgan
from flags import program
from tf_ssgan.common import errors, locks
from tf_ssgan.training import config
from tf_ssgan.training.workdir import Workdir

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = {
    "train_main": ["--method=supervised"],
    "tf_ssgan.sweep": ["--methods=supervised"],
    "tf_ssgan.report": ["runs"],
    "tf_ssgan.evaluate": ["--run=run", "--generator"],
    "tf_ssgan.doctor": [],
    "export.export_main": ["--run=run", "--to=served"],
    "export.predict": ["--model=served", "pictures"],
    "export.client": ["--model=served", "picture.png"],
}
PATHS = [  # every flag of every program that is a path
    ("train_main", "--workdir="), ("train_main", "--data_dir="), ("train_main", "--dataset=folder:"),
    ("train_main", "--dataset=csv:"), ("train_main", "--dataset=npz:"), ("train_main", "--flagfile="),
    ("tf_ssgan.sweep", "--runs="), ("tf_ssgan.sweep", "--to="), ("tf_ssgan.sweep", "--data_dir="),
    ("tf_ssgan.sweep", "--dataset=folder:"),
    ("tf_ssgan.report", ""), ("tf_ssgan.report", "--to="),
    ("tf_ssgan.evaluate", "--run="), ("tf_ssgan.evaluate", "--against="),
    ("tf_ssgan.evaluate", "--data_dir="), ("tf_ssgan.evaluate", "--dataset=folder:"),
    ("tf_ssgan.evaluate", "--inception="),
    ("tf_ssgan.doctor", "--workdir="), ("tf_ssgan.doctor", "--data_dir="),
    ("tf_ssgan.doctor", "--dataset=folder:"), ("tf_ssgan.doctor", "--json="),
    ("export.export_main", "--run="), ("export.export_main", "--to="),
    ("export.export_main", "--data_dir="),
    ("export.predict", "--model="), ("export.predict", "--to="),
]  # fmt: skip
IMPOSSIBLE = {
    "gs://bucket/x": "is an address, not a",
    "~nobody_of_this_name/x": "no home folder of the user nobody_of_this_name here",
    "a\nb": r"a\nb: the path holds a line end or another control character",
    "a" * 300: "File name too long",
}


def answer(name, words, capsys):
    """The sentence with which a program refuses a command line."""
    with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
        importlib.import_module(name).main([name, *words])
    printed = capsys.readouterr()
    assert stopped.value.code == 2 and printed.out == ""
    assert printed.err.count("\n") == 1 and len(printed.err) < 400
    return printed.err


@pytest.mark.parametrize("path", IMPOSSIBLE, ids=["address", "home", "line end", "long"])
@pytest.mark.parametrize("name, flag", PATHS, ids=lambda word: word.rpartition(".")[2] or "FOLDER")
def test_what_can_be_no_path_is_refused_by_every_flag_that_is_one(
    tmp_path, monkeypatch, capsys, name, flag, path
):
    monkeypatch.chdir(tmp_path)
    if flag != "--flagfile=" or "\n" not in path:  # which begins a line of its own there
        said = answer(name, [*PROGRAMS[name], flag + path], capsys)
        assert IMPOSSIBLE[path] in said and said.startswith(flag)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_working_directory_that_vanished_is_said_by_every_program(
    tmp_path, monkeypatch, capsys, name
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    os.rmdir(tmp_path / "here")
    monkeypatch.setattr(sys, "argv", [name, *PROGRAMS[name]])
    with pytest.raises(SystemExit) as stopped:
        program.main(importlib.import_module(name).main)
    said = capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert stopped.value.code == 2 and said.count("\n") == 1
    assert said.startswith("The folder in which you started this cannot be reached any more (No s")


def test_a_program_starts_in_a_directory_that_vanished(tmp_path):
    command = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m tf_ssgan.report runs"
    environment = os.environ | {"PYTHONPATH": programs.python_path(ROOT)}
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Change to another folder" in done.stderr


def test_python_says_so_too(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    os.rmdir(tmp_path / "here")
    for call in (lambda: tf_ssgan.train("supervised"), lambda: tf_ssgan.load("run")):
        with pytest.raises(errors.UserError, match="Change to another folder"):
            call()
    monkeypatch.chdir(tmp_path)


def test_python_refuses_the_same_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, sentence in IMPOSSIBLE.items():
        for options in ({"workdir": path}, {"data_dir": path}, {"dataset": f"folder:{path}"}):
            with pytest.raises(errors.UserError, match=re.escape(sentence)):
                tf_ssgan.train("supervised", **options)
        with pytest.raises(errors.UserError, match=re.escape(sentence)):
            tf_ssgan.load(path)
    assert not any(tmp_path.iterdir())


def parse(*words):
    return flags.parse(["train_main.py", "--method=supervised", *words])


def test_the_home_folder_is_recorded_in_place_of_its_sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = parse("--workdir=~/runs/a b", "--data_dir=~/")
    assert (settings.workdir, settings.data_dir) == (f"{tmp_path}/runs/a b", str(tmp_path))
    with pytest.raises(errors.UserError, match=re.escape(f"{tmp_path}/none' is not a folder")):
        tf_ssgan.train("supervised", "npz:~/none", workdir=pathlib.Path("~/runs/b"))


def test_other_paths_are_recorded_as_they_are_given():
    settings = parse("--workdir=runs/../one", "--data_dir=")
    assert settings.workdir == "runs/../one" and settings.dataset == "digits"
    assert settings.identity() == config.configure("supervised", "digits").identity()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_flags_of_a_run_come_back_from_an_editor_on_windows(tmp_path, encoding):
    name = ' # "my" runs // ~x\''
    settings = parse(f"--workdir={tmp_path}/{name}", "--max_steps=3")
    Workdir(tmp_path).prepare(settings, {}, 0, _Record())
    text = (tmp_path / "run.flags").read_text()
    assert name in text
    (tmp_path / "edited").write_bytes(text.replace("\n", "  \r\n").encode(encoding))
    for words in (["--flagfile", f"{tmp_path}/edited"], [f"--flagfile={tmp_path}/edited"]):
        assert flags.parse(["train_main.py", *words]) == settings
    kept = json.loads((tmp_path / "config.json").read_text())
    assert kept["workdir"] == f"{tmp_path}/{name}"


class _Record:
    """Stands for the record of the data of a run."""

    sha256 = ""


@pytest.fixture(autouse=True)
def no_record(monkeypatch):
    monkeypatch.setattr(Workdir, "keep_data_record", lambda self, data: None)


def test_a_file_named_lock_in_a_workdir_keeps_its_content_and_time(tmp_path):
    (tmp_path / "lock").write_text("mine")
    os.utime(tmp_path / "lock", (1, 2))
    with Workdir(tmp_path).locked():
        assert Workdir(tmp_path).is_locked()
    assert (tmp_path / "lock").read_text() == "mine"
    assert (tmp_path / "lock").stat().st_mtime == 2


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_something_else_named_lock_is_refused_by_its_path(tmp_path, kind):
    path = tmp_path / "lock"
    make = {"folder": path.mkdir, "link": lambda: path.symlink_to("x"), "pipe": lambda: os.mkfifo(path)}  # fmt: skip
    make[kind]()
    with (
        pytest.raises(errors.UserError, match=re.escape(f"{path} is ")),
        Workdir(tmp_path).locked(),
    ):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["lock"]


def test_a_run_on_a_file_system_without_locks_goes_on_with_a_sentence(
    tmp_path, monkeypatch, capsys
):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", no_locks)
    with Workdir(tmp_path).locked():
        assert not Workdir(tmp_path).is_locked()
    said = capsys.readouterr().err
    assert said.startswith(f"The file system of {tmp_path} has no locks: never start two processes")
    assert said.count("\n") == 1


def test_every_command_that_is_printed_quotes_its_paths():
    sources = [*ROOT.glob("tf_ssgan/**/*.py"), *ROOT.glob("export/*.py"), *ROOT.glob("flags/*.py")]
    printed = re.compile(
        r"(?:python -m|--logdir|chmod|docker run).*\{(?!shell_word|plain_text\.sh|n)"
    )
    found = [
        line for path in sources for line in path.read_text().splitlines() if printed.search(line)
    ]
    assert found == []
