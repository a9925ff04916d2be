"""Methods that need right and doubtful labels: what is refused, and what is said of others."""

import types

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import splits
from tf_ssgan.training import checked_flags

TRUE = np.arange(20) % 2
NEEDS = types.SimpleNamespace(needs_noisy=True, prefers_clean=False)
PREFERS = types.SimpleNamespace(needs_noisy=False, prefers_clean=True)
NEITHER = types.SimpleNamespace(needs_noisy=False, prefers_clean=False)


def settings(checked, clean_fraction=0.0, held_out=None):
    """The settings of a run on twenty labels, of which the given rows are checked."""
    known = None if checked is None else np.isin(np.arange(20), checked)
    source = types.SimpleNamespace(
        train_checked=known, train_labels=TRUE,
        train_held_out=None if held_out is None else np.isin(np.arange(20), held_out),
    )  # fmt: skip
    return types.SimpleNamespace(
        method="toy", clean_fraction=clean_fraction, find_source=lambda: source
    )


def protocol(labels=10, checked=None, **options):
    known = None if checked is None else np.isin(np.arange(20), checked)
    made = splits.make("toys", TRUE, ("a", "b"), labels, validation=0, checked=known, **options)
    return made, known


def refusal(do, *arguments):
    with pytest.raises(errors.UserError) as caught:
        do(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_checked_labels_it_is_said_how_to_check_some():
    text = refusal(checked_flags.check_source, settings(None), NEEDS)
    for way in ("checked/<class>/", "column checked", "array checked", "--clean_fraction=0.1"):
        assert way in text
    checked_flags.check_source(settings(None, 0.1), NEEDS)
    for method in (PREFERS, NEITHER):
        checked_flags.check_source(settings(None), method)


def test_some_labels_must_be_checked_and_some_not():
    checked_flags.check_source(settings([0]), NEEDS)
    text = refusal(checked_flags.check_source, settings(range(20)), NEEDS)
    assert "and here all of them are checked (20 labels): add labels that are not" in text
    held_out = [18, 19]  # their labels are not learned from
    text = refusal(checked_flags.check_source, settings(range(18), held_out=held_out), NEEDS)
    assert "(18 labels)" in text


def test_data_are_not_looked_at_if_the_method_does_not_need_it():
    def find():
        raise AssertionError

    plain = types.SimpleNamespace(method="toy", clean_fraction=0.0, find_source=find)
    checked_flags.check_source(plain, PREFERS)
    plain.clean_fraction = 0.5
    checked_flags.check_source(plain, NEEDS)


def test_the_labels_of_a_run_must_be_of_both_kinds():
    labeled = protocol()[0].labeled_ids
    others = np.setdiff1d(np.arange(20), labeled)
    checked_flags.check_protocol("toy", NEEDS, *protocol(checked=labeled[:3]))
    checked_flags.check_protocol("toy", NEEDS, *protocol(clean_fraction=0.5))
    text = refusal(checked_flags.check_protocol, "toy", NEEDS, *protocol(checked=labeled))
    assert "all of them are checked (10 labels)" in text
    text = refusal(checked_flags.check_protocol, "toy", NEEDS, *protocol(checked=others[:4]))
    assert "none of the 10 labels is checked, only 4 checked labels of other images" in text
    for given in ({}, {"clean_fraction": 1.0}, {"labels": 0}):
        text = refusal(checked_flags.check_protocol, "toy", NEEDS, *protocol(**given))
        assert "--clean_fraction=0.1" in text
    for method in (PREFERS, NEITHER):
        checked_flags.check_protocol("toy", method, *protocol(checked=labeled))


def test_checked_labels_that_change_nothing_are_said():
    own = protocol(-1, [0, 1, 2])
    assert checked_flags.remarks("toy", NEITHER, *own) == [
        "3 labels are checked, which changes nothing here: toy makes no difference between checked "
        "labels and others."
    ]
    assert not checked_flags.remarks("toy", NEEDS, *own)
    assert not checked_flags.remarks("toy", PREFERS, *own)
    noisy = protocol(-1, [0, 1, 2], noise="pair", noise_rate=1.0)  # which spares them
    assert not checked_flags.remarks("toy", NEITHER, *noisy)
    assert not checked_flags.remarks("toy", NEITHER, *protocol())


def test_a_method_that_takes_all_labels_as_right_for_lack_of_checked_ones_says_so():
    others = np.setdiff1d(np.arange(20), protocol()[0].labeled_ids)
    assert checked_flags.remarks("toy", PREFERS, *protocol(checked=others)) == [
        "None of the 10 labels is checked: toy takes all as right."
    ]
    assert not checked_flags.remarks("toy", NEITHER, *protocol(checked=others))
    assert not checked_flags.remarks("toy", PREFERS, *protocol())
