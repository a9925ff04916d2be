"""Tables of the papers: their numbers, the runs they are made of, and how they are found."""

import math
import re
import subprocess
import sys
import typing

import pytest

from tf_ssgan import methods, papers
from tf_ssgan.common import errors
from tf_ssgan.core import stages
from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.methods.bases import contrastive
from tf_ssgan.papers import table as tables
from tf_ssgan.papers.table import PublishedFigure
from tf_ssgan.training import config

EVERY = [papers.find(name) for name in papers.names()]
TRAINED = [(table, cell) for table in EVERY for cell in table.cells if cell.trained]


def ident(value):
    return value.name if isinstance(value, papers.Table) else f"{value.row}-{value.column}"


@pytest.fixture(autouse=True)
def _no_data(monkeypatch):
    """Settings are made as on a machine that has no data; nothing is looked for or downloaded."""

    def missing(*_):
        raise errors.UserError("no data")

    monkeypatch.setattr(datasets, "train_labels", missing)


def cell(name, row, column):
    (found,) = [c for c in papers.find(name).cells if (c.row, c.column) == (row, column)]
    return found


def settings(table, chosen, budget):
    return config.configure(**table.flags(chosen, budget, seed=3))


def length(made):
    """About how many steps a run has."""
    return config._steps(type(made.hparams), made.dataset, made.as_flags())


@pytest.mark.parametrize(
    "name, row, column, published, spread",
    [
        ("frgan_table2", "GAN without SENet", "score", 2.89, 0.02),
        ("frgan_table2", "FR-GAN", "score", 3.24, 0.03),
        ("frgan_table3", "FR-GAN with regularization", "500 labels", 15.62, 0.16),
        ("frgan_table3", "FR-GAN", "1000 labels", 7.20, 0.16),
        # Printed beside ADGM and SDGM; Salimans et al. (2016) have them for their own method.
        ("frgan_table3", "Improved-GAN", "500 labels", 18.44, 4.8),
        ("frgan_table3", "Improved-GAN", "1000 labels", 8.11, 1.3),
        # Printed beside VAT, Improved-GAN, ALI and the Pi model.
        ("frgan_table3", "SDGM", "1000 labels", 16.61, 0.24),
        ("frgan_table3", "ALI", "1000 labels", 7.42, 0.65),
        ("frgan_table3", "Pi model", "500 labels", 7.05, 0.30),
        ("frgan_table3", "Pi model", "1000 labels", 5.43, 0.25),
        ("frgan_table3", "Temporal ensembling", "500 labels", 5.12, 0.13),
        ("frgan_figure4", "(b) FR-GAN", "50 % wrong labels", None, None),
        ("acgan_table1", "Baseline CNN", "500 labels", 77.5, 1.5),
        ("acgan_table1", "AC-GAN", "2500 labels", 81.2, 2.1),
        ("acgan_table1", "WAC-GAN-GP", "10000 labels", 87.6, 0.9),
        ("acgan_table1", "AC-GAN with truncation", "20000 labels", 89.1, 0.5),
        ("acgan_table1", "WAC-GAN-GPT", "40000 labels", 91.3, 0.7),
        ("acgan_table2", "tau", "10000 labels", 1.20, 0.13),
        ("acgan_table3", "WAC-GAN-GPT", "CIFAR-10", 72.9, 0.7),
        ("acgan_table3_shift", "AlexNet", "CIFAR-10.1 v6", 53.5, 1.0),
        ("acgan_table4", "AC-GAN", "COVID-19", 95.5, 0.5),
        ("acgan_figure8", "WAC-GAN-GPT", "Fashion-MNIST", 3.94, None),
        ("acgan_figure8_deviation", "CNN, real images", "Fashion-MNIST", 4.71, None),
        ("i2gan_cifar10", "I2GAN", "200 labels per class", 13.80, 0.20),
        ("i2gan_cifar10", "TripleGAN*", "100 labels per class", 81.08, 0.57),
        ("i2gan_svhn", "e-I2GAN", "100 labels per class", 5.27, 0.10),
        ("i2gan_svhn", "VAT*", "100 labels per class", 5.77, None),
        ("i2gan_cifar100", "Supervise Only", "40 labels per class", 74.85, 0.55),
        ("noise_reg_table1", "Noise regularization", "5 % clean", 83.73, None),
        ("noise_reg_table2", "Noise regularization with WSGAN", "50 % clean", 89.86, None),
        ("pseudo_label_table1", "threshold 0.95", "CIFAR-10, 250 labels", 66.682, None),
        ("pseudo_label_table1", "threshold 0.6", "CIFAR-100, 10000 labels", 61.36, None),
        ("vat_table2", "VAT", "CIFAR-10, 4000 labels", 27.557, None),
        ("fixmatch_attention_table3", "threshold 0.75", "CIFAR-100, 2500 labels", 87.68, None),
    ],
)
def test_numbers_are_those_that_are_printed(name, row, column, published, spread):
    found = cell(name, row, column)
    assert (found.published, found.spread) == (published, spread)


