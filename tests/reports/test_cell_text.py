"""Numbers of tables as text."""

import dataclasses

import pytest
from support import finished_run_folders
from support.report_tables import make_table, table_of_cells

from tf_ssgan.metrics import intervals
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports import cell_text
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell

RUN = finished_run_folders.make_run()
CELL = ResultCell((RUN,), (5.0,))


@pytest.mark.parametrize(
    "values, decimals, text",
    [
        ((4.7, 5.1, 5.5), 1, "5.1 ± 0.4 (3)"),
        ((5.125,), 2, "5.12 (1)"),
        ((5.06,), 1, "5.1 (1)"),  # no share of images
        ((2.0, 2.0), 2, "2.00 ± 0.00 (2)"),
    ],
)
def test_a_mean(values, decimals, text):
    assert cell_text.format_mean(MeanOverSeeds(values), decimals) == text


@pytest.mark.parametrize(
    "percent, images, text",
    [(0.0, 10, "0.0 [0.0, 27.8] (1)"), (100.0, 1, "100.0 [20.7, 100.0] (1)"),
     (32.616, 279, "32.6 [27.4, 38.3] (1)"), (5.0, 0, "5.0 (1)")],
)  # fmt: skip
def test_the_number_of_one_run_has_the_interval_of_its_images(percent, images, text):
    assert cell_text.format_mean(MeanOverSeeds((percent,)), 1, images) == text
    low, high = intervals.of_error(percent, images or 1)
    assert 0 <= low <= high <= 100


def test_the_mean_of_several_runs_has_a_spread_and_no_interval():
    assert cell_text.format_mean(MeanOverSeeds((5.0, 6.0)), 1, 500) == "5.5 ± 0.7 (2)"


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
        ((-1.0, 1.0), "+0.0 [−12.7, +12.7], 1 of 2 lower, not told apart"),
        ((2.0,), "+2.0, 0 of 1 lower, not told apart"),
    ],
)
def test_a_paired_difference(values, text):
    paired = PairedDifference(MeanOverSeeds(values))
    assert cell_text.format_paired(paired, 1) == text
    assert text.startswith(cell_text.format_difference(paired, 1) + ", ")


@pytest.mark.parametrize(
    "values, better, text",
    [((2.0, 2.5, 3.0), "higher", "3 of 3 higher"),
     ((1.0, 2.0, 3.0), "higher", "3 of 3 higher, not told apart"),
     ((1.0, -2.0, 3.0), "lower", "1 of 3 lower, not told apart"),
     ((2.0, 2.0), "higher", "2 of 2 higher, not told apart"),
     ((0.0, 0.0), "lower", "0 of 2 lower, not told apart")],
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


@pytest.mark.parametrize("seconds, median", [((1.0, 9.0, 5.0), 5.0), ((9.0, 5.0), 7.0), ((), None)])
def test_the_seconds_of_runs_are_their_median(seconds, median):
    runs = tuple(
        finished_run_folders.make_run(seed=k, outcome={"seconds": s}) for k, s in enumerate(seconds)
    )
    assert cell_text.median_seconds(ResultCell(runs, (1.0,) * len(runs))) == median


def test_filled_cells_have_runs_or_a_published_number():
    published = ResultCell(published=PublishedNumber(4.0, None, "", 0))
    table = table_of_cells(ResultCell(), published, CELL)
    assert [column for _, column, _ in cell_text.filled_cells(table)] == ["c1", "c2"]
