"""Where tau comes from: fixed, or by one of three searches."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods
from support.file_contents import manifest_metadata

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.nn import step_random
from tf_ssgan.training import checkpoints, manifests

NAME = "acgan_trunc"


def update_tau(toy, step=0):
    """One step of tau, on the images of a step."""
    with step_random.at(0, step):
        return float(toy.method.update_tau(next(toy.batches(step)))["tau"])


def test_only_the_search_by_validation_reads_held_out_images():
    for search in ("none", "gradient", "grid"):
        assert set(toy_methods.Toy(NAME, tau_search=search).method.streams()) == {"labeled"}
    streams = toy_methods.Toy(NAME, tau_search="validation").method.streams()
    assert set(streams) == {"labeled", "held_out"}
    assert (streams["held_out"].pool, streams["held_out"].examples) == ("held_out", 8)


def test_without_held_out_images_the_search_by_validation_is_refused():
    hp = toy_methods.hparams(NAME, tau_search="validation")
    with pytest.raises(errors.UserError, match="none are held out: give --validation=500"):
        methods.find(NAME).Method(hp, dataclasses.replace(toy_methods.task(), held_out=0))


@pytest.mark.parametrize("search", ["gradient", "validation"])
def test_a_learned_tau_moves_in_small_steps(search):
    logs = toy_methods.Eager(NAME, tau_search=search).run(3)
    steps = np.abs(np.diff([1.0] + [one["tau"] for one in logs]))
    assert np.all(steps > 0) and np.all(steps < 2e-3)


@pytest.mark.parametrize("search", ["gradient", "validation"])
def test_a_step_of_tau_changes_only_tau_and_its_optimizer(search):
    """No moving average records what the search passes through the networks."""
    toy = toy_methods.Toy(NAME, tau_search=search)
    update_tau(toy)
    for owner, values in toy.values().items():
        same = [np.array_equal(a, b) for a, b in zip(values, toy.start[owner], strict=True)]
        assert all(same) is (owner not in ("network/tau", "optimizer/tau")), owner


def held_out_loss_after_a_step(toy, tau, z, c, held_out, rate):
    """The held-out loss after a step of gradient descent of D on generated images with a tau."""
    method = toy.method
    method.factor.tau.assign(tau)
    variables = [v.value for v in method.d.variables]
    before = [tf.identity(v) for v in variables]
    _, truncated = method.full_and_truncated(z, c)
    with tf.GradientTape() as tape:
        loss = method.class_loss(truncated, c)
    for v, slope in zip(variables, tape.gradient(loss, variables), strict=True):
        if slope is not None:  # the source head has none
            v.assign_sub(rate * slope)
    after = float(method.class_loss(held_out["image"], held_out["label"]))
    for v, value in zip(variables, before, strict=True):
        v.assign(value)
    return after


@pytest.mark.parametrize("mode", ["clamp", "resample"])
@pytest.mark.parametrize("network", ["fm_cnn", "alexnet"])
def test_the_hypergradient_is_what_a_step_with_another_tau_does(network, mode):
    options = dict(network=network, trunc_mode=mode, dropout=0.0)
    toy = toy_methods.Eager(NAME, tau_search="validation", **options)
    toy.run(10)  # or else images hardly depend on the latents
    held_out = next(toy.batches())["held_out"]
    with step_random.at(0, 0):
        z, c = toy.method.latents(8)
    start, more, rate = float(toy.method.tau()), 0.01, 0.01
    with tf.GradientTape() as tape:
        change = toy.method.held_out_change(z, c, held_out)
    slope = float(tape.gradient(change, toy.method.factor.tau.value))
    low, high = (
        held_out_loss_after_a_step(toy, start + sign * more, z, c, held_out, rate)
        for sign in (-1, 1)
    )
    assert (high - low) / (2 * more * rate) == pytest.approx(slope, rel=0.05)


@pytest.mark.parametrize("name", [NAME, "wacgan_gpt"])
def test_a_search_by_validation_resumes_exactly_and_agrees_on_two_replicas(name, tmp_path):
    toy = toy_methods.Toy(name, tau_search="validation")
    uninterrupted = toy.run(6)
    toy.load(toy.start)
    toy.run(3)
    checkpoints.save(tmp_path, toy.method.state(), 3, manifest_metadata())
    resumed = toy_methods.Toy(name, tau_search="validation")
    checkpoints.load(manifests.find(tmp_path).folder, resumed.method.state())
    assert resumed.run(3, first=3) == uninterrupted[3:]
    pair = toy_methods.Toy(name, devices=2, tau_search="validation")
    pair.load(toy.start)
    for one, two in zip(pair.run(6), uninterrupted, strict=True):
        assert one == pytest.approx(two, abs=1e-4)
