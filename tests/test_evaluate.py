"""The program's command line: what it reads, prints and refuses."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from support import finished_run_folders, toy_methods
from support.programs import python_path

from tf_ssgan import evaluate
from tf_ssgan.common import errors
from tf_ssgan.training import config, loop

ROOT = pathlib.Path(evaluate.__file__).parents[1]


def write_squares(folder):
    """A data set of gray squares as npz:DIR."""
    folder.mkdir()
    for name, count, seed in (("train", 40, 0), ("test", 12, 1)):
        pixels, _ = toy_methods.images(count, 8, seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=np.arange(count) % 3)
    return f"npz:{folder}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished supervised run on squares."""
    folder = tmp_path_factory.mktemp("evaluate")
    settings = config.configure(
        "supervised", write_squares(folder / "own"), labels=6, batch_size=8, width=4, max_steps=2,
        precision="float32", workdir=str(folder / "run"),
    )  # fmt: skip
    return settings, loop.run(settings)


def test_the_program_writes_and_prints_what_it_measured(run, capsys):
    settings, result = run
    evaluate.main(["evaluate", f"--run={settings.workdir}", f"--dataset={settings.dataset}"])
    measured = json.loads((pathlib.Path(settings.workdir) / "evaluation.json").read_text())
    (entry,) = measured["test_sets"]
    assert measured["step"] == 2
    assert entry["test_error"] == pytest.approx(result["test_error"])
    text = capsys.readouterr().out
    assert f"12 test images of {settings.dataset}" in text
    wrong = round(result["test_error"] * 12 / 100)
    assert f"test_error {result['test_error']:.2f} % ({wrong} wrong of 12 images; " in text
    assert f"test_error_raw {result['test_error_raw']:.2f} %" in text
    assert f"In {settings.workdir}: evaluation.json" in text


def write_run(folder):
    """What looks like a finished run."""
    finished_run_folders.write(folder)
    (folder / "checkpoints" / "step-0000000002").mkdir(parents=True)
    (folder / "checkpoints" / "step-0000000002" / "manifest.json").write_text("{}")
    return folder


def test_the_command_line_becomes_options(tmp_path):
    run, other = write_run(tmp_path / "run"), write_run(tmp_path / "other")
    chosen, _ = evaluate.parse_args(
        ["evaluate", f"--run={run}", f"--against={other}", "--images=1000"]
    )
    assert (chosen.workdir, chosen.other, chosen.images) == (run, other, 1000)
    assert not chosen.generator
    chosen, sources = evaluate.parse_args(["evaluate", f"--run={run}", "--generator"])
    assert chosen.other is None and chosen.generator
    assert [source.name for source in sources.runs] == ["digits"]


@pytest.mark.parametrize("words, sentence", [
    ([], "Nothing to evaluate: give at least one of --dataset=NAME, --against=FOLDER"),
    (["--generator", "more"], "'more' is not a flag"),
])  # fmt: skip
def test_mistakes_are_refused(tmp_path, words, sentence):
    run = write_run(tmp_path / "run")
    with pytest.raises(errors.UserError, match=sentence):
        evaluate.parse_args(["evaluate", f"--run={run}", *words])


def test_the_program_refuses_without_tensorflow(tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('tf_ssgan.evaluate', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"--run={tmp_path}", "--generator"],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": python_path(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == "False\n"
    assert done.stderr == f"{tmp_path} is not the folder of a run: it holds no config.json.\n"


def test_help_shows_the_flags_and_warns_of_inception(capsys):
    with pytest.raises(SystemExit) as stopped:
        evaluate.parse_args(["evaluate", "--help"])
    assert stopped.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--against" in text and "--minutes" in text and "--generator=False" in text
    assert "It is not the Inception of published Frechet distances" in text
