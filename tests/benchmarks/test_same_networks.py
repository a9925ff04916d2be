"""Stock Keras and PyTorch have the networks of the methods, and take their steps."""

import importlib.util
import math
import operator

import pytest

from tf_ssgan.nn import weights

# Kernels and biases of the papers' networks for 32x32x3 and 10 classes: CNN13 without gains and
# with batch normalization, WRN-28-2 in the leaky form, and those of the modules in `networks`.
PAPER = {
    "mean_teacher": {"discriminator": 3_119_754},
    "ict": {"discriminator": 3_121_802},
    "flexmatch": {"discriminator": 1_469_642},
    "ali": {"discriminator": 5_292_298, "generator": 1_767_584, "encoder": 3_315_488},
    "triple_gan": {"discriminator": 327_467, "generator": 5_112_049, "classifier": 3_121_812},
    "local_gan": {"discriminator": 626_570, "generator": 9_241_475},
}
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
@pytest.mark.parametrize("name", PAPER)
def test_a_step_is_taken_on_the_same_network(benchmarks, name, side):
    steps, ours = benchmarks("steps"), benchmarks("ours")
    prepared = benchmarks(side).prepare(name, steps.TOY)
    networks = ours.networks(ours.build(name, steps.TOY))
    assert prepared.parameters == {
        k: weights.parameter_count(network, gains=False) for k, network in networks.items()
    }
    for step in prepared.variants.values():
        first, second = step(), step()
        assert all(map(math.isfinite, [*first, *second]))
        assert all(map(operator.ne, first, second))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("name", "counts"), PAPER.items())
def test_networks_have_the_parameters_of_the_papers(benchmarks, name, counts, side):
    prepared = benchmarks(side).prepare(name, benchmarks("sizes").paper_size(name))
    assert prepared.parameters == counts
