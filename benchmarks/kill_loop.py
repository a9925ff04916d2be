"""Kills one run of a GAN many times, and shows that it ends as if nothing had happened.

python benchmarks/kill_loop.py --kills=100 --seed=0

Trains a small FR-GAN on the digits twice: once undisturbed, and once killed (SIGKILL) over and over
and each time continued by the same command. A quarter of the kills come during saving, at a random
place of it; the others during the start and the restoring of a checkpoint, between two steps, in an
evaluation, and while the result is written. Then all variables of the last checkpoint,
metrics.jsonl without measured times, and result.json are compared bit by bit. Prints a line of
figures; exit status 1 if anything differs or a partial file remains. TensorFlow is imported once
and each process is forked, so that 100 kills take some minutes.
"""

import argparse
import dataclasses
import json
import mmap
import os
import pathlib
import random
import runpy
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import tqdm

ROOT = pathlib.Path(__file__).parents[1]
INTERVAL = 73  # steps between two checkpoints of this run
FLAGS = ("--method=frgan", "--dataset=digits", "--width=4", "--latent_size=8", "--batch_size=16",
         "--precision=float32")  # fmt: skip
TIMES = ("seconds", "images_per_second", "waiting_percent")
RESULT_FILES = 5  # figures, report and result.json: what `results.conclude` writes
LONGEST_SAVE = 0.03  # seconds, about
START, STEPS, EVALUATION, SAVING, RESULT = "start", "steps", "evaluation", "saving", "result"


@dataclasses.dataclass(frozen=True)
class Kill:
    """When a process is killed.

    Attributes:
        kind: The part of the program.
        count: How many steps, evaluations, saves or files come before.
        part: Where in it, in [0, 1).
    """

    kind: str
    count: int = 0
    part: float = 0.0


class Shared:
    """What a process that may be killed at any moment tells its parent: a step, and if it saves."""

    def __init__(self):
        """Nothing has happened."""
        self._memory = mmap.mmap(-1, 16)

    def note(self, step: int, saving: bool) -> None:
        """Writes both."""
        self._memory[:16] = struct.pack("<qq", step, saving)

    def read(self) -> tuple[int, bool]:
        """The step, and whether it is being saved."""
        step, saving = struct.unpack("<qq", self._memory[:16])
        return step, bool(saving)


@dataclasses.dataclass
class Figures:
    """What is printed at the end."""

    kills: int = 0
    saving: int = 0
    lost: int = 0
    leftovers: set = dataclasses.field(default_factory=set)


