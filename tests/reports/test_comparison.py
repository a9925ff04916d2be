"""Sentences on which method is ahead, which claim no more than the shared splits show."""

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import by_paper, by_protocol, comparison, quantities

SUPERVISED = {"method": "supervised"}
TIED = " Held-out images do not distinguish frgan from supervised."


def make_table(*runs, **options):
    (table,) = by_protocol.make_tables(runs, **options)
    return table


def runs_of(errors, held=None, **changed):
    """A run for each error that is not None; its seed is the place of the error.

    All of them have the same error on held-out images, `held`.
    """
    return [
        finished_run_folders.make_run(
            error, seed=seed, outcome={"validation_error": held}, **changed
        )
        for seed, error in enumerate(errors)
        if error is not None
    ]


def compare(ours, theirs, held=(None, None), **options):
    """The text on frgan and supervised, the only methods."""
    table = make_table(*runs_of(ours, held[0]), *runs_of(theirs, held[1], **SUPERVISED), **options)
    (text,) = comparison.compare_methods(table)
    return text


def test_splits_that_are_not_shared_do_not_put_a_method_ahead():
    """On the only split that both have, supervised has error 2 and frgan 4."""
    runs = runs_of((2.0, 9.0, 9.0, 9.0, 9.0), **SUPERVISED), runs_of((4.0,))
    assert comparison.best_row(make_table(*runs[0], *runs[1]), "50 labels") == "supervised"
    # (2 + 4 * 9) / 5 = 7.6; differences to it are -5.6 and four times 1.4: root of 39.2 / 4 is 3.13.
    assert compare((4.0,), (2.0, 9.0, 9.0, 9.0, 9.0)) == (
        "50 labels: supervised has 2.0 on the splits that all share, frgan comes next with 4.0 (1): "
        "one split is not enough to distinguish them."
    )


def test_splits_that_one_method_lacks_do_not_affect_the_ranks():
    """All three share splits 1 and 2: vat 3, frgan 4, supervised 5; over all, frgan 2.9."""
    runs = [*runs_of((0.7, 4.0, 4.0)), *runs_of((3.0, 3.0, 3.0), method="vat"),
             *runs_of((None, 5.0, 5.0), **SUPERVISED)]  # fmt: skip
    assert comparison.best_row(make_table(*runs), "50 labels") == "vat"


def test_runs_of_one_split_count_as_one():
    """Split 0: frgan (2 + 4) / 2 = 3; split 1: 8. In the mean 5.5, where supervised has 5.25."""
    runs = [
        finished_run_folders.make_run(2.0),
        finished_run_folders.make_run(4.0, seed=5, split_seed=0),
        finished_run_folders.make_run(8.0, seed=1),
        *runs_of((3.0, 7.5), **SUPERVISED),
    ]
    # Over the runs, frgan would have 4.67.
    assert comparison.best_row(make_table(*runs), "50 labels") == "supervised"


def test_an_interval_without_0_distinguishes_methods():
    # Differences -10, -10.5, -10: mean -10.17, std 0.289; 4.303 * 0.289 / root 3 is 0.72.
    assert compare((4.0, 5.0, 6.0), (14.0, 15.5, 16.0)) == (
        "50 labels: frgan has 5.0 ± 1.0 (3), supervised comes next with 15.2 ± 1.0 (3): "
        "−10.2 [−10.9, −9.4] on the same splits."
    )


def test_an_interval_with_0_does_not_distinguish_methods():
    # Differences -1, -4, +3: mean -0.67, std 3.51; 4.303 * 3.51 / root 3 is 8.72.
    assert compare((4.0, 5.0, 9.0), (5.0, 9.0, 6.0)) == (
        "50 labels: frgan has 6.0 ± 2.6 (3), supervised comes next with 6.7 ± 2.1 (3): "
        "−0.7 [−9.4, +8.1] on the same splits, which is not enough to distinguish them."
    )


def test_equal_methods_are_not_distinguished():
    assert compare((4.0, 5.0), (4.0, 5.0)).endswith(
        ": +0.0 [+0.0, +0.0] on the same splits, which is not enough to distinguish them."
    )


def test_one_split_does_not_distinguish_methods():
    assert compare((4.0,), (90.0,)) == (
        "50 labels: frgan has 4.0 (1), supervised comes next with 90.0 (1): one split is "
        "not enough to distinguish them."
    )


def test_other_splits_are_not_compared():
    assert compare((4.0,), (None, 9.0)) == (
        "50 labels: frgan has 4.0 (1), supervised comes next with 9.0 (1): on other splits, which "
        "cannot be compared."
    )


