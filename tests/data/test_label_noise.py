"""Label noise: how many labels change, to what, and that a seed always gives the same labels."""

import hashlib

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import label_noise

TRUE = np.arange(20_000) % 10


def changed(kind, rate, seed=3, classes=10):
    return label_noise.corrupt(TRUE, classes, kind, rate, seed) != TRUE


@pytest.mark.parametrize("rate", [0, 0.1, 0.33333, 0.5, 1])
def test_wrong_changes_exactly_the_rounded_fraction(rate):
    assert changed("wrong", rate).sum() == round(rate * len(TRUE))


def test_wrong_spreads_evenly_over_the_other_classes():
    noisy = label_noise.corrupt(TRUE, 10, "wrong", 1.0, 0)
    table = np.histogram2d(TRUE, noisy, bins=[10, 10])[0]
    assert np.all(np.diag(table) == 0)
    # 2,000 labels of a class over 9 others: 222, standard deviation 14; five of them.
    assert np.abs(table[~np.eye(10, dtype=bool)] - 222).max() < 70


@pytest.mark.parametrize("classes, rate", [(10, 0.5), (10, 1.0), (100, 0.4)])
def test_uniform_leaves_some_right_by_chance(classes, rate):
    labels = np.arange(20_000) % classes
    wrong = (label_noise.corrupt(labels, classes, "uniform", rate, 1) != labels).mean()
    assert wrong == pytest.approx(rate * (1 - 1 / classes), abs=0.01)


# Right labels for rates .2, .5, .8 and .9 of ten classes: 1 - r + r / 10, and 1 - r.
@pytest.mark.parametrize(
    "kind, right", [("uniform", [0.82, 0.55, 0.28, 0.19]), ("wrong", [0.8, 0.5, 0.2, 0.1])]
)
def test_the_expected_fraction_of_labels_stays_right(kind, right):
    fractions = [1 - changed(kind, rate).mean() for rate in (0.2, 0.5, 0.8, 0.9)]
    assert fractions == pytest.approx(right, abs=0.01)


@pytest.fixture
def by_hand(monkeypatch):
    """Labels are chosen in the order 2, 0, 3, 1, and permuted labels come from 1, 2, 3, 0."""
    orders = {0: [2, 0, 3, 1], 4: [1, 2, 3, 0]}
    monkeypatch.setattr(
        label_noise, "permutation", lambda count, seed, stream: np.array(orders[stream])
    )


@pytest.mark.parametrize(
    "kind, rate, clean, expected",
    [
        ("permute", 1, None, [1, 2, 2, 0]),
        ("permute", 0.5, None, [1, 1, 2, 2]),
        ("permute", 1, [True, False, False, False], [0, 2, 2, 0]),
        ("permute", 2 / 3, [True, False, False, False], [0, 1, 2, 0]),
        ("pair", 1, None, [1, 2, 0, 0]),
        ("pair", 0.5, None, [1, 1, 0, 2]),
        ("pair", 0.5, [False, False, True, True], [1, 1, 2, 2]),
        ("pair", 1, [True] * 4, [0, 1, 2, 2]),
    ],
)
def test_a_few_labels_by_hand(by_hand, kind, rate, clean, expected):
    clean = None if clean is None else np.array(clean)
    assert label_noise.corrupt(np.array([0, 1, 2, 2]), 3, kind, rate, 0, clean).tolist() == expected


def test_permuted_labels_are_independent_of_their_images():
    noisy = label_noise.corrupt(TRUE, 10, "permute", 1.0, 0)
    assert np.bincount(noisy).tolist() == [2000] * 10
    assert (noisy == TRUE).mean() == pytest.approx(0.1, abs=0.01)
    # 2,000 labels of a class over 10: 200, standard deviation 13; five of them.
    assert np.abs(np.histogram2d(TRUE, noisy, bins=[10, 10])[0] - 200).max() < 65


def test_pair_takes_the_next_class():
    noisy = label_noise.corrupt(TRUE, 10, "pair", 0.45, 0)
    assert (noisy != TRUE).sum() == 9000
    assert set((noisy - TRUE).tolist()) == {0, 1, -9}


@pytest.mark.parametrize("kind", ["wrong", "uniform", "permute", "pair"])
def test_kept_labels_never_change_and_the_rate_is_of_the_others(kind):
    clean = np.arange(len(TRUE)) % 4 == 0
    noisy = label_noise.corrupt(TRUE, 10, kind, 0.6, 3, clean)
    assert (noisy[clean] == TRUE[clean]).all()
    if kind in ("wrong", "pair"):
        assert (noisy != TRUE).sum() == 9000
    none_kept = np.zeros(len(TRUE), bool)
    default = label_noise.corrupt(TRUE, 10, kind, 0.6, 3)
    assert (label_noise.corrupt(TRUE, 10, kind, 0.6, 3, none_kept) == default).all()


def test_only_a_permutation_has_a_default_rate():
    assert label_noise.DEFAULT_RATES == {"none": 0, "permute": 1}
    assert set(label_noise.DEFAULT_RATES) < set(label_noise.KINDS)


def test_none_changes_nothing_and_copies():
    labels = label_noise.corrupt(TRUE, 10, "none", 0, 0)
    assert (labels == TRUE).all() and labels is not TRUE and labels.dtype == np.int64


def test_the_argument_is_not_changed():
    labels = TRUE.copy()
    label_noise.corrupt(labels, 10, "wrong", 0.9, 0)
    assert (labels == TRUE).all()


def test_the_noise_depends_only_on_the_seed():
    first, second, other = (label_noise.corrupt(TRUE, 10, "wrong", 0.5, s) for s in (1, 1, 2))
    assert (first == second).all() and (first != other).any()


@pytest.mark.parametrize("kind", ["wrong", "uniform", "permute", "pair"])
def test_labels_replaced_at_a_lower_rate_are_replaced_at_a_higher_rate(kind):
    less, more = changed(kind, 0.2), changed(kind, 0.6)
    assert less.sum() and not (less & ~more).any()


@pytest.mark.parametrize(
    "kind, rate, digest",
    [
        ("wrong", 0.5, "0d8dbb982b8d2249"),
        ("uniform", 0.3, "c12fdf84c8c11566"),
        ("permute", 0.5, "2f2bfea3972d50db"),
    ],
)
def test_noise_is_the_same_on_every_platform(kind, rate, digest):
    noisy = label_noise.corrupt(TRUE, 10, kind, rate, 7).astype("<i8").tobytes()
    assert hashlib.sha256(noisy).hexdigest()[:16] == digest


def test_a_permutation_contains_each_number_once():
    assert sorted(label_noise.permutation(1000, 1, 2)) == list(range(1000))
    assert label_noise.permutation(0, 1).shape == (0,)


def test_there_may_be_no_labels():
    assert label_noise.corrupt(np.zeros(0, int), 10, "wrong", 0.5, 0).shape == (0,)


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
        ((1, "pair", 0.1, 0), "'pair' needs at least two classes"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(errors.UserError, match=message):
        label_noise.corrupt(TRUE, *arguments)
