"""Stock Keras and PyTorch have the networks of the methods, and take their steps."""

import dataclasses
import importlib.util
import math

import pytest

from tf_ssgan.nn import weights

NAMES = ["flexmatch", "mean_teacher", "ict"]
# Kernels and biases of the papers' networks for 32x32x3 and 10 classes: CNN13 without gains and
# with batch normalization, and WRN-28-2 in the leaky form.
PAPER = {"mean_teacher": 3_119_754, "ict": 3_121_802, "flexmatch": 1_469_642}
SIDES = [
    "stock",
    pytest.param(
        "pytorch",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
        ),
    ),
]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_taken_on_the_same_network(benchmarks, name, side):
    steps, ours = benchmarks("steps"), benchmarks("ours")
    prepared = benchmarks(side).prepare(name, steps.TOY)
    networks = ours.networks(ours.build(name, steps.TOY))
    assert prepared.parameters == {
        k: weights.parameter_count(network, gains=False) for k, network in networks.items()
    }
    for step in prepared.variants.values():
        (first,), (second,) = step(), step()
        assert math.isfinite(first) and math.isfinite(second) and first != second


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("name", "count"), PAPER.items())
def test_networks_have_the_parameters_of_the_papers(benchmarks, name, count, side):
    steps = benchmarks("steps")
    wide = {"width": 32, "depth": 28} if name == "flexmatch" else {"width": 128}
    size = dataclasses.replace(steps.TOY, **steps.CIFAR10, **wide)
    prepared = benchmarks(side).prepare(name, size)
    assert prepared.parameters == {"discriminator": count}
