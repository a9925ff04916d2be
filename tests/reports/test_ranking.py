"""Rows are ranked on splits that all ranked rows have; no row removes many others."""

import pytest
from support import finished_run_folders

from tf_ssgan.reports import ranking, result_table


def make_cell(errors, method="frgan"):
    """A cell with a run for each error that is not None; its seed is the place of the error."""
    runs = [
        finished_run_folders.make_run(error, seed=seed, method=method)
        for seed, error in enumerate(errors)
        if error is not None
    ]
    return result_table.make_cell(runs, "test_error", "test_error", None, "")


def rank(better="lower", **rows):
    return ranking.rank({row: make_cell(errors) for row, errors in rows.items()}, better)


FRGAN, VAT = (5.0, 9.0, 9.2, 9.1, 8.9), (5.1, 6.0, 6.1, 6.2, 5.9)


@pytest.mark.parametrize("supervised", [(15.0,), (1.0,), (None, None, 20.0), ()])
def test_a_row_with_one_split_does_not_decide_on_the_ranks(supervised):
    """On split 0 alone, frgan would be ahead."""
    ranked = rank(frgan=FRGAN, vat=VAT, supervised=supervised)
    assert list(ranked.means) == ["vat", "frgan"]
    assert [mean.mean for mean in ranked.means.values()] == pytest.approx([5.86, 8.24])
    assert len(ranked.splits) == 5
    assert ranked.lacking == ({"supervised": 1} if supervised else {})


def test_rows_are_ranked_on_what_the_best_furnished_ones_share():
    """frgan's split 3 is not shared: with it, frgan would have 3."""
    ranked = rank(frgan=(4.0, 4.0, 4.0, 0.0), vat=(3.5, 3.5, 3.5), supervised=(None, 1.0, 1.0))
    assert {row: mean.values for row, mean in ranked.means.items()} == {
        "vat": (3.5,) * 3, "frgan": (4.0,) * 3,
    }  # fmt: skip
    assert [seed for seed, *_ in ranked.splits] == [0, 1, 2]
    assert ranked.lacking == {"supervised": 2}


def test_a_split_that_only_poor_rows_have_removes_no_better_row():
    """frgan and vat have ten splits, i2gan and fixmatch nine of these."""
    ranked = rank(frgan=(9.0,) * 10, vat=(8.0,) * 10, fixmatch=(7.0,) * 9, i2gan=(6.6,) * 9)
    assert list(ranked.means) == ["i2gan", "fixmatch", "vat", "frgan"]
    assert [seed for seed, *_ in ranked.splits] == list(range(9)) and ranked.lacking == {}


def test_splits_that_three_rows_share_and_no_two_of_them_alone():
    """Each lacks one of seven splits: four splits of three rows are more than five of two."""
    every = range(7)
    rows = {f"r{k}": tuple(None if seed == k else 1.0 + k for seed in every) for k in range(3)}
    ranked = rank(**rows)
    assert list(ranked.means) == ["r0", "r1", "r2"]
    assert [seed for seed, *_ in ranked.splits] == [3, 4, 5, 6]


def test_many_rows_with_other_gaps_are_ranked_soon():
    """Each of 24 rows lacks another split: 12 rows share 12 splits. Of combinations, 17 million."""
    every = range(24)
    ranked = rank(**{f"r{k}": [None if seed == k else 1.0 for seed in every] for k in every})
    assert (len(ranked.means), len(ranked.splits)) == (12, 12)


def test_without_three_common_splits_the_most_rows_and_splits_are_taken():
    ranked = rank(a=(1.0, 1.0), b=(2.0, 2.0), c=(3.0,), d=(4.0,), e=(5.0,))
    assert list(ranked.means) == ["a", "b", "c", "d", "e"] and len(ranked.splits) == 1


def test_of_equally_many_splits_those_of_most_rows_are_taken():
    ranked = rank(
        a=(1.0, 1.0), b=(2.0, 2.0), c=(None, None, 3.0, 3.0), d=(None, None, 4.0, 4.0),
        e=(None, None, 5.0, 5.0),
    )  # fmt: skip
    assert list(ranked.means) == ["c", "d", "e"] and ranked.lacking == {"a": 0, "b": 0}


def test_of_equal_sets_of_splits_the_first_is_taken():
    ranked = rank(a=(1.0, 1.0), b=(2.0, 2.0), c=(None, None, 3.0, 3.0), d=(None, None, 4.0, 4.0))
    assert list(ranked.means) == ["a", "b"] and ranked.lacking == {"c": 0, "d": 0}


def test_higher_may_be_better():
    assert list(rank("higher", a=(1.0,), b=(2.0,)).means) == ["b", "a"]


@pytest.mark.parametrize("rows", [{}, {"a": (1.0,)}, {"a": (1.0,), "b": (None, 2.0)}])
def test_without_a_common_split_no_row_is_ranked(rows):
    ranked = rank(**rows)
    assert (ranked.splits, ranked.means) == ((), {})
    assert ranked.lacking == dict.fromkeys(rows, 0)


def test_several_runs_of_a_split_count_as_one():
    splits = {(0, "x"): [2.0, 4.0], (1, "y"): [8.0], (2, "z"): [50.0]}
    assert ranking.mean_over(splits, [(1, "y"), (0, "x")]).values == (3.0, 8.0)


def sort(better="lower", **rows):
    cells = {(row, column): make_cell(e) for row, own in rows.items() for column, e in own.items()}
    return ranking.sorted_rows(cells, better)


def test_rows_are_sorted_by_their_ranks():
    rows = {"frgan": {"c": FRGAN}, "vat": {"c": VAT}, "supervised": {"c": (1.0,)}}
    assert sort(**rows) == ["vat", "frgan", "supervised"]  # which no column ranks
    assert sort("higher", **rows) == ["frgan", "vat", "supervised"]


def test_rows_are_sorted_by_the_columns_that_rank_them():
    """In column c, b is 1 behind; in column d, b is 4 ahead, and c is not ranked."""
    assert sort(
        a={"c": (4.0, 4.0), "d": (9.0, 9.0)},
        b={"c": (5.0, 5.0), "d": (5.0, 5.0)},
        c={"d": (0.0,)},
    ) == ["b", "a", "c"]
