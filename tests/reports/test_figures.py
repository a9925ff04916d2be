"""The charts of a table and their data; `test_svg_charts` tests their appearance."""

import collections
import dataclasses
import json

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import by_paper, by_protocol, figures, finished_runs, svg_charts
from tf_ssgan.reports.finished_runs import FinishedRun

Chart = collections.namedtuple("Chart", "kind data title labels log_x")


@pytest.fixture
def charts(monkeypatch):
    """The charts that were requested, in order."""
    charts = []

    def dots(rows, published, title, label, levels):
        charts.append(Chart("dots", (dict(rows), dict(published)), title, label, False))
        return "<svg></svg>"

    def curves(series, title, x_label, y_label, log_x=False, **_):
        data = {name: {x: list(y) for x, y in curve.items()} for name, curve in series.items()}
        charts.append(Chart("curves", data, title, f"{y_label} against {x_label}", log_x))
        return "<svg></svg>"

    monkeypatch.setattr(svg_charts, "dots", dots)
    monkeypatch.setattr(svg_charts, "curves", curves)
    return charts


@pytest.fixture
def make_learned(tmp_path):
    """A function that makes a run with learning curves."""
    count = 0

    def make(error=5.0, lines=None, **changed):
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        lines = finished_run_folders.curve(error) if lines is None else lines
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "metrics.jsonl").write_text(text)
        own = finished_run_folders.flags(**changed)
        return FinishedRun(folder, own, finished_run_folders.result(own, error))

    return make


def make_table(*runs):
    (table,) = by_protocol.make_tables(runs)
    return table


def titles(table):
    return [title for title, _ in figures.table_charts(table)]


def runs_with_labels(*counts, **changed):
    return [finished_run_folders.make_run(n / 10, labels=n, **changed) for n in counts]


def test_curves_over_labels_have_every_run(charts):
    """The chart gets each run, so that the curve is their mean, 12, and not a mean of means."""
    runs = [
        finished_run_folders.make_run(e, seed=k)
        for k, e in enumerate((10.0, 10.0, 10.0, 10.0, 20.0))
    ]
    table = make_table(
        *runs, *runs_with_labels(100, 500), finished_run_folders.make_run(9.0, method="vat")
    )
    assert titles(table)[0] == "by number of labels"
    assert charts[0] == Chart(
        "curves",
        {"frgan": {50: [10.0, 10.0, 10.0, 10.0, 20.0], 100: [10.0], 500: [50.0]},
         "vat": {50: [9.0]}},
        "by number of labels", "test error (%) against labels", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "runs",
    [
        runs_with_labels(50, 100),  # a line through two points shows no more than the points
        runs_with_labels(0, 100, 500),  # the axis is logarithmic
        [*runs_with_labels(50, 100), *runs_with_labels(500, validation=7)],
        [*runs_with_labels(50, 100), *runs_with_labels(500, noise="wrong", noise_rate=0.1)],
        [*runs_with_labels(50, 100), *runs_with_labels(500, outcome={"test_images": 9})],
    ],
)
def test_no_curves_over_labels_if_columns_differ_otherwise(charts, runs):
    assert "by number of labels" not in titles(make_table(*runs))


def test_every_run_is_a_dot(charts):
    table = make_table(
        finished_run_folders.make_run(4.0),
        finished_run_folders.make_run(6.0, seed=1),
        finished_run_folders.make_run(9.0, method="vat"),
    )
    assert titles(table) == ["50 labels"]
    ((kind, data, *_),) = charts
    assert (kind, data) == ("dots", ({"frgan": (4.0, 6.0), "vat": (9.0,)}, {}))


TABLE = papers.Table(
    "t", "T", "S", "test_error",
    (papers.PublishedCell("FR-GAN", "50", {"method": "frgan", "labels": 50}, 3.0),
     papers.PublishedCell("quoted", "50", {}, 8.0)),
    dict.fromkeys(papers.BUDGETS, {}),
)  # fmt: skip


def test_the_published_number_stands_beside_the_dots(charts):
    assert titles(by_paper.fill_table(TABLE, [finished_run_folders.make_run(4.0)])) == ["50"]
    assert charts[0].data == ({"FR-GAN": (4.0,)}, {"FR-GAN": 3.0})


def test_a_published_number_of_another_scale_has_no_place_beside_the_dots(charts, tmp_path):
    finished_run_folders.write_evaluation(tmp_path, generator_scores=[file_contents.scores(3.25)])
    table = dataclasses.replace(TABLE, measure="inception_score")
    runs = [finished_run_folders.make_run(folder=tmp_path, seed=seed) for seed in (0, 1)]
    assert titles(by_paper.fill_table(table, runs)) == ["50"]
    assert charts[0].data == ({"FR-GAN": (3.25, 3.25)}, {})


def test_a_single_run_has_no_chart(charts):
    assert titles(make_table(finished_run_folders.make_run(4.0))) == []
    assert titles(by_paper.fill_table(TABLE, [])) == []


def test_learning_curves_are_of_the_runs_of_a_cell(charts, make_learned):
    table = make_table(
        make_learned(4.0), make_learned(5.0, seed=1), make_learned(method="vat", lines=[])
    )
    assert titles(table) == ["50 labels", "50 labels"]  # dots first
    # Errors 10 lower with each evaluation, to 4 and to 5.
    assert charts[1] == Chart(
        "curves", {"frgan": {100: [24.0, 25.0], 200: [14.0, 15.0], 300: [4.0, 5.0]}},
        "50 labels", "test error (%) against step", False,
    )  # fmt: skip


