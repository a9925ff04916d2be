"""Profiles whose length is a number of passes over the unlabeled pool, after those of a warm-up.

The two kinds of passes have different numbers of steps, so the length of such a run depends on the
number of labels.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from tf_ssgan.methods.bases import profile, wrn

# Dataset -> training images, which are the unlabeled pool. Images that are held out are counted.
POOLS = {"svhn": 73_257, "cifar10": 50_000, "cifar100": 50_000, "fashion_mnist": 60_000}


@dataclasses.dataclass(frozen=True)
class PoolPassesHParams(profile.ProfileHParams, wrn.UnlabeledRatioHParams, wrn.WarmUpHParams):
    """Hyperparameters of a method with such profiles.

    Attributes:
        POOL_PASSES: Profile -> passes over the unlabeled pool after the warm-up, the last batch of
            each may be incomplete. On a dataset that is not among `POOLS`, the recipe's own length
            stays.
    """

    POOL_PASSES: ClassVar[dict[str, int]] = {}

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run, with the length of its profile.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels" and "profile", and their
                length on other hyperparameters too.
            short: Whether the run is too short for the schedule of the paper.

        Raises:
            UserError: A value on which the length depends is out of range.
        """
        merged = super().recipe(dataset, given, short)
        passes = cls.POOL_PASSES.get(given.get("profile") or cls.profile)
        labels = cls.recipe_labels(dataset, given)
        if passes is None or dataset not in POOLS or labels is None:
            return merged
        names = {field.name for field in dataclasses.fields(cls)}
        hp = cls(**{k: v for k, v in {**merged, **given}.items() if k in names})
        pool = POOLS[dataset]
        warm_up = hp.warm_up_epochs * hp.labeled_pass(pool if labels == -1 else labels)
        return merged | {"max_steps": warm_up + passes * -(-pool // hp.unlabeled_examples)}
