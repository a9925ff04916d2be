"""Cells: their order, their numbers, and what they are compared with."""

import pathlib

import pytest
from reporting import runs

from tf_ssgan import errors, tables
from tf_ssgan.reporting import sheets
from tf_ssgan.reporting.sheets import Cell, Printed, Sheet


def cell(*pairs, printed=None, **changed):
    """A cell of (seed, error)."""
    found = [runs.record(error, seed=seed, **changed) for seed, error in pairs]
    return sheets.cell_of(found, lambda r: r.result["test_error"], printed, "")


def sheet(**rows):
    return Sheet("s", "S", tuple(rows), ("c",), {(row, "c"): made for row, made in rows.items()},
                 tables.MEASURES["test_error"], "test_error")  # fmt: skip


def test_runs_stand_by_their_seeds():
    made = cell((2, 7.0), (0, 4.0), (1, 4.0))
    assert made.values == (4.0, 4.0, 7.0)
    assert [record.seeds for record in made.records] == [(0, 0), (1, 1), (2, 2)]
    assert made.mean.mean == 5.0


def test_runs_without_the_quantity_are_left_out():
    found = [runs.record(4.0), runs.record(6.0, seed=1)]
    made = sheets.cell_of(found, lambda r: 1.0 if r.seeds[1] else None, None, "small")
    assert (made.values, made.records, made.budget) == ((1.0,), (found[1],), "small")


@pytest.mark.parametrize(
    "made, difference",
    [
        (cell((0, 4.0), (1, 5.0), printed=Printed(4.0, None, "", 0)), 0.5),
        (cell((0, 4.0)), None),
        (cell(printed=Printed(4.0, None, "", 0)), None),
    ],
)
def test_the_difference_is_ours_minus_the_printed_one(made, difference):
    assert made.difference == difference


def test_an_empty_cell_has_nothing():
    made = sheet(a=cell((0, 1.0))).cell("nobody", "c")
    assert (made, made.mean, made.difference, made.other_images) == (Cell(), None, None, False)


def test_pairs_share_split_seed_and_labeled_images():
    ours = cell((0, 4.0), (1, 6.0), (2, 1.0))
    theirs = cell((0, 5.0), (1, 9.0), (3, 50.0))
    made = sheets.compared(sheet(a=ours, supervised=theirs))
    assert made.baseline == "supervised"
    assert made.cell("a", "c").paired.differences.values == (-1.0, -3.0)
    elsewhere = cell((0, 5.0), outcome={"split_sha256": "other"})
    made = sheets.compared(sheet(a=ours, supervised=elsewhere))
    assert made.cell("a", "c").paired is None


def test_runs_of_one_split_are_one_pair():
    ours = cell((0, 4.0), (1, 6.0), split_seed=0)
    made = sheets.compared(sheet(a=ours, b=cell((0, 10.0))), "b")
    assert made.cell("a", "c").paired.differences.values == (-5.0,)


def test_a_row_without_runs_may_be_the_baseline_if_named():
    made = sheets.compared(sheet(a=cell((0, 4.0)), b=Cell()), "b")
    assert (made.baseline, made.cell("a", "c").paired) == ("b", None)


def test_an_unknown_baseline_is_a_mistake():
    with pytest.raises(errors.UserError, match="--against=x is no row of s. Known: a."):
        sheets.compared(sheet(a=cell((0, 4.0)), b=Cell()), "x")


def test_mixtures_are_refused_wherever_the_other_run_stands():
    alike = [runs.record(seed=k, folder=f"r{k}") for k in range(3)]
    sheets.refuse_mixture("here", alike)
    sheets.refuse_mixture("here", [])
    odd = runs.record(seed=9, folder="odd", width=1)
    with pytest.raises(
        errors.UserError, match=r"r0 and odd both fit the cell here, and differ in width \(32, 1\)"
    ):
        sheets.refuse_mixture("here", [*alike, odd])


def test_every_run_of_a_table_row_by_row():
    made = sheet(a=cell((1, 4.0)), b=cell((0, 1.0), (2, 2.0)))
    assert [record.seeds[1] for record in made.records] == [1, 0, 2]
    assert {record.folder for record in made.records} == {pathlib.Path("run")}