def make_plan(kills: int, seed: int) -> list[Kill]:
    """Chooses when to kill: a quarter during saving, and some at the very end of the run."""
    chance = random.Random(seed)
    saving, results = -(-kills // 4), kills // 20 + (kills > 3)
    others = [chance.choice((START, STEPS, EVALUATION)) for _ in range(kills - saving - results)]
    kinds = [SAVING] * saving + others
    chance.shuffle(kinds)
    counts = {START: 1, STEPS: 2 * INTERVAL, EVALUATION: 2, SAVING: 2, RESULT: RESULT_FILES}
    return [
        Kill(kind, chance.randrange(counts[kind]), chance.random())
        for kind in kinds + [RESULT] * results
    ]


def run_length(kills: int) -> int:
    """Steps of a run that is not finished before so many kills."""
    return INTERVAL * (kills + 3) + 15


# --- In the process that is killed ----------------------------------------------------------------


def train(words: list[str], log: pathlib.Path, kill: Kill | None, shared: Shared) -> None:
    """Runs train_main.py as a new process would, until it is killed; does not return."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        _watch(shared)
        if kill:
            _arm(kill)
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def _watch(shared: Shared) -> None:
    """Lets the parent know the step and whether it is being saved."""
    from tf_ssgan.training import callbacks, checkpoints

    save = checkpoints.save

    def noted_save(folder, state, step, metadata):
        shared.note(step, True)
        save(folder, state, step, metadata)
        shared.note(step, False)

    checkpoints.save = noted_save
    _before(callbacks.SignalCheck, "on_train_batch_end",
            lambda check, *_, **__: shared.note(int(check.model.step.numpy()), False))  # fmt: skip


def _arm(kill: Kill) -> None:
    """Prepares the kill of this process by itself; the parent does that of the start."""
    from tf_ssgan.common import files
    from tf_ssgan.metrics import classification
    from tf_ssgan.training import callbacks, checkpoints, results

    counted = _counter(kill.count, _kill)
    if kill.kind == STEPS:
        _before(callbacks.SignalCheck, "on_train_batch_end", counted)
    elif kill.kind == EVALUATION:
        _before(classification, "evaluate", _counter(4 * kill.count + int(4 * kill.part), _kill))
    elif kill.kind == RESULT:
        _before(results, "conclude", lambda *_, **__: _before(files, "replace", counted))
    elif kill.kind == SAVING:
        _before(checkpoints, "save", _counter(kill.count, lambda: _kill_within_save(kill.part)))


def _kill_within_save(part: float) -> None:
    """Kills the process at one of the calls of the save that begins, or after a random time."""
    import tensorflow as tf

    from tf_ssgan.common import files
    from tf_ssgan.training import checkpoints, manifests

    places = [(tf.train.Checkpoint, "write"), (manifests, "write"), (files, "flush_folder"),
              (pathlib.Path, "rename"), (files, "flush"), (checkpoints, "_remove")]  # fmt: skip
    place = int(2 * len(places) * part)
    if place < len(places):
        _before(*places[place], lambda *_, **__: _kill())
    timer = threading.Timer(LONGEST_SAVE * (1 + (place < len(places))) * part, _kill)
    timer.daemon = True
    timer.start()


def _counter(count: int, act: Callable[[], None]) -> Callable[..., None]:
    """A function that acts when it is called after so many other calls."""
    calls = []

    def called(*_: Any, **__: Any) -> None:
        calls.append(True)
        if len(calls) == count + 1:
            act()

    return called


def _before(owner: Any, name: str, act: Callable[..., None]) -> None:
    """Lets something happen before each call of a function."""
    original = getattr(owner, name)

    def wrapper(*args, **kwargs):
        act(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, name, wrapper)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# --- In the parent --------------------------------------------------------------------------------


def run_process(workdir: pathlib.Path, steps: int, kill: Kill | None, seconds: float) -> Shared:
    """Starts the run or continues it, and waits for the end of its process.

    Args:
        workdir: Folder of the run.
        steps: Its length.
        kill: When to kill it; None lets it end.
        seconds: How long a start takes.

    Returns:
        What the process has noted.

    Raises:
        RuntimeError: It ended in another way.
    """
    shared, log = Shared(), workdir.with_name(f"{workdir.name}.log")
    words = ["train_main.py", *FLAGS, f"--max_steps={steps}", f"--workdir={workdir}"]
    child = os.fork()
    if not child:
        train(words, log, kill, shared)
    try:
        if kill and kill.kind == START:
            time.sleep(seconds * kill.part)
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except KeyboardInterrupt:
        os.kill(child, signal.SIGKILL)
        raise
    if status != (-signal.SIGKILL if kill else 0):
        raise RuntimeError(f"{kill} ended with status {status}: {log.read_text()[-2000:]}")
    return shared


def find_leftovers(workdir: pathlib.Path) -> set[tuple[str, int]]:
    """The partial files and folders of a run: names, and numbers in the file system."""
    found = [*workdir.rglob("*.partial"), *workdir.rglob("*.partial.*")]
    return {(path.name, path.stat().st_ino) for path in found}


def saved_step(workdir: pathlib.Path) -> int:
    """The step from which the next process continues."""
    from tf_ssgan.training import manifests

    found = manifests.find(workdir / "checkpoints")
    return found.manifest["step"] if found else 0


def differences(one: pathlib.Path, two: pathlib.Path) -> list[str]:
    """What differs between two finished runs: names of variables and files."""
    import tensorflow as tf

    different = []
    readers = [
        tf.train.load_checkpoint(str(max(folder.glob("checkpoints/step-*")) / "state"))
        for folder in (one, two)
    ]
    names = set().union(*(reader.get_variable_to_shape_map() for reader in readers))
    for name in sorted(name for name in names if "OBJECT_GRAPH" not in name):
        values = [
            reader.get_tensor(name) if reader.has_tensor(name) else None for reader in readers
        ]
        if any(value is None for value in values) or values[0].tobytes() != values[1].tobytes():
            different.append(name)
    for name in ("metrics.jsonl", "result.json"):
        lines = [(folder / name).read_text().splitlines() for folder in (one, two)]
        texts = lines if name.endswith("l") else [["".join(text)] for text in lines]
        first, second = ([_untimed(line) for line in text] for text in texts)
        different += [name] if first != second else []
    return different


def _untimed(line: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(line).items() if name not in TIMES}


def kill_often(workdir: pathlib.Path, plan: list[Kill], steps: int, seconds: float) -> Figures:
    """Runs a run to its end, with kills."""
    figures = Figures()
    for kill in tqdm.tqdm(plan, "kills", disable=None):
        reached, saving = run_process(workdir, steps, kill, seconds).read()
        figures.kills += 1
        figures.saving += saving
        figures.lost += max(0, reached - saved_step(workdir)) if workdir.exists() else 0
        figures.leftovers |= find_leftovers(workdir)
    run_process(workdir, steps, None, seconds)
    return figures


def _import() -> None:
    """Imports what the forked processes need; none of it starts a thread of TensorFlow."""
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "TF_CONFIG": ""}
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    from tf_ssgan.common import startup

    with startup.start_up():
        import tf_ssgan.methods.frgan
        import tf_ssgan.training.loop
        import tf_ssgan.training.summary  # noqa: F401


def main() -> None:
    """Prints a line of figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="How many.")
    parser.add_argument("--seed", type=int, default=0, help="Of their moments.")
    parser.add_argument("--steps", type=int, default=0, help="Length of the run; 0: enough.")
    options = parser.parse_args()
    _import()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kill_loop"))
    try:
        steps = options.steps or run_length(options.kills)
        began = time.monotonic()
        run_process(folder / "start", 1, None, 0.0)
        seconds = time.monotonic() - began  # of a start, and of one step
        run_process(folder / "whole", steps, None, seconds)
        plan = make_plan(options.kills, options.seed)
        figures = kill_often(folder / "killed", plan, steps, seconds)
        different = differences(folder / "whole", folder / "killed")
        different += sorted(name for name, _ in find_leftovers(folder / "killed"))
        print(
            f"{figures.kills} kills, {figures.saving} during saving; {figures.lost:,} of {steps:,} "
            f"steps taken again; {len(figures.leftovers)} leftovers swept; weights, metrics and "
            f"result {'differ: ' + ', '.join(different) if different else 'equal to the bit'}"
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if different:
        sys.exit(1)


if __name__ == "__main__":
    main()
