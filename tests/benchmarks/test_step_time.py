"""The benchmark runs at toy size, and compares networks of the same size."""

import importlib.util
import json
import math
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HAS_TORCH = importlib.util.find_spec("torch") is not None


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What a toy run printed, and what it wrote."""
    written = tmp_path_factory.mktemp("benchmark") / "figures.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "step_time.py"), f"--json={written}"]
    command += ["--size=toy", "--methods=ssgan", "--rounds=1", "--repeats=1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(written.read_text())


def test_printed_figures_are_finite_and_positive(outcome):
    rows = [line for line in outcome[0].splitlines() if line.startswith("| ssgan |")]
    assert len(rows) == 1
    figures = [float(cell) for cell in rows[0].strip("| ").split("|")[1:]]
    assert len(figures) == (10 if HAS_TORCH else 7)
    assert all(math.isfinite(figure) and figure > 0 for figure in figures)


def test_networks_have_the_same_number_of_kernels_and_biases(outcome):
    measured = outcome[1]["measurements"]["ssgan"]
    sizes = {name: rounds[0].get("parameters") for name, rounds in measured.items()}
    assert set(sizes) == {"ours", "stock", "roofline"} | ({"pytorch"} if HAS_TORCH else set())
    assert sizes["ours"]["discriminator"] > 0 and sizes["ours"]["generator"] > 0
    assert sizes["stock"] == sizes["ours"]
    if HAS_TORCH:
        assert sizes["pytorch"] == sizes["ours"]


def test_the_layers_of_the_step_are_those_of_the_networks(outcome):
    measured = outcome[1]["measurements"]["ssgan"]
    rows = measured["roofline"][0]["layers"]
    forward = {(r["name"], tuple(r["kernel"])): r for r in rows if r["direction"] == "forward"}
    kernels = sum(math.prod(kernel) for _, kernel in forward)
    assert 0 < kernels < sum(measured["ours"][0]["parameters"].values())
    # D: forward at two batch sizes, input gradients but the first, all kernel gradients; in G's
    # step all input gradients. G: forward twice, and the two gradients.
    d = len({name for name, _ in forward if name.startswith("D ")})
    g = len({name for name, _ in forward if name.startswith("G ")})
    assert (d, g) == (9, 4)
    assert sum(r["times"] for r in rows) == d + (d - 1) + d + d + d + 2 * g + (g - 1) + g