def test_curves_are_of_the_steps_that_all_runs_share(charts, make_learned):
    """A mean over fewer runs at some steps would jump where a run begins or ends."""
    lines = [file_contents.metrics_line(k, 10.0 - k) for k in range(1, 5)]
    table = make_table(make_learned(lines=lines[:3]), make_learned(lines=lines[1:], seed=1))
    titles(table)
    assert charts[1].data == {"frgan": {2: [8.0, 8.0], 3: [7.0, 7.0]}}


def test_runs_with_no_common_steps_have_no_curve(charts, make_learned):
    lines = [[file_contents.metrics_line(100 + k)] for k in range(2)]
    titles(make_table(*(make_learned(lines=own, seed=k) for k, own in enumerate(lines))))
    assert [chart.kind for chart in charts] == ["dots"]


def noisy(make_learned, **other):
    """Two runs, without and with wrong labels: the last errors are 0 and 5 percent."""
    return [
        make_learned(
            10 * rate,
            finished_run_folders.curve(10 * rate, 2),
            noise="wrong",
            noise_rate=rate,
            **other,
        )
        for rate in (0.0, 0.5)
    ]


def test_each_method_has_a_chart_of_curves_by_share_of_wrong_labels(charts, make_learned):
    titles(make_table(*noisy(make_learned)))
    assert charts[0] == Chart(
        "curves",
        {"correct labels": {1.25: [90.0], 2.5: [100.0]}, "50 % wrong": {1.25: [85.0], 2.5: [95.0]}},
        "frgan, 50 labels, label noise", "test accuracy (%) against epoch", False,
    )  # fmt: skip


@pytest.mark.parametrize("other", [{"labels": 100}, {"width": 8}, {"validation": 7}])
def test_charts_of_wrong_labels_do_not_mix_runs_that_differ_otherwise(charts, make_learned, other):
    titles(make_table(*noisy(make_learned), *noisy(make_learned, **other)))
    noise_charts = [chart for chart in charts if "correct labels" in chart.data]
    assert len({chart.title for chart in noise_charts}) == len(noise_charts) == 2
    every = [y for chart in noise_charts for curve in chart.data.values() for y in curve.values()]
    assert {len(values) for values in every} == {1}


def test_charts_of_wrong_labels_share_their_legend_and_range(monkeypatch, make_learned):
    shared = []

    def curves(series, *_, legend, y_range):
        shared.append((list(series), legend, y_range))
        return "<svg></svg>"

    monkeypatch.setattr(svg_charts, "curves", curves)
    other = {"method": "vat", "noise": "wrong"}
    lines = finished_run_folders.curve(30.0, 2)
    runs = [make_learned(30.0, lines, noise_rate=rate, **other) for rate in (0.8, 0.0, 0.3)]
    without_curve = make_learned(5.0, lines=[], noise="wrong", noise_rate=0.9)
    table = make_table(*runs, *noisy(make_learned), without_curve)
    titles(dataclasses.replace(table, shows=("noise_curves",)))
    legend = ["correct labels", "30 % wrong", "50 % wrong", "80 % wrong"]
    assert shared == [
        (["correct labels", "50 % wrong"], legend, (60.0, 100.0)),
        (["correct labels", "30 % wrong", "80 % wrong"], legend, (60.0, 100.0)),
    ]


@pytest.mark.parametrize(
    "shown, kinds",
    [((), ["dots", "curves"]), (("learning_curves",), ["curves"]), (("dots",), ["dots"]),
     (("samples",), ["dots", "curves"]), (("noise_curves",), [])],
)  # fmt: skip
def test_a_figure_that_is_a_chart_has_only_this_chart(charts, make_learned, shown, kinds):
    table = dataclasses.replace(make_table(make_learned(), make_learned(seed=1)), shows=shown)
    titles(table)
    assert [chart.kind for chart in charts] == kinds


def test_charts_are_drawn_when_they_are_asked_for(charts):
    """A page takes the first ones, and does not wait for the others."""
    runs = [
        finished_run_folders.make_run(seed=k, labels=n) for k in range(2) for n in (50, 100, 200)
    ]
    drawn = figures.table_charts(make_table(*runs))
    assert charts == []
    assert [next(drawn)[0] for _ in range(2)] == ["by number of labels", "50 labels"]
    assert [chart.kind for chart in charts] == ["curves", "dots"]


def test_charts_have_the_levels_of_their_column(monkeypatch, tmp_path):
    drawn = []

    def record(*values, levels=None, **_):
        drawn.append(values[4] if levels is None else levels)
        return ""

    monkeypatch.setattr(svg_charts, "dots", record)
    monkeypatch.setattr(svg_charts, "curves", record)
    outcome = finished_run_folders.counted({"cat": (300, 280, 300), "dog": (200, 180, 200)}, 30)
    for seed in range(2):
        finished_run_folders.write(tmp_path / str(seed), 8.0, outcome, seed=seed)
    list(figures.table_charts(make_table(*finished_runs.read_runs([tmp_path]).runs)))
    assert drawn == [{"always the commonest class": 40.0, "linear classifier": 6.0}] * 2
