"""Hyperparameters that every method has, and recipes."""

import dataclasses
from typing import Any, ClassVar

from tf_ssgan.common import options
from tf_ssgan.common.options import option


@dataclasses.dataclass(frozen=True)
class HParams:
    """Hyperparameters that every method has.

    A recipe is a dictionary of hyperparameters and of defaults of the run (labels, noise,
    clean_fraction, epochs, max_steps). There are recipes for a dataset ("svhn"), for a dataset with
    a number of labels ("svhn@500"), for any short run ("short") and for a short run on a dataset
    ("svhn/short"); later ones win. A profile other than the method's own ("authors",
    "authors/cifar10") wins over all of them.
    """

    batch_size: int = option(100, "Labeled images per step, over all replicas.", low=1)
    learning_rate: float = option(3e-4, "Initial learning rate of every optimizer.", low=0)
    average_decay: float = option(
        0.999,
        "Decay of the exponential moving average of the weights, which is exported; warmed up as "
        "min(decay, (1+t)/(10+t)). 0 exports the raw weights.",
        low=0,
        high=1,
    )

    RECIPES: ClassVar[dict[str, dict[str, Any]]] = {}

    def __post_init__(self):
        """Checks the ranges.

        Raises:
            UserError: A value is out of range; the message names the hyperparameter.
        """
        options.check(self)

    @classmethod
    def recipe(
        cls, dataset: str, labels: int | None = None, short: bool = False, profile: str = ""
    ) -> dict[str, Any]:
        """The recipe of a run: all that apply to it merged, the most specific one last.

        Args:
            dataset: Name of the dataset.
            labels: Number of labels, or None for the recipe's own.
            short: Whether the run is too short for the schedule of the paper.
            profile: Value of the hyperparameter of this name, if the method has one.
        """
        merged = dict(cls.RECIPES.get(dataset, {}))
        labels = merged.get("labels") if labels is None else labels
        merged |= cls.RECIPES.get(f"{dataset}@{labels}", {})
        if short:
            merged |= cls.RECIPES.get("short", {}) | cls.RECIPES.get(f"{dataset}/short", {})
        if profile:
            merged |= cls.RECIPES.get(profile, {}) | cls.RECIPES.get(f"{profile}/{dataset}", {})
            merged |= cls.RECIPES.get(f"{profile}/{dataset}@{labels}", {})
        return merged

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step, which determine the length of an epoch."""
        return self.batch_size
