"""A paper's table, filled with runs; those that do not belong together are refused."""

import dataclasses

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.data import label_noise
from tf_ssgan.reports import by_paper
from tf_ssgan.training import config

DIGITS = {"dataset": "digits"}
FRGAN, VAT = {"method": "frgan"}, {"method": "vat"}
TABLE = papers.Table(
    name="toy_table",
    title="A toy",
    source="Nobody 2020, table 1",
    measure="test_error",
    cells=papers.table.grid(
        {"50 labels": {**DIGITS, "labels": 50}, "100 labels": {**DIGITS, "labels": 100}},
        {
            "quoted": ({}, "9.5±0.5 -"),
            "older": ({}, "- 8"),
            "VAT": (VAT, "? 7"),
            "FR-GAN": (FRGAN, "4.0±0.5 3"),
        },
    ),
    budgets={
        "full": {},
        "small": {"": {"max_steps": 300}, "vat": {"width": 16}},
        "smoke": {"": {"max_steps": 20}, "@100": {"max_steps": 30}},
    },
    number="test_error_raw",
    shows=("samples",),
    note="A note.",
    images=finished_run_folders.POOL,
)
NOISE = papers.Table(
    name="toy_figure",
    title="Wrong labels",
    source="Nobody 2020, figure 1",
    measure="accuracy",
    cells=(
        papers.PublishedCell(
            "FR-GAN", "10 %", FRGAN | DIGITS | {"noise": "wrong", "noise_rate": 0.1}
        ),
        papers.PublishedCell(
            "FR-GAN", "80 %", FRGAN | DIGITS | {"noise": "wrong", "noise_rate": 0.8}
        ),
    ),
    budgets=dict.fromkeys(papers.BUDGETS, {}),
)


def named(name, error=5.0, **changed):
    return finished_run_folders.record(error, folder=name, **changed)


def names(cell):
    return [str(record.folder) for record in cell.records]


def test_cells_fill():
    found = [named("a1", 6.0, seed=1), named("a0", 4.0), named("b", 9.0, labels=100),
             named("c", 1.0, dataset="svhn"), named("d", 1.0, labels=51),
             named("e", 1.0, method="supervised")]  # fmt: skip
    made = by_paper.of_table(TABLE, found)
    assert made.rows == ("quoted", "older", "VAT", "FR-GAN")
    assert made.columns == ("50 labels", "100 labels")
    cell = made.cell("FR-GAN", "50 labels")
    assert names(cell) == ["a0", "a1"]
    assert cell.values == (6.0, 8.0)  # the table's number is the raw weights', 2 more
    assert (cell.printed.value, cell.printed.spread, cell.difference) == (4.0, 0.5, 3.0)
    assert names(made.cell("FR-GAN", "100 labels")) == ["b"]
    assert {str(record.folder) for record in made.records} == {"a0", "a1", "b"}
    assert (made.name, made.title, made.source, made.note, made.shows, made.number) == (
        "toy_table", "A toy", "Nobody 2020, table 1", "A note.", ("samples",), "test_error_raw",
    )  # fmt: skip


def test_columns_stand_as_printed_where_the_first_row_lacks_one():
    table = dataclasses.replace(TABLE, cells=TABLE.cells[1:])  # it begins with 100 labels
    assert table.cells[0].column == "100 labels"
    assert by_paper.of_table(table, []).columns == ("50 labels", "100 labels")


def test_quoted_rows_stay_as_they_are():
    made = by_paper.of_table(TABLE, [named("a")])
    quoted = made.cell("quoted", "50 labels")
    assert (quoted.records, quoted.mean, quoted.printed.value) == ((), None, 9.5)
    assert made.cell("quoted", "100 labels").printed is None  # no cell there
    assert made.cell("VAT", "50 labels").printed is None  # the number is lost


def test_a_quoted_cell_takes_no_run():
    """It has no flags, which any run would have."""
    made = by_paper.of_table(TABLE, [named("a", method="m1m2", labels=50)])
    assert made.records == []


