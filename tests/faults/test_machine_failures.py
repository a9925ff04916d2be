"""Memory that runs out and packages that are missing: one sentence, and nothing is lost."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf
from support.programs import python_path

from flags import program
from tf_ssgan.common import errors
from tf_ssgan.training import build, callbacks, loop

ROOT = pathlib.Path(__file__).parents[2]
OOM = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[64,512]")


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("step", OOM),
        ("evaluation", MemoryError("Unable to allocate 745. GiB")),
        ("conclusion", OOM),
    ],
)
def test_memory_that_runs_out_in_training_is_a_sentence_and_the_run_goes_on(
    toy, tmp_path, monkeypatch, error, place
):
    run = toy.run(tmp_path / "run")
    with monkeypatch.context() as patched:
        if place == "step":
            guard, real = callbacks.DivergenceGuard, callbacks.DivergenceGuard.on_train_batch_end

            def fifth(self, batch, logs=None):
                real(self, batch, logs)
                if int(self.model.step.numpy()) == 5:
                    raise error

            patched.setattr(guard, "on_train_batch_end", fifth)
        elif place == "evaluation":
            patched.setattr(loop, "_evaluate_errors", failing(error))
        else:
            patched.setattr(loop.results, "conclude", failing(error))
        with pytest.raises(errors.UserError) as said:
            loop.run(run.config)
    text = str(said.value)
    assert text.startswith("Memory ran out: ") and "smaller --batch_size" in text
    assert said.value.status == 2 and "\n" not in text
    assert loop.run(toy.settings(tmp_path / "run"))["steps"] == toy.steps


def test_memory_that_runs_out_while_data_are_loaded(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "build", failing(MemoryError("Unable to allocate 9 GiB")))
    with pytest.raises(errors.UserError, match="Memory ran out: Unable to allocate 9 GiB. End"):
        loop.run(toy.settings(tmp_path / "run"))


@pytest.mark.parametrize("error", [OOM, MemoryError("Unable to allocate 9 GiB")])
def test_memory_that_runs_out_in_any_program_is_a_sentence(capsys, error):
    """Evaluation, export, prediction, reports: what they print last."""
    with pytest.raises(SystemExit) as ended, program.exit_on_user_error():
        raise error
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and line.startswith("Memory ran out: ")


WITHOUT = """
import runpy, sys
for name in {names!r}: sys.modules[name] = None
sys.argv = ["train_main.py", "--method=supervised", "--max_steps=2", "--width=4",
            "--workdir={workdir}"]
runpy.run_path("train_main.py", run_name="__main__")
"""


def without(names, workdir):
    """A run of two steps in a process in which some modules cannot be imported."""
    code = WITHOUT.format(names=names, workdir=workdir)
    surroundings = {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | surroundings,
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip


def test_without_tensorboard_and_the_extras_a_run_is_the_same_but_for_its_events(tmp_path):
    names = ["tensorboard", "tensorflow_serving", "grpc", "playwright", "tensorflow_datasets",
             "importlib_resources"]  # fmt: skip
    done = without(names, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "TensorBoard" in line]
    assert len(said) == 1 and said[0].startswith("TensorBoard cannot be imported (")
    assert json.loads((tmp_path / "run/result.json").read_text())["steps"] == 2
    assert not (tmp_path / "run/tensorboard").exists()


@pytest.mark.parametrize(("module", "package"), [("sklearn", "scikit-learn"), ("keras", "keras")])
def test_without_what_it_needs_a_run_does_not_begin(tmp_path, module, package):
    done = without([module], tmp_path / "run")
    assert done.returncode == 2 and done.stdout == "" and not (tmp_path / "run").exists()
    (line,) = done.stderr.splitlines()
    assert f" lacks {package}, which tf_ssgan needs." in line


def test_what_is_imported_at_the_end_fails_before_the_first_step(tmp_path):
    done = without(["sklearn.metrics"], tmp_path / "run")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert "A package cannot be imported: " in last and "sklearn.metrics" in last
    assert not (tmp_path / "run/metrics.jsonl").exists()
