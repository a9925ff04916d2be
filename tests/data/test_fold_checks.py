"""Folds that no division could give are refused by labels and groups alone."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import fold_checks

CLASSES = ("cat", "dog")


@pytest.mark.parametrize(
    "labels, units, count, message",
    [
        ([], None, 2, "there are none. Label some of each class."),
        ([0, 0, 0, 1], None, 2, "class 'dog' has only one labeled image"),
        ([0, 0, 1, 1], None, 5, "needs as many labeled images, and there are 4. Give --folds=4"),
        ([0, 0, 1, 1], [7, 8, -9, -9], 3, "class 'dog' are equal or of one group, so they stay"),
        ([0, 0, 1, 1], [7, 8, 7, 8], 3, "1 of the folds would have no image .* Give --folds=2."),
    ],
)
def test_what_cannot_be_divided_is_refused(labels, units, count, message):
    own = np.array(labels, np.int64)
    with pytest.raises(errors.UserError, match=message):
        fold_checks.check(own, CLASSES, count, None if units is None else np.array(units))


def test_what_can_be_divided_passes():
    for units in (None, np.array([5, 6, 5, 6])):
        fold_checks.check(np.array([0, 0, 1, 1]), CLASSES, 2, units)
    fold_checks.check(np.array([0, 0, 0]), CLASSES, 3)  # of a class without labels there are none
