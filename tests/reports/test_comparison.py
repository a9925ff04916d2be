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


def mark(*runs):
    return comparison.mark_of_best(make_table(*runs), "50 labels")


def compare(ours, theirs, held=(None, None), **options):
    """The text on frgan and supervised, the only methods."""
    table = make_table(*runs_of(ours, held[0]), *runs_of(theirs, held[1], **SUPERVISED), **options)
    (text,) = comparison.compare_methods(table)
    return text


def test_splits_that_are_not_shared_do_not_put_a_method_ahead():
    """On the only split that both have, supervised has error 2 and frgan 4."""
    runs = runs_of((2.0, 9.0, 9.0, 9.0, 9.0), **SUPERVISED), runs_of((4.0,))
    assert mark(*runs[0], *runs[1]) == ("supervised", "lowest")
    assert compare((4.0,), (2.0, 9.0, 9.0, 9.0, 9.0)) == (
        "50 labels, on the 1 split that they share: supervised has 2.0 [1.1, 3.6] (1), frgan comes next with "
        "4.0 [2.6, 6.1] (1): one split is not enough to distinguish them."
    )


FRGAN, VAT = (5.0, 9.0, 9.2, 9.1, 8.9), (5.1, 6.0, 6.1, 6.2, 5.9)


@pytest.mark.parametrize("supervised", [15.0, 5.05])
def test_a_row_with_one_split_does_not_put_a_worse_method_ahead(supervised):
    """On split 0, frgan is ahead of vat; on the five that both have, vat is."""
    runs = [*runs_of(FRGAN), *runs_of(VAT, method="vat"), *runs_of((supervised,), **SUPERVISED)]
    (text,) = comparison.compare_methods(make_table(*runs))
    # Differences 0.1, 3.0, 3.1, 2.9, 3.0: mean 2.42; the binomial errors are 1.07 and 1.24 points.
    there = "" if supervised > 5.1 else ", −0.05 to vat there"
    decimals = f".{1 if supervised == 15 else 2}f"
    assert text == (
        f"50 labels: vat has {5.86:{decimals}} ± {0.4353:{decimals}} (5), frgan comes next with "
        f"{8.24:{decimals}} ± {1.81:{decimals}} (5): −{2.38:{decimals}} [−{5.59:{decimals}}, "
        f"+{0.83:{decimals}}] on the same splits, which is not enough to distinguish them. "
        f"Not ranked: supervised (only 1 of these 5 splits{there})."
    )
    # With 5.05, supervised is the better one on the split that it shares with vat.
    assert mark(*runs) == (("vat", "lowest") if supervised > 5.1 else None)


def test_the_mark_goes_to_the_best_of_all_rows_though_two_have_a_split_more():
    runs = [*runs_of((9.0,) * 10), *runs_of((8.0,) * 10, method="vat"),
            *runs_of((7.0,) * 9, method="fixmatch"), *runs_of((6.6,) * 9, method="i2gan")]  # fmt: skip
    assert mark(*runs) == ("i2gan", "lowest")
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.startswith("50 labels, on the 9 splits that they share: i2gan has 6.6 ± 0.0 (9), ")
    assert "Not ranked" not in text


@pytest.mark.parametrize("i2gan, marked", [(3.0, None), (8.2, ("vat", "lowest"))])
def test_a_row_that_is_better_on_two_splits_leaves_no_mark(i2gan, marked):
    runs = [*runs_of((9.0,) * 3), *runs_of((8.1,) * 3, method="vat"),
            *runs_of((i2gan,) * 2, method="i2gan")]  # fmt: skip
    assert mark(*runs) == marked


def test_rows_that_share_no_split_with_the_first_one_leave_no_mark_if_they_are_better():
    runs = [*runs_of((9.0,) * 3), *runs_of((8.1,) * 3, method="vat")]
    later = (None,) * 3
    better = [*runs_of((*later, 3.0, 3.0, 3.0), method="i2gan"),
              *runs_of((*later, 1.0, 1.0, 1.0), method="fixmatch")]  # fmt: skip
    worse = runs_of((*later, 8.2), method="i2gan")
    assert mark(*runs, *better) is None
    assert mark(*runs, *worse) == ("vat", "lowest")