def test_what_a_paper_says_of_its_numbers():
    def by_column(name, row):
        return [c.published for c in papers.find(name).cells if c.row == row]

    def best(name, row, pick):
        for column in {c.column for c in papers.find(name).cells}:
            found = {c.row: c.published for c in papers.find(name).cells if c.column == column}
            assert pick(found, key=found.get) == row

    best("acgan_table1", "WAC-GAN-GPT", max)
    best("acgan_table3_shift", "WAC-GAN-GPT", max)
    for name, row in (
        ("acgan_table2", "tau"), ("noise_reg_table1", "Noise regularization"),
        ("noise_reg_table2", "Noise regularization with WSGAN"),
    ):  # fmt: skip
        assert by_column(name, row) == sorted(by_column(name, row))
    # "our model outperforms the noise regularization model with over 50% of clean data"
    ahead = [b.published > a.published for a, b in
             zip(*(papers.find(f"noise_reg_table{n}").cells for n in (1, 2)), strict=True)]  # fmt: skip
    assert ahead == [False, False, False, True, True]
    # Error rates of attention "increase with lowering the threshold" where there are many labels.
    columns = "CIFAR-10, 4000 labels", "CIFAR-100, 10000 labels"
    rows = [f"threshold {tau}" for tau in (0.95, 0.75, 0.6)]
    for column in columns:
        found = [cell("fixmatch_attention_table3", row, column).published for row in rows]
        assert found == sorted(found)
        found = [cell("pseudo_label_table1", row, column).published for row in rows]
        assert found == sorted(found, reverse=True)


def test_what_is_not_in_a_table():
    rows = {c.row for c in papers.find("frgan_table3").cells}
    assert "ADGM" not in rows  # its number is lost, and it is no method here
    assert all(c.published is None for c in papers.find("frgan_table3").cells if c.row == "VAT")
    rows = {c.row for c in papers.find("i2gan_cifar10").cells}
    assert "Mean Teacher*" not in rows and "Mean Teacher*" in {
        c.row for c in papers.find("i2gan_svhn").cells
    }
    places = {(c.row, c.column) for c in papers.find("i2gan_cifar10").cells}
    assert ("Local-GAN*", "200 labels per class") not in places


def test_every_method_that_a_paper_reports_on_occurs():
    used = {c.flags["method"] for _, c in TRAINED}
    assert used == set(methods.names()) - {"fixmatch"}  # no paper here trains it without attention


