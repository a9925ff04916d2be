"""Numbers and descriptions of tables as text."""

import dataclasses

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common.version import __version__
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports import by_protocol, cell_text
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable

RUN = finished_run_folders.make_run()
CELL = ResultCell((RUN,), (5.0,))


def make_table(*runs, **options):
    (table,) = by_protocol.make_tables(runs, **options)
    return table


def table_of_cells(*cells, measure="test_error", **changed):
    """A table of one row."""
    columns = tuple(f"c{k}" for k in range(len(cells)))
    by_place = {("r", column): cell for column, cell in zip(columns, cells, strict=True)}
    return ResultTable("s", "S", ("r",), columns, by_place, papers.QUANTITIES[measure],
                 **{"number": "test_error"} | changed)  # fmt: skip


@pytest.mark.parametrize(
    "values, decimals, text",
    [
        ((4.7, 5.1, 5.5), 1, "5.1 ± 0.4 (3)"),
        ((5.125,), 2, "5.12 (1)"),
        ((5.06,), 1, "5.1 (1)"),
        ((2.0, 2.0), 2, "2.00 ± 0.00 (2)"),
    ],
)
def test_a_mean(values, decimals, text):
    assert cell_text.format_mean(MeanOverSeeds(values), decimals) == text


def test_missing_numbers_are_a_dash():
    assert cell_text.format_mean(None, 1) == "–"
    assert cell_text.format_signed(None, 1) == cell_text.format_paired(None, 1) == "–"
    assert cell_text.format_published(ResultCell()) == "–"


@pytest.mark.parametrize(
    "spread, images, text",
    [(0.2, 0, "13.41 ± 0.20"), (None, 0, "13.41"), (0.2, finished_run_folders.POOL, "13.41 ± 0.20"),
     (0.2, 9, "13.41 ± 0.20*"), (None, 9, "13.41*"), (0.125, 0, "13.410 ± 0.125")],
)  # fmt: skip
def test_a_published_number(spread, images, text):
    cell = dataclasses.replace(CELL, published=PublishedNumber(13.41, spread, "", images))
    assert cell_text.format_published(cell) == text


@pytest.mark.parametrize(
    "value, spread, text",
    [(13.4, None, "13.4"), (13.0, None, "13.0"), (13, 1, "13.0 ± 1.0"), (13.41, 0.2, "13.41 ± 0.20"),
     (0.934, None, "0.934"), (3.64, 0.115, "3.640 ± 0.115")],
)  # fmt: skip
def test_all_published_digits_are_kept(value, spread, text):
    assert (
        cell_text.format_published(ResultCell(published=PublishedNumber(value, spread, "", 0)))
        == text
    )


@pytest.mark.parametrize(
    "value, decimals, text",
    [(1.25, 1, "+1.2"), (-1.25, 2, "−1.25"), (0.0, 1, "+0.0"), (-12.0, 0, "−12")],
)
def test_a_signed_number_has_a_minus_and_no_hyphen(value, decimals, text):
    assert cell_text.format_signed(value, decimals) == text


@pytest.mark.parametrize(
    "values, text",
    [
        # Mean -10.4, std 1.2, n 3: half of the interval is 4.303 * 1.2 / sqrt 3 = 2.98.
        ((-11.6, -10.4, -9.2), "−10.4 [−13.4, −7.4], 3 of 3 lower"),
        ((-1.0, 1.0), "+0.0 [−12.7, +12.7], 1 of 2 lower"),
        ((2.0,), "+2.0, 0 of 1 lower"),
    ],
)
def test_a_paired_difference(values, text):
    paired = PairedDifference(MeanOverSeeds(values))
    assert cell_text.format_paired(paired, 1) == text
    assert text.startswith(cell_text.format_difference(paired, 1) + ", ")


@pytest.mark.parametrize(
    "values, better, text",
    [((1.0, 2.0, 3.0), "higher", "3 of 3 higher"), ((1.0, -2.0, 3.0), "higher", "2 of 3 higher"),
     ((1.0, -2.0, 3.0), "lower", "1 of 3 lower"), ((0.0, 0.0), "lower", "0 of 2 lower"),
     ((0.0, 0.0), "higher", "0 of 2 higher")],
)  # fmt: skip
def test_how_many_are_ahead(values, better, text):
    """In a tie neither is ahead."""
    paired = PairedDifference(MeanOverSeeds(values))
    assert cell_text.format_count_ahead(paired, better) == text
    assert cell_text.format_paired(paired, 1, better).endswith(f", {text}")


