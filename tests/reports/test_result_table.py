"""Cells: their order, their numbers, and what they are compared with."""

import dataclasses
import pathlib

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.reports import result_table
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable


def cell(*pairs, printed=None, **changed):
    """A cell of (seed, error)."""
    found = [finished_run_folders.record(error, seed=seed, **changed) for seed, error in pairs]
    return result_table.cell_of(found, "test_error", "test_error", printed, "")


def sheet(**rows):
    return ResultTable("s", "S", tuple(rows), ("c",), {(row, "c"): made for row, made in rows.items()},
                 papers.QUANTITIES["test_error"], "test_error")  # fmt: skip


def test_runs_stand_by_their_seeds():
    made = cell((2, 7.0), (0, 4.0), (1, 4.0))
    assert made.values == (4.0, 4.0, 7.0)
    assert [record.seeds for record in made.records] == [(0, 0), (1, 1), (2, 2)]
    assert made.mean.mean == 5.0


def test_runs_without_the_quantity_are_left_out():
    found = [
        finished_run_folders.record(4.0),
        finished_run_folders.record(6.0, seed=1, outcome={"searched": {"tau": 1.5}}),
    ]
    made = result_table.cell_of(found, "tau", "test_error", None, "small")
    assert (made.values, made.records, made.budget) == ((1.5,), (found[1],), "small")


@pytest.mark.parametrize(
    "made, difference",
    [
        (cell((0, 4.0), (1, 5.0), printed=PublishedNumber(4.0, None, "", 0)), 0.5),
        (cell((0, 4.0)), None),
        (cell(printed=PublishedNumber(4.0, None, "", 0)), None),
    ],
)
def test_the_difference_is_ours_minus_the_printed_one(made, difference):
    assert made.difference == difference


def of_number(*found, number):
    """A cell of last steps, of which a paper reports another number: 4.0."""
    printed = PublishedNumber(4.0, None, "", 0, number)
    return result_table.cell_of(found, "test_error", "test_error", printed, "")


def test_the_difference_is_of_the_number_that_the_paper_reports():
    made = of_number(
        finished_run_folders.record(4.0),
        finished_run_folders.record(5.0, seed=1),
        number="test_error_raw",
    )
    assert made.mean.mean == 4.5
    assert made.difference == 2.5  # raw weights err by 2 more: (6 + 7) / 2 - 4


def test_no_difference_where_a_run_lacks_the_papers_number():
    lacking = finished_run_folders.record(5.0, seed=1, outcome={"test_error_raw": None})
    made = of_number(finished_run_folders.record(4.0), lacking, number="test_error_raw")
    assert (made.mean.mean, made.difference) == (4.5, None)


def test_the_difference_of_accuracies_is_of_accuracies():
    printed = PublishedNumber(90.0, None, "", 0, "test_error_raw")
    made = result_table.cell_of(
        [finished_run_folders.record(4.0)], "accuracy", "test_error", printed, ""
    )
    assert (made.values, made.difference) == ((96.0,), 4.0)  # 100 - 6 - 90


def test_an_empty_cell_has_nothing():
    made = sheet(a=cell((0, 1.0))).cell("nobody", "c")
    assert (made, made.mean, made.difference, made.other_images) == (
        ResultCell(),
        None,
        None,
        False,
    )


def test_pairs_share_split_seed_and_labeled_images():
    ours = cell((0, 4.0), (1, 6.0), (2, 1.0))
    theirs = cell((0, 5.0), (1, 9.0), (3, 50.0), method="supervised")
    made = result_table.compared(sheet(a=ours, supervised=theirs))
    assert made.baseline == "supervised"
    assert made.cell("a", "c").paired.differences.values == (-1.0, -3.0)
    elsewhere = cell((0, 5.0), outcome={"split_sha256": "other"})
    made = result_table.compared(sheet(a=ours, supervised=elsewhere))
    assert made.cell("a", "c").paired is None


def test_runs_of_one_split_are_one_pair():
    ours = cell((0, 4.0), (1, 6.0), split_seed=0)
    made = result_table.compared(sheet(a=ours, b=cell((0, 10.0))), "b")
    assert made.cell("a", "c").paired.differences.values == (-5.0,)


def test_a_row_without_runs_may_be_the_baseline_if_named():
    made = result_table.compared(sheet(a=cell((0, 4.0)), b=ResultCell()), "b")
    assert (made.baseline, made.cell("a", "c").paired) == ("b", None)


