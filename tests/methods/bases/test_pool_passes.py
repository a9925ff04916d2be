"""Lengths in passes over the unlabeled pool, after a warm-up in passes over the labels."""

import dataclasses
from typing import ClassVar, Literal

import pytest

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.data import dataset_info
from tf_ssgan.methods.bases import pool_passes


@dataclasses.dataclass(frozen=True)
class Passes(pool_passes.PoolPassesHParams):
    profile: Literal["paper", "long"] = option("paper", "Variant.")
    batch_size: int = option(100, "Images.", low=1)
    unlabeled_ratio: int = option(2, "Images.", low=1)
    RECIPES = {
        "svhn": dict(labels=1000, max_steps=5),
        "fashion_mnist": dict(labels=1000, max_steps=5),
        "digits": dict(labels=50, max_steps=5),
        "long": dict(warm_up_epochs=3),
    }
    POOL_PASSES: ClassVar[dict[str, int]] = {"long": 10}


def length(dataset, **given):
    return Passes.recipe(dataset, {"profile": "long"} | given)["max_steps"]


@pytest.mark.parametrize(
    ("dataset", "given", "steps"),
    [
        ("svhn", {}, 3 * 10 + 10 * 367),
        ("svhn", {"labels": 250}, 3 * 3 + 10 * 367),
        ("fashion_mnist", {"labels": 1}, 3 * 1 + 10 * 300),
        ("fashion_mnist", {"labels": -1}, 3 * 600 + 10 * 300),
        ("fashion_mnist", {"batch_size": 50}, 3 * 20 + 10 * 600),
        ("fashion_mnist", {"unlabeled_ratio": 1}, 3 * 10 + 10 * 600),
        ("fashion_mnist", {"warm_up_epochs": 0}, 10 * 300),
    ],
)
def test_the_length_is_that_of_both_kinds_of_passes(dataset, given, steps):
    assert length(dataset, **given) == steps


def test_other_profiles_and_other_datasets_keep_their_length():
    assert length("svhn", profile="paper") == length("digits") == 5
    assert Passes.recipe("svhn", {})["max_steps"] == 5
    assert Passes.recipe("my/images", {"profile": "long", "labels": 9}) == {"warm_up_epochs": 3}


def test_a_value_out_of_range_is_refused_as_ever():
    with pytest.raises(errors.UserError, match="--batch_size=0: expected at least 1"):
        length("svhn", batch_size=0)


def test_the_pools_are_the_training_images_of_the_known_datasets():
    assert {k: dataset_info.KNOWN[k].train_count for k in pool_passes.POOLS} == pool_passes.POOLS
