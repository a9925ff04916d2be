"""Small runs to be interrupted, damaged and cut off by a full disk, in processes and in this one."""

import dataclasses
import functools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods
from support.programs import python_path

from tf_ssgan.methods import frgan
from tf_ssgan.nn import losses
from tf_ssgan.training import build, config, loop, manifests

ROOT = pathlib.Path(__file__).parents[2]
STEPS = 380  # five evaluation intervals of 73 steps, and a rest
FLAGS = [
    "--method=frgan",
    "--dataset=digits",
    "--width=4",
    "--latent_size=8",
    "--batch_size=16",
    "--precision=float32",
    f"--max_steps={STEPS}",
]
TIMED = ("seconds", "images_per_second", "waiting_percent")

# Imports TensorFlow once. For each line of its input it then forks a process that runs train_main.py
# like a new process would. The process may send signals to itself at an exact place: while the first
# step is traced, in the first evaluation, or after a number of steps.
DRIVER = """
import json, os, runpy, signal, sys
from tf_ssgan.core import method
from tf_ssgan.methods import frgan
from tf_ssgan.metrics import classification
from tf_ssgan.training import callbacks, loop

def before(owner, name, due, names):
    original, fired = getattr(owner, name), []
    def wrapper(*args, **kwargs):
        if not fired and due(*args, **kwargs):
            fired.append(True)
            for one in names.split(","):
                os.kill(os.getpid(), getattr(signal, one))
        return original(*args, **kwargs)
    setattr(owner, name, wrapper)

for line in sys.stdin:
    place, names, out, err, words = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

for number, path in ((0, os.devnull), (1, out), (2, err)):
    os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
if place == "compile":
    before(method.Method, "one_step", lambda *_, **__: True, names)
elif place == "evaluation":
    before(classification, "evaluate", lambda *_, **__: True, names)
elif place:
    after = int(place) - 1
    before(callbacks.DivergenceGuard, "on_train_batch_end", lambda guard, batch, **_: batch == after, names)
sys.argv = words
runpy.run_path(words[0], run_name="__main__")
"""


class Forked:
    """Starts train_main.py in forked processes with TensorFlow imported, one after another."""

    def __init__(self, folder):
        self.folder = folder
        variables = environment() | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self.parent = subprocess.Popen(
            [sys.executable, "-c", DRIVER], env=variables, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def begin(self, words, place="", names=""):
        """Starts a process; returns its id."""
        self.outputs = [tempfile.mkstemp(dir=self.folder)[1] for _ in range(2)]
        self.parent.stdin.write(json.dumps([place, names, *self.outputs, words]) + "\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def end(self):
        """Waits for the process; returns its status and output."""
        status = int(self.parent.stdout.readline())
        out, err = (pathlib.Path(path).read_text() for path in self.outputs)
        return types.SimpleNamespace(status=status, out=out, err=err)


def environment():
    return os.environ | {
        "PYTHONPATH": python_path(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CONFIG": "",
    }


def start(words):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *words], env=environment(), cwd=ROOT, **pipes)


def wait(process):
    out, err = process.communicate(timeout=240)
    return types.SimpleNamespace(status=process.returncode, out=out, err=err)


def train_command(workdir):
    return ["train_main.py", *FLAGS, f"--workdir={workdir}"]


def complete_steps(workdir):
    """Steps of the checkpoints of a run that verify, ascending."""
    steps = []
    for folder in sorted((workdir / "checkpoints").glob("step-??????????")):
        manifests.verified(folder)
        steps.append(int(folder.name.removeprefix("step-")))
    return steps


def read_metrics(workdir):
    """The lines of metrics.jsonl without measured times."""
    read = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMED} for line in read]


@pytest.fixture(scope="session")
def verified_steps():
    return complete_steps


@pytest.fixture(scope="session")
def curves():
    return read_metrics


@pytest.fixture(scope="session")
def python():
    """Runs a program and waits for its end."""
    return lambda *words: wait(start(words))