@pytest.mark.parametrize("table", EVERY, ids=ident)
def test_a_table_is_whole(table):
    places = [(c.row, c.column) for c in table.cells]
    assert len(set(places)) == len(places)
    trainings = [sorted(c.flags.items(), key=str) for c in table.cells if c.trained]
    assert trainings and all(trainings.count(one) == 1 for one in trainings)
    assert table.measure in papers.QUANTITIES
    assert set(table.shows) <= set(typing.get_args(PublishedFigure))
    assert set(table.after) <= {"judge", "evaluate"}
    known = {"inception_score": "judge", "accuracy_on_cifar10_1": "evaluate"}
    assert known.get(table.measure, "") in ("", *table.after)
    assert set(table.budgets) == set(papers.BUDGETS)
    assert "\n" not in table.title and table.source and "  " not in table.note
    used = {c.flags["dataset"] for c in table.cells if c.trained}
    official = {"svhn": 73_257, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
    assert {official.get(name, 0) for name in used} == {table.images}
    assert all(name in dataset_info.KNOWN for name in used) or table.name == "acgan_table4"


def test_units_of_errors_are_percent():
    for table in EVERY:
        printed = [c.published for c in table.cells if c.published is not None]
        if papers.QUANTITIES[table.measure].unit == "%":
            assert all(1 < value < 100 for value in printed)
        assert all(c.spread < c.published for c in table.cells if c.spread is not None)


@pytest.mark.parametrize("table, chosen", TRAINED, ids=ident)
def test_a_cell_says_what_is_trained_and_a_budget_how_long(table, chosen):
    assert not {"seed", "max_steps", "epochs", "workdir", "data_dir"} & set(chosen.flags)
    for budget in papers.BUDGETS:
        flags = table.flags(chosen, budget, seed=3)
        assert flags.items() >= chosen.flags.items() and flags["seed"] == 3
        made = settings(table, chosen, budget)  # every flag is one, and every value legal
        assert made.as_flags().items() >= flags.items()
    full, small, smoke = (length(settings(table, chosen, b)) for b in papers.BUDGETS)
    assert smoke == 20 < 300 <= small <= 1000 < 3000 < full < math.inf


@pytest.mark.parametrize("table, chosen", TRAINED, ids=ident)
def test_a_run_is_found_in_the_table_it_is_of_and_beside_no_other_number(table, chosen):
    for budget in papers.BUDGETS:
        found = papers.published(settings(table, chosen, budget).as_flags())
        assert [c for t, c in found if t is table] == [chosen]
        for other, theirs in found:
            assert theirs.flags == chosen.flags, other.name


def test_a_neighbor_is_not_found():
    def found(method, dataset, **flags):
        run = config.configure(method, dataset, **flags).as_flags()
        return {(t.name, c.row, c.published) for t, c in papers.published(run)}

    assert found("frgan", "svhn", labels=1000) == {
        ("frgan_table2", "FR-GAN", 3.24), ("frgan_table3", "FR-GAN", 7.20),
    }  # fmt: skip
    assert found("frgan", "svhn", labels=250) == set()
    assert found("frgan", "digits") == set()
    for weight, names in (
        (0.5, {("frgan_table3", "Improved-GAN", 8.11), ("i2gan_svhn", "ImprovedGAN*", 8.11)}),
        (1.0, {("i2gan_svhn", "ImprovedGAN (our implementation)", 5.60)}),
    ):
        flags = {"labels": 1000, "unlabeled_weight": weight}
        assert found("improved_gan", "svhn", **flags) == names
    wsgan = {"clean_fraction": 0.1, "labels": -1, "noise": "permute"}
    row = ("noise_reg_table2", "Noise regularization with WSGAN", 81.07)
    assert found("noise_reg_wsgan", "fashion_mnist", **wsgan) == {row}
    assert found("noise_reg_wsgan", "fashion_mnist", nrw_label="predicted", **wsgan) == set()
    assert found("vat", "cifar10", labels=250, entmin=True) == set()
    assert found("pseudo_label", "cifar10", labels=250, pl_mode="online") == set()
    assert found("pseudo_label", "cifar10", labels=250, threshold=0.7) == set()
    assert papers.published({}) == []


def test_a_run_of_the_authors_profile_is_beside_their_numbers():
    run = config.configure("vat", "cifar10", labels=4000, profile="authors").as_flags()
    assert {c.published for _, c in papers.published(run)} == {27.557}


@pytest.mark.parametrize("table, chosen", TRAINED, ids=ident)
def test_every_stage_of_a_run_has_steps(table, chosen):
    for budget in papers.BUDGETS[1:]:
        made = settings(table, chosen, budget)
        if isinstance(made.hparams, contrastive.ContrastiveHParams):
            found = stages.consecutive_stages(made.max_steps, made.hparams.shares())
            wanted = {"noise_reg": {"contrast", "train"}}
            both = {"contrast", "generate", "train"}
            assert set(found) == wanted.get(made.method, both)
        if made.method == "pseudo_label" and made.hparams.pl_mode == "epoch":
            assert 1 <= made.hparams.warm_up_fraction * made.max_steps < made.max_steps / 2


def test_both_tables_of_weak_supervision_have_as_many_steps_on_labels():
    for number, before in ((1, 0.2), (2, 0.15 + 0.25)):
        table = papers.find(f"noise_reg_table{number}")
        made = settings(table, table.cells[0], "small")
        assert made.max_steps * (1 - before) == pytest.approx(360)


def test_rows_of_a_table_learn_for_as_many_steps_from_as_many_images():
    for name in ("frgan_table2", "frgan_table3", "acgan_table1", "acgan_table3", "i2gan_cifar10",
                 "i2gan_cifar100", "i2gan_svhn", "pseudo_label_table1"):  # fmt: skip
        table = papers.find(name)
        for budget in papers.BUDGETS[1:]:
            made = [settings(table, c, budget) for c in table.cells if c.trained]
            assert len({(m.max_steps, m.hparams.batch_size) for m in made}) == 1, name


def test_full_runs_have_the_papers_length():
    for labels in (500, 2500, 40_000):  # 1,000 passes over the labeled images, 100 a step
        chosen = cell("acgan_table1", "WAC-GAN-GPT", f"{labels} labels")
        made = settings(papers.find("acgan_table1"), chosen, "full")
        assert made.max_steps * made.hparams.batch_size == 1000 * labels
    for name, epochs in (("frgan_table3", 300), ("frgan_figure4", 300), ("i2gan_cifar10", 1200),
                         ("noise_reg_table1", 20), ("acgan_table4", 1000),
                         ("pseudo_label_table1", 300), ("fixmatch_attention_table3", 200)):  # fmt: skip
        table = papers.find(name)
        last = [c for c in table.cells if c.trained][-1]
        assert settings(table, last, "full").epochs == epochs, name


def test_the_baseline_of_clothes_is_as_wide_as_the_discriminator():
    table = papers.find("acgan_table1")
    for budget in papers.BUDGETS:
        mine, theirs = (settings(table, cell("acgan_table1", row, "500 labels"), budget)
                        for row in ("Baseline CNN", "AC-GAN"))  # fmt: skip
        assert 2 * mine.hparams.width == theirs.hparams.width
        assert mine.hparams.learning_rate == theirs.hparams.learning_rate == 2e-4
    table = papers.find("acgan_table4")
    for budget in papers.BUDGETS:
        mine = settings(table, table.cells[0], budget).hparams
        assert (mine.network, mine.learning_rate, mine.decay_start) == ("fm_cnn", 2e-4, 0.999)


def test_figures_show_runs_of_tables():
    for figure, names in (
        ("acgan_figure8", ["acgan_table1"]), ("noise_reg_figure5", ["noise_reg_table1"]),
        ("noise_reg_figure6", ["noise_reg_table2"]), ("ssl_figure1", ["pseudo_label_table1"]),
        ("ssl_figure2", ["vat_table2"]), ("ssl_figure5", ["vat_table2", "ssl_figure2"]),
    ):  # fmt: skip
        for name in names:
            one, other = papers.find(figure), papers.find(name)
            for budget in papers.BUDGETS:
                runs = [other.flags(c, budget, 0) for c in other.cells]
                assert all(one.flags(c, budget, 0) in runs for c in one.cells), figure


def test_two_papers_share_the_runs_of_rows_that_both_have():
    mine, theirs = papers.find("frgan_table3"), papers.find("i2gan_svhn")
    for one, other in (("Improved-GAN", "ImprovedGAN*"), ("VAT", "VAT*")):
        chosen = cell("frgan_table3", one, "1000 labels")
        quoted = cell("i2gan_svhn", other, "100 labels per class")
        for budget in papers.BUDGETS:
            assert mine.flags(chosen, budget, 0) == theirs.flags(quoted, budget, 0)


def test_later_flags_of_a_budget_win():
    chosen = papers.PublishedCell("row", "column", {"method": "frgan", "labels": 50})
    extra = {"": {"width": 1, "depth": 1, "max_steps": 1}, "@50": {"width": 2, "depth": 2},
             "@500": {"max_steps": 9}, "frgan": {"width": 3}, "ssgan": {"max_steps": 9}}  # fmt: skip
    budgets = dict.fromkeys(papers.BUDGETS, {}) | {"small": extra}
    table = papers.Table("name", "title", "source", "test_error", (chosen,), budgets)
    wanted = {"method": "frgan", "labels": 50, "width": 3, "depth": 2, "max_steps": 1, "seed": 7}
    assert table.flags(chosen, "small", 7) == wanted
    assert table.flags(chosen, "full", 7) == {"method": "frgan", "labels": 50, "seed": 7}
    with pytest.raises(errors.UserError, match="--budget=smal is no budget. Did you mean 'small'"):
        table.flags(chosen, "smal", 7)


def test_lines_become_cells():
    columns = {"a": {"labels": 1}, "b": {"labels": 2}}
    rows = {"ours": ({"method": "vat"}, "1.5±0.2 ?"), "quoted": ({}, "- 7")}
    assert tables.grid(columns, rows) == (
        papers.PublishedCell("ours", "a", {"method": "vat", "labels": 1}, 1.5, 0.2),
        papers.PublishedCell("ours", "b", {"method": "vat", "labels": 2}),
        papers.PublishedCell("quoted", "b", {}, 7.0),
    )
    with pytest.raises(ValueError):
        tables.grid(columns, {"short": ({}, "7")})


def test_a_table_that_there_is_not():
    with pytest.raises(errors.UserError, match="--table=frgan_tabel3 is no table. Did you mean "
                       "'frgan_table3'"):  # fmt: skip
        papers.find("frgan_tabel3")


def test_the_list_names_every_table_within_100_columns():
    lines = papers.listing().splitlines()
    assert max(map(len, lines)) <= 100
    heads = {m[1]: (int(m[2]), int(m[3])) for line in lines
             if (m := re.match(r"(\w+) +(\d+) +(\d+)  \S", line))}  # fmt: skip
    assert tuple(heads) == papers.names()
    # M1+M2, SDGM and ALI have one number each, temporal ensembling one, the Pi model two.
    assert heads["frgan_table3"] == (8, 6) and heads["acgan_table1"] == (25, 0)


def test_tables_need_no_tensorflow():
    code = "import sys; from tf_ssgan import papers; papers.listing(); print('tensorflow' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
