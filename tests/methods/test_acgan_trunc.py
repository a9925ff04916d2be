"""AC-GAN with truncation: truncated latents, and the searches for tau."""

import numpy as np
import pytest
import tensorflow as tf
from support import acgan_checks, toy_methods
from support.file_contents import manifest_metadata

from tf_ssgan import methods
from tf_ssgan.methods.bases import latent_truncation
from tf_ssgan.nn import step_random
from tf_ssgan.training import checkpoints, manifests


@pytest.mark.parametrize("mode", ["clamp", "resample"])
def test_with_a_tau_beyond_all_latents_for_all_losses_it_equals_acgan(mode):
    untruncated = dict(tau_search="none", tau=1e9, trunc_scope="all", trunc_mode=mode)
    acgan_checks.assert_equal_runs(
        toy_methods.Toy("acgan"), toy_methods.Toy("acgan_trunc", **untruncated)
    )


@pytest.mark.parametrize(("scope", "same"), [("classifier", True), ("all", False)])
def test_trunc_scope_selects_the_losses_that_see_truncated_latents(scope, same):
    (full,) = toy_methods.Eager("acgan_trunc", trunc_scope=scope, tau=1e9).run(1)
    (truncated,) = toy_methods.Eager("acgan_trunc", trunc_scope=scope, tau=0.1).run(1)
    assert (truncated["source"] == full["source"]) is same
    assert truncated["conditional"] != full["conditional"]


@pytest.mark.parametrize("mode", ["clamp", "resample"])
def test_no_latent_of_the_class_head_lies_beyond_tau(mode):
    toy = toy_methods.Toy("acgan_trunc", tau=0.7, trunc_mode=mode)
    latents, call = [], toy.method.generator.call
    toy.method.generator.call = lambda inputs, **kw: latents.append(inputs[0]) or call(inputs, **kw)
    toy.method.one_step(next(toy.batches()))
    largest = [float(tf.reduce_max(tf.abs(z))) for z in latents]
    assert len(largest) == 4  # full and truncated, for each of the two players
    assert largest[0] > 0.7 and largest[2] > 0.7
    assert max(largest[1], largest[3]) <= np.float32(0.7)


def test_truncated_latents_do_not_change_the_generators_moving_averages():
    toy = toy_methods.Toy("acgan_trunc")
    before = [v.numpy() for v in toy.method.generator.variables]
    with step_random.at(0, 0):
        z, c = toy.method.latents(8)
    toy.method.generator([z, c], training=True)
    expected = [v.numpy() for v in toy.method.generator.variables]
    toy.load(toy.start)
    toy.method.full_and_truncated(z, c)
    moved = [v.numpy() for v in toy.method.generator.variables]
    for one, two in zip(moved, expected, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(not np.array_equal(a, b) for a, b in zip(before, moved, strict=True))


def test_a_fixed_tau_is_the_default_and_is_not_reported():
    method = methods.find("acgan_trunc").Method(
        toy_methods.hparams("acgan_trunc"), toy_methods.task()
    )
    assert method.tau() == 1.0 and method.reports == methods.find("acgan").Method.reports
    assert set(method.networks()) == {"discriminator", "generator"}


def test_the_grid_search_begins_each_trial_with_the_initial_weights():
    toy = toy_methods.Eager("acgan_trunc", tau_search="grid")  # one step a trial
    assert toy.method.search_images == -(-toy_methods.LABELED // latent_truncation.HOLD_OUT_EVERY)
    taus = [one["tau"] for one in toy.run(7)]
    assert taus == list(latent_truncation.TAU_GRID)
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


def test_after_the_trials_the_run_continues_with_the_best_tau():
    toy = toy_methods.Eager("acgan_trunc", tau_search="grid")
    toy.run(7)
    toy.method.grid.scored.assign(tf.ones(7))
    toy.method.grid.correct.assign([0.0, 0, 0, 1, 0, 0, 0])
    logs = toy.run(3, first=7)
    assert [one["tau"] for one in logs] == [1.25] * 3
    assert toy.values()["optimizer/generator"][0] == 3  # steps since the trials


def test_trials_do_not_see_the_held_out_labels():
    toy = toy_methods.Eager("acgan_trunc", tau_search="grid")
    labeled = next(toy.batches())["labeled"]
    held_out = toy.method.grid.held_out[labeled["index"].numpy()]
    visible = toy.method.apply_grid_search(labeled)["label"].numpy()
    assert toy.method.grid.held_out.sum() == 3 and held_out.any()
    np.testing.assert_array_equal(visible, np.where(held_out, -1, labeled["label"]))
    toy.method.step.assign(7)
    np.testing.assert_array_equal(toy.method.apply_grid_search(labeled)["label"], labeled["label"])


def test_a_grid_search_resumes_exactly_and_agrees_on_two_replicas(tmp_path):
    toy = toy_methods.Toy("acgan_trunc", tau_search="grid")
    uninterrupted = toy.run(10)
    toy.load(toy.start)
    toy.run(5)
    checkpoints.save(tmp_path, toy.method.state(), 5, manifest_metadata())
    resumed = toy_methods.Toy("acgan_trunc", tau_search="grid")
    checkpoints.load(manifests.find(tmp_path).folder, resumed.method.state())
    assert resumed.run(5, first=5) == uninterrupted[5:]
    pair = toy_methods.Toy("acgan_trunc", devices=2, tau_search="grid")
    pair.load(toy.start)
    for one, two in zip(pair.run(10), uninterrupted, strict=True):
        assert one == pytest.approx(two, abs=1e-4)