def test_a_difference_on_two_splits_has_no_interval():
    runs = [*runs_of((9.0,) * 5), *runs_of((20.0,) * 5, **SUPERVISED),
            *runs_of((4.0, 4.5), method="vat")]  # fmt: skip
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.endswith(
        " Not ranked: vat (only 2 of these 5 splits, −4.8 to frgan there)."  # -4.75
    )


def test_a_row_without_the_only_split_of_a_ranking():
    runs = [*runs_of((4.0,)), *runs_of((6.0,), **SUPERVISED),
            *runs_of((None, 9.0), method="vat")]  # fmt: skip
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.endswith(" Not ranked: vat (not on this split).")


def test_with_more_test_images_the_same_errors_are_told_apart():
    more = {"test_images": 10_000, "validation_error": None}
    runs = [
        finished_run_folders.make_run(error, seed=seed, method=method, outcome=more)
        for method, values in (("frgan", FRGAN), ("vat", VAT), ("supervised", (15.0,)))
        for seed, error in enumerate(values)
    ]
    (text,) = comparison.compare_methods(make_table(*runs))
    assert ": −2.4 [−4.1, −0.7] on the same splits. Not ranked: supervised" in text
    assert mark(*runs) == ("vat", "ahead")


def test_methods_that_lack_splits_are_named_and_what_they_have_is_compared():
    runs = [*runs_of((9.0,) * 5), *runs_of((20.0,) * 5, **SUPERVISED),
            *runs_of((4.0,) * 3, method="fixmatch"), *runs_of((None,) * 5 + (1.0,), method="vat"),
            *runs_of((12.0, 12.0), method="ssgan")]  # fmt: skip
    (text,) = comparison.compare_methods(make_table(*runs))
    not_ranked = text.partition(" Not ranked: ")[2]
    assert text.startswith("50 labels: frgan has 9.0 ± 0.0 (5), supervised comes next with 20.0 ")
    assert not_ranked == (
        "fixmatch (only 3 of these 5 splits, −5.0 [−8.1, −1.9] to frgan there), "
        "ssgan (only 2 of these 5 splits), vat (none of these 5 splits)."
    )
    assert mark(*runs) is None  # fixmatch has a better mean on three splits, vat on its own


def test_two_splits_do_not_distinguish_methods():
    ending = " on the same splits; two splits are not enough to distinguish them."
    text = compare((5.0, 5.0), (90.0, 90.0))
    assert ": −85.0 [" in text and text.endswith(ending)
    assert compare((5.0, 5.4), (5.2, 5.6)).endswith(f": −0.2 [−3.0, +2.6]{ending}")


def test_constant_differences_of_one_image_do_not_distinguish_methods():
    assert compare((5.0, 5.4, 6.0), (5.2, 5.6, 6.2)).endswith(
        ": −0.2 [−3.1, +2.7] on the same splits, which is not enough to distinguish them."
    )


def test_runs_of_one_split_count_as_one():
    """Split 0: frgan (2 + 4) / 2 = 3; split 1: 8. In the mean 5.5, where supervised has 5.25."""
    runs = [
        finished_run_folders.make_run(2.0),
        finished_run_folders.make_run(4.0, seed=5, split_seed=0),
        finished_run_folders.make_run(8.0, seed=1),
        *runs_of((3.0, 7.5), **SUPERVISED),
    ]
    # Over the runs, frgan would have 4.67.
    assert mark(*runs) == ("supervised", "lowest")
    (text,) = comparison.compare_methods(make_table(*runs))
    assert ": supervised has 5.2 ± 3.2 (2), frgan comes next with 5.5 ± 3.5 (2): " in text


