"""Many kills of one run."""

import collections
import pathlib
import subprocess
import sys

import pytest

from benchmarks import kill_loop

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("kills", [1, 4, 10, 100])
def test_a_quarter_of_the_kills_comes_during_saving(kills):
    plan = kill_loop.make_plan(kills, seed=0)
    counts = collections.Counter(kill.kind for kill in plan)
    assert len(plan) == kills and counts[kill_loop.SAVING] == -(-kills // 4)
    assert kills < 100 or all(count >= 5 for count in counts.values()) and len(counts) == 5
    assert kill_loop.make_plan(kills, seed=0) == plan != kill_loop.make_plan(100, seed=1)


def test_a_difference_of_results_is_found(tmp_path):
    assert kill_loop._untimed('{"step": 1, "seconds": 2.0}') == {"step": 1}
    (tmp_path / "result.json.7.partial").touch()
    ((name, _),) = kill_loop.find_leftovers(tmp_path)
    assert name == "result.json.7.partial"


@pytest.mark.slow
def test_a_killed_run_ends_as_if_nothing_had_happened():
    command = [sys.executable, "benchmarks/kill_loop.py", "--kills=4", "--seed=3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 kills, 1 during saving; ")
    assert done.stdout.endswith("weights, metrics and result equal to the bit\n")
