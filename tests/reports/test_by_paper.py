"""Tables of papers, filled with runs; runs that do not belong together are refused."""

import dataclasses
import pathlib

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.data import label_noise
from tf_ssgan.reports import by_paper
from tf_ssgan.training import config

OTHER = finished_run_folders.sha256("other")
DIGITS = {"dataset": "digits"}
FRGAN, VAT = {"method": "frgan"}, {"method": "vat"}
TABLE = papers.Table(
    name="toy_table",
    title="A toy",
    source="Nobody 2020, table 1",
    measure="test_error",
    cells=papers.table.make_cells(
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


def make_run(name, error=5.0, **changed):
    return finished_run_folders.make_run(error, folder=name, **changed)


def names(cell):
    return [str(run.folder) for run in cell.runs]


def test_runs_fill_the_cells_that_they_fit():
    runs = [make_run("a1", 6.0, seed=1), make_run("a0", 4.0), make_run("b", 9.0, labels=100),
             make_run("c", 1.0, dataset="svhn"), make_run("d", 1.0, labels=51),
             make_run("e", 1.0, method="supervised")]  # fmt: skip
    table = by_paper.fill_table(TABLE, runs)
    assert table.rows == ("quoted", "older", "VAT", "FR-GAN")
    assert table.columns == ("50 labels", "100 labels")
    cell = table.cell("FR-GAN", "50 labels")
    assert names(cell) == ["a0", "a1"]
    assert cell.values == (6.0, 8.0)  # the table takes raw weights, whose error is 2 higher
    assert (cell.published.value, cell.published.spread, cell.difference) == (4.0, 0.5, 3.0)
    assert names(table.cell("FR-GAN", "100 labels")) == ["b"]
    assert {str(run.folder) for run in table.runs} == {"a0", "a1", "b"}
    assert (table.name, table.title, table.source, table.note, table.shows, table.number) == (
        "toy_table", "A toy", "Nobody 2020, table 1", "A note.", ("samples",), "test_error_raw",
    )  # fmt: skip


def test_columns_are_in_published_order_if_the_first_row_lacks_one():
    table = dataclasses.replace(TABLE, cells=TABLE.cells[1:])  # it begins with 100 labels
    assert table.cells[0].column == "100 labels"
    assert by_paper.fill_table(table, []).columns == ("50 labels", "100 labels")


def test_quoted_rows_have_only_published_numbers():
    table = by_paper.fill_table(TABLE, [make_run("a")])
    quoted = table.cell("quoted", "50 labels")
    assert (quoted.runs, quoted.mean, quoted.published.value) == ((), None, 9.5)
    assert table.cell("quoted", "100 labels").published is None  # no cell there
    assert table.cell("VAT", "50 labels").published is None  # the number is lost


def test_a_quoted_cell_takes_no_run():
    """It has no flags, so that any run would have all of them."""
    table = by_paper.fill_table(TABLE, [make_run("a", method="m1m2", labels=50)])
    assert table.runs == []


@pytest.mark.parametrize(
    "changed",
    [
        {"noise": "wrong", "noise_rate": 0.3},
        {"clean_fraction": 0.1},
        {"outcome": {"checked_labels": 12}},
        {"label_split": "proportional"},
    ],
)
def test_labels_are_the_usual_ones_unless_a_cell_says_otherwise(changed):
    assert by_paper.fill_table(TABLE, [make_run("a", **changed)]).runs == []


def test_a_cell_that_names_noise_takes_its_kind_and_rate():
    runs = [make_run("a", noise="wrong", noise_rate=0.1), make_run("b", noise="wrong", noise_rate=0.8),
             make_run("c", noise="pair", noise_rate=0.1), make_run("d")]  # fmt: skip
    table = by_paper.fill_table(NOISE, runs)
    assert names(table.cell("FR-GAN", "10 %")) == ["a"]
    assert names(table.cell("FR-GAN", "80 %")) == ["b"]
    assert table.cell("FR-GAN", "10 %").values == (95.0,)  # accuracy, 100 - 5


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"max_steps": 900}, "steps (300, 900)"),
        ({"width": 8}, "width (32, 8)"),
        ({"validation": 7}, "validation (129, 7)"),
        ({"outcome": {"validation_images": 130}}, "validation (129, 130)"),
        ({"outcome": {"test_images": 501}}, "test_images (500, 501)"),
        ({"outcome": {"pool": 999}}, "images (1297, 999)"),
        ({"outcome": {"precision": "mixed_bfloat16"}}, "precision (float32, mixed_bfloat16)"),
    ],
)
def test_runs_that_differ_within_a_cell_are_refused(changed, message):
    with pytest.raises(errors.UserError) as refusal:
        by_paper.fill_table(TABLE, [make_run("one"), make_run("two", seed=1, **changed)])
    text = str(refusal.value)
    assert text.startswith("one and two both fit the cell FR-GAN, 50 labels of toy_table, ")
    assert message in text and "--budget" in text


