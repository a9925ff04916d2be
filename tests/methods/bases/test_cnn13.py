"""What the consistency methods share: which network, which normalization, which views."""

import dataclasses

import keras
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13
from tf_ssgan.nn import layers
from tf_ssgan.training import config


class Method(cnn13.CNN13Method):
    """A method that has only the network."""

    def setup(self):
        self.classifier = self.build_network()
        self.player("classifier", self.classifier, self.hp.optimizer())

    def streams(self):
        return {"labeled": Stream("labeled", 4, {"image": "translated"})}


@dataclasses.dataclass(frozen=True)
class HParams(cnn13.CNN13HParams):
    """Hyperparameters that build it."""

    width: int = 2
    depth: int = 10
    average_decay: float = 0.0

    def optimizer(self):
        return keras.optimizers.Adam(self.learning_rate)


def built(flipped=False, **given):
    task = dataclasses.replace(toy_methods.task(), flip=flipped)
    with toy_methods.short():
        return Method(HParams(**given), task)


def kinds(method):
    return [type(layer) for layer in method.classifier.layers]


@pytest.mark.parametrize(
    ("network", "present", "absent"),
    [
        ("cnn13", layers.MeanOnlyBatchNorm, layers.BatchNorm),
        ("cnn13_bn", layers.BatchNorm, layers.MeanOnlyBatchNorm),
        ("wrn_leaky", layers.BatchNorm, layers.GaussianNoise),
        ("wrn_plain", layers.BatchNorm, layers.GaussianNoise),
    ],
)
def test_the_network_is_the_one_that_was_chosen(network, present, absent):
    made = kinds(built(network=network))
    assert present in made and absent not in made


@pytest.mark.parametrize(
    ("network", "normalization", "first"),
    [
        ("cnn13", "auto", layers.GaussianNoise),
        ("cnn13", "none", layers.GaussianNoise),
        ("cnn13", "per_image", layers.Contrast),
        ("cnn13_bn", "zca", layers.Whiten),
        ("wrn_leaky", "auto", layers.Standardize),
        ("wrn_leaky", "none", keras.layers.Conv2D),
        ("wrn_plain", "contrast_zca", layers.Contrast),
    ],
)
def test_every_network_normalizes_images_as_it_is_told(network, normalization, first):
    made = kinds(built(network=network, normalization=normalization))
    assert made[1] is first
    assert made.count(layers.Whiten) == ("zca" in normalization)
    assert made.count(layers.Standardize) == (first is layers.Standardize)


def test_only_whitening_limits_the_size_of_images():
    assert Method.most_values(HParams()) == Method.most_values(HParams(normalization="none")) == 0
    assert Method.most_values(HParams(normalization="standardize_zca")) == 4096


def test_a_moving_decay_of_zero_is_that_of_the_paper():
    for given, expected in ((0.0, 0.999), (0.95, 0.95)):
        made = built(moving_decay=given).classifier.layers
        assert {x.momentum for x in made if hasattr(x, "momentum")} == {expected}


@pytest.mark.parametrize(
    ("flip", "of_task", "flips"),
    [("auto", True, True), ("auto", False, False), ("yes", False, True), ("no", True, False)],
)
def test_views_are_flipped_as_the_data_set_says_unless_told(flip, of_task, flips):
    assert built(of_task, flip=flip).flips == flips


def test_a_depth_of_no_wide_residual_network_is_refused():
    with pytest.raises(errors.UserError, match="10, 16, 22, 28"):
        HParams(depth=11)


def test_the_width_of_a_recipe_is_that_of_the_network_in_its_paper():
    """128 channels of CNN13, 32 of WRN-28-2; a recipe's own width and yours stay."""

    def width(name, dataset="cifar10", **given):
        return config.configure(name, dataset, **given).hparams.width

    assert width("pi_model") == width("ict") == 128
    assert width("ict", network="wrn_leaky") == 32
    assert (width("flexmatch"), width("flexmatch", network="cnn13_bn")) == (32, 128)
    assert width("flexmatch", "digits", network="cnn13_bn") == 32
    assert width("pi_model", network="wrn_plain", width=64) == 64
