"""The options of a sweep: the runs that they ask for, and what is refused."""

import pathlib

import pytest

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.launch import sweep_plan
from tf_ssgan.launch.sweep_plan import SweepOptions

NOISY = {"method": "frgan", "dataset": "digits", "noise": "wrong"}
FIGURE = papers.Table(
    name="figure",
    title="A figure",
    source="Somebody 2020, figure 1",
    measure="accuracy",
    cells=tuple(
        papers.PublishedCell("FR-GAN", f"{rate}", NOISY | {"noise_rate": rate})
        for rate in (0.0, 0.3, 0.5)
    ),
    budgets={"full": {}, "small": {"": {"max_steps": 4}}, "smoke": {"": {"max_steps": 2}}},
)


@pytest.fixture
def figure(monkeypatch):
    """The figure of a paper that every name of a table means."""
    monkeypatch.setattr(papers, "find", lambda name: FIGURE)
    return FIGURE


def refuse(**options):
    with pytest.raises(errors.UserError) as refusal:
        sweep_plan.check_options(SweepOptions(**options))
    return str(refusal.value)


def test_every_method_learns_from_every_budget_with_every_seed():
    runs = sweep_plan.run_flags(SweepOptions(methods="frgan,vat", labels="20,50", seeds="3"))
    assert len(runs) == 12
    assert [(run["seed"], run["labels"], run["method"]) for run in runs[:5]] == [
        (0, 20, "frgan"), (0, 20, "vat"), (0, 50, "frgan"), (0, 50, "vat"), (1, 20, "frgan"),
    ]  # fmt: skip
    (only,) = sweep_plan.run_flags(SweepOptions(methods="vat", seeds="1"))
    assert only == {"method": "vat", "dataset": "digits", "labels": None, "seed": 0}


def test_every_method_learns_with_every_noise_rate_in_ascending_order():
    options = SweepOptions(methods="ssgan,frgan", labels="-1", noise_rates=".5,0,.25", seeds="2")
    sweep_plan.check_options(options)
    runs = sweep_plan.run_flags(options)
    assert len(runs) == 12
    assert runs[3] == {"method": "frgan", "dataset": "digits", "labels": -1, "noise": "wrong",
                       "noise_rate": 0.25, "seed": 0}  # fmt: skip
    assert [run["noise_rate"] for run in runs] == [0, 0, 0.25, 0.25, 0.5, 0.5] * 2
    pair = sweep_plan.run_flags(SweepOptions(methods="vat", noise="pair", noise_rates="1"))
    assert {run["noise"] for run in pair} == {"pair"}


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("3", (0, 1, 2)),
        ("1", (0,)),
        ("2-4", (2, 3, 4)),
        ("10,11", (10, 11)),
        ("7,5", (7, 5)),
        ("2-4,9", (2, 3, 4, 9)),
        ("7-7", (7,)),
        ("0-1,5-6", (0, 1, 5, 6)),
    ],
)
def test_seeds_are_given_by_their_number_or_one_by_one(text, seeds):
    assert SweepOptions(seeds=text).chosen_seeds == seeds


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": "frgan,frgan"}, "--methods=frgan,frgan names one of them twice."),
        ({"methods": "ssgan,frgn"}, "--method=frgn is not a method. Did you mean 'frgan'?"),
        ({"noise_rates": "0,.3,0.30"}, "--noise_rates=0,.3,0.30 names one of them twice."),
        ({"noise_rates": "0,1.5"},
         "--noise_rates=0,1.5: expected shares of labels from 0 to 1, got 1.5."),
        ({"noise_rates": "-.1"}, "from 0 to 1, got -0.1."),
        ({"noise_rates": "nan"}, "from 0 to 1, got nan."),
        ({"noise_rates": "0,few"},
         "--noise_rates=0,few: expected numbers from 0 to 1 separated by commas"),
        ({"noise": "none", "noise_rates": ".1"}, "--noise=none is not one of its values."),
        ({"noise": "pair"}, "--noise=pair needs rates. Give some, as in --noise_rates=0,.3,.5."),
        ({"labels": "0", "noise_rates": ".1"}, "--labels=0: with 0 labels there are none that"),
        ({"labels": "50,0", "noise_rates": "0"}, "--labels=50,0: with 0 labels there are none"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_with_a_sentence(options, message):
    assert message in refuse(**{"methods": "frgan"} | options)


def test_a_part_of_a_figure_is_selected_by_noise_rates(figure):
    options = SweepOptions(table="figure", noise_rates=".5,0", budget="small", seeds="1")
    sweep_plan.check_options(options)
    runs = sweep_plan.run_flags(options)
    assert runs == [
        NOISY | {"noise_rate": rate, "max_steps": 4, "seed": 0} for rate in (0.0, 0.5)
    ]  # fmt: skip
    assert len(sweep_plan.run_flags(SweepOptions(table="figure", seeds="2"))) == 6


def test_what_a_figure_does_not_have_is_refused(figure):
    assert "--noise_rates=0.4 is not in figure, which has 0.0, 0.3, 0.5." in refuse(
        table="figure", noise_rates="0,.4"
    )
    assert "--labels=50 is not in figure, which has none." in refuse(table="figure", labels="50")
    for options in ({"dataset": "digits"}, {"noise": "wrong", "noise_rates": "0"}):
        assert "--table=figure has its own. Leave one" in refuse(table="figure", **options)


@pytest.mark.parametrize(
    ("options", "folder"),
    [
        ({"methods": "ssgan,frgan"}, "runs/report-digits-ssgan-frgan"),
        ({"methods": "vat", "noise_rates": "0,.5"}, "runs/report-digits-vat-wrong"),
        ({"methods": "vat", "noise": "pair", "noise_rates": "0"}, "runs/report-digits-vat-pair"),
        ({"methods": "vat", "dataset": "folder:my pets"}, "runs/report-folder-my-pets-vat"),
        ({"table": "frgan_table3", "runs": "mine"}, "mine/report-frgan_table3-full"),
        ({"methods": "vat", "to": "here"}, "here"),
    ],
)
def test_different_sweeps_have_reports_in_different_folders(options, folder):
    assert SweepOptions(**options).report_folder == pathlib.Path(folder)
