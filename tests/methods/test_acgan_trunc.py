"""What is special to AC-GAN with truncation."""

import math

import numpy as np
import pytest
import tensorflow as tf
from support import acgan_checks, toy_methods

from tf_ssgan import methods
from tf_ssgan.methods.bases import latent_truncation
from tf_ssgan.nn import step_random
from tf_ssgan.training import checkpoints


@pytest.mark.parametrize("mode", ["clamp", "resample"])
def test_with_an_infinite_tau_everywhere_it_is_acgan_to_the_bit(mode):
    knobs = dict(tau_search="none", tau=math.inf, trunc_scope="all", trunc_mode=mode)
    acgan_checks.assert_equal_runs(
        toy_methods.Toy("acgan"), toy_methods.Toy("acgan_trunc", **knobs)
    )


@pytest.mark.parametrize(("scope", "same"), [("classifier", True), ("all", False)])
def test_the_scope_says_which_loss_sees_truncated_latents(scope, same):
    (far,) = toy_methods.Eager("acgan_trunc", trunc_scope=scope, tau=math.inf).run(1)
    (near,) = toy_methods.Eager("acgan_trunc", trunc_scope=scope, tau=0.1).run(1)
    assert (near["source"] == far["source"]) is same
    assert near["conditional"] != far["conditional"]


@pytest.mark.parametrize("mode", ["clamp", "resample"])
def test_no_latent_of_the_class_head_lies_beyond_tau(mode):
    toy = toy_methods.Toy("acgan_trunc", tau=0.7, trunc_mode=mode)
    seen, inner = [], toy.method.generator.call
    toy.method.generator.call = lambda inputs, **kw: seen.append(inputs[0]) or inner(inputs, **kw)
    toy.method.one_step(next(toy.batches()))
    largest = [float(tf.reduce_max(tf.abs(z))) for z in seen]
    assert len(largest) == 4  # full and truncated, for each of the two players
    assert largest[0] > 0.7 and largest[2] > 0.7
    assert max(largest[1], largest[3]) <= np.float32(0.7)


def test_truncated_latents_leave_the_generators_statistics_alone():
    toy = toy_methods.Toy("acgan_trunc")
    before = [v.numpy() for v in toy.method.generator.variables]
    with step_random.at(0, 0):
        z, c = toy.method.latents(8)
    toy.method.generator([z, c], training=True)
    expected = [v.numpy() for v in toy.method.generator.variables]
    toy.load(toy.start)
    toy.method.images(z, c)
    moved = [v.numpy() for v in toy.method.generator.variables]
    for one, two in zip(moved, expected, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(not np.array_equal(a, b) for a, b in zip(before, moved, strict=True))


def test_a_fixed_tau_is_the_default_and_is_not_reported():
    made = methods.find("acgan_trunc").Method(
        toy_methods.hparams("acgan_trunc"), toy_methods.task()
    )
    assert made.tau() == 1.0 and made.reports == methods.find("acgan").Method.reports
    assert set(made.networks()) == {"discriminator", "generator"}


def test_the_search_by_gradient_moves_tau_by_its_own_small_steps():
    logs = toy_methods.Eager("acgan_trunc", tau_search="gradient").run(3)
    taus = [1.0] + [one["tau"] for one in logs]
    steps = np.abs(np.diff(taus))
    assert np.all(steps > 0) and np.all(steps < 2e-3)


def test_the_search_by_gradient_leaves_everything_else_alone():
    """Its networks predict as they do outside of training, and only tau has a step."""
    toy = toy_methods.Toy("acgan_trunc", tau_search="gradient")
    with step_random.at(0, 0):
        toy.method.search(8)
    for owner, values in toy.values().items():
        same = [np.array_equal(a, b) for a, b in zip(values, toy.start[owner], strict=True)]
        assert all(same) is (owner not in ("network/tau", "optimizer/tau")), owner


def test_the_search_by_grid_begins_each_trial_from_the_initial_weights():
    toy = toy_methods.Eager("acgan_trunc", tau_search="grid")  # one step a trial
    taus = [one["tau"] for one in toy.run(7)]
    assert taus == list(latent_truncation.GRID)
    for player in (toy.method.d, toy.method.g):
        player.minimize = lambda loss, tape: None
    toy.method.one_step(next(toy.batches(7)))
    now = toy.values()
    for owner in ("network/discriminator", "network/generator"):
        trainable = toy.method.networks()[owner.split("/")[1]].variables
        for v, one, two in zip(trainable, now[owner], toy.start[owner], strict=True):
            if "moving" not in v.path:
                np.testing.assert_array_equal(one, two, err_msg=v.path)
    for owner in ("optimizer/discriminator", "optimizer/generator"):
        for v in toy.method.state()[owner]:
            assert "learning_rate" in v.name or not np.any(v.numpy()), v.name


def test_after_its_trials_the_run_keeps_the_best_tau_and_goes_on():
    toy = toy_methods.Eager("acgan_trunc", tau_search="grid")
    toy.run(7)
    toy.method.grid.asked.assign(tf.ones(7))
    toy.method.grid.right.assign([0.0, 0, 0, 1, 0, 0, 0])
    logs = toy.run(3, first=7)
    assert [one["tau"] for one in logs] == [1.25] * 3
    assert toy.values()["optimizer/generator"][0] == 3  # steps since the trials


def test_trials_do_not_see_the_labels_that_judge_them():
    toy = toy_methods.Eager("acgan_trunc", tau_search="grid")
    labeled = next(toy.batches())["labeled"]
    held = toy.method.grid.held[labeled["index"].numpy()]
    shown = toy.method.trial(labeled)["label"].numpy()
    assert toy.method.grid.held.sum() == 3 and held.any()
    np.testing.assert_array_equal(shown, np.where(held, -1, labeled["label"]))
    toy.method.step.assign(7)
    np.testing.assert_array_equal(toy.method.trial(labeled)["label"], labeled["label"])


def test_a_search_by_grid_goes_on_exactly_and_on_two_replicas(tmp_path):
    toy = toy_methods.Toy("acgan_trunc", tau_search="grid")
    straight = toy.run(10)
    toy.load(toy.start)
    toy.run(5)
    checkpoints.save(tmp_path, toy.method.state(), 5, {})
    other = toy_methods.Toy("acgan_trunc", tau_search="grid")
    checkpoints.restore(tmp_path, other.method.state(), lambda manifest: None)
    assert other.run(5, first=5) == straight[5:]
    pair = toy_methods.Toy("acgan_trunc", devices=2, tau_search="grid")
    pair.load(toy.start)
    for one, two in zip(pair.run(10), straight, strict=True):
        assert one == pytest.approx(two, abs=1e-4)
