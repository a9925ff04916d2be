"""Which method is ahead: no more is said than the splits that methods share can tell."""

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import by_paper, by_protocol, comparison, quantities

SUPERVISED = {"method": "supervised"}
TIED = " Held-out images could not have told frgan from supervised."


def sheet(*found, **asked):
    (made,) = by_protocol.by_protocol(found, **asked)
    return made


def runs_of(errors, held=None, **changed):
    """A run for each seed; None where it has none, and the same error on held-out images."""
    return [
        finished_run_folders.record(error, seed=seed, outcome={"validation_error": held}, **changed)
        for seed, error in enumerate(errors)
        if error is not None
    ]


def told(ours, theirs, held=(None, None), **asked):
    """The one sentence on frgan and supervised."""
    made = sheet(*runs_of(ours, held[0]), *runs_of(theirs, held[1], **SUPERVISED), **asked)
    (text,) = comparison.of(made)
    return text


def test_the_mean_over_other_splits_does_not_make_a_method_ahead():
    """On the one split that both have, supervised errs by 2 and frgan by 4."""
    found = runs_of((2.0, 9.0, 9.0, 9.0, 9.0), **SUPERVISED), runs_of((4.0,))
    assert comparison.best(sheet(*found[0], *found[1]), "50 labels") == "supervised"
    # (2 + 4 * 9) / 5 = 7.6; deviations -5.6 and four times 1.4: root of 39.2 / 4 is 3.13.
    assert told((4.0,), (2.0, 9.0, 9.0, 9.0, 9.0)) == (
        "50 labels: supervised has 2.0 on the splits that all share, frgan comes next with 4.0 (1): one split does "
        "not tell them apart."
    )


def test_splits_that_one_method_lacks_rank_none():
    """All three share splits 1 and 2: vat 3, frgan 4, supervised 5; over all, frgan 2.9."""
    found = [*runs_of((0.7, 4.0, 4.0)), *runs_of((3.0, 3.0, 3.0), method="vat"),
             *runs_of((None, 5.0, 5.0), **SUPERVISED)]  # fmt: skip
    assert comparison.best(sheet(*found), "50 labels") == "vat"


def test_runs_of_one_split_count_as_one():
    """Split 0: frgan (2 + 4) / 2 = 3; split 1: 8. In the mean 5.5, where supervised has 5.25."""
    found = [finished_run_folders.record(2.0), finished_run_folders.record(4.0, seed=5, split_seed=0), finished_run_folders.record(8.0, seed=1),
             *runs_of((3.0, 7.5), **SUPERVISED)]  # fmt: skip
    # Over the runs, frgan would have 4.67.
    assert comparison.best(sheet(*found), "50 labels") == "supervised"


def test_splits_that_tell_methods_apart():
    # Differences -10, -10.5, -10: mean -10.17, std 0.289; 4.303 * 0.289 / root 3 is 0.72.
    assert told((4.0, 5.0, 6.0), (14.0, 15.5, 16.0)) == (
        "50 labels: frgan has 5.0 ± 1.0 (3), supervised comes next with 15.2 ± 1.0 (3): "
        "−10.2 [−10.9, −9.4] on the same splits."
    )


def test_an_interval_that_holds_0_tells_nothing_apart():
    # Differences -1, -4, +3: mean -0.67, std 3.51; 4.303 * 3.51 / root 3 is 8.72.
    assert told((4.0, 5.0, 9.0), (5.0, 9.0, 6.0)) == (
        "50 labels: frgan has 6.0 ± 2.6 (3), supervised comes next with 6.7 ± 2.1 (3): "
        "−0.7 [−9.4, +8.1] on the same splits, which do not tell them apart."
    )


def test_equal_methods_are_not_told_apart():
    assert told((4.0, 5.0), (4.0, 5.0)).endswith(
        ": +0.0 [+0.0, +0.0] on the same splits, which do not tell them apart."
    )


def test_one_split_tells_nothing_apart():
    assert told((4.0,), (90.0,)) == (
        "50 labels: frgan has 4.0 (1), supervised comes next with 90.0 (1): one split does not "
        "tell them apart."
    )


def test_other_splits_are_not_compared():
    assert told((4.0,), (None, 9.0)) == (
        "50 labels: frgan has 4.0 (1), supervised comes next with 9.0 (1): on other splits, which "
        "cannot be compared."
    )


