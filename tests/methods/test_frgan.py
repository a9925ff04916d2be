"""FR-GAN: its networks, consistency penalty, ramp-up, and relation to its ablations."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.core.task import Task
from tf_ssgan.methods import frgan
from tf_ssgan.nn import losses, weights

WITHOUT_NOISE = {"dropout": 0.0, "image_noise": 0.0}
ONE = {"logits": tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]]), "features": tf.ones([2, 4])}
TWO = {"logits": tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]]), "features": tf.zeros([2, 4])}


def test_the_networks_have_the_papers_parameter_counts():
    method = frgan.Method(frgan.HParams(), Task(10, 32, 32, 3, 1000, 7000, 1500, 70))
    networks = method.networks()
    assert weights.parameter_count(networks["discriminator"], gains=False) == 774_026 + 2_048
    assert weights.parameter_count(networks["generator"], gains=False) == 4_933_379


@pytest.mark.parametrize(
    ("space", "value"), [("probability", 0.020321), ("logit", 0.275), ("feature", 4.0)]
)
def test_the_penalty_in_each_space(space, value):
    hp = toy_methods.hparams("frgan", consistency_space=space)
    method = frgan.Method(hp, toy_methods.task())
    assert float(method.consistency_penalty(ONE, TWO)) == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("step", "value"), [(0, 0.006738), (200, 0.060055), (400, 0.286505), (800, 1.0), (3000, 1.0)]
)
def test_the_ramp_up_takes_a_fraction_of_the_run(step, value):
    method = frgan.Method(toy_methods.hparams("frgan"), toy_methods.task(steps=3000))
    method.step.assign(step)
    assert float(method.ramp_up()) == pytest.approx(value, abs=1e-5)


def test_a_ramp_up_without_length_is_one():
    method = frgan.Method(toy_methods.hparams("frgan", ramp_fraction=0.0), toy_methods.task())
    assert float(method.ramp_up()) == 1.0


def test_equal_views_have_no_penalty_without_noise():
    toy = toy_methods.Toy("frgan", **WITHOUT_NOISE)
    batch = next(toy.batches())
    batch["unlabeled"]["second"] = batch["unlabeled"]["first"]
    assert float(toy.method.one_step(batch)["consistency"]) == 0.0
    noisy = toy_methods.Toy("frgan")
    assert float(noisy.method.one_step(batch)["consistency"]) > 0.0


def test_without_block_and_penalty_it_equals_ssgan():
    """The scalars of frgan_nose with w = 0 are those of ssgan."""
    plain = toy_methods.Eager("ssgan", **WITHOUT_NOISE).run(3)
    ablated = toy_methods.Eager("frgan_nose", consistency_weight=0.0, **WITHOUT_NOISE).run(3)
    for one, two in zip(plain, ablated, strict=True):
        for name, value in one.items():
            assert two[name] == pytest.approx(value, abs=1e-4)


def test_consistency_on_fake_adds_the_penalty_of_generated_images():
    real_only, with_fake = (
        toy_methods.Eager("frgan").run(1),
        toy_methods.Eager("frgan", consistency_on_fake=True).run(1),
    )
    assert with_fake[0]["consistency"] > real_only[0]["consistency"]


def test_the_reported_weight_is_the_final_weight_times_the_ramp_up():
    toy = toy_methods.Eager("frgan", consistency_weight=7.0)
    (logs,) = toy.run(1)
    assert logs["consistency_weight"] == pytest.approx(7 * 0.006738, abs=1e-4)


def test_the_total_loss_by_hand():
    method = frgan.Method(toy_methods.hparams("frgan"), toy_methods.task())
    total = (
        losses.cross_entropy(tf.constant([1, 2]), tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]]))
        + losses.real_or_fake(ONE["logits"], tf.constant([[0.2, -0.3, 0.1], [-1.0, -2.0, 0.5]]))
        + 10 * method.consistency_penalty(ONE, TWO)
    )
    assert float(total) == pytest.approx(2.05167, abs=1e-5)


def test_the_gradient_of_the_penalty_reaches_both_branches():
    for branch in (ONE["logits"], TWO["logits"]):
        with tf.GradientTape() as tape:
            tape.watch(branch)
            one = dict(ONE) if branch is ONE["logits"] else dict(TWO)
            loss = losses.squared_distance(tf.nn.softmax(branch), tf.stop_gradient(one["logits"]))
        assert np.abs(tape.gradient(loss, branch)).max() > 0


def test_the_ablation_without_recalibration_has_the_same_hyperparameters():
    assert methods.find("frgan_nose").HParams is frgan.HParams
    assert methods.find("frgan_nose").Method.recalibrate is False
    assert methods.find("frgan").Method.recalibrate is True