@pytest.mark.parametrize(
    "changed",
    [
        {"noise": "wrong", "noise_rate": 0.3},
        {"clean_fraction": 0.1},
        {"label_split": "proportional"},
    ],
)
def test_what_a_cell_says_nothing_of_is_as_usual(changed):
    assert by_paper.of_table(TABLE, [named("a", **changed)]).records == []


def test_a_cell_that_names_noise_takes_its_kind_and_rate():
    found = [named("a", noise="wrong", noise_rate=0.1), named("b", noise="wrong", noise_rate=0.8),
             named("c", noise="pair", noise_rate=0.1), named("d")]  # fmt: skip
    made = by_paper.of_table(NOISE, found)
    assert names(made.cell("FR-GAN", "10 %")) == ["a"]
    assert names(made.cell("FR-GAN", "80 %")) == ["b"]
    assert made.cell("FR-GAN", "10 %").values == (95.0,)  # accuracy, 100 - 5


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"max_steps": 900}, "steps (300, 900)"),
        ({"width": 8}, "width (32, 8)"),
        ({"validation": 7}, "validation (-1, 7)"),
        ({"outcome": {"validation_images": 129}}, "validation (-1, 129)"),
        ({"outcome": {"test_images": 500}}, "test_images (None, 500)"),
        ({"outcome": {"pool": 9}}, "images (1297, 9)"),
        ({"outcome": {"precision": "mixed_bfloat16"}}, "precision (float32, mixed_bfloat16)"),
    ],
)
def test_other_runs_of_a_cell_are_refused(changed, told):
    with pytest.raises(errors.UserError) as refusal:
        by_paper.of_table(TABLE, [named("one"), named("two", seed=1, **changed)])
    text = str(refusal.value)
    assert text.startswith("one and two both fit the cell FR-GAN, 50 labels of toy_table, ")
    assert told in text and "--budget" in text


@pytest.mark.parametrize("budget, expected", [("small", ["short"]), ("smoke", ["shortest"])])
def test_a_budget_picks_one(budget, expected):
    found = [named("long", max_steps=900), named("short", seed=1),
             named("shortest", seed=2, max_steps=20)]  # fmt: skip
    cell = by_paper.of_table(TABLE, found, budget).cell("FR-GAN", "50 labels")
    assert (names(cell), cell.budget) == (expected, budget)


def test_budgets_know_labels_and_methods():
    wide, narrow = named("wide", **VAT), named("narrow", **VAT, width=16)
    assert by_paper.of_table(TABLE, [wide, narrow], "small").records == [narrow]
    found = [named("20", labels=100, max_steps=20), named("30", labels=100, max_steps=30)]
    assert by_paper.of_table(TABLE, found, "smoke").records == found[1:]


@pytest.mark.parametrize("steps, budget", [(300, "small"), (20, "smoke"), (900, "")])
def test_the_budget_of_a_cell_is_told_by_its_runs(steps, budget):
    made = by_paper.of_table(TABLE, [named("a", max_steps=steps)])
    assert made.cell("FR-GAN", "50 labels").budget == budget


def test_the_full_budget_is_the_length_of_the_recipe():
    recipe = config.settings("frgan", "digits", {**FRGAN, **DIGITS, "labels": 50})
    length = {name: recipe[name] for name in ("epochs", "max_steps")}
    assert any(length.values()) and length["max_steps"] != 300
    found = [named("full", **length, outcome={"steps": 1}), named("short", seed=1),
             named("long", seed=2, max_steps=10**6)]  # fmt: skip
    cell = by_paper.of_table(TABLE, found, "full").cell("FR-GAN", "50 labels")
    assert (names(cell), cell.budget) == (["full"], "full")


def test_a_cell_of_noise_at_rate_0_takes_runs_without_noise():
    flags = FRGAN | DIGITS | {"noise": "wrong", "noise_rate": 0.0}
    table = dataclasses.replace(NOISE, cells=(papers.PublishedCell("FR-GAN", "0 %", flags),))
    found = [named("a"), named("b", seed=1, noise="wrong", noise_rate=0.0),
             named("c", seed=2, noise="pair", noise_rate=0.0),
             named("d", noise="wrong", noise_rate=0.1)]  # fmt: skip
    assert names(by_paper.of_table(table, found).cell("FR-GAN", "0 %")) == ["a", "b", "c"]


