"""Recipes and ranges of hyperparameters."""

import dataclasses

import pytest

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.core import hparams
from tf_ssgan.methods import frgan


def test_the_most_specific_recipe_wins():
    @dataclasses.dataclass(frozen=True)
    class HParams(hparams.HParams):
        depth: int = option(1, "Depth.")
        RECIPES = {
            "svhn": {"depth": 2, "labels": 500, "epochs": 9},
            "svhn@500": {"depth": 3},
            "svhn@1000": {"depth": 4},
            "short": {"learning_rate": 1.0},
            "svhn/short": {"depth": 5},
        }

    assert HParams.recipe("digits", {}) == {}
    assert HParams.recipe("svhn", {})["depth"] == 3  # its own 500 labels
    assert HParams.recipe("svhn", {"labels": 1000})["depth"] == 4
    assert HParams.recipe("svhn", {"labels": 7, "depth": 9})["depth"] == 2
    assert HParams.recipe("svhn", {}, short=True) == {
        "depth": 5, "labels": 500, "epochs": 9, "learning_rate": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 0}, "at least 1"),
        ({"average_decay": 1.5}, "at most 1"),
        ({"learning_rate": float("nan")}, "at least 0"),
        ({"consistency_space": "logits"}, "Did you mean 'logit'"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(errors.UserError, match=message):
        frgan.HParams(**values)


def test_an_epoch_has_as_many_unlabeled_as_labeled_images_a_step():
    assert hparams.HParams(batch_size=7).unlabeled_examples == 7


@pytest.mark.parametrize("labels, steps", [(250, 3), (300, 3), (301, 4), (40, 1), (0, 1)])
def test_a_pass_over_the_labels_ends_when_the_last_one_was_seen(labels, steps):
    assert hparams.HParams(batch_size=100).labeled_pass(labels) == steps
