"""The supervised baseline: its loss, its networks and its recipes."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan import methods
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
    assert parameters("frgan") - parameters("ssgan") == 2 * 32 * 2  # 32 channels, 32 / 16 hidden


def test_it_has_the_recipe_of_the_methods_it_is_compared_with():
    mine, theirs = config.configure("supervised", "digits"), config.configure("frgan", "digits")
    for name in ("labels", "max_steps", "epochs"):
        assert getattr(mine, name) == getattr(theirs, name)
    for name in ("batch_size", "width", "learning_rate", "dropout", "image_noise", "decay_start"):
        assert getattr(mine.hparams, name) == getattr(theirs.hparams, name)


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
    for name in ("batch_size", "learning_rate", "average_decay"):
        assert getattr(mine.hparams, name) == getattr(theirs.hparams, name)
    method = supervised.Method(
        supervised.HParams(network="fm_cnn"), Task(10, 28, 28, 1, 9, 9, 9, 9)
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
