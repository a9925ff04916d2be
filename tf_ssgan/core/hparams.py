"""Hyperparameters that every method has, and recipes."""

import dataclasses
from typing import Any, ClassVar

from tf_ssgan.common import options
from tf_ssgan.common.options import option


@dataclasses.dataclass(frozen=True)
class HParams:
    """Hyper-parameters that every method has.

    A recipe is a dictionary of knobs and of run defaults (labels, noise, clean_fraction, epochs,
    max_steps): for a dataset ("svhn"), a dataset with so many labels ("svhn@500"), any short run
    ("short"), or a short run on a dataset ("svhn/short"); later ones win. A profile other than the
    method's own ("authors", "authors/cifar10") wins over all of them.
    """

    batch_size: int = option(100, "Labeled images a step, over all replicas.", low=1)
    learning_rate: float = option(3e-4, "Initial step size of every optimizer.", low=0)
    average_decay: float = option(
        0.999,
        "Decay of the weight average that is shipped, warmed up as min(decay, (1+t)/(10+t)); "
        "0 ships the raw weights.",
        low=0,
        high=1,
    )

    RECIPES: ClassVar[dict[str, dict[str, Any]]] = {}

    def __post_init__(self):
        """Refuses values out of range.

        Raises:
            UserError: Naming the knob, what was expected and what came.
        """
        options.check(self)

    @classmethod
    def recipe(
        cls, dataset: str, labels: int | None = None, short: bool = False, profile: str = ""
    ) -> dict[str, Any]:
        """What the recipes say of a run: knobs and run defaults, most particular last.

        Args:
            dataset: Name of the dataset.
            labels: Number of labels, or None for the recipe's own.
            short: Whether the run is too short for the paper's own schedule.
            profile: The knob of this name, of methods that have it.
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
        """Unlabeled images a step, which sets the length of an epoch."""
        return self.batch_size
