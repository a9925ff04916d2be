"""Where tau comes from: fixed, or by one of three searches."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods
from support.file_contents import manifest_metadata

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.methods.bases import tau_search
from tf_ssgan.nn import losses, step_random
from tf_ssgan.training import checkpoints, manifests

NAME = "acgan_trunc"


def update_tau(toy, step=0):
    """One step of tau, on the images of a step."""
    with step_random.at(0, step):
        return float(toy.method.update_tau(next(toy.batches(step)))["tau"])


def test_only_the_search_by_validation_reads_held_out_images():
    for search in ("none", "gradient", "grid"):
        method = toy_methods.Toy(NAME, tau_search=search).method
        assert set(method.streams()) == {"labeled"} and not method.tunes_on_held_out
    method = toy_methods.Toy(NAME, tau_search="validation").method
    streams = method.streams()
    assert set(streams) == {"labeled", "held_out"} and method.tunes_on_held_out
    assert (streams["held_out"].pool, streams["held_out"].examples) == ("held_out", 8)


@pytest.mark.parametrize(
    ("held_out", "text"),
    [(0, "no images are held out for that"), (99, "99 held-out images are too few for that")],
)
def test_with_few_held_out_images_the_search_by_validation_is_refused(held_out, text):
    hp = toy_methods.hparams(NAME, tau_search="validation")
    with pytest.raises(errors.UserError, match=f"{text}; 100 are needed: hold out 100 or more"):
        methods.find(NAME).Method(hp, dataclasses.replace(toy_methods.task(), held_out=held_out))


@pytest.mark.parametrize("search", ["gradient", "validation"])
def test_a_learned_tau_moves_in_small_steps(search):
    logs = toy_methods.Eager(NAME, tau_search=search).run(3)
    steps = np.abs(np.diff([1.0] + [one["tau"] for one in logs]))
    assert np.all(steps > 0) and np.all(steps < 2 * tau_search.LEARNING_RATES[search])


@pytest.mark.parametrize("search", ["gradient", "validation"])
def test_a_step_of_tau_changes_only_tau_and_its_optimizer(search):
    """No moving average records what the search passes through the networks."""
    toy = toy_methods.Toy(NAME, tau_search=search)
    update_tau(toy)
    for owner, values in toy.values().items():
        same = [np.array_equal(a, b) for a, b in zip(values, toy.start[owner], strict=True)]
        assert all(same) is (owner not in ("network/tau", "optimizer/tau")), owner


def loss_after_step(toy, tau, z, c, held_out):
    """The held-out loss after a step of D on images of truncated latents alone."""
    method = toy.method
    with step_random.at(0, 0), tf.GradientTape() as tape:
        loss = method.step_loss(z, c, tau)
        loss += 0.0 * tf.add_n([tf.reduce_sum(v.value) for v in method.d.variables])
    method.d.minimize(loss, tape)
    logits = method.discriminator(held_out["image"], training=False)["logits"]
    return float(losses.cross_entropy(held_out["label"], logits))


@pytest.mark.parametrize("mode", ["clamp", "resample"])
@pytest.mark.parametrize(
    ("network", "learning_rate", "steps", "rate"),
    [("fm_cnn", 3e-3, 10, 1e-3), ("alexnet", 3e-3, 15, 1e-5)],
)
def test_the_slope_is_what_steps_with_more_and_less_tau_do(
    network, learning_rate, steps, rate, mode
):
    """Steps of Adam without momentum, as long as float32 needs to show what they do."""
    options = dict(network=network, trunc_mode=mode, beta_1=0.0, learning_rate=learning_rate)
    toy = toy_methods.Toy(NAME, tau_search="validation", **options)
    toy.run(steps)
    trained, held_out = toy.values(), next(toy.batches())["held_out"]
    with step_random.at(0, 0):
        z, c = toy.method.latents(8)
        slope = float(toy.method.held_out_slope(z, c, held_out))
    losses_after = []
    for sign in (-1, 1):
        toy.load(trained)
        toy.method.d.optimizer.learning_rate.assign(rate)
        tau = toy.method.tau() + sign * tau_search.TAU_DIFFERENCE
        losses_after.append(loss_after_step(toy, tau, z, c, held_out))
    difference = losses_after[1] - losses_after[0]
    assert difference / (2 * tau_search.TAU_DIFFERENCE * rate) == pytest.approx(slope, rel=0.05)


@pytest.mark.parametrize("slope", [-3.0, 3.0])
def test_tau_moves_against_the_slope(slope, monkeypatch):
    toy = toy_methods.Toy(NAME, tau_search="validation")
    monkeypatch.setattr(toy.method, "held_out_slope", lambda *_: tf.constant(slope))
    assert update_tau(toy) == pytest.approx(1 - np.sign(slope) * 5e-3, abs=1e-6)


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
