"""I2GAN: the scaled loss, the additional generated images, and its recipes."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.training import config


def test_without_its_changes_it_equals_improved_gan():
    plain = toy_methods.Toy("improved_gan", unlabeled_weight=0.7)
    same = toy_methods.Toy("i2gan", unlabeled_weight=0.7, tau=1.0, fake_ratio=1)
    assert same.run(4) == plain.run(4)
    for owner, values in plain.values().items():
        for one, two in zip(values, same.values()[owner], strict=True):
            np.testing.assert_array_equal(two, one, err_msg=owner)


def test_tau_scales_the_real_or_fake_loss_only():
    toy, minimized = toy_methods.Toy("i2gan", tau=5.0, unlabeled_weight=0.7), []
    toy.method.d.minimize = lambda loss, tape: minimized.append(float(loss))
    logs = toy.method.one_step(next(toy.batches()))
    expected = float(logs["supervised"]) + 0.7 * 5 * float(logs["adversarial"])
    assert minimized == [pytest.approx(expected, abs=1e-5)]


def test_tau_has_the_same_effect_as_the_weight():
    one = toy_methods.Eager("i2gan", tau=2.0, unlabeled_weight=0.5).run(2)
    two = toy_methods.Eager("i2gan", tau=1.0, unlabeled_weight=1.0).run(2)
    for ours, theirs in zip(one, two, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("ratio", [1, 3])
def test_more_images_are_generated_in_the_generator_step_only(ratio, monkeypatch):
    toy, rows = toy_methods.Toy("i2gan", fake_ratio=ratio), []
    fake_images = toy.method.fake_images
    monkeypatch.setattr(toy.method, "fake_images", lambda n: rows.append(n) or fake_images(n))
    toy.method.one_step(next(toy.batches()))
    assert rows == [8, ratio * 8]


def test_its_defaults_are_both_changes_on_the_full_form():
    hp = methods.find("i2gan").HParams()
    assert (hp.tau, hp.fake_ratio, hp.unlabeled_weight) == (2.0, 4, 1.0)
    assert methods.find("improved_gan").HParams().unlabeled_weight == 0.5


def test_a_long_run_has_the_recipe_of_improved_gan_except_for_the_changes():
    ours, theirs = config.configure("i2gan", "svhn"), config.configure("improved_gan", "svhn")
    assert ours.differences(theirs.identity()) == {
        "method": ("improved_gan", "i2gan"),
        "unlabeled_weight": (0.5, 1.0),
        "tau": (None, 2.0),
        "fake_ratio": (None, 4),
    }


def test_a_short_run_differs_from_improved_gan_in_the_changes_only():
    ours, theirs = config.configure("i2gan", "digits"), config.configure("improved_gan", "digits")
    assert ours.hparams.unlabeled_weight == 0.5
    assert set(ours.differences(theirs.identity())) == {"method", "tau", "fake_ratio"}
