"""Mistakes in what is to be judged are answered in a sentence, before TensorFlow is imported."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tf_ssgan import judge
from tf_ssgan.common import errors

ROOT = pathlib.Path(judge.__file__).parents[1]


def written(folder, dataset="digits", **left_out):
    """What looks like a finished run on sight."""
    (folder / "checkpoints" / "step-0000000002").mkdir(parents=True)
    files = {
        "config.json": json.dumps({"dataset": dataset, "data_dir": ""}),
        "checkpoints/step-0000000002/manifest.json": "{}",
        "result.json": "{}",
    }
    for name, text in (files | left_out).items():
        if text is not None:
            (folder / name).write_text(text)
    return folder


@pytest.fixture
def run(tmp_path):
    return written(tmp_path / "run")


def refused(*words):
    with pytest.raises(errors.UserError) as refusal:
        judge.parse_args(["judge", *map(str, words)])
    return str(refusal.value)


def test_what_can_be_judged_is_read(run, tmp_path):
    other = written(tmp_path / "other")
    wanted = judge.parse_args(["judge", f"--run={run}", f"--against={other}", "--images=1000"])
    assert (wanted.workdir, wanted.other, wanted.images) == (run, other, 1000)
    assert judge.parse_args(["judge", f"--run={run}"]).other is None


def test_a_run_is_asked_for():
    assert refused() == "--run is missing. It takes the folder of a run; see --help."


def test_a_folder_that_is_no_run_is_refused(run, tmp_path):
    assert "is not the folder of a run: it holds no config.json" in refused(f"--run={tmp_path}")
    told = refused(f"--run={run}", f"--against={tmp_path}")
    assert told.startswith(f"--against={tmp_path} is not the folder of a run")


@pytest.mark.parametrize("name", ["result.json", "checkpoints/step-0000000002/manifest.json"])
def test_a_run_that_goes_on_is_refused(tmp_path, name):
    run = written(tmp_path / "begun", **{name: None})
    assert refused(f"--run={run}") == (
        f"--run={run} has no result yet; let the run come to its end first."
    )


@pytest.mark.parametrize("name", ["result.json", "config.json"])
def test_damaged_files_are_refused(tmp_path, name):
    run = written(tmp_path / "damaged", **{name: "{"})
    assert "config.json or result.json is damaged" in refused(f"--run={run}")


def test_a_run_is_not_compared_with_itself(run):
    assert "is the run itself" in refused(f"--run={run}", f"--against={run}/")


def test_runs_on_different_data_are_refused(run, tmp_path):
    other = written(tmp_path / "other", dataset="svhn")
    told = refused(f"--run={run}", f"--against={other}")
    assert told == (
        f"--against={other} learned svhn, --run={run} learned digits: only runs on the same data "
        "are compared."
    )


def test_data_that_are_gone_are_told(tmp_path):
    run = written(tmp_path / "run", dataset="npz:/nowhere")
    assert "'/nowhere' is not a folder" in refused(f"--run={run}")


@pytest.mark.parametrize("words, told", [
    ("--images=50", "--images=50: expected at least 100"),
    ("--minutes=11", "--minutes=11.0: expected at least 0.01 and at most 10"),
    ("--minutes=nan", "--minutes=nan"),
    ("--seed=-1", "--seed=-1"),
    ("--dataset=cifr10", "There is no dataset 'cifr10'"),
    ("--inception=nowhere.h5", "--inception=nowhere.h5 cannot be read: No such file"),
    (f"--inception={__file__}", "expected an HDF5 file"),
    ("more", "'more' is no flag"),
])  # fmt: skip
def test_mistakes_are_told(run, words, told):
    assert told in refused(f"--run={run}", words)


def test_a_file_of_another_name_is_no_weights(run, tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert "expected an HDF5 file, *.h5" in refused(f"--run={run}", f"--inception={path}")


def test_the_program_answers_without_tensorflow(tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('tf_ssgan.judge', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, f"--run={tmp_path}"], capture_output=True,
                          text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 2 and done.stdout == "False\n"
    assert done.stderr == f"--run={tmp_path} is not the folder of a run: it holds no config.json.\n"


def test_help_shows_the_flags_and_warns_of_inception(capsys):
    with pytest.raises(SystemExit) as stopped:
        judge.parse_args(["judge", "--help"])
    assert stopped.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--against" in text and "--minutes" in text
    assert "It is not the Inception of published Frechet distances" in text
