"""Cells and tables of runs: order, numbers, and differences to a baseline."""

import dataclasses
import pathlib

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.metrics import across_seeds
from tf_ssgan.reports import result_table
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable


def make_cell(*pairs, published=None, **changed):
    """A cell of (seed, error)."""
    runs = [finished_run_folders.make_run(error, seed=seed, **changed) for seed, error in pairs]
    return result_table.make_cell(runs, "test_error", "test_error", published, "")


def make_table(**rows):
    """A table of one column."""
    cells = {(row, "c"): cell for row, cell in rows.items()}
    measure = papers.QUANTITIES["test_error"]
    return ResultTable("s", "S", tuple(rows), ("c",), cells, measure, "test_error")


def test_runs_are_sorted_by_their_seeds():
    cell = make_cell((2, 7.0), (0, 4.0), (1, 4.0))
    assert cell.values == (4.0, 4.0, 7.0)
    assert [run.seeds for run in cell.runs] == [(0, 0), (1, 1), (2, 2)]
    assert cell.mean.mean == 5.0


def test_runs_without_the_quantity_are_left_out():
    runs = [
        finished_run_folders.make_run(4.0),
        finished_run_folders.make_run(6.0, seed=1, outcome={"searched": {"tau": 1.5}}),
    ]
    cell = result_table.make_cell(runs, "tau", "test_error", None, "small")
    assert (cell.values, cell.runs, cell.budget) == ((1.5,), (runs[1],), "small")


@pytest.mark.parametrize(
    "cell, difference",
    [
        (make_cell((0, 4.0), (1, 5.0), published=PublishedNumber(4.0, None, "", 0)), 0.5),
        (make_cell((0, 4.0)), None),
        (make_cell(published=PublishedNumber(4.0, None, "", 0)), None),
    ],
)
def test_the_difference_is_our_number_minus_the_published_one(cell, difference):
    assert cell.difference == difference


def make_cell_of_number(*runs, number):
    """A cell of last steps, for which a paper reports another number: 4.0."""
    published = PublishedNumber(4.0, None, "", 0, number)
    return result_table.make_cell(runs, "test_error", "test_error", published, "")


def test_the_difference_is_of_the_number_that_the_paper_reports():
    cell = make_cell_of_number(
        finished_run_folders.make_run(4.0),
        finished_run_folders.make_run(5.0, seed=1),
        number="test_error_raw",
    )
    assert cell.mean.mean == 4.5
    assert cell.difference == 2.5  # the error of raw weights is 2 higher: (6 + 7) / 2 - 4


def test_there_is_no_difference_if_a_run_lacks_the_number_of_the_paper():
    """Without validation images there is no best step."""
    number = "test_error_at_best_validation"
    lacking = finished_run_folders.make_run(5.0, seed=1, outcome={number: None})
    run = finished_run_folders.make_run(4.0)
    cell = make_cell_of_number(run, lacking, number=number)
    assert (cell.mean.mean, cell.difference) == (4.5, None)


def test_the_difference_of_accuracies_is_of_accuracies():
    published = PublishedNumber(90.0, None, "", 0, "test_error_raw")
    runs = [finished_run_folders.make_run(4.0)]
    cell = result_table.make_cell(runs, "accuracy", "test_error", published, "")
    assert (cell.values, cell.difference) == ((96.0,), 4.0)  # 100 - 6 - 90


@pytest.mark.parametrize("measure", ["inception_score", "cluster_distance", "cluster_stddev"])
def test_there_is_no_difference_between_numbers_of_different_scales(tmp_path, measure):
    finished_run_folders.write_evaluation(
        tmp_path, clusters=file_contents.clusters(), generator_scores=[file_contents.scores()]
    )
    published = PublishedNumber(3.24, None, "", 0)
    runs = [finished_run_folders.make_run(folder=tmp_path)]
    cell = result_table.make_cell(runs, measure, "test_error", published, "")
    assert (cell.published, cell.difference, cell.test_images) == (published, None, 0)
    assert len(cell.values) == 1


def test_an_empty_cell_has_nothing():
    cell = make_table(a=make_cell((0, 1.0))).cell("nobody", "c")
    numbers = cell, cell.mean, cell.difference, cell.other_images
    assert numbers == (ResultCell(), None, None, False)


