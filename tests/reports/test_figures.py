"""Which charts a table has, and what they are handed; how they look is a matter of `charts`."""

import collections
import dataclasses
import json

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import by_paper, by_protocol, figures, svg_charts
from tf_ssgan.reports.finished_runs import FinishedRun

Drawn = collections.namedtuple("Drawn", "kind data title across log")


@pytest.fixture
def drawn(monkeypatch):
    """What charts were handed, in order."""
    found = []

    def dots(rows, printed, title, label):
        found.append(Drawn("dots", (dict(rows), dict(printed)), title, label, False))
        return "<svg></svg>"

    def curves(series, title, across, up, log=False):
        data = {name: {x: list(y) for x, y in curve.items()} for name, curve in series.items()}
        found.append(Drawn("curves", data, title, f"{up} against {across}", log))
        return "<svg></svg>"

    monkeypatch.setattr(svg_charts, "dots", dots)
    monkeypatch.setattr(svg_charts, "curves", curves)
    return found


@pytest.fixture
def learned(tmp_path):
    """A function that makes a run with curves."""
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


def sheet(*found, **asked):
    (made,) = by_protocol.by_protocol(found, **asked)
    return made


def titles(made):
    return [title for title, _ in figures.of(made)]


def of_labels(*counts, **changed):
    return [finished_run_folders.record(float(n), labels=n, **changed) for n in counts]


def test_curves_over_labels_have_every_run(drawn):
    """The curve is their mean, 12; not the mean of something that was a mean before."""
    found = [
        finished_run_folders.record(e, seed=k) for k, e in enumerate((10.0, 10.0, 10.0, 10.0, 20.0))
    ]
    made = sheet(*found, *of_labels(100, 500), finished_run_folders.record(9.0, method="vat"))
    assert titles(made)[0] == "by number of labels"
    assert drawn[0] == Drawn(
        "curves",
        {"frgan": {50: [10.0, 10.0, 10.0, 10.0, 20.0], 100: [100.0], 500: [500.0]},
         "vat": {50: [9.0]}},
        "by number of labels", "test error (%) against labels", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "found",
    [
        of_labels(50, 100),  # a line between two points says no more than they
        of_labels(-1, 100, 500),
        [*of_labels(50, 100), *of_labels(500, validation=7)],
        [*of_labels(50, 100), *of_labels(500, noise="wrong", noise_rate=0.1)],
        [*of_labels(50, 100), *of_labels(500, outcome={"test_images": 9})],
    ],
)
def test_no_curves_over_labels_where_columns_differ_otherwise(drawn, found):
    assert "by number of labels" not in titles(sheet(*found))


def test_every_run_is_a_dot(drawn):
    made = sheet(
        finished_run_folders.record(4.0),
        finished_run_folders.record(6.0, seed=1),
        finished_run_folders.record(9.0, method="vat"),
    )
    assert titles(made) == ["50 labels"]
    ((kind, data, *_),) = drawn
    assert (kind, data) == ("dots", ({"frgan": (4.0, 6.0), "vat": (9.0,)}, {}))


TABLE = papers.Table(
    "t", "T", "S", "test_error",
    (papers.PublishedCell("FR-GAN", "50", {"method": "frgan", "labels": 50}, 3.0),
     papers.PublishedCell("quoted", "50", {}, 8.0)),
    dict.fromkeys(papers.BUDGETS, {}),
)  # fmt: skip


def test_the_published_number_stands_beside_the_dots(drawn):
    assert titles(by_paper.of_table(TABLE, [finished_run_folders.record(4.0)])) == ["50"]
    assert drawn[0].data == ({"FR-GAN": (4.0,)}, {"FR-GAN": 3.0})


def test_a_run_alone_is_no_chart(drawn):
    assert titles(sheet(finished_run_folders.record(4.0))) == []
    assert titles(by_paper.of_table(TABLE, [])) == []


def test_learning_curves_are_of_the_runs_of_a_cell(drawn, learned):
    made = sheet(learned(4.0), learned(5.0, seed=1), learned(method="vat", lines=[]))
    assert titles(made) == ["50 labels", "50 labels"]  # dots first
    # Errors 10 lower with each evaluation, to 4 and to 5.
    assert drawn[1] == Drawn(
        "curves", {"frgan": {100: [24.0, 25.0], 200: [14.0, 15.0], 300: [4.0, 5.0]}},
        "50 labels", "test error (%) against step", False,
    )  # fmt: skip


def test_curves_are_of_the_steps_that_all_runs_share(drawn, learned):
    """A mean over fewer runs at some steps would leap where a run begins or ends."""
    lines = [{"step": k, "epoch": k, "test_error": 10.0 - k} for k in range(1, 5)]
    made = sheet(learned(lines=lines[:3]), learned(lines=lines[1:], seed=1))
    titles(made)
    assert drawn[1].data == {"frgan": {2: [8.0, 8.0], 3: [7.0, 7.0]}}


def test_runs_with_no_common_steps_have_no_curve(drawn, learned):
    lines = [[{"step": 100 + k, "epoch": 1 + k, "test_error": 5.0}] for k in range(2)]
    titles(sheet(*(learned(lines=own, seed=k) for k, own in enumerate(lines))))
    assert [chart.kind for chart in drawn] == ["dots"]


def noisy(learned, **other):
    """With and without wrong labels; accuracies are an error of 10 more, then 0 and 5 percent."""
    return [
        learned(
            10 * rate,
            finished_run_folders.curve(10 * rate, 2),
            noise="wrong",
            noise_rate=rate,
            **other,
        )
        for rate in (0.0, 0.5)
    ]


def test_curves_of_wrong_labels_are_a_methods(drawn, learned):
    titles(sheet(*noisy(learned)))
    assert drawn[-1] == Drawn(
        "curves",
        {"right labels": {1.25: [90.0], 2.5: [100.0]}, "50 % wrong": {1.25: [85.0], 2.5: [95.0]}},
        "frgan, 50 labels, label noise", "test accuracy (%) against epoch", False,
    )  # fmt: skip


@pytest.mark.parametrize("other", [{"labels": 100}, {"width": 8}, {"validation": 7}])
def test_curves_of_wrong_labels_mix_nothing(drawn, learned, other):
    titles(sheet(*noisy(learned), *noisy(learned, **other)))
    found = [chart for chart in drawn if "right labels" in chart.data]
    assert len({chart.title for chart in found}) == len(found) == 2
    every = [y for chart in found for curve in chart.data.values() for y in curve.values()]
    assert {len(values) for values in every} == {1}


@pytest.mark.parametrize(
    "shown, kinds",
    [((), ["dots", "curves"]), (("learning_curves",), ["curves"]), (("dots",), ["dots"]),
     (("samples",), ["dots", "curves"]), (("noise_curves",), [])],
)  # fmt: skip
def test_a_figure_that_is_a_chart_is_that_chart_alone(drawn, learned, shown, kinds):
    made = dataclasses.replace(sheet(learned(), learned(seed=1)), shows=shown)
    titles(made)
    assert [chart.kind for chart in drawn] == kinds


def test_charts_are_drawn_when_asked_for(drawn):
    """A page takes the first ones, and need not wait for the others."""
    found = [
        finished_run_folders.record(seed=k, labels=n) for k in range(2) for n in (50, 100, 200)
    ]
    made = figures.of(sheet(*found))
    assert drawn == []
    assert [next(made)[0] for _ in range(2)] == ["by number of labels", "50 labels"]
    assert [chart.kind for chart in drawn] == ["curves", "dots"]
