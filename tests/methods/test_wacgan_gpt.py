"""The Wasserstein AC-GAN with truncation: its losses and the searches for tau."""

import numpy as np
import pytest
from support import acgan_checks, toy_methods

from tf_ssgan import methods
from tf_ssgan.training import config


@pytest.mark.parametrize("mode", ["clamp", "resample"])
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_with_a_tau_beyond_all_latents_for_all_losses_it_equals_wacgan_gp(mode, norm):
    untruncated = dict(tau_search="none", tau=1e9, trunc_scope="all", trunc_mode=mode)
    acgan_checks.assert_equal_runs(
        toy_methods.Toy("wacgan_gp", critic_norm=norm),
        toy_methods.Toy("wacgan_gpt", critic_norm=norm, **untruncated),
    )


def test_uniform_predictions_have_the_losses_of_the_formulas():
    method, batch = acgan_checks.with_zero_heads("wacgan_gpt")
    method.d.minimize = lambda loss, tape: None
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    total = logs["source"] + 10 * logs["penalty"] + logs["supervised"] + logs["conditional"]
    assert total == pytest.approx(10 + 2 * np.log(10), abs=1e-3)
    assert logs["generator"] == pytest.approx(np.log(10), abs=1e-5)


def test_tau_is_searched_by_gradient_from_one():
    hp = toy_methods.hparams("wacgan_gpt")
    method = methods.find("wacgan_gpt").Method(hp, toy_methods.task())
    assert hp.tau_search == "gradient" and float(method.tau()) == 1.0
    assert method.reports == (*methods.find("wacgan_gp").Method.reports, "tau")
    assert method.searched == ("tau",)
    assert "network/tau" in method.state() and "optimizer/tau" in method.state()


def test_uniform_predictions_do_not_change_tau():
    method, batch = acgan_checks.with_zero_heads("wacgan_gpt")
    method.d.minimize = lambda loss, tape: None
    assert float(method.one_step(batch)["tau"]) == 1.0


def test_a_grid_search_tries_each_tau_and_keeps_one():
    logs = toy_methods.Toy("wacgan_gpt", tau_search="grid").run(9)
    assert [one["tau"] for one in logs[:7]] == [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert logs[7]["tau"] == logs[8]["tau"] in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
    assert all(np.isfinite(list(one.values())).all() for one in logs)


def test_it_has_the_recipes_of_wacgan_gp():
    mine, theirs = (config.configure(m, "digits").hparams for m in ("wacgan_gpt", "wacgan_gp"))
    assert mine.critic_norm == theirs.critic_norm == "layer"
    assert (mine.width, mine.batch_size) == (theirs.width, theirs.batch_size) == (32, 50)
    assert config.configure("wacgan_gpt", "fashion_mnist").hparams.critic_norm == "batch"