def test_pairs_share_split_seed_and_labeled_images():
    ours = make_cell((0, 4.0), (1, 6.0), (2, 1.0))
    theirs = make_cell((0, 5.0), (1, 9.0), (3, 50.0), method="supervised")
    table = result_table.add_paired_differences(make_table(a=ours, supervised=theirs))
    assert table.baseline == "supervised"
    assert table.cell("a", "c").paired.differences.values == (-1.0, -3.0)
    elsewhere = make_cell((0, 5.0), outcome={"split_sha256": finished_run_folders.sha256("other")})
    table = result_table.add_paired_differences(make_table(a=ours, supervised=elsewhere))
    assert table.cell("a", "c").paired is None
    changed = make_cell((0, 5.0), outcome={"data_sha256": finished_run_folders.sha256("other")})
    table = result_table.add_paired_differences(make_table(a=ours, supervised=changed))
    assert table.cell("a", "c").paired is None


def test_runs_of_one_split_are_one_pair():
    ours = make_cell((0, 4.0), (1, 6.0), split_seed=0)
    table = result_table.add_paired_differences(make_table(a=ours, b=make_cell((0, 10.0))), "b")
    assert table.cell("a", "c").paired.differences.values == (-5.0,)


def test_a_row_without_runs_may_be_the_baseline_if_named():
    table = make_table(a=make_cell((0, 4.0)), b=ResultCell())
    table = result_table.add_paired_differences(table, "b")
    assert (table.baseline, table.cell("a", "c").paired) == ("b", None)


def test_an_unknown_baseline_is_a_mistake():
    table = make_table(a=make_cell((0, 4.0)), b=ResultCell())
    with pytest.raises(errors.UserError, match="--against=x is not a row of s. Known: a."):
        result_table.add_paired_differences(table, "x")


@pytest.mark.parametrize(
    "methods, source, baseline",
    [
        (("frgan", "supervised"), "", "supervised"),
        (("vat", "frgan"), "", "frgan"),  # by name, not the one with more errors
        (("vat", "frgan"), "A paper", "first"),  # the first row of the paper
        (("vat", "supervised"), "A paper", "second"),
    ],
)
@pytest.mark.parametrize("test_errors", [(1.0, 9.0), (9.0, 1.0)])
def test_errors_do_not_decide_on_the_baseline(methods, source, baseline, test_errors):
    first, second = (make_cell((0, e), method=m) for e, m in zip(test_errors, methods, strict=True))
    table = dataclasses.replace(make_table(first=first, second=second), source=source)
    names = dict(zip(methods, ("first", "second"), strict=True))
    assert result_table.add_paired_differences(table).baseline == names.get(baseline, baseline)


def test_the_row_with_most_runs_of_a_method_is_the_baseline():
    few = make_cell((0, 1.0), method="supervised")
    many = make_cell((0, 5.0), (1, 6.0), method="supervised", width=8)
    table = result_table.add_paired_differences(make_table(few=few, many=many))
    assert (table.baseline, table.cell("few", "c").paired.differences.values) == ("many", (-4.0,))


def test_values_are_grouped_by_split():
    runs = [
        finished_run_folders.make_run(4.0),
        finished_run_folders.make_run(6.0, seed=1, split_seed=0),
        finished_run_folders.make_run(9.0, seed=2),
    ]
    data = finished_run_folders.make_run().result["data_sha256"]
    first, other = ((seed, finished_run_folders.sha256(seed), data) for seed in (0, 2))
    values_by_split = result_table.values_by_split
    assert values_by_split(ResultCell()) == {}
    cell = result_table.make_cell(runs, "test_error", "test_error", None, "")
    assert values_by_split(cell) == {first: [4.0, 6.0], other: [9.0]}
    errors_by_split = {first: [4.25, 6.25], other: [9.25]}
    assert values_by_split(cell, "validation_error") == errors_by_split
    assert values_by_split(cell, "unknown") == {}


@pytest.fixture
def in_tmp_path(tmp_path, monkeypatch):
    """The folders of runs are relative to an empty folder."""
    monkeypatch.chdir(tmp_path)


