"""The AlexNet baseline: its loss, images, learning rate, network and recipe."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.nn import losses
from tf_ssgan.training import config


def test_a_step_is_cross_entropy_on_the_labeled_batch():
    toy = toy_methods.Toy("alexnet", dropout=0.0)
    batch = next(toy.batches())
    logits = toy.method.classifier(batch["labeled"]["image"])["logits"]
    expected = float(losses.cross_entropy(batch["labeled"]["label"], logits))
    assert float(toy.method.one_step(batch)["supervised"]) == pytest.approx(expected, abs=1e-5)


def test_it_reads_labeled_images_only_and_does_not_augment_them():
    method = methods.find("alexnet").Method(toy_methods.hparams("alexnet"), toy_methods.task())
    (stream,) = method.streams().values()
    assert stream.pool == "labeled" and set(stream.views.values()) == {"plain"}
    assert method.needs_labels


def test_its_learning_rate_is_constant():
    toy = toy_methods.Eager("alexnet")
    toy.method.step.assign(toy_methods.STEPS - 1)
    toy.run(1)
    assert float(toy.method.c.optimizer.learning_rate) == np.float32(2e-4)


def test_its_network_is_acgans_without_the_source_head():
    modules = {name: methods.find(name) for name in ("alexnet", "acgan")}
    baseline = modules["alexnet"].Method(
        toy_methods.hparams("alexnet", width=4), toy_methods.task()
    )
    hp = toy_methods.hparams("acgan", network="alexnet", width=8)
    gan = modules["acgan"].Method(hp, toy_methods.task())
    shapes = [tuple(v.shape) for v in gan.classifier.variables]
    assert all(tuple(v.shape) in shapes for v in baseline.classifier.variables)
    # The source head has three layers, each with a kernel and a bias.
    assert len(shapes) - len(baseline.classifier.variables) == 6


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_cifar_has_the_papers_recipe(dataset):
    settings = config.configure("alexnet", dataset)
    hp = settings.hparams
    assert (settings.labels, settings.epochs, hp.batch_size) == (-1, 1000, 100)
    assert (hp.learning_rate, hp.beta_1, hp.width) == (2e-4, 0.5, 64)