def test_an_unknown_baseline_is_a_mistake():
    with pytest.raises(errors.UserError, match="--against=x is no row of s. Known: a."):
        result_table.compared(sheet(a=cell((0, 4.0)), b=ResultCell()), "x")


@pytest.mark.parametrize(
    "methods, source, baseline",
    [
        (("frgan", "supervised"), "", "supervised"),
        (("vat", "frgan"), "", "frgan"),  # by name, not the one that errs more
        (("vat", "frgan"), "A paper", "first"),  # as it stands there
        (("vat", "supervised"), "A paper", "second"),
    ],
)
@pytest.mark.parametrize("errors_of", [(1.0, 9.0), (9.0, 1.0)])
def test_errors_do_not_choose_the_baseline(methods, source, baseline, errors_of):
    first, second = (cell((0, e), method=m) for e, m in zip(errors_of, methods, strict=True))
    made = dataclasses.replace(sheet(first=first, second=second), source=source)
    names = dict(zip(methods, ("first", "second"), strict=True))
    assert result_table.compared(made).baseline == names.get(baseline, baseline)


def test_of_a_methods_rows_the_one_with_most_runs_is_the_baseline():
    few = cell((0, 1.0), method="supervised")
    many = cell((0, 5.0), (1, 6.0), method="supervised", width=8)
    made = result_table.compared(sheet(few=few, many=many))
    assert (made.baseline, made.cell("few", "c").paired.differences.values) == ("many", (-4.0,))


def test_values_by_what_they_learned_from():
    found = [
        finished_run_folders.record(4.0),
        finished_run_folders.record(6.0, seed=1, split_seed=0),
        finished_run_folders.record(9.0, seed=2),
    ]
    made = result_table.cell_of(found, "test_error", "test_error", None, "")
    assert result_table.by_split(made) == {(0, "split 0"): [4.0, 6.0], (2, "split 2"): [9.0]}
    assert result_table.by_split(made, "validation_error") == {
        (0, "split 0"): [4.25, 6.25], (2, "split 2"): [9.25],
    }  # fmt: skip
    assert result_table.by_split(made, "unknown") == result_table.by_split(ResultCell()) == {}


def judged(folder, **changed):
    """A run that a judge has scored."""
    score = {"stamp": "a", "images": 5000, "seed": 0} | changed
    return finished_run_folders.record(folder=folder, outcome={"judged": {"scores": [score]}})


@pytest.mark.parametrize("changed", [{"stamp": "b"}, {"images": 50_000}, {"seed": 1}])
def test_scores_of_other_judges_are_refused(changed):
    found = [finished_run_folders.record(folder="unjudged"), judged("a"), judged("b", **changed)]
    with pytest.raises(
        errors.UserError, match="a and b both fit the cell here, and were scored by different"
    ):
        result_table.refuse_other_judges("here", found, "inception_score")
    result_table.refuse_other_judges("here", found, "test_error")  # which no judge finds
    result_table.refuse_other_judges("here", found[:2], "inception_score")


def clustered(folder, **changed):
    clusters = {"features": "own", "seed": 0} | changed
    return finished_run_folders.record(folder=folder, outcome={"judged": {"clusters": clusters}})


@pytest.mark.parametrize("changed", [{"features": "others"}, {"seed": 1}])
@pytest.mark.parametrize("measure", ["cluster_distance", "cluster_deviation"])
def test_distances_of_other_features_are_refused(changed, measure):
    with pytest.raises(errors.UserError, match="a and b both fit .* Judge them again: "):
        result_table.refuse_other_judges(
            "here", [clustered("a"), clustered("b", **changed)], measure
        )
    result_table.refuse_other_judges("here", [clustered("a"), clustered("b")], measure)


def test_mixtures_are_refused_wherever_the_other_run_stands():
    alike = [finished_run_folders.record(seed=k, folder=f"r{k}") for k in range(3)]
    result_table.refuse_mixture("here", alike)
    result_table.refuse_mixture("here", [])
    odd = finished_run_folders.record(seed=9, folder="odd", width=1)
    with pytest.raises(
        errors.UserError, match=r"r0 and odd both fit the cell here, and differ in width \(32, 1\)"
    ):
        result_table.refuse_mixture("here", [*alike, odd])


def test_every_run_of_a_table_row_by_row():
    made = sheet(a=cell((1, 4.0)), b=cell((0, 1.0), (2, 2.0)))
    assert [record.seeds[1] for record in made.records] == [1, 0, 2]
    assert {record.folder for record in made.records} == {pathlib.Path("run")}