def test_other_images_by_the_same_split_seed_are_other_splits():
    theirs = finished_run_folders.record(9.0, outcome={"split_sha256": "other"}, **SUPERVISED)
    (text,) = comparison.of(sheet(finished_run_folders.record(4.0), theirs))
    assert "on other splits, which cannot be compared." in text


def test_the_next_method_is_the_one_behind():
    found = [*runs_of((4.0,)), *runs_of((6.0,), method="vat"), *runs_of((9.0,), **SUPERVISED)]
    (text,) = comparison.of(sheet(*found))
    assert text.startswith("50 labels: frgan has 4.0 (1), vat comes next with 6.0 (1): ")


@pytest.mark.parametrize(
    "held, ending",
    [
        ((3.0, 8.0), " Held-out images would have chosen it too."),
        ((8.0, 3.0), " Held-out images would have chosen supervised, 9.0 (1)."),
        ((3.0, 3.0), TIED),
        ((3.0, None), ""),
    ],
)
def test_whom_held_out_images_would_have_chosen(held, ending):
    assert told((4.0,), (9.0,), held).endswith(f": one split does not tell them apart.{ending}")


def test_ties_on_held_out_images_are_told_whoever_is_ahead():
    assert told((4.0,), (9.0,), (0.0, 0.0)).endswith(TIED)
    assert told((9.0,), (4.0,), (0.0, 0.0)).endswith(
        " Held-out images could not have told supervised from frgan."
    )


def test_held_out_images_choose_by_the_splits_that_all_share():
    """On split 0 frgan has 2 and supervised 3; its second run would make it 6 in the mean."""
    ours = [finished_run_folders.record(4.0, outcome={"validation_error": 2.0}),
            finished_run_folders.record(4.0, seed=1, outcome={"validation_error": 10.0})]  # fmt: skip
    (text,) = comparison.of(sheet(*ours, *runs_of((9.0,), 3.0, **SUPERVISED)))
    assert text.endswith(" Held-out images would have chosen it too.")


def test_held_out_images_say_nothing_of_other_numbers():
    text = told((4.0,), (9.0,), (8.0, 3.0), number="test_error_raw")
    assert "Held-out" not in text and "frgan has 6.0 (1)" in text


def table(measure):
    return papers.Table(
        "t", "T", "S", measure,
        tuple(papers.PublishedCell(m, "c", {"method": m}) for m in ("frgan", "supervised")),
        dict.fromkeys(papers.BUDGETS, {}),
    )  # fmt: skip


def test_of_accuracies_the_highest_is_ahead():
    found = [*runs_of((4.0, 5.0, 6.0), 8.0), *runs_of((14.0, 15.5, 16.0), 3.0, **SUPERVISED)]
    made = by_paper.of_table(table("accuracy"), found, against="supervised")
    assert list(comparison.of(made)) == [
        "c: frgan has 95.0 ± 1.0 (3), supervised comes next with 84.8 ± 1.0 (3): "
        "+10.2 [+9.4, +10.9] on the same splits. Held-out images would have chosen supervised, "
        "84.8 ± 1.0 (3)."
    ]


@pytest.mark.parametrize("measure", sorted(papers.QUANTITIES.keys() - {"test_error", "accuracy"}))
def test_other_quantities_have_no_verdict(measure, monkeypatch):
    monkeypatch.setattr(quantities, "of", lambda record, *_: record.result["test_error"])
    made = by_paper.of_table(table(measure), [*runs_of((4.0,)), *runs_of((9.0,), **SUPERVISED)])
    assert len(made.records) == 2
    assert comparison.best(made, "c") is None and list(comparison.of(made)) == []


def test_one_method_alone_is_no_verdict():
    made = sheet(finished_run_folders.record(4.0), finished_run_folders.record(5.0, labels=100))
    assert list(comparison.of(made)) == [] and comparison.best(made, "50 labels") is None


def test_each_column_has_a_verdict():
    found = [finished_run_folders.record(4.0), finished_run_folders.record(9.0, **SUPERVISED), finished_run_folders.record(8.0, labels=100),
             finished_run_folders.record(3.0, labels=100, **SUPERVISED)]  # fmt: skip
    assert [text.split(" has ")[0] for text in comparison.of(sheet(*found))] == [
        "50 labels: frgan", "100 labels: supervised",
    ]  # fmt: skip