@pytest.mark.parametrize("budget, expected", [("small", ["short"]), ("smoke", ["shortest"])])
def test_a_budget_takes_only_its_runs(budget, expected):
    runs = [make_run("long", max_steps=900), make_run("short", seed=1),
             make_run("shortest", seed=2, max_steps=20)]  # fmt: skip
    cell = by_paper.fill_table(TABLE, runs, budget).cell("FR-GAN", "50 labels")
    assert (names(cell), cell.budget) == (expected, budget)


def test_budgets_depend_on_labels_and_methods():
    wide, narrow = make_run("wide", **VAT), make_run("narrow", **VAT, width=16)
    assert by_paper.fill_table(TABLE, [wide, narrow], "small").runs == [narrow]
    runs = [make_run("20", labels=100, max_steps=20), make_run("30", labels=100, max_steps=30)]
    assert by_paper.fill_table(TABLE, runs, "smoke").runs == runs[1:]


@pytest.mark.parametrize("steps, budget", [(300, "small"), (20, "smoke"), (900, "")])
def test_the_budget_of_a_cell_follows_from_its_runs(steps, budget):
    table = by_paper.fill_table(TABLE, [make_run("a", max_steps=steps)])
    assert table.cell("FR-GAN", "50 labels").budget == budget


def test_the_full_budget_is_the_length_of_the_recipe():
    recipe = config.resolve_flags("frgan", "digits", {**FRGAN, **DIGITS, "labels": 50})
    length = {name: recipe[name] for name in ("epochs", "max_steps")}
    assert any(length.values()) and length["max_steps"] != 300
    runs = [make_run("full", **length, outcome={"steps": 1}), make_run("short", seed=1),
             make_run("long", seed=2, max_steps=10**6)]  # fmt: skip
    cell = by_paper.fill_table(TABLE, runs, "full").cell("FR-GAN", "50 labels")
    assert (names(cell), cell.budget) == (["full"], "full")


def test_a_cell_of_noise_at_rate_0_takes_runs_without_noise():
    flags = FRGAN | DIGITS | {"noise": "wrong", "noise_rate": 0.0}
    table = dataclasses.replace(NOISE, cells=(papers.PublishedCell("FR-GAN", "0 %", flags),))
    runs = [make_run("a"), make_run("b", seed=1, noise="wrong", noise_rate=0.0),
             make_run("c", seed=2, noise="pair", noise_rate=0.0),
             make_run("d", noise="wrong", noise_rate=0.1)]  # fmt: skip
    assert names(by_paper.fill_table(table, runs).cell("FR-GAN", "0 %")) == ["a", "b", "c"]


def scored(name, weights, **changed):
    """A run with a score by a reference classifier with these weights."""
    score = file_contents.scores(3.0, weights)
    finished_run_folders.write_evaluation(pathlib.Path(name), generator_scores=[score])
    return make_run(name, **changed)


def test_scores_with_other_fingerprints_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = dataclasses.replace(TABLE, measure="inception_score")
    with pytest.raises(errors.UserError, match="a and b both fit .* of toy_table, and were scored"):
        by_paper.fill_table(table, [scored("a", "one"), scored("b", "other", seed=1)])
    alike = [scored("a", "one"), scored("b", "one", seed=1), make_run("unscored", seed=2)]
    cell = by_paper.fill_table(table, alike).cell("FR-GAN", "50 labels")
    assert (names(cell), cell.values) == (["a", "b"], (3.0, 3.0))


def other_data(name, error=5.0, **changed):
    """A run of the same flags on data that changed."""
    return make_run(name, error, outcome={"data_sha256": OTHER}, **changed)