def test_an_interval_without_0_distinguishes_methods():
    # Differences -10, -10.5, -10: mean -10.17; the binomial errors are 1.00 and 1.61 points.
    assert compare((4.0, 5.0, 6.0), (14.0, 15.5, 16.0)) == (
        "50 labels: frgan has 5.0 ± 1.0 (3), supervised comes next with 15.2 ± 1.0 (3): "
        "−10.2 [−13.9, −6.5] on the same splits."
    )


def test_an_interval_with_0_does_not_distinguish_methods():
    # Differences -1, -4, +3: mean -0.67, std 3.51; 4.303 * 3.51 / root 3 is 8.72.
    assert compare((4.0, 5.0, 9.0), (5.0, 9.0, 6.0)) == (
        "50 labels: frgan has 6.0 ± 2.6 (3), supervised comes next with 6.7 ± 2.1 (3): "
        "−0.7 [−9.4, +8.1] on the same splits, which is not enough to distinguish them."
    )


def test_equal_methods_are_not_distinguished():
    assert compare((4.0, 5.0, 6.0), (4.0, 5.0, 6.0)) == (
        "50 labels: frgan and supervised have the same error, 5.0 ± 1.0 (3): +0.0 [−2.7, +2.7] on the same splits, which is not enough to distinguish them."
    )
    assert mark(*runs_of((4.0, 5.0)), *runs_of((4.0, 5.0), **SUPERVISED)) is None


def test_one_split_does_not_distinguish_methods():
    assert compare((4.0,), (90.0,)) == (
        "50 labels: frgan has 4.0 [2.6, 6.1] (1), supervised comes next with 90.0 [87.1, 92.3] (1): one split is "
        "not enough to distinguish them."
    )


def test_other_splits_are_not_compared():
    assert compare((4.0,), (None, 9.0)) == (
        "50 labels: no two rows have a split in common, so none can be compared."
    )
    assert mark(*runs_of((4.0,)), *runs_of((None, 9.0), **SUPERVISED)) is None


def test_other_images_with_the_same_split_seed_are_another_split():
    theirs = finished_run_folders.make_run(
        9.0, outcome={"split_sha256": finished_run_folders.sha256("other")}, **SUPERVISED
    )
    (text,) = comparison.compare_methods(make_table(finished_run_folders.make_run(4.0), theirs))
    assert "no two rows have a split in common" in text


def test_the_second_best_method_comes_next():
    runs = [*runs_of((4.0,)), *runs_of((6.0,), method="vat"), *runs_of((9.0,), **SUPERVISED)]
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.startswith(
        "50 labels: frgan has 4.0 [2.6, 6.1] (1), vat comes next with 6.0 [4.2, 8.4] (1): "
    )


@pytest.mark.parametrize(
    "held, ending",
    [
        ((3.0, 8.0), " Held-out images would have selected it too."),
        ((8.0, 3.0), " Held-out images would have selected supervised, 9.0 [6.8, 11.8] (1)."),
        ((3.0, 3.0), TIED),
        ((3.0, None), ""),
    ],
)
def test_which_method_held_out_images_would_have_selected(held, ending):
    assert compare((4.0,), (9.0,), held).endswith(
        f": one split is not enough to distinguish them.{ending}"
    )


def test_few_held_out_images_select_nothing():
    own = {"validation_error": 3.0}
    runs = [finished_run_folders.make_run(error, method=method, outcome=own | {"validation_images": n})
            for method, error, n in (("frgan", 4.0, 6), ("supervised", 9.0, 6))]  # fmt: skip
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.endswith(" 6 held-out images are too few to select one; 100 are needed.")


TUNED = {"method": "acgan_trunc", "tau_search": "validation"}


@pytest.mark.parametrize(
    "held, ending",
    [
        ((5.0, 6.0), " Held-out images would have selected frgan, 7.0 [5.1, 9.6] (1); "),
        ((6.0, 6.0), " Held-out images do not distinguish frgan from supervised; "),
    ],
)
def test_held_out_images_do_not_select_what_their_labels_tuned(held, ending):
    """It has the lowest error on them and on the test images."""
    runs = [*runs_of((4.0,), 1.0, **TUNED), *runs_of((7.0,), held[0]),
            *runs_of((9.0,), held[1], **SUPERVISED)]  # fmt: skip
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.endswith(f"{ending}they do not measure acgan_trunc, which their labels tuned.")