def test_other_images_with_the_same_split_seed_are_another_split():
    theirs = finished_run_folders.make_run(
        9.0, outcome={"split_sha256": finished_run_folders.sha256("other")}, **SUPERVISED
    )
    (text,) = comparison.compare_methods(make_table(finished_run_folders.make_run(4.0), theirs))
    assert "on other splits, which cannot be compared." in text


def test_the_second_best_method_comes_next():
    runs = [*runs_of((4.0,)), *runs_of((6.0,), method="vat"), *runs_of((9.0,), **SUPERVISED)]
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.startswith("50 labels: frgan has 4.0 (1), vat comes next with 6.0 (1): ")


@pytest.mark.parametrize(
    "held, ending",
    [
        ((3.0, 8.0), " Held-out images would have selected it too."),
        ((8.0, 3.0), " Held-out images would have selected supervised, 9.0 (1)."),
        ((3.0, 3.0), TIED),
        ((3.0, None), ""),
    ],
)
def test_which_method_held_out_images_would_have_selected(held, ending):
    assert compare((4.0,), (9.0,), held).endswith(
        f": one split is not enough to distinguish them.{ending}"
    )


def test_ties_on_held_out_images_are_mentioned_whichever_method_is_ahead():
    assert compare((4.0,), (9.0,), (0.0, 0.0)).endswith(TIED)
    assert compare((9.0,), (4.0,), (0.0, 0.0)).endswith(
        " Held-out images do not distinguish supervised from frgan."
    )


def test_held_out_images_select_by_the_splits_that_all_share():
    """On split 0 frgan has 2 and supervised 3; with its second run frgan would have 6."""
    ours = [finished_run_folders.make_run(4.0, outcome={"validation_error": 2.0}),
            finished_run_folders.make_run(4.0, seed=1, outcome={"validation_error": 10.0})]  # fmt: skip
    (text,) = comparison.compare_methods(make_table(*ours, *runs_of((9.0,), 3.0, **SUPERVISED)))
    assert text.endswith(" Held-out images would have selected it too.")


def test_held_out_images_are_not_mentioned_for_other_numbers():
    text = compare((4.0,), (9.0,), (8.0, 3.0), number="test_error_raw")
    assert "Held-out" not in text and "frgan has 6.0 (1)" in text


def paper_table(measure):
    return papers.Table(
        "t", "T", "S", measure,
        tuple(papers.PublishedCell(m, "c", {"method": m}) for m in ("frgan", "supervised")),
        dict.fromkeys(papers.BUDGETS, {}),
    )  # fmt: skip


def test_the_highest_accuracy_is_ahead():
    runs = [*runs_of((4.0, 5.0, 6.0), 8.0), *runs_of((14.0, 15.5, 16.0), 3.0, **SUPERVISED)]
    table = by_paper.fill_table(paper_table("accuracy"), runs, against="supervised")
    assert list(comparison.compare_methods(table)) == [
        "c: frgan has 95.0 ± 1.0 (3), supervised comes next with 84.8 ± 1.0 (3): "
        "+10.2 [+9.4, +10.9] on the same splits. Held-out images would have selected supervised, "
        "84.8 ± 1.0 (3)."
    ]


@pytest.mark.parametrize("measure", sorted(papers.QUANTITIES.keys() - {"test_error", "accuracy"}))
def test_other_quantities_are_not_compared(measure, monkeypatch):
    monkeypatch.setattr(quantities, "run_quantity", lambda run, *_: run.result["test_error"])
    runs = [*runs_of((4.0,)), *runs_of((9.0,), **SUPERVISED)]
    table = by_paper.fill_table(paper_table(measure), runs)
    assert len(table.runs) == 2
    assert comparison.best_row(table, "c") is None
    assert list(comparison.compare_methods(table)) == []


def test_one_method_alone_is_not_compared():
    runs = [finished_run_folders.make_run(4.0), finished_run_folders.make_run(5.0, labels=100)]
    table = make_table(*runs)
    assert list(comparison.compare_methods(table)) == []
    assert comparison.best_row(table, "50 labels") is None


def test_the_methods_of_each_column_are_compared():
    runs = [
        finished_run_folders.make_run(4.0),
        finished_run_folders.make_run(9.0, **SUPERVISED),
        finished_run_folders.make_run(8.0, labels=100),
        finished_run_folders.make_run(3.0, labels=100, **SUPERVISED),
    ]
    assert [text.split(" has ")[0] for text in comparison.compare_methods(make_table(*runs))] == [
        "50 labels: frgan", "100 labels: supervised",
    ]  # fmt: skip