def test_the_same_seeds_with_other_labeled_images_are_left_out():
    changed = make_run("b", outcome={"split_sha256": finished_run_folders.sha256("other")})
    table = by_paper.fill_table(TABLE, [make_run("a"), changed])
    assert names(table.cell("FR-GAN", "50 labels")) == ["a"]
    ((folder, reason),) = table.left_out
    assert str(folder) == "b" and reason.startswith("has the split seed 0 and the data of a, but")


def test_runs_on_other_data_than_most_are_left_out_by_name():
    """In all cells of the table, so that its rows can be compared."""
    runs = [other_data("x", 1.0), make_run("a0"), make_run("a1", seed=1),
            make_run("v", 7.0, **VAT), other_data("y", 1.0, labels=100),
            other_data("s", 1.0, dataset="svhn")]  # fmt: skip
    table = by_paper.fill_table(TABLE, runs)
    assert names(table.cell("FR-GAN", "50 labels")) == ["a0", "a1"]
    assert names(table.cell("VAT", "50 labels")) == ["v"]
    assert table.cell("FR-GAN", "100 labels").runs == ()
    assert sorted(str(folder) for folder, _ in table.left_out) == ["x", "y"]  # "s" fits no cell
    short = OTHER[:8], file_contents.DIGITS_SHA256[:8]
    for _, reason in table.left_out:
        assert reason.startswith("was trained on other images or labels of digits than ")
        assert f"(data {short[0]} and {short[1]})" in reason


def test_an_unknown_budget_is_a_mistake():
    with pytest.raises(errors.UserError, match="--budget=big is not a budget"):
        by_paper.fill_table(TABLE, [make_run("a")], "big")


def test_another_number_can_be_taken():
    table = by_paper.fill_table(TABLE, [make_run("a", 5.0)], number="test_error")
    cell = table.cell("FR-GAN", "50 labels")
    assert (table.number, cell.values) == ("test_error", (5.0,))
    assert cell.difference == 3.0  # of the raw weights, which the paper reports: 7 - 4


@pytest.mark.parametrize("against, baseline, value", [("", "VAT", -2.0), ("FR-GAN", "FR-GAN", 2.0)])
def test_the_baseline_is_the_first_row_with_runs_or_the_one_named(against, baseline, value):
    table = by_paper.fill_table(
        TABLE, [make_run("a", 5.0), make_run("b", 7.0, **VAT)], against=against
    )
    assert table.baseline == baseline
    (other,) = {"VAT", "FR-GAN"} - {baseline}
    assert table.cell(other, "50 labels").paired.differences.values == (value,)
    assert table.cell(baseline, "50 labels").paired is None
    assert table.cell("quoted", "50 labels").paired is None


def test_one_row_alone_has_no_baseline():
    assert by_paper.fill_table(TABLE, [make_run("a")]).baseline == ""


def test_a_baseline_that_is_no_row_is_a_mistake():
    with pytest.raises(
        errors.UserError, match="--against=frgan is not a row of toy_table. Did you"
    ):
        by_paper.fill_table(TABLE, [make_run("a")], against="frgan")


@pytest.mark.parametrize("pool, other", [(finished_run_folders.POOL, False), (999, True)])
def test_other_images_than_those_of_the_paper_are_marked(pool, other):
    table = by_paper.fill_table(TABLE, [make_run("a", outcome={"pool": pool})])
    assert table.cell("FR-GAN", "50 labels").other_images is other


@pytest.mark.parametrize("name", papers.names())
def test_every_table_can_be_filled_without_runs(name):
    table = papers.find(name)
    empty = by_paper.fill_table(table, [])
    assert empty.runs == [] and set(empty.cells) == {(c.row, c.column) for c in table.cells}


def test_a_run_with_the_flags_of_a_cell_fills_it():
    for table in map(papers.find, papers.names()):
        for cell in filter(lambda cell: cell.trained, table.cells):
            own = table.flags(cell, "small", 0)
            # The flags of a run have the default rate of its kind of noise.
            rate = label_noise.DEFAULT_RATES.get(own.get("noise"), 0.0)
            run = finished_run_folders.make_run(
                folder="own", **{"max_steps": 300, "noise_rate": rate} | own
            )
            filled = by_paper.fill_table(table, [run], "small", "test_error")
            if table.measure in ("test_error", "accuracy"):  # others are not in every result
                assert names(filled.cell(cell.row, cell.column)) == ["own"], (table.name, cell)
