"""Hyperparameters that every method has, and recipes."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from tf_ssgan.common import options
from tf_ssgan.common.options import LARGEST_BATCH, option


@dataclasses.dataclass(frozen=True)
class HParams:
    """Hyperparameters that every method has.

    A recipe is a dictionary of hyperparameters and of defaults of the run (labels, noise,
    clean_fraction, epochs, max_steps, and labeled_epochs, unlabeled_epochs: the length of the
    run in passes over the labeled images, then over the unlabeled pool). There are recipes for
    a dataset ("svhn"), for a dataset with a number of labels ("svhn@500"), for any short run
    ("short") and for a short run on a dataset ("svhn/short"); later ones win.
    """

    batch_size: int = option(
        100, "Labeled images per step, over all replicas.", low=1, high=LARGEST_BATCH
    )
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
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run: all that apply to it merged, the most specific one last.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels" among them.
            short: Whether the run is too short for the schedule of the paper.
        """
        merged = dict(cls.RECIPES.get(dataset, {}))
        merged |= cls.RECIPES.get(f"{dataset}@{cls.recipe_labels(dataset, given)}", {})
        if short:
            merged |= cls.RECIPES.get("short", {}) | cls.RECIPES.get(f"{dataset}/short", {})
        return merged

    @classmethod
    def recipe_labels(cls, dataset: str, given: Mapping[str, Any]) -> int | None:
        """The number of labels that is set, else that of the data set's recipe, if it has one."""
        labels = given.get("labels")
        return cls.RECIPES.get(dataset, {}).get("labels") if labels is None else labels

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step, which determine the length of an epoch."""
        return self.batch_size

    def epoch_steps(self, labeled: int, unlabeled: int) -> int:
        """Steps of an epoch: a pass over the unlabeled pool in whole batches.

        Args:
            labeled: Images in the labeled pool.
            unlabeled: Images in the unlabeled pool.
        """
        del labeled
        return max(1, unlabeled // self.unlabeled_examples)

    @property
    def labeled_examples(self) -> int:
        """Labeled images a step."""
        return self.batch_size

    def labeled_pass(self, labels: int) -> int:
        """Steps in which every labeled image is seen once, the last batch may be incomplete.

        Args:
            labels: Number of labeled images.
        """
        return max(1, -(-labels // self.labeled_examples))