@pytest.mark.parametrize(
    "ours, published, decimals",
    [(5.0, None, 1), (5.1, None, 1), (5.12, None, 2), (5.0, 13.4, 1), (5.0, 13.41, 2),
     (0.1 + 0.2, None, 1)],
)  # fmt: skip
def test_a_table_has_as_many_decimals_as_its_numbers_need(ours, published, decimals):
    number = published and PublishedNumber(published, None, "", 0)
    table = table_of_cells(ResultCell((RUN,), (ours,), number))
    assert cell_text.table_decimals(table) == decimals


def test_an_error_that_one_run_lacks_has_no_mean():
    number = "test_error_at_best_validation"
    lacking = finished_run_folders.make_run(seed=1, outcome={number: None})
    (cell,) = make_table(RUN, lacking).cells.values()
    assert cell_text.mean_error(cell, number) is None
    assert cell_text.mean_error(cell, "test_error").n == 2


FEW = {"validation_images": 6, "test_error_at_best_validation": None,
       "test_error_raw_at_best_validation": None}  # fmt: skip


def test_runs_without_a_best_step_are_left_out_and_why():
    number = "test_error_at_best_validation"
    runs = [
        RUN,
        *(finished_run_folders.make_run(method="vat", seed=k, outcome=FEW) for k in (0, 1)),
    ]
    (table,) = by_protocol.make_tables(runs, number)
    assert (
        table.cell("vat", table.columns[-1]).runs == table.cell("vat", table.columns[0]).runs == ()
    )
    why = (
        "2 run(s) are left out: 6 held-out images are too few to choose a step by; 100 are needed."
    )
    assert why in cell_text.describe_table(table)
    (table,) = by_protocol.make_tables(runs)
    assert not any("too few" in line for line in cell_text.describe_table(table))


def test_classes_that_no_test_image_shows_are_named_once():
    missing = {"classes_without_test_images": ["few", "rare"], "classes_with_test_images": 8}
    runs = [finished_run_folders.make_run(seed=k, outcome=missing) for k in (0, 1)]
    lines = cell_text.describe_table(make_table(*runs))
    assert lines.count("No test image of few, rare: no test error says anything about them.") == 1


def test_classes_that_runs_could_not_learn_are_named_or_their_runs_counted():
    lacking = [{"classes_without_labels": [name]} for name in ("few", "few", "rare")]
    runs = [finished_run_folders.make_run(seed=k, outcome=one) for k, one in enumerate(lacking)]
    say = "No labeled training image of few: the classifier will not know it."
    assert cell_text.describe_table(make_table(*runs[:2])).count(say) == 1
    lines = cell_text.describe_table(make_table(*runs))
    assert say not in lines
    assert "3 runs have no labeled image of some class: the classifier does not know it." in lines


@pytest.mark.parametrize("seconds, median", [((1.0, 9.0, 5.0), 5.0), ((9.0, 5.0), 7.0), ((), None)])
def test_the_seconds_of_runs_are_their_median(seconds, median):
    runs = tuple(
        finished_run_folders.make_run(seed=k, outcome={"seconds": s}) for k, s in enumerate(seconds)
    )
    assert cell_text.median_seconds(ResultCell(runs, (1.0,) * len(runs))) == median


def two_methods(**changed):
    """A table of two methods."""
    return make_table(
        finished_run_folders.make_run(4.0, **changed),
        finished_run_folders.make_run(9.0, method="supervised", **changed),
    )


def test_the_description_of_a_table():
    assert cell_text.describe_table(two_methods()) == [
        "test error (%), lower is better; exported weights, last step; mean ± standard deviation "
        "over seeds (n).",
        "Length: 300 steps per run, 2.5 passes over the images.",
        f"Code: tf_ssgan {__version__}.",
        "Against supervised: differences between runs of the same split seed, mean, 95 % interval "
        "of the mean (Student's t over the splits, but no narrower than the binomial errors of both "
        "on the test images), and how many are ahead. Fewer than three splits are not enough to "
        "distinguish two methods.",
    ]


