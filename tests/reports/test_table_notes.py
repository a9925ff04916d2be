"""What a reader must know of a table, in sentences."""

import dataclasses

import pytest
from support import finished_run_folders
from support.report_tables import make_table, table_of_cells

from tf_ssgan import papers
from tf_ssgan.common.version import __version__
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports import by_protocol, cell_text, table_notes
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable

RUN = finished_run_folders.make_run()
CELL = ResultCell((RUN,), (5.0,))


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
    why = "2 runs are left out: 6 held-out images are too few to choose a step by; 100 are needed."
    assert why in table_notes.describe_table(table)
    (table,) = by_protocol.make_tables(runs)
    assert not any("too few" in line for line in table_notes.describe_table(table))


def test_classes_that_no_test_image_shows_are_named_once():
    missing = {"classes_without_test_images": ["few", "rare"], "classes_with_test_images": 8}
    runs = [finished_run_folders.make_run(seed=k, outcome=missing) for k in (0, 1)]
    lines = table_notes.describe_table(make_table(*runs))
    assert lines.count("No test image of few, rare: no test error says anything about them.") == 1


def two_methods(**changed):
    """A table of two methods."""
    return make_table(
        finished_run_folders.make_run(4.0, **changed),
        finished_run_folders.make_run(9.0, method="supervised", **changed),
    )


def test_the_description_of_a_table():
    assert table_notes.describe_table(two_methods()) == [
        "test error (%), lower is better; exported weights, last step; mean ± standard deviation "
        "over seeds (n).",
        "Each number is a share of 500 test images. [a, b] behind a single run is the 95 % interval "
        "that follows from their number (Wilson); it does not cover other labels or seeds.",
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
    assert f"; {text}; " in table_notes.describe_table(make_table(RUN, number=number))[0]


@pytest.mark.parametrize(
    "measure, text",
    [("accuracy", "test accuracy (%), higher is better; exported weights, last step; mean"),
     ("inception_score", "Inception Score, higher is better; mean"),
     ("tau", "truncation factor tau; mean")],
)  # fmt: skip
def test_a_quantity_has_a_unit_and_a_better_direction(measure, text):
    """Only errors and accuracies mention the weights."""
    table = table_of_cells(CELL, measure=measure)
    assert table_notes.describe_table(table)[0].startswith(text)
    assert cell_text.is_error_or_accuracy(table) is (measure == "accuracy")


def test_lengths_and_budgets():
    long = finished_run_folders.make_run(max_steps=9000, outcome={"epochs": 70.0})
    cells = [ResultCell((run,), (5.0,), budget="small") for run in (RUN, long)]
    text = "300 to 9,000 steps per run, 2.5 to 70 passes over the images."
    assert f"Budget small: {text}" in table_notes.describe_table(table_of_cells(*cells))
    cells[1] = dataclasses.replace(cells[1], budget="")
    assert f"Length: {text}" in table_notes.describe_table(table_of_cells(*cells))
    short = finished_run_folders.make_run(outcome={"epochs": 0.0})  # less than half a thousandth
    table = table_of_cells(ResultCell((short,), (5.0,)))
    assert "Length: 300 steps per run." in table_notes.describe_table(table)


def table_of_papers(*sources, **changed):
    published = [PublishedNumber(4.0, None, source, 9, **changed) for source in sources]
    return table_of_cells(*(dataclasses.replace(CELL, published=own) for own in published))


def test_the_sources_of_published_numbers_are_listed():
    table = table_of_papers("A 2020, table 1", "B 2021", "A 2020, table 1")
    assert "Published: A 2020, table 1; B 2021." in table_notes.describe_table(table)
    table = dataclasses.replace(table, source="The paper")
    assert "Published: The paper." in table_notes.describe_table(table)
    assert not any(
        line.startswith("Published") for line in table_notes.describe_table(two_methods())
    )


def test_intervals_of_other_quantities_have_no_binomial_error():
    rows = {(row, "c"): ResultCell((RUN,), (3.0,), paired=PairedDifference(MeanOverSeeds((1.0,))))
            for row in "ab"}  # fmt: skip
    table = ResultTable("s", "S", ("a", "b"), ("c",), rows, papers.QUANTITIES["tau"], "test_error",
                        baseline="a")  # fmt: skip
    assert "(Student's t over the splits), and how" in table_notes.describe_table(table)[-1]


def test_published_numbers_of_another_scale_are_explained():
    published = PublishedNumber(7.83, None, "A", 0)
    cell = dataclasses.replace(CELL, published=published)
    text = "Published numbers are measured "
    lines = table_notes.describe_table(table_of_cells(cell, measure="cluster_distance"))
    tsne = "in the plane of a t-SNE, whose scale is arbitrary: no difference to them is formed."
    assert f"{text}{tsne}" in lines
    lines = table_notes.describe_table(table_of_cells(cell))
    assert not any(line.startswith(text) for line in lines)


def test_differences_of_another_number_are_explained():
    text = "Differences to published numbers are of the number that the paper reports: "
    lines = table_notes.describe_table(table_of_papers("A", number="test_error_raw"))
    assert f"{text}raw weights, last step." in lines
    lines = table_notes.describe_table(table_of_papers("A"))
    assert not any(line.startswith("Differences") for line in lines)


def test_other_images_are_mentioned():
    text = "*Not the images of the published number: these runs had another part of the data set."
    assert text in table_notes.describe_table(table_of_papers("A"))  # of 9 images
    assert text not in table_notes.describe_table(two_methods())


def test_a_note_comes_last():
    assert table_notes.describe_table(table_of_cells(CELL, note="A note."))[-1] == "A note."


def test_columns_of_other_test_images_are_named():
    runs = [finished_run_folders.make_run(),
            finished_run_folders.make_run(labels=100, outcome={"test_images": 1})]  # fmt: skip
    lines = table_notes.describe_table(make_table(*runs))
    names = [column for column in make_table(*runs).columns]
    text = f"Each number is a share of the test images ({names[0]}: 500; {names[1]}: 1). "
    assert any(line.startswith(text) for line in lines)
    one = table_notes.describe_table(make_table(runs[1]))
    assert any(line.startswith("Each number is a share of 1 test image. ") for line in one)


def test_classes_that_runs_could_not_learn_are_named_or_their_runs_counted():
    lacking = [{"classes_without_labels": [name]} for name in ("few", "few", "rare")]
    runs = [finished_run_folders.make_run(seed=k, outcome=one) for k, one in enumerate(lacking)]
    say = "No labeled training image of few: the classifier will not know it."
    assert table_notes.describe_table(make_table(*runs[:2])).count(say) == 1
    lines = table_notes.describe_table(make_table(*runs))
    assert say not in lines
    assert "3 runs have no labeled image of some class: the classifier does not know it." in lines
