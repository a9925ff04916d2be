"""Refuses folds that no division of the images could give, by their labels and groups alone."""

import numpy as np

from tf_ssgan.common import errors


def check(
    labels: np.ndarray,
    classes: tuple[str, ...],
    folds: int,
    units: np.ndarray | None = None,
) -> None:
    """Refuses folds that no division could give.

    Args:
        labels: int64 [n], the classes of the labeled images that are not held out.
        classes: Class names.
        folds: Number of folds.
        units: int64 [n], numbers of what may not be divided, such as groups; None if each image is
            on its own, as far as that is known.

    Raises:
        UserError: There are fewer images or units than folds, or a class has a single one.
    """
    total = len(labels)
    if total == 0:
        raise errors.UserError(
            f"--folds={folds} divides the labeled images, and there are none. Label some of each "
            "class."
        )
    single = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 1).tolist()
    if single:
        raise errors.UserError(
            f"--folds={folds}: class {classes[single[0]]!r} has only one labeled image, which "
            "would be tested by a run that has learned none of its class. Label more of them, or "
            "leave the class out."
        )
    if folds > total:
        raise errors.UserError(
            f"--folds={folds} needs as many labeled images, and there are {total}. Give "
            f"--folds={total} or fewer."
        )
    if units is not None:
        _check_units(labels, classes, folds, units)


def _check_units(
    labels: np.ndarray, classes: tuple[str, ...], folds: int, units: np.ndarray
) -> None:
    """Refuses a class that is one unit, and more folds than units; see `check`."""
    units = np.unique(units, return_inverse=True)[1]
    count = int(units.max()) + 1
    units_of_class = np.bincount(np.unique(labels * count + units) // count, minlength=len(classes))
    whole = np.flatnonzero(units_of_class == 1).tolist()
    if whole:
        raise errors.UserError(
            f"--folds={folds}: all labeled images of class {classes[whole[0]]!r} are equal or of "
            "one group, so they stay together, and the run that is tested on them has learned none "
            "of its class, for any number of folds. Label other images of the class (of other "
            "groups), or leave it out."
        )
    if folds > count:
        raise errors.UserError(
            f"--folds={folds}: {folds - count} of the folds would have no image to test, because "
            f"equal images and images of one group stay together. Give --folds={count}."
        )