@pytest.mark.parametrize(
    "number, text",
    [("test_error_raw", "raw weights, last step"),
     ("test_error_at_best_validation", "exported weights, at best validation")],
)  # fmt: skip
def test_which_number_a_table_has(number, text):
    assert f"; {text}; " in cell_text.describe_table(make_table(RUN, number=number))[0]


@pytest.mark.parametrize(
    "measure, text",
    [("accuracy", "test accuracy (%), higher is better; exported weights, last step; mean"),
     ("inception_score", "Inception Score, higher is better; mean"),
     ("tau", "truncation factor tau; mean")],
)  # fmt: skip
def test_a_quantity_has_a_unit_and_a_better_direction(measure, text):
    """Only errors and accuracies mention the weights."""
    table = table_of_cells(CELL, measure=measure)
    assert cell_text.describe_table(table)[0].startswith(text)
    assert cell_text.is_error_or_accuracy(table) is (measure == "accuracy")


def test_lengths_and_budgets():
    long = finished_run_folders.make_run(max_steps=9000, outcome={"epochs": 70.0})
    cells = [ResultCell((run,), (5.0,), budget="small") for run in (RUN, long)]
    text = "300 to 9,000 steps per run, 2.5 to 70 passes over the images."
    assert f"Budget small: {text}" in cell_text.describe_table(table_of_cells(*cells))
    cells[1] = dataclasses.replace(cells[1], budget="")
    assert f"Length: {text}" in cell_text.describe_table(table_of_cells(*cells))
    short = finished_run_folders.make_run(outcome={"epochs": 0.0})  # less than half a thousandth
    table = table_of_cells(ResultCell((short,), (5.0,)))
    assert "Length: 300 steps per run." in cell_text.describe_table(table)


def table_of_papers(*sources, **changed):
    published = [PublishedNumber(4.0, None, source, 9, **changed) for source in sources]
    return table_of_cells(*(dataclasses.replace(CELL, published=own) for own in published))


def test_the_sources_of_published_numbers_are_listed():
    table = table_of_papers("A 2020, table 1", "B 2021", "A 2020, table 1")
    assert "Published: A 2020, table 1; B 2021." in cell_text.describe_table(table)
    table = dataclasses.replace(table, source="The paper")
    assert "Published: The paper." in cell_text.describe_table(table)
    assert not any(line.startswith("Published") for line in cell_text.describe_table(two_methods()))


def test_intervals_of_other_quantities_have_no_binomial_error():
    rows = {(row, "c"): ResultCell((RUN,), (3.0,), paired=PairedDifference(MeanOverSeeds((1.0,))))
            for row in "ab"}  # fmt: skip
    table = ResultTable("s", "S", ("a", "b"), ("c",), rows, papers.QUANTITIES["tau"], "test_error",
                        baseline="a")  # fmt: skip
    assert "(Student's t over the splits), and how" in cell_text.describe_table(table)[-1]


def test_published_numbers_of_another_scale_are_explained():
    published = PublishedNumber(7.83, None, "A", 0)
    cell = dataclasses.replace(CELL, published=published)
    text = "Published numbers are measured "
    lines = cell_text.describe_table(table_of_cells(cell, measure="cluster_distance"))
    tsne = "in the plane of a t-SNE, whose scale is arbitrary: no difference to them is formed."
    assert f"{text}{tsne}" in lines
    lines = cell_text.describe_table(table_of_cells(cell))
    assert not any(line.startswith(text) for line in lines)


def test_differences_of_another_number_are_explained():
    text = "Differences to published numbers are of the number that the paper reports: "
    lines = cell_text.describe_table(table_of_papers("A", number="test_error_raw"))
    assert f"{text}raw weights, last step." in lines
    lines = cell_text.describe_table(table_of_papers("A"))
    assert not any(line.startswith("Differences") for line in lines)


def test_other_images_are_mentioned():
    text = "*Not the images of the published number: these runs had another part of the data set."
    assert text in cell_text.describe_table(table_of_papers("A"))  # of 9 images
    assert text not in cell_text.describe_table(two_methods())


def test_a_note_comes_last():
    assert cell_text.describe_table(table_of_cells(CELL, note="A note."))[-1] == "A note."


def test_filled_cells_have_runs_or_a_published_number():
    published = ResultCell(published=PublishedNumber(4.0, None, "", 0))
    table = table_of_cells(ResultCell(), published, CELL)
    assert [column for _, column, _ in cell_text.filled_cells(table)] == ["c1", "c2"]
