"""What is special to the Wasserstein AC-GAN with truncation."""

import math

import numpy as np
import pytest
from support import acgan_checks, toy_methods

from tf_ssgan import methods
from tf_ssgan.training import config


@pytest.mark.parametrize("mode", ["clamp", "resample"])
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_with_an_infinite_tau_everywhere_it_is_wacgan_gp_to_the_bit(mode, norm):
    knobs = dict(tau_search="none", tau=math.inf, trunc_scope="all", trunc_mode=mode)
    acgan_checks.assert_equal_runs(
        toy_methods.Toy("wacgan_gp", critic_norm=norm),
        toy_methods.Toy("wacgan_gpt", critic_norm=norm, **knobs),
    )


def test_before_training_the_undecided_have_the_sheets_values():
    made, batch = acgan_checks.undecided("wacgan_gpt")
    made.d.minimize = lambda loss, tape: None
    logs = {k: float(v) for k, v in made.one_step(batch).items()}
    whole = logs["source"] + 10 * logs["penalty"] + logs["supervised"] + logs["conditional"]
    assert whole == pytest.approx(10 + 2 * np.log(10), abs=1e-3)
    assert logs["generator"] == pytest.approx(np.log(10), abs=1e-5)


def test_tau_is_searched_by_gradient_from_one():
    made = methods.find("wacgan_gpt").Method(toy_methods.hparams("wacgan_gpt"), toy_methods.task())
    assert made.hp.tau_search == "gradient" and float(made.tau()) == 1.0
    assert made.reports == (*methods.find("wacgan_gp").Method.reports, "tau")
    assert made.searched == ("tau",)
    assert "network/tau" in made.state() and "optimizer/tau" in made.state()


def test_the_undecided_leave_tau_where_it_is():
    made, batch = acgan_checks.undecided("wacgan_gpt")
    made.d.minimize = lambda loss, tape: None
    assert float(made.one_step(batch)["tau"]) == 1.0


def test_a_search_by_grid_takes_steps():
    logs = toy_methods.Toy("wacgan_gpt", tau_search="grid").run(9)
    assert [one["tau"] for one in logs[:7]] == [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert logs[7]["tau"] == logs[8]["tau"] in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
    assert all(np.isfinite(list(one.values())).all() for one in logs)


def test_its_runs_are_those_of_the_method_it_adds_truncation_to():
    mine, theirs = (config.configure(m, "digits").hparams for m in ("wacgan_gpt", "wacgan_gp"))
    assert mine.critic_norm == theirs.critic_norm == "layer"
    assert (mine.width, mine.batch_size) == (theirs.width, theirs.batch_size) == (32, 50)
    assert config.configure("wacgan_gpt", "fashion_mnist").hparams.critic_norm == "batch"
