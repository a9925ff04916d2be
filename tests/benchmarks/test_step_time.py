"""The benchmark of steps runs at toy size and compares networks of the same size."""

import importlib.util
import json
import math
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.xdist_group("step time")

ROOT = pathlib.Path(__file__).resolve().parents[2]
HAS_TORCH = importlib.util.find_spec("torch") is not None
# One method of three families: linear maps of D, linear maps of G, and passes of all maps in a step.
#
# D: forward at two batch sizes, input gradients except the first, all kernel gradients; in G's step
# all input gradients. G: forward twice, and both gradients.
SSGAN = (9, 4, 9 + 8 + 9 + 9 + 9 + 2 * 4 + 3 + 4)
# D is trained by one pass; without its head, it gets images to match and, in G's step, four times
# as many generated ones, with all input gradients. G: forward twice, and both gradients.
I2GAN = (10, 4, (10 + 9 + 10) + 9 + 2 * 9 + 2 * 4 + 3 + 4)
# Three convolutions and two heads, of which passes for one loss use one. D is trained on real images
# (5 maps), on generated ones and on those of truncated latents (4 each); the penalty takes 19 (see
# `test_uses`); G's step uses D twice, tau's once. G: forward five times, twice both gradients for
# its kernels, and once all input gradients for its latents.
WACGAN_GPT = (5, 3, (5 + 4 + 5) + 2 * (4 + 3 + 4) + 19 + 3 * (4 + 4) + 5 * 3 + 2 * (2 + 3) + 3)
LAYERS = {"ssgan": SSGAN, "i2gan": I2GAN, "wacgan_gpt": WACGAN_GPT}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The text that a toy run printed, and the content of its JSON file."""
    file = tmp_path_factory.mktemp("benchmark") / "measurements.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "step_time.py"), f"--json={file}"]
    command += ["--size=toy", f"--methods={','.join(LAYERS)}", "--rounds=1", "--repeats=1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


@pytest.mark.parametrize("name", LAYERS)
def test_printed_numbers_are_finite_and_positive(outcome, name):
    rows = [line for line in outcome[0].splitlines() if line.startswith(f"| {name} |")]
    assert len(rows) == 1
    numbers = [float(cell) for cell in rows[0].strip("| ").split("|")[1:]]
    assert len(numbers) == (10 if HAS_TORCH else 7)
    assert all(math.isfinite(number) and number > 0 for number in numbers)


@pytest.mark.parametrize("name", LAYERS)
def test_networks_have_the_same_number_of_kernels_and_biases(outcome, name):
    measured = outcome[1]["measurements"][name]
    sizes = {k: rounds[0].get("parameters") for k, rounds in measured.items()}
    assert set(sizes) == {"ours", "stock", "roofline"} | ({"pytorch"} if HAS_TORCH else set())
    assert sizes["ours"]["discriminator"] > 0 and sizes["ours"]["generator"] > 0
    assert sizes["stock"] == sizes["ours"]
    if HAS_TORCH:
        assert sizes["pytorch"] == sizes["ours"]


@pytest.mark.parametrize(("name", "facts"), LAYERS.items())
def test_the_layers_of_the_step_are_those_of_the_networks(outcome, name, facts):
    measured = outcome[1]["measurements"][name]
    rows = measured["roofline"][0]["layers"]
    forward = {(r["name"], tuple(r["kernel"])): r for r in rows if r["direction"] == "forward"}
    kernels = sum(math.prod(kernel) for _, kernel in forward)
    assert 0 < kernels < sum(measured["ours"][0]["parameters"].values())
    d = len({layer for layer, _ in forward if layer.startswith("D ")})
    g = len({layer for layer, _ in forward if layer.startswith("G ")})
    assert (d, g, sum(r["times"] for r in rows)) == facts
