"""The hyperparameter `profile`: a method as its paper describes it, or in another variant."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams


@dataclasses.dataclass(frozen=True)
class ProfileHParams(hparams.HParams):
    """Hyperparameters of a method that can also do what public code does.

    A method with other profiles declares the field again. The recipes of the profile ("authors"),
    of the profile on a dataset ("authors/cifar10") and of this with a number of labels
    ("authors/cifar10@250") win over all others; later ones win.
    """

    profile: Literal["paper", "authors"] = option(
        "paper",
        "Variant: the paper's algorithm, or what the authors' code does (see the description of "
        "the method).",
    )

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run: all that apply to it merged, those of its profile last.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels" and "profile".
            short: Whether the run is too short for the schedule of the paper.
        """
        profile = given.get("profile") or cls.profile
        named = f"{profile}/{dataset}"
        names = (profile, named, f"{named}@{cls.recipe_labels(dataset, given)}")
        merged = super().recipe(dataset, given, short)
        for name in names:
            merged |= cls.RECIPES.get(name, {})
        return merged
