"""Processes killed while they save: what was saved before is still there."""

import os
import pathlib
import subprocess
import sys

import pytest
from support.programs import python_path

ROOT = pathlib.Path(__file__).parents[2]

# A parent imports TensorFlow once and forks savers, which it kills at random moments. A saver
# restores a checkpoint and checks it, then saves without a pause and prints each step that it saved.
SAVERS = """
import os, pathlib, random, select, signal, sys, time
import tensorflow as tf
from support.file_contents import manifest_metadata
from tf_ssgan.training import checkpoints, manifests

folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
chance, saved, leftovers = random.Random(0), -1, 0

def saver(out):
    state = {"clock": [tf.Variable(0, dtype=tf.int64)],
             "network": [tf.Variable(tf.zeros([100_000])) for _ in range(4)]}
    checkpoints.remove_leftovers(folder)
    assert not list(folder.glob("*.partial"))
    found = manifests.find(folder)
    if found:
        checkpoints.load(found.folder, state)
    step = found.manifest["step"] if found else 0
    assert int(state["clock"][0]) == step
    for variable in state["network"]:
        assert bool(tf.reduce_all(variable == float(step)))
    assert step >= saved, (step, saved)
    while True:
        step += 1
        state["clock"][0].assign(step)
        for variable in state["network"]:
            variable.assign(tf.fill([100_000], float(step)))
        checkpoints.save(folder, state, step, manifest_metadata())
        os.write(out, b"%d " % step)

for round in range(rounds):
    inner, outer = os.pipe()
    child = os.fork()
    if not child:
        try:
            saver(outer)
        finally:
            os._exit(1)
    os.close(outer)
    received = os.read(inner, 100)
    time.sleep(chance.uniform(0, 0.06))
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert received and os.WIFSIGNALED(status), "a saver found less than had been saved"
    while more := os.read(inner, 10_000):
        received += more
    os.close(inner)
    saved = int(received.split()[-1])
    leftovers += len(list(folder.glob("*.partial")))
    complete = sorted(folder.glob("step-" + "[0-9]" * 10))
    assert complete
    for one in complete:
        manifests.verified(one)
print("rounds", rounds, "steps", saved, "leftovers", leftovers)
"""


@pytest.mark.parametrize("rounds", [8, pytest.param(150, marks=pytest.mark.slow)])
def test_what_was_saved_survives_a_kill_at_any_moment_of_the_next_save(tmp_path, rounds):
    end = subprocess.run(
        [sys.executable, "-c", SAVERS, str(tmp_path), str(rounds)],
        capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": python_path(ROOT, ROOT / "tests")},
    )  # fmt: skip
    assert end.returncode == 0, end.stderr[-2000:]
    _, done, _, steps, _, leftovers = end.stdout.split()[-6:]
    assert int(done) == rounds and int(steps) >= rounds
    assert int(leftovers) > 0, "no kill came while saving: the test has shown nothing"