def judged(name, stamp, **changed):
    score = {"stamp": stamp, "images": 5000, "seed": 0, "inception_score": {"mean": 3.0}}
    return named(name, outcome={"judged": {"scores": [score]}}, **changed)


def test_scores_of_other_judges_are_refused():
    table = dataclasses.replace(TABLE, measure="inception_score")
    with pytest.raises(errors.UserError, match="a and b both fit .* of toy_table, and were scored"):
        by_paper.of_table(table, [judged("a", "one"), judged("b", "other", seed=1)])
    alike = [judged("a", "one"), judged("b", "one", seed=1), named("unjudged", seed=2)]
    cell = by_paper.of_table(table, alike).cell("FR-GAN", "50 labels")
    assert (names(cell), cell.values) == (["a", "b"], (3.0, 3.0))


def test_the_same_seeds_with_other_images_are_refused():
    found = [named("a"), named("b", outcome={"split_sha256": "other"})]
    with pytest.raises(errors.UserError, match="a and b both fit .* split seed 0: their data sets"):
        by_paper.of_table(TABLE, found)


def test_an_unknown_budget_is_a_mistake():
    with pytest.raises(errors.UserError, match="--budget=big is no budget"):
        by_paper.of_table(TABLE, [named("a")], "big")


def test_another_number_can_be_asked_for():
    made = by_paper.of_table(TABLE, [named("a", 5.0)], number="test_error")
    cell = made.cell("FR-GAN", "50 labels")
    assert (made.number, cell.values) == ("test_error", (5.0,))
    assert cell.difference == 3.0  # of the raw weights, which the paper reports: 7 - 4


@pytest.mark.parametrize("against, baseline, value", [("", "VAT", -2.0), ("FR-GAN", "FR-GAN", 2.0)])
def test_the_baseline_is_the_first_row_with_runs_or_the_one_named(against, baseline, value):
    made = by_paper.of_table(TABLE, [named("a", 5.0), named("b", 7.0, **VAT)], against=against)
    assert made.baseline == baseline
    (other,) = {"VAT", "FR-GAN"} - {baseline}
    assert made.cell(other, "50 labels").paired.differences.values == (value,)
    assert made.cell(baseline, "50 labels").paired is None
    assert made.cell("quoted", "50 labels").paired is None


def test_one_row_alone_has_no_baseline():
    assert by_paper.of_table(TABLE, [named("a")]).baseline == ""


def test_a_baseline_that_is_no_row_is_a_mistake():
    with pytest.raises(errors.UserError, match="--against=frgan is no row of toy_table. Did you"):
        by_paper.of_table(TABLE, [named("a")], against="frgan")


@pytest.mark.parametrize(
    "pool, other", [(finished_run_folders.POOL, False), (None, False), (9, True)]
)
def test_other_images_than_the_papers_are_marked(pool, other):
    made = by_paper.of_table(TABLE, [named("a", outcome={"pool": pool})])
    assert made.cell("FR-GAN", "50 labels").other_images is other


@pytest.mark.parametrize("name", papers.names())
def test_every_table_can_be_made_of_no_runs(name):
    table = papers.find(name)
    made = by_paper.of_table(table, [])
    assert made.records == [] and set(made.cells) == {(c.row, c.column) for c in table.cells}


def test_a_run_made_of_a_cells_flags_fills_it():
    for table in map(papers.find, papers.names()):
        for cell in filter(lambda cell: cell.trained, table.cells):
            own = table.flags(cell, "small", 0)
            # Some kinds of noise have a rate of their own, which a run's flags then say.
            rate = label_noise.OWN_RATES.get(own.get("noise"), 0.0)
            run = finished_run_folders.record(
                folder="own", **{"max_steps": 300, "noise_rate": rate} | own
            )
            filled = by_paper.of_table(table, [run], "small", "test_error").cell(
                cell.row, cell.column
            )
            if table.measure in ("test_error", "accuracy"):  # others are not in every result
                assert names(filled) == ["own"], (table.name, cell)
