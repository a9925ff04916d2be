"""Tangents along the axes of the latents: stages, axes, and their number."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import improved_gan_minv
from tf_ssgan.methods.bases import manifold
from tf_ssgan.nn import precision, step_random


def built(**hyperparameters):
    hp = toy_methods.hparams("improved_gan_minv", **hyperparameters)
    return improved_gan_minv.Method(hp, toy_methods.task())


def test_more_tangents_than_axes_are_refused():
    with pytest.raises(
        errors.UserError, match="--tangents=9 are more than the --latent_size=8 axes"
    ):
        toy_methods.hparams("improved_gan_minv", tangents=9)


def test_the_axes_of_a_step_are_different_and_change_with_the_step():
    method = built(tangents=2)
    seen = []
    for step in range(4):
        with step_random.at(0, step):
            axes = np.stack(method.axes(3))
        assert axes.shape == (2, 3, 8)
        np.testing.assert_array_equal(axes.sum(-1), 1.0)
        numbers = axes[:, 0].argmax(-1)
        assert numbers[0] != numbers[1] and np.array_equal(axes, np.repeat(axes[:, :1], 3, 1))
        seen.append(tuple(numbers))
    assert len(set(seen)) > 1


@pytest.mark.parametrize(
    ("fraction", "stages"),
    [(0.25, {"plain": 0, "train": 3}), (0.5, {"plain": 0, "train": 6}), (0.0, {"train": 0})],
)
def test_a_fraction_of_the_run_has_no_tangents(fraction, stages):
    assert built(plain_fraction=fraction).stages() == stages


def test_a_run_without_tangents_is_refused():
    with pytest.raises(errors.UserError, match="--plain_fraction=1"):
        built(plain_fraction=1.0)


def test_layers_of_the_context_compute_in_float32():
    with precision.policy("mixed_bfloat16"), manifold.TangentMethod.in_float32():
        made = toy_methods.hparams("improved_gan_minv")
        network = improved_gan_minv.Method(made, toy_methods.task()).discriminator
    assert {x.compute_dtype for x in network.layers if x.weights} == {"float32"}
