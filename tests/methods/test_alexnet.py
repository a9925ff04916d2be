"""What is special to the AlexNet baseline."""

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


def test_it_sees_labeled_images_as_they_are_and_no_others():
    made = methods.find("alexnet").Method(toy_methods.hparams("alexnet"), toy_methods.task())
    (stream,) = made.streams().values()
    assert stream.pool == "labeled" and set(stream.views.values()) == {"plain"}
    assert made.needs_labels


def test_its_step_size_never_falls():
    toy = toy_methods.Eager("alexnet")
    toy.method.step.assign(toy_methods.STEPS - 1)
    toy.run(1)
    assert float(toy.method.c.optimizer.learning_rate) == np.float32(2e-4)


def test_its_network_is_the_whole_classifier_of_the_wider_gan():
    kinds = {name: methods.find(name) for name in ("alexnet", "acgan")}
    alone = kinds["alexnet"].Method(toy_methods.hparams("alexnet", width=4), toy_methods.task())
    hp = toy_methods.hparams("acgan", network="alexnet", width=8)
    gan = kinds["acgan"].Method(hp, toy_methods.task())
    shapes = [tuple(v.shape) for v in gan.classifier.variables]
    assert all(tuple(v.shape) in shapes for v in alone.classifier.variables)
    assert len(shapes) - len(alone.classifier.variables) == 6  # the source head's three layers


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_photographs_take_the_papers_run(dataset):
    made = config.configure("alexnet", dataset)
    assert (made.labels, made.epochs, made.hparams.batch_size) == (-1, 1000, 100)
    assert (made.hparams.learning_rate, made.hparams.beta_1, made.hparams.width) == (2e-4, 0.5, 64)