def test_the_only_method_that_they_did_not_tune_is_not_selected_either():
    runs = [*runs_of((4.0,), 1.0, **TUNED), *runs_of((7.0,), 5.0)]
    (text,) = comparison.compare_methods(make_table(*runs))
    assert text.endswith(" Held-out labels tuned acgan_trunc: they do not measure it.")


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
    assert "Held-out" not in text and "frgan has 6.0 [4.2, 8.4] (1)" in text


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
        "+10.2 [+6.5, +13.9] on the same splits. Held-out images would have selected supervised, "
        "84.8 ± 1.0 (3)."
    ]
    assert comparison.mark_of_best(table, "c") == ("frgan", "ahead")


def test_a_higher_accuracy_on_other_splits_leaves_no_mark():
    ours, theirs = runs_of((4.0, 4.0, 4.0)), runs_of((9.0, 9.0, 9.0), **SUPERVISED)
    for error, marked in ((2.0, None), (6.0, ("frgan", "ahead"))):
        cells = ("frgan", "supervised", "vat")
        table = papers.Table(
            "t", "T", "S", "accuracy",
            tuple(papers.PublishedCell(m, "c", {"method": m}) for m in cells),
            dict.fromkeys(papers.BUDGETS, {}),
        )  # fmt: skip
        runs = [*ours, *theirs, *runs_of((None,) * 3 + (error,), method="vat")]
        filled = by_paper.fill_table(table, runs)
        assert comparison.mark_of_best(filled, "c") == marked


@pytest.mark.parametrize("measure", sorted(papers.QUANTITIES.keys() - {"test_error", "accuracy"}))
def test_other_quantities_are_not_compared(measure, monkeypatch):
    monkeypatch.setattr(quantities, "run_quantity", lambda run, *_: run.result["test_error"])
    runs = [*runs_of((4.0,)), *runs_of((9.0,), **SUPERVISED)]
    table = by_paper.fill_table(paper_table(measure), runs)
    assert len(table.runs) == 2
    assert comparison.mark_of_best(table, "c") is None
    assert list(comparison.compare_methods(table)) == []


def test_one_method_alone_is_not_compared():
    runs = [finished_run_folders.make_run(4.0), finished_run_folders.make_run(5.0, labels=100)]
    table = make_table(*runs)
    assert list(comparison.compare_methods(table)) == []
    assert comparison.mark_of_best(table, "50 labels") is None


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


def test_a_row_is_ahead_if_it_is_told_apart_from_all_others():
    """On split 0 vat is the best, and in the mean the last one: its errors differ widely."""
    wide = runs_of((3.0, 40.0, 60.0), method="vat")
    runs = [*runs_of((4.0, 4.0, 4.0)), *runs_of((14.0, 14.0, 14.0), **SUPERVISED)]
    assert mark(*runs) == ("frgan", "ahead")
    assert mark(*runs, *wide) == ("frgan", "lowest")
    (text,) = comparison.compare_methods(make_table(*runs, *wide))
    assert text.endswith("on the same splits. frgan is not told apart from vat.")


def test_levels_are_compared_after_the_methods():
    classes = {"cat": (300, 280, 300), "dog": (200, 180, 200)}
    runs = [
        finished_run_folders.make_run(8.0, method=method, outcome=finished_run_folders.counted(classes, 30))
        for method in ("frgan", "supervised")
    ]  # fmt: skip
    first, second = comparison.compare_methods(make_table(*runs))
    assert "have the same error, " in first
    assert second == (
        "50 labels: the linear classifier has 6.0 [4.2, 8.4] (1). frgan does not beat it (+2.0); "
        "supervised does not beat it (+2.0)."
    )
