"""Which values of the flags of every run are refused, apart from their ranges."""

from collections.abc import Mapping
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.data import datasets, folds, label_noise

LEAST_SIZE = 8  # pixels; the networks halve images twice


def check(settings: Any, defaults: Mapping[str, Any]) -> None:
    """Refuses values that have no meaning, alone or together.

    Args:
        settings: A `config.Config`.
        defaults: The flags of every run with their defaults.

    Raises:
        UserError: The message names the flag, what is expected and the value.
    """
    _refuse_rate(settings)
    _refuse_folds(settings)
    if not datasets.is_user_images(settings.dataset):
        _refuse_image_options(settings, defaults)
    elif 0 < settings.image_size < LEAST_SIZE:
        raise errors.UserError(
            f"--image_size must be {LEAST_SIZE} or more, or 0 for the size of the files, got "
            f"{settings.image_size}."
        )


def _refuse_image_options(settings: Any, defaults: Mapping[str, Any]) -> None:
    """Raises UserError if size, channels or fit are given for a dataset that fixes them."""
    changed = [k for k in ("image_size", "channels", "fit") if getattr(settings, k) != defaults[k]]
    if changed:
        raise errors.UserError(
            f"--{changed[0]} is for folder:DIR and csv:FILE; the images of {settings.dataset} have "
            "their own size and channels. Leave it out."
        )


def _refuse_rate(settings: Any) -> None:
    """Raises UserError if the rate of noise is no fraction, is missing, or comes without noise."""
    kind = settings.noise
    if kind == "none" and settings.hparams is None:
        kind = "uniform"  # any kind: the recipe, which is not known here, may name one
    if settings.noise_rate != -1:
        label_noise.check(2, kind, settings.noise_rate, 0)
    elif settings.noise not in label_noise.DEFAULT_RATES:
        raise errors.UserError(
            f"--noise={settings.noise} needs --noise_rate, the fraction of the labels to replace, "
            "such as 0.3; 0 for none."
        )


def _refuse_folds(settings: Any) -> None:
    """Raises UserError for a single fold, or a fold that there is not."""
    count, fold = settings.folds, settings.fold
    if count and count < folds.FEWEST:
        raise errors.UserError(
            f"--folds={count}: expected {folds.FEWEST} or more, such as 5, or 0 for none."
        )
    if fold >= 0 and not count:
        raise errors.UserError(
            f"--fold={fold} needs --folds, the number of folds: --folds=5 --fold={fold}."
        )
    if count and fold >= count:
        raise errors.UserError(
            f"--fold={fold}: --folds={count} has the folds 0 to {count - 1}. Give one of them, or "
            "leave --fold out for all."
        )