def scored(folder, **changed):
    """A run with a score by a reference classifier."""
    score = file_contents.scores(**changed)
    finished_run_folders.write_evaluation(pathlib.Path(folder), generator_scores=[score])
    return finished_run_folders.make_run(folder=folder)


OTHER_IMAGES = {"generated": 5000, "test": 500, "inception_score": 500, "distances": 1000}
OLDER_IMAGES = {"generated": 5000, "test": 500, "training": 1297}


@pytest.mark.parametrize(
    "changed", [{"weights": "b"}, {"images": OTHER_IMAGES}, {"images": OLDER_IMAGES}, {"seed": 1}]
)
def test_scores_with_other_fingerprints_are_refused(in_tmp_path, changed):
    runs = [finished_run_folders.make_run(folder="unscored"), scored("a"), scored("b", **changed)]
    with pytest.raises(
        errors.UserError, match="a and b both fit the cell here, and were scored by different"
    ):
        result_table.refuse_other_fingerprints("here", runs, "inception_score")
    result_table.refuse_other_fingerprints("here", runs, "test_error")  # which is no score
    result_table.refuse_other_fingerprints("here", runs[:2], "inception_score")


def clustered(folder, **changed):
    """A run with distances of `points` generated images to the class centers."""
    points = changed.pop("points", 500)
    clusters = file_contents.clusters(**changed)
    clusters["sets"]["generated"]["points"] = points
    finished_run_folders.write_evaluation(pathlib.Path(folder), clusters=clusters)
    return finished_run_folders.make_run(folder=folder)


@pytest.mark.parametrize("changed", [{"features": "others"}, {"seed": 1}, {"points": 190}])
@pytest.mark.parametrize("measure", ["cluster_distance", "cluster_stddev"])
def test_distances_by_other_features_are_refused(in_tmp_path, changed, measure):
    with pytest.raises(errors.UserError, match="a and b both fit .* Evaluate them again: "):
        result_table.refuse_other_fingerprints(
            "here", [clustered("a"), clustered("b", **changed)], measure
        )
    result_table.refuse_other_fingerprints("here", [clustered("a"), clustered("b")], measure)


@pytest.mark.parametrize(
    "changed, paired", [({}, (-3.0,)), ({"features": "others"}, None), ({"points": 190}, None)]
)
def test_distances_by_other_features_have_no_difference(in_tmp_path, changed, paired):
    ours, theirs = (
        result_table.make_cell([run], "cluster_distance", "test_error", None, "")
        for run in (clustered("a"), clustered("b", **changed | {"distance": 15.5}))
    )
    found = result_table.compare_cells(ours, theirs)
    assert (found and found.differences.values) == paired


def test_accuracies_on_other_images_have_the_binomial_error_of_these(in_tmp_path):
    cells = []
    for folder, error in (("a", 40.0), ("b", 44.0)):
        entry = file_contents.errors_on("cifar10_1/v6", error)  # on 2,000 images
        finished_run_folders.write_evaluation(pathlib.Path(folder), test_sets=[entry])
        run = finished_run_folders.make_run(folder=folder)
        measure = "accuracy_on_cifar10_1"
        cells.append(result_table.make_cell([run], measure, "test_error", None, ""))
    found = result_table.compare_cells(*cells)
    assert found.least_half_width == across_seeds.least_half_width(60.0, 56.0, (2000, 2000))


def test_mixtures_are_refused_wherever_the_other_run_is():
    alike = [finished_run_folders.make_run(seed=k, folder=f"r{k}") for k in range(3)]
    result_table.refuse_mixture("here", alike)
    result_table.refuse_mixture("here", [])
    odd = finished_run_folders.make_run(seed=9, folder="odd", width=1)
    message = r"r0 and odd both fit the cell here, and differ in width \(32, 1\)"
    with pytest.raises(errors.UserError, match=message):
        result_table.refuse_mixture("here", [*alike, odd])


def test_the_runs_of_a_table_come_row_by_row():
    table = make_table(a=make_cell((1, 4.0)), b=make_cell((0, 1.0), (2, 2.0)))
    assert [run.seeds[1] for run in table.runs] == [1, 0, 2]
    assert {run.folder for run in table.runs} == {pathlib.Path("run")}
