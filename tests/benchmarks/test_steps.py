"""The steps that the benchmarks list."""

import pytest

from tf_ssgan import methods


def test_every_step_belongs_to_a_method(benchmarks):
    assert set(benchmarks("steps").STEPS) <= set(methods.names())


@pytest.mark.parametrize(
    ("side", "sides"), [(28, [4, 7, 14, 28]), (32, [4, 8, 16, 32]), (16, [4, 8, 16])]
)
def test_sides_of_the_conditional_generators_maps(benchmarks, side, sides):
    steps = benchmarks("steps")
    size = steps.Size(side=side, channels=1, classes=3, batch=2, width=4, latent=8)
    assert steps.conditional_sides(size) == sides
