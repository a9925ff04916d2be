"""What is special to FR-GAN."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.core.task import Task
from tf_ssgan.methods import frgan
from tf_ssgan.nn import losses, weights

QUIET = {"dropout": 0.0, "image_noise": 0.0}
ONE = {"logits": tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]]), "features": tf.ones([2, 4])}
TWO = {"logits": tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]]), "features": tf.zeros([2, 4])}


def test_the_paper_networks():
    made = frgan.Method(frgan.HParams(), Task(10, 32, 32, 3, 1000, 7000, 1500, 70))
    networks = made.networks()
    assert weights.parameter_count(networks["discriminator"], gains=False) == 774_026 + 2_048
    assert weights.parameter_count(networks["generator"], gains=False) == 4_933_379


@pytest.mark.parametrize(
    ("space", "value"), [("probability", 0.020321), ("logit", 0.275), ("feature", 4.0)]
)
def test_the_space_of_the_penalty(space, value):
    hp = toy_methods.hparams("frgan", consistency_space=space)
    made = frgan.Method(hp, toy_methods.task())
    assert float(made.disagreement(ONE, TWO)) == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("step", "value"), [(0, 0.006738), (200, 0.060055), (400, 0.286505), (800, 1.0), (3000, 1.0)]
)
def test_the_ramp_is_a_share_of_the_run(step, value):
    made = frgan.Method(toy_methods.hparams("frgan"), toy_methods.task(steps=3000))
    made.step.assign(step)
    assert float(made.ramp()) == pytest.approx(value, abs=1e-5)


def test_a_ramp_without_length_is_one():
    made = frgan.Method(toy_methods.hparams("frgan", ramp_fraction=0.0), toy_methods.task())
    assert float(made.ramp()) == 1.0


def test_equal_branches_agree_once_noise_is_off():
    toy = toy_methods.Toy("frgan", **QUIET)
    batch = next(toy.batches())
    batch["unlabeled"]["second"] = batch["unlabeled"]["first"]
    assert float(toy.method.one_step(batch)["consistency"]) == 0.0
    noisy = toy_methods.Toy("frgan")
    assert float(noisy.method.one_step(batch)["consistency"]) > 0.0


def test_without_block_and_penalty_it_is_the_plain_gan():
    """SE off and w = 0: the curves of frgan_nose are those of ssgan, bit for bit."""
    plain = toy_methods.Eager("ssgan", **QUIET).run(3)
    ablated = toy_methods.Eager("frgan_nose", consistency_weight=0.0, **QUIET).run(3)
    for one, two in zip(plain, ablated, strict=True):
        for name, value in one.items():
            assert two[name] == pytest.approx(value, abs=1e-4)


def test_generated_images_must_agree_too_if_told():
    usual, more = (
        toy_methods.Eager("frgan").run(1),
        toy_methods.Eager("frgan", consistency_on_fake=True).run(1),
    )
    assert more[0]["consistency"] > usual[0]["consistency"]


def test_the_reported_weight_is_the_ramp_times_its_end():
    toy = toy_methods.Eager("frgan", consistency_weight=7.0)
    (logs,) = toy.run(1)
    assert logs["consistency_weight"] == pytest.approx(7 * 0.006738, abs=1e-4)


def test_the_whole_loss_by_hand():
    total = (
        losses.cross_entropy(tf.constant([1, 2]), tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]]))
        + losses.real_or_fake(ONE["logits"], tf.constant([[0.2, -0.3, 0.1], [-1.0, -2.0, 0.5]]))
        + 10 * frgan.Method(toy_methods.hparams("frgan"), toy_methods.task()).disagreement(ONE, TWO)
    )
    assert float(total) == pytest.approx(2.05167, abs=1e-5)


def test_its_gradient_flows_into_both_branches():
    for branch in (ONE["logits"], TWO["logits"]):
        with tf.GradientTape() as tape:
            tape.watch(branch)
            one = dict(ONE) if branch is ONE["logits"] else dict(TWO)
            loss = losses.squared_distance(tf.nn.softmax(branch), tf.stop_gradient(one["logits"]))
        assert np.abs(tape.gradient(loss, branch)).max() > 0


def test_the_presets_differ_just_in_what_they_leave_out():
    assert methods.find("frgan_nose").HParams is frgan.HParams
    assert methods.find("frgan_nose").Method.recalibrate is False
    assert methods.find("frgan").Method.recalibrate is True