@pytest.fixture(scope="session")
def _uninterrupted(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("uninterrupted") / "run"
    return workdir, start(train_command(workdir))


@pytest.fixture(scope="session")
def finished(_uninterrupted):
    """Folder of a run that was never interrupted, to read or to copy."""
    workdir, process = _uninterrupted
    if process.returncode is None:
        end = wait(process)
        assert end.status == 0, end.err
    return workdir


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run that a test may damage."""
    return pathlib.Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def settings():
    """The configuration of the finished run, for another folder or with other flags."""

    def configure(workdir, **other):
        given = {
            "method": "frgan",
            "width": 4,
            "latent_size": 8,
            "batch_size": 16,
            "precision": "float32",
            "max_steps": STEPS,
            "workdir": str(workdir),
        }
        given |= other
        if given["method"] == "supervised":
            given.pop("latent_size", None)
        return config.configure(**given)

    return configure


@pytest.fixture(scope="session")
def interrupted(_uninterrupted, tmp_path_factory):
    """One run that is interrupted in every way and each time continued by the same command.

    Way -> status, out and err of the process, and the steps of complete checkpoints that it left.
    It runs beside the uninterrupted one.
    """
    folder = tmp_path_factory.mktemp("interrupted")
    workdir, forked = folder / "run", Forked(folder)

    def kill():
        number = forked.begin(train_command(workdir))
        while complete_steps(workdir)[-1:] < [73]:
            os.kill(number, 0)  # raises if it has ended
            time.sleep(0.05)
        time.sleep(random.Random(0).uniform(0.05, 0.3))
        os.kill(number, signal.SIGKILL)
        return forked.end()

    def drive(place="", names=""):
        forked.begin(train_command(workdir), place, names)
        return forked.end()

    ways = {
        "compile": lambda: drive("compile", "SIGTERM"),
        "kill": kill,
        "evaluation": lambda: drive("evaluation", "SIGTERM"),
        "ctrl-c": lambda: drive("9", "SIGINT"),
        "ctrl-c twice": lambda: drive("5", "SIGINT,SIGINT"),
        "nothing": drive,
    }
    results = {"workdir": workdir}
    for way, interrupt in ways.items():
        results[way] = interrupt()
        results[way].steps = complete_steps(workdir)
    forked.parent.communicate()
    return results


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """A dataset of 40 training and 12 test images in 3 classes, as `npz:DIR`."""

    def write(folder, classes=3, size=8):
        folder.mkdir(exist_ok=True)
        for name, count, seed in (("train", 40, 0), ("test", 12, 1)):
            pixels, _ = toy_methods.images(count, size, seed)
            np.savez(folder / f"{name}.npz", image=pixels, label=np.arange(count) % classes)
        return f"npz:{folder}"

    write.dataset = write(tmp_path_factory.mktemp("squares"))
    return write


@pytest.fixture
def short_intervals(monkeypatch):
    """An evaluation interval is one epoch, however short."""
    monkeypatch.setattr(loop, "MIN_EVALUATION_INTERVAL", 1)


class PoisonedRun:
    """An FR-GAN of 9 steps in 3 intervals, traced once, whose scalars can be poisoned."""

    steps = 9

    def __init__(self, dataset):
        self.dataset = dataset
        self.poison = {name: tf.Variable(0.0) for name in frgan.Method.reports}
        self.at = tf.Variable(0, dtype=tf.int64)
        self._run = build.build(self.settings("unused"))
        self._start = {k: [v.numpy() for v in vs] for k, vs in self._run.method.state().items()}

    def settings(self, workdir, **other):
        given = dict(
            dataset=self.dataset,
            width=4,
            latent_size=8,
            batch_size=12,
            labels=6,
            max_steps=self.steps,
            precision="float32",
            workdir=str(workdir),
        )
        return config.configure("frgan", **(given | other))

    def run(self, workdir, at=0, **poison):
        """The run at its start; from step `at` on, the given values are added to these scalars."""
        for name, variable in self.poison.items():
            variable.assign(poison.get(name, 0.0))
        self.at.assign(at)
        for owner, variables in self._run.method.state().items():
            for variable, value in zip(variables, self._start[owner], strict=True):
                variable.assign(value)
        self._run.config = dataclasses.replace(self._run.config, workdir=str(workdir))
        workdir.mkdir(exist_ok=True)
        return self._run

    @functools.cached_property
    def curves(self):
        """The metrics of the run if nothing interrupts it."""
        with tempfile.TemporaryDirectory() as folder:
            loop.train(self.run(pathlib.Path(folder)))
            return read_metrics(pathlib.Path(folder))

    def poisoned(self, name, original):
        def wrapper(*args, **kwargs):
            bad = tf.where(self._run.method.step.value >= self.at, self.poison[name], 0.0)
            return original(*args, **kwargs) + bad

        return wrapper


@pytest.fixture(scope="session")
def _toy(squares):
    return PoisonedRun(squares.dataset)


@pytest.fixture
def toy(_toy, short_intervals, monkeypatch):
    """The run that can be poisoned; its step is traced in the first test that trains."""
    sources = {
        "supervised": (losses, "cross_entropy"),
        "adversarial": (losses, "real_or_fake"),
        "consistency": (losses, "squared_distance"),
        "generator": (losses, "generator_loss"),
        "consistency_weight": (frgan.Method, "ramp_up"),
    }
    for name, (owner, function) in sources.items():
        monkeypatch.setattr(owner, function, _toy.poisoned(name, getattr(owner, function)))
    # Building a configuration gives the traced run, at its start.
    monkeypatch.setattr(build, "build", lambda given: _toy.run(pathlib.Path(given.workdir)))
    return _toy
