"""The supervised baseline: its loss, its networks and its recipes."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.core.task import Task
from tf_ssgan.methods import supervised
from tf_ssgan.nn import losses, weights
from tf_ssgan.training import config


def test_a_step_is_cross_entropy_on_the_labeled_batch():
    toy = toy_methods.Toy("supervised", dropout=0.0, image_noise=0.0)
    batch = next(toy.batches())
    logits = toy.method.classifier(batch["labeled"]["image"])["logits"]
    expected = float(losses.cross_entropy(batch["labeled"]["label"], logits))
    assert float(toy.method.one_step(batch)["supervised"]) == pytest.approx(expected, abs=1e-5)


def test_it_reads_labeled_images_only():
    method = methods.find("supervised").Method(
        toy_methods.hparams("supervised"), toy_methods.task()
    )
    assert {stream.pool for stream in method.streams().values()} == {"labeled"}


def test_its_network_has_the_size_of_the_method_it_is_compared_with():
    def parameters(name, **hparams):
        method = methods.find(name).Method(
            toy_methods.hparams(name, width=16, **hparams), toy_methods.task()
        )
        return weights.parameter_count(method.classifier)

    assert parameters("supervised") == parameters("frgan")
    assert parameters("supervised", network="ssgan") == parameters("ssgan")
    assert parameters("supervised", network="improved_gan") == parameters("improved_gan")
    assert parameters("frgan") - parameters("ssgan") == 2 * 32 * 2  # 32 channels, 32 / 16 hidden


def test_it_has_the_recipe_of_the_methods_it_is_compared_with():
    mine, theirs = config.configure("supervised", "digits"), config.configure("frgan", "digits")
    for name in ("labels", "max_steps", "epochs"):
        assert getattr(mine, name) == getattr(theirs, name)
    for name in ("batch_size", "width", "learning_rate", "dropout", "image_noise", "decay_start"):
        assert getattr(mine.hparams, name) == getattr(theirs.hparams, name)


@pytest.mark.parametrize(
    ("network", "method"),
    [("ssgan", "ssgan"), ("improved_gan", "improved_gan"), ("fm_cnn", "acgan"),
     ("wrn_plain", "vat"), ("cnn13", "pi_model"), ("cnn13_bn", "pi_model")],
)  # fmt: skip
@pytest.mark.parametrize("dataset", ["svhn", "cifar100", "digits"])
def test_with_a_network_it_has_the_recipe_of_that_networks_method(network, method, dataset):
    mine = config.configure("supervised", dataset, network=network).as_flags()
    theirs = config.configure(method, dataset).as_flags()
    shared = set(mine) & set(theirs)
    shared -= {"method", "workdir", "network", "translate_labeled", "flip"}
    if (network, dataset) == ("ssgan", "digits"):  # a short run
        assert (mine["beta_1"], theirs["beta_1"]) == (0.9, 0.5)
        shared -= {"beta_1"}
    assert {name: mine[name] for name in shared} == {name: theirs[name] for name in shared}


def test_flags_win_over_the_recipe():
    hp = config.configure("supervised", "svhn", network="improved_gan", width=5, beta_1=0.7).hparams
    assert (hp.width, hp.beta_1, hp.input_dropout) == (5, 0.7, 0.2)


@pytest.mark.parametrize("short, beta_1", [(False, 0.5), (True, 0.9)])
def test_beta_1_is_that_of_the_gans_except_in_short_runs(short, beta_1):
    given = {"max_steps": 1500} if short else {}
    hp = config.configure("supervised", "svhn", **given).hparams
    method = supervised.Method(toy_methods.hparams("supervised", beta_1=hp.beta_1),
                               toy_methods.task())  # fmt: skip
    assert float(method.c.optimizer.beta_1) == hp.beta_1 == beta_1


def test_a_constant_learning_rate_stays_constant():
    method = supervised.Method(
        toy_methods.hparams("supervised", learning_rate=2e-4, decay_start=1.0),
        toy_methods.task(steps=12),
    )
    method.step.assign(12)
    assert float(method.rate()) == pytest.approx(2e-4)


def test_the_learning_rate_decays_to_zero():
    method = supervised.Method(
        toy_methods.hparams("supervised", learning_rate=1e-3), toy_methods.task(steps=12)
    )
    rates = []
    for step in (0, 8, 10, 12):
        method.step.assign(step)
        rates.append(float(method.rate()))
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 5e-4, 0], atol=1e-9)


def test_on_fashion_mnist_it_is_the_baseline_of_acgan():
    mine, theirs = (config.configure(m, "fashion_mnist") for m in ("supervised", "acgan"))
    assert mine.hparams.network == theirs.hparams.network == "fm_cnn"
    for name in ("labels", "max_steps", "epochs"):
        assert getattr(mine, name) == getattr(theirs, name)
    for name in ("batch_size", "learning_rate", "average_decay", "beta_1", "width"):
        assert getattr(mine.hparams, name) == getattr(theirs.hparams, name)
    method = supervised.Method(
        supervised.HParams(network="fm_cnn", width=128), Task(10, 28, 28, 1, 9, 9, 9, 9)
    )
    assert weights.parameter_count(method.classifier) == 2_671_370


def test_with_a_wide_residual_network_it_is_the_baseline_of_fixmatch():
    theirs = methods.find("fixmatch").Method(toy_methods.hparams("fixmatch"), toy_methods.task())
    hparams = dict(network="wrn_leaky", translate_labeled=True)
    mine = supervised.Method(toy_methods.hparams("supervised", **hparams), toy_methods.task())
    assert weights.parameter_count(mine.classifier) == weights.parameter_count(theirs.classifier)
    assert mine.streams()["labeled"].views == theirs.streams()["labeled"].views == {"image": "crop"}
    flipped = supervised.Method(
        toy_methods.hparams("supervised", flip=True, **hparams), toy_methods.task()
    )
    assert flipped.streams()["labeled"].views == {"image": "flip crop"}


@pytest.mark.parametrize("network", ["cnn13", "cnn13_bn"])
def test_with_cnn13_it_is_the_baseline_of_the_pi_model(network):
    """The same network, learning rate and views; the labeled images alone."""
    hparams = dict(network=network, width=8, normalization="standardize")
    hparams |= dict(learning_rate=0.002, ramp_up=0.25, ramp_down=0.5)
    kinds = (("pi_model", {}), ("supervised", dict(translate_labeled=True, decay_start=1.0)))
    task = toy_methods.task(flip=True)
    theirs, mine = (
        methods.find(name).Method(toy_methods.hparams(name, **hparams, **own), task)
        for name, own in kinds
    )
    assert [type(layer) for layer in mine.classifier.layers] == [
        type(layer) for layer in theirs.classifier.layers
    ]
    assert weights.parameter_count(mine.classifier) == weights.parameter_count(theirs.classifier)
    assert mine.streams()["labeled"].views == {"image": "flip translated"}
    mixed = theirs.streams()["mixed"]
    assert (mixed.shared, set(mixed.views.values())) == ("flip", {"translated"})
    for step in (0, 2, 3, 6, 9, 12):
        mine.step.assign(step)
        theirs.step.assign(step)
        assert float(mine.rate()) == pytest.approx(float(theirs.rate()), rel=1e-6)


def test_images_of_cnn13_are_flipped_as_the_views_are_and_not_without_them():
    def view(flips=False, **hparams):
        hp = toy_methods.hparams("supervised", network="cnn13", **hparams)
        return supervised.Method(hp, toy_methods.task(flip=flips)).streams()["labeled"].views

    assert view(flips=True) == {"image": "plain"}
    assert view(translate_labeled=True) == {"image": "translated"}
    assert view(translate_labeled=True, flip=True) == {"image": "flip translated"}
    assert view(flips=True, flip=True) == {"image": "flip plain"}


def test_other_networks_have_no_ramps():
    hp = config.configure("supervised", "svhn").hparams
    assert (hp.ramp_up, hp.ramp_down, hp.decay_start) == (0.0, 0.0, pytest.approx(2 / 3))
    hp = config.configure("supervised", "svhn", network="cnn13").hparams
    assert (hp.ramp_up, hp.ramp_down, hp.decay_start) == (80 / 300, 50 / 300, 1.0)


def test_a_normalization_that_a_network_does_not_have_is_refused():
    with pytest.raises(errors.UserError, match="^--normalization=zca is for .* leave it out.$"):
        config.configure("supervised", "svhn", network="frgan", normalization="zca")
    settings = config.configure("supervised", "svhn", network="cnn13", normalization="zca")
    assert settings.hparams.normalization == "zca"
