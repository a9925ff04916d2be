"""Numbers and tables in words: how they are rounded, and what is said of them."""

import dataclasses

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports import by_protocol, cell_text
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable


def sheet(*found, **asked):
    (made,) = by_protocol.by_protocol(found, **asked)
    return made


def of_cells(*cells, measure="test_error", **changed):
    """A table of one row."""
    columns = tuple(f"c{k}" for k in range(len(cells)))
    named = {("r", column): cell for column, cell in zip(columns, cells, strict=True)}
    return ResultTable("s", "S", ("r",), columns, named, papers.QUANTITIES[measure],
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
    assert cell_text.mean(MeanOverSeeds(values), decimals) == text


def test_what_is_missing_is_a_dash():
    assert cell_text.mean(None, 1) == cell_text.signed(None, 1) == cell_text.against(None, 1) == "–"
    assert cell_text.printed(ResultCell()) == "–"


@pytest.mark.parametrize(
    "spread, images, text",
    [(0.2, 0, "13.41 ± 0.20"), (None, 0, "13.41"), (0.2, finished_run_folders.POOL, "13.41 ± 0.20"),
     (0.2, 9, "13.41 ± 0.20*"), (None, 9, "13.41*"), (0.125, 0, "13.410 ± 0.125")],
)  # fmt: skip
def test_a_published_number(spread, images, text):
    cell = ResultCell(
        (finished_run_folders.record(),), (5.0,), PublishedNumber(13.41, spread, "", images)
    )
    assert cell_text.printed(cell) == text


@pytest.mark.parametrize(
    "value, spread, text",
    [(13.4, None, "13.4"), (13.0, None, "13.0"), (13, 1, "13.0 ± 1.0"), (13.41, 0.2, "13.41 ± 0.20"),
     (0.934, None, "0.934"), (3.64, 0.115, "3.640 ± 0.115")],
)  # fmt: skip
def test_no_digit_that_is_printed_is_lost(value, spread, text):
    assert cell_text.printed(ResultCell(printed=PublishedNumber(value, spread, "", 0))) == text


@pytest.mark.parametrize(
    "value, decimals, text",
    [(1.25, 1, "+1.2"), (-1.25, 2, "−1.25"), (0.0, 1, "+0.0"), (-12.0, 0, "−12")],
)
def test_a_signed_number_has_a_minus_and_no_hyphen(value, decimals, text):
    assert cell_text.signed(value, decimals) == text


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
    found = PairedDifference(MeanOverSeeds(values))
    assert cell_text.against(found, 1) == text
    assert text.startswith(cell_text.difference(found, 1) + ", ")


@pytest.mark.parametrize(
    "values, better, text",
    [((1.0, 2.0, 3.0), "higher", "3 of 3 higher"), ((1.0, -2.0, 3.0), "higher", "2 of 3 higher"),
     ((1.0, -2.0, 3.0), "lower", "1 of 3 lower"), ((0.0, 0.0), "lower", "0 of 2 lower"),
     ((0.0, 0.0), "higher", "0 of 2 higher")],
)  # fmt: skip
def test_how_many_are_ahead(values, better, text):
    """A tie is nobody's."""
    assert cell_text.how_many(PairedDifference(MeanOverSeeds(values)), better) == text
    assert cell_text.against(PairedDifference(MeanOverSeeds(values)), 1, better).endswith(
        f", {text}"
    )


@pytest.mark.parametrize(
    "ours, printed, decimals",
    [(5.0, None, 1), (5.1, None, 1), (5.12, None, 2), (5.0, 13.4, 1), (5.0, 13.41, 2),
     (0.1 + 0.2, None, 1)],
)  # fmt: skip
def test_as_many_decimals_as_the_numbers_hold(ours, printed, decimals):
    cell = ResultCell(
        (finished_run_folders.record(),), (ours,), printed and PublishedNumber(printed, None, "", 0)
    )
    made = ResultTable(
        "s", "S", ("r",), ("c",), {("r", "c"): cell}, papers.QUANTITIES["test_error"], "test_error"
    )
    assert cell_text.decimals(made) == decimals


def test_an_error_that_a_run_has_not_is_no_mean():
    found = [
        finished_run_folders.record(),
        finished_run_folders.record(seed=1, outcome={"test_error_median20": None}),
    ]
    (cell,) = sheet(*found).cells.values()
    assert cell_text.number(cell, "test_error_median20") is None
    assert cell_text.number(cell, "test_error").n == 2


@pytest.mark.parametrize(
    "seconds, median", [((1.0, 9.0, 5.0), 5.0), ((None, 9.0, 5.0), 7.0), ((None,) * 3, None)]
)
def test_how_long_runs_took_is_the_median(seconds, median):
    found = tuple(
        finished_run_folders.record(seed=k, outcome={"seconds": s}) for k, s in enumerate(seconds)
    )
    assert cell_text.seconds(ResultCell(found, (1.0,) * 3)) == median


def two(**changed):
    """Two methods."""
    return sheet(
        finished_run_folders.record(4.0, **changed),
        finished_run_folders.record(9.0, method="supervised", **changed),
    )


def test_what_is_said_of_a_table():
    assert cell_text.about(two()) == [
        "test error (%), lower is better; shipped weights, last step; mean ± standard deviation "
        "over seeds (n).",
        "Length: 300 steps a run, 2.5 passes over the images.",
        "Against supervised: differences between runs of the same split seed, mean, 95 % interval "
        "of the mean (Student's t), and how many are ahead.",
    ]


@pytest.mark.parametrize(
    "number, told",
    [("test_error_raw", "raw weights, last step"),
     ("test_error_at_best_validation", "shipped weights, at best validation")],
)  # fmt: skip
def test_which_number_a_table_has(number, told):
    assert f"; {told}; " in cell_text.about(sheet(finished_run_folders.record(), number=number))[0]


@pytest.mark.parametrize(
    "measure, told",
    [("accuracy", "test accuracy (%), higher is better; shipped weights, last step; mean"),
     ("inception_score", "Inception Score, higher is better; mean"),
     ("tau", "truncation factor tau; mean")],
)  # fmt: skip
def test_a_quantity_has_its_unit_and_its_better_end(measure, told):
    """Of which weights it is, only errors say."""
    made = of_cells(ResultCell((finished_run_folders.record(),), (5.0,)), measure=measure)
    assert cell_text.about(made)[0].startswith(told)
    assert cell_text.of_errors(made) is (measure == "accuracy")


def test_lengths_and_budgets():
    short, long = (
        finished_run_folders.record(),
        finished_run_folders.record(max_steps=9000, outcome={"epochs": 70.0}),
    )
    cells = [ResultCell((run,), (5.0,), budget="small") for run in (short, long)]
    told = "300 to 9,000 steps a run, 2.5 to 70 passes over the images."
    assert f"Budget small: {told}" in cell_text.about(of_cells(*cells))
    cells[1] = dataclasses.replace(cells[1], budget="")
    assert f"Length: {told}" in cell_text.about(of_cells(*cells))
    counted = finished_run_folders.record(outcome={"epochs": None})
    assert "Length: 300 steps a run." in cell_text.about(of_cells(ResultCell((counted,), (5.0,))))


def of_papers(*sources, **changed):
    cells = [
        ResultCell(
            (finished_run_folders.record(),),
            (5.0,),
            PublishedNumber(4.0, None, source, 9, **changed),
        )
        for source in sources
    ]
    return of_cells(*cells)


def test_whose_the_published_numbers_are():
    made = of_papers("A 2020, table 1", "B 2021", "A 2020, table 1")
    assert "Published: A 2020, table 1; B 2021." in cell_text.about(made)
    made = dataclasses.replace(made, source="The paper")
    assert "Published: The paper." in cell_text.about(made)
    assert not any(line.startswith("Published") for line in cell_text.about(two()))


def test_differences_of_another_number_say_so():
    told = "Differences are of what the paper reports, where that is another number: "
    lines = cell_text.about(of_papers("A", number="test_error_raw"))
    assert f"{told}raw weights, last step." in lines
    assert not any(line.startswith("Differences") for line in cell_text.about(of_papers("A")))


def test_other_images_are_told():
    told = "*Not the images of the published number: these runs had another part of the data set."
    assert told in cell_text.about(of_papers("A"))  # of 9 images
    assert told not in cell_text.about(two())


def test_a_note_is_told_last():
    assert (
        cell_text.about(
            of_cells(ResultCell((finished_run_folders.record(),), (5.0,)), note="A note.")
        )[-1]
        == "A note."
    )


def test_cells_with_runs_or_a_printed_number():
    printed = ResultCell(printed=PublishedNumber(4.0, None, "", 0))
    made = of_cells(ResultCell(), printed, ResultCell((finished_run_folders.record(),), (5.0,)))
    assert [column for _, column, _ in cell_text.filled(made)] == ["c1", "c2"]
