"""Label noise: how many labels change, to what, and that a seed means the same for ever."""

import hashlib

import numpy as np
import pytest

from tf_ssgan import errors
from tf_ssgan.data import corruption

TRUE = np.arange(20_000) % 10


def changed(kind, rate, seed=3, classes=10):
    return corruption.corrupt(TRUE, classes, kind, rate, seed) != TRUE


@pytest.mark.parametrize("rate", [0, 0.1, 0.33333, 0.5, 1])
def test_wrong_changes_exactly_the_rounded_fraction(rate):
    assert changed("wrong", rate).sum() == round(rate * len(TRUE))


def test_wrong_spreads_evenly_over_the_other_classes():
    noisy = corruption.corrupt(TRUE, 10, "wrong", 1.0, 0)
    table = np.histogram2d(TRUE, noisy, bins=[10, 10])[0]
    assert np.all(np.diag(table) == 0)
    # 2,000 labels a class over 9 others: 222, deviation 14; five deviations.
    assert np.abs(table[~np.eye(10, dtype=bool)] - 222).max() < 70


@pytest.mark.parametrize("classes, rate", [(10, 0.5), (10, 1.0), (100, 0.4)])
def test_uniform_leaves_some_right_by_chance(classes, rate):
    labels = np.arange(20_000) % classes
    wrong = (corruption.corrupt(labels, classes, "uniform", rate, 1) != labels).mean()
    assert wrong == pytest.approx(rate * (1 - 1 / classes), abs=0.01)


def test_none_changes_nothing_and_copies():
    labels = corruption.corrupt(TRUE, 10, "none", 0, 0)
    assert (labels == TRUE).all() and labels is not TRUE and labels.dtype == np.int64


def test_the_argument_is_not_changed():
    labels = TRUE.copy()
    corruption.corrupt(labels, 10, "wrong", 0.9, 0)
    assert (labels == TRUE).all()


def test_a_seed_decides_alone():
    first, again, other = (corruption.corrupt(TRUE, 10, "wrong", 0.5, s) for s in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("kind", ["wrong", "uniform"])
def test_more_noise_contains_less(kind):
    less, more = changed(kind, 0.2), changed(kind, 0.6)
    assert less.sum() and not (less & ~more).any()


def test_noise_is_the_same_on_every_platform():
    noisy = corruption.corrupt(TRUE, 10, "wrong", 0.5, 7).astype("<i8").tobytes()
    assert hashlib.sha256(noisy).hexdigest()[:16] == "0d8dbb982b8d2249"


def test_permutation_holds_each_number_once():
    assert sorted(corruption.permutation(1000, 1, 2)) == list(range(1000))
    assert corruption.permutation(0, 1).shape == (0,)


def test_no_labels_are_legal():
    assert corruption.corrupt(np.zeros(0, int), 10, "wrong", 0.5, 0).shape == (0,)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((10, "wrang", 0.1, 0), "noise 'wrang' is unknown. Did you mean 'wrong'"),
        ((10, "wrong", 1.1, 0), "fraction from 0 to 1, got 1.1"),
        ((10, "wrong", -0.1, 0), "fraction from 0 to 1, got -0.1"),
        ((10, "wrong", float("nan"), 0), "fraction from 0 to 1, got nan"),
        ((10, "none", 0.1, 0), "would do nothing"),
        ((10, "wrong", 0.1, -1), "noise_seed must be 0 or more, got -1"),
        ((1, "wrong", 0.1, 0), "at least two classes"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(errors.UserError, match=message):
        corruption.corrupt(TRUE, *arguments)
