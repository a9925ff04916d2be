"""The recipe of a run: settings that a method recommends for its dataset, number of labels, length.

A recipe may say how long a run is in passes over the unlabeled pool ("epochs"), in steps
("max_steps"), or in passes over the labeled images ("labeled_epochs") and, after these, over the
unlabeled pool ("unlabeled_epochs"). These are turned into one of the others here, where the number
of labels is known.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.core import hparams
from tf_ssgan.data import datasets

LENGTHS = ("epochs", "max_steps")  # the flags of a run's length
EPOCHS = 300  # for a dataset without a recipe; Salimans et al. (2016) take 900
SHORT_STEPS = 20_000  # a shorter run takes the recipe "short"
UNKNOWN_POOL = 50_000  # assumed training images of a dataset whose files are missing
LABELS_PER_CLASS = 10  # for a dataset without a recipe
PASSES = ("labeled_epochs", "unlabeled_epochs")  # lengths that are no flags
SMALL = 16  # pixels; user images up to this size take the recipe of digits, which are as large


def find(
    method_hparams: type[hparams.HParams],
    source: datasets.DataSource,
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Finds the recipe of a run.

    Args:
        method_hparams: The hyperparameters of the method.
        source: The dataset.
        given: Flags that you have set; "labels" only if it is a number of labels.
        defaults: Flag -> default, of the run and of the method.

    Returns:
        The given flags without those that the recipe has settled, and the recipe: flag -> value,
        with a length unless one is given.

    Raises:
        UserError: The size of images is needed, and their files are missing.
    """
    given, own, name = _without_zero(given), {}, source.name
    if datasets.is_user_images(source.name):
        size = given.pop("image_size", 0) or source.image_size
        # A recipe may change the labels of digits; those of user images stay as they are.
        own = {"labels": -1, "image_size": size, "noise": "none", "clean_fraction": 0.0}
        name = "digits" if size <= SMALL else source.name
    long = method_hparams.recipe(name, given) | own
    long = _with_length(method_hparams, source, long, given, defaults)
    if approximate_steps(method_hparams, source, defaults | long | given) >= SHORT_STEPS:
        return given, long
    short = method_hparams.recipe(name, given, short=True) | own
    return given, long | {k: v for k, v in short.items() if k not in LENGTHS + PASSES}


def _without_zero(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given flags without a length of 0, which leaves the length to the recipe.

    If both lengths are 0 they stay, and the run is refused: it has no steps.
    """
    zero = [name for name in LENGTHS if given.get(name) == 0]
    return {k: v for k, v in given.items() if len(zero) == len(LENGTHS) or k not in zero}


def number_of_labels(source: datasets.DataSource, labels: int) -> int:
    """The number of labels that a value of --labels means; -1 stands for all images.

    Args:
        source: The dataset.
        labels: -2 if neither you nor the recipe says it.
    """
    return LABELS_PER_CLASS * len(source.classes) if labels == -2 else labels


def _with_length(
    method_hparams: type[hparams.HParams],
    source: datasets.DataSource,
    recipe: dict[str, Any],
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    """A recipe with its length in steps or passes over the pool; with none if one is given."""
    labeled, unlabeled = (recipe.pop(name, 0) for name in PASSES)
    if any(given.get(name) for name in LENGTHS):
        return {k: v for k, v in recipe.items() if k not in LENGTHS}
    if not labeled:
        return recipe if any(k in recipe for k in LENGTHS) else recipe | {"epochs": EPOCHS}
    merged = {**defaults, **recipe, **given}
    labels = number_of_labels(source, merged["labels"])
    if labels == -1 and not unlabeled:  # both pools hold all images
        return recipe | {"epochs": labeled}
    hp, pool = _make(method_hparams, merged), _pool_size(source)
    steps = labeled * hp.labeled_pass(pool if labels == -1 else labels)
    return recipe | {"max_steps": steps + unlabeled * -(-pool // hp.unlabeled_examples)}


def _pool_size(source: datasets.DataSource) -> int:
    """Number of training images; held-out ones are not subtracted."""
    try:
        return source.train_count
    except errors.UserError:
        return UNKNOWN_POOL  # missing data are reported when the run begins


def _make(method_hparams: type[hparams.HParams], merged: Mapping[str, Any]) -> hparams.HParams:
    """The hyperparameters among some flags."""
    names = [field.name for field in dataclasses.fields(method_hparams)]
    return method_hparams(**{name: merged[name] for name in names})


def approximate_steps(
    method_hparams: type[hparams.HParams], source: datasets.DataSource, merged: Mapping[str, Any]
) -> float:
    """The approximate number of steps of a run: held-out images are not subtracted.

    Args:
        method_hparams: The hyperparameters of the method.
        source: The dataset; if its files are missing, the usual size is assumed.
        merged: All flags of the run.

    Returns:
        The steps; infinity if the flags have no length.
    """
    pool, labels = _pool_size(source), number_of_labels(source, merged["labels"])
    hp = _make(method_hparams, merged)
    per_epoch = hp.epoch_steps(pool if labels == -1 else labels, pool)
    lengths = (merged["epochs"] * per_epoch, merged["max_steps"])
    return min((n for n in lengths if n > 0), default=math.inf)
