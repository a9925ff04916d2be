"""All tables of the papers: their cells, their runs, and how they are found."""

import math
import re
import subprocess
import sys
import typing

import pytest
from support import paper_tables

from tf_ssgan import methods, papers
from tf_ssgan.common import errors
from tf_ssgan.core import stages
from tf_ssgan.data import dataset_info
from tf_ssgan.methods.bases import contrastive
from tf_ssgan.papers.table import PublishedFigure
from tf_ssgan.training import config, recipes

TABLES = [papers.find(name) for name in papers.names()]
TRAINED = [(table, cell) for table in TABLES for cell in table.cells if cell.trained]
BOTH_KINDS = {"pi_model", "temporal_ensembling", "mean_teacher"}  # in one batch


def ident(value):
    return value.name if isinstance(value, papers.Table) else f"{value.row}-{value.column}"


def length(settings):
    """About how many steps a run has."""
    return recipes.approximate_steps(
        type(settings.hparams), settings.find_source(), settings.as_flags()
    )


def test_every_method_of_a_paper_occurs():
    used = {cell.flags["method"] for _, cell in TRAINED}
    # No table here has FixMatch without attention, FlexMatch, CatGAN, DivideMix, ladders or mmDGM.
    assert used == set(methods.names()) - {
        "fixmatch", "flexmatch", "cat_gan", "dividemix", "ladder", "mmdgm",
    }  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=ident)
def test_a_table_is_complete(table):
    places = [(c.row, c.column) for c in table.cells]
    assert len(set(places)) == len(places)
    trainings = [sorted(c.flags.items(), key=str) for c in table.cells if c.trained]
    assert trainings and all(trainings.count(one) == 1 for one in trainings)
    assert table.measure in papers.QUANTITIES
    assert set(table.shows) <= set(typing.get_args(PublishedFigure))
    assert set(table.evaluate_flags) <= {"--generator", "--dataset=cifar10_1/v6"}
    needed = {"inception_score": "--generator", "accuracy_on_cifar10_1": "--dataset=cifar10_1/v6"}
    assert needed.get(table.measure, "") in ("", *table.evaluate_flags)
    assert set(table.budgets) == set(papers.BUDGETS)
    assert "\n" not in table.title and table.source and "  " not in table.note
    used = {c.flags["dataset"] for c in table.cells if c.trained}
    official = {"svhn": 73_257, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
    assert {official.get(name, 0) for name in used} == {table.images}
    assert all(name in dataset_info.KNOWN for name in used) or table.name == "acgan_table4"


def test_errors_and_accuracies_are_in_percent():
    for table in TABLES:
        numbers = [c.published for c in table.cells if c.published is not None]
        if papers.QUANTITIES[table.measure].unit == "%":
            assert all(1 < value < 100 for value in numbers)
        assert all(c.spread < c.published for c in table.cells if c.spread is not None)


@pytest.mark.parametrize("table, cell", TRAINED, ids=ident)
def test_a_cell_has_the_flags_of_its_runs_and_a_budget_their_length(table, cell):
    assert not {"seed", "max_steps", "epochs", "workdir", "data_dir"} & set(cell.flags)
    for budget in papers.BUDGETS:
        flags = table.flags(cell, budget, seed=3)
        assert flags.items() >= cell.flags.items() and flags["seed"] == 3
        # The flags exist, and their values are allowed.
        settings = paper_tables.configure(table, cell, budget)
        assert settings.as_flags().items() >= flags.items()
    full, small, smoke = (length(paper_tables.configure(table, cell, b)) for b in papers.BUDGETS)
    assert smoke == 20 < 300 <= small <= 1000 < 3000 < full < math.inf


@pytest.mark.parametrize("table, cell", TRAINED, ids=ident)
def test_a_run_is_found_in_its_own_cell_and_in_no_different_one(table, cell):
    for budget in papers.BUDGETS:
        found = papers.cells_of_run(paper_tables.configure(table, cell, budget).as_flags())
        assert [c for t, c in found if t is table] == [cell]
        for other, theirs in found:
            assert theirs.flags == cell.flags, other.name


def rows_of(method, dataset, **flags):
    """(table, row, published number) of the cells of a run."""
    run = config.configure(method, dataset, **flags).as_flags()
    return {(t.name, c.row, c.published) for t, c in papers.cells_of_run(run)}


def test_a_run_with_other_flags_is_not_found():
    assert rows_of("frgan", "svhn", labels=1000) == {
        ("frgan_table2", "FR-GAN", 3.24), ("frgan_table3", "FR-GAN", 7.20),
    }  # fmt: skip
    assert rows_of("frgan", "svhn", labels=250) == set()
    assert rows_of("frgan", "digits") == set()
    for weight, names in (
        (0.5, {("frgan_table3", "Improved-GAN", 8.11), ("i2gan_svhn", "ImprovedGAN*", 8.11)}),
        (1.0, {("i2gan_svhn", "ImprovedGAN (our implementation)", 5.60)}),
    ):
        flags = {"labels": 1000, "unlabeled_weight": weight}
        assert rows_of("improved_gan", "svhn", **flags) == names
    wsgan = {"clean_fraction": 0.1, "labels": -1, "noise": "permute"}
    row = ("noise_reg_table2", "Noise regularization with WSGAN", 81.07)
    assert rows_of("noise_reg_wsgan", "fashion_mnist", **wsgan) == {row}
    assert rows_of("noise_reg_wsgan", "fashion_mnist", nrw_label="predicted", **wsgan) == set()
    assert rows_of("vat", "cifar10", labels=250, entmin=True) == set()
    assert rows_of("pseudo_label", "cifar10", labels=250, pl_mode="online") == set()
    assert rows_of("pseudo_label", "cifar10", labels=250, threshold=0.7) == set()
    assert papers.cells_of_run({}) == []


@pytest.mark.parametrize("profile", ["authors", "report"])
def test_a_run_with_the_authors_profile_is_compared_with_their_numbers(profile):
    run = config.configure("vat", "cifar10", labels=4000, profile=profile).as_flags()
    assert {c.published for _, c in papers.cells_of_run(run)} == {27.557}


@pytest.mark.parametrize("table, cell", TRAINED, ids=ident)
def test_every_stage_of_a_run_has_steps(table, cell):
    for budget in papers.BUDGETS[1:]:
        settings = paper_tables.configure(table, cell, budget)
        hparams = settings.hparams
        if isinstance(hparams, contrastive.ContrastiveHParams):
            with_steps = stages.consecutive_stages(settings.max_steps, hparams.stage_fractions())
            assert set(with_steps) == {*hparams.stage_fractions(), "train"}
        if settings.method == "pseudo_label" and hparams.pl_mode == "epoch":
            asked = hparams.warm_up_epochs * math.ceil(settings.labels / hparams.batch_size)
            first_steps = stages.warm_up_stages(asked, settings.max_steps)
            assert 1 <= first_steps["train"] <= settings.max_steps / 2
            assert hparams.warm_up_epochs == 10


def images_of_a_step(run):
    """The size of the labeled batch, or half of a batch with labeled and unlabeled images."""
    return run.hparams.batch_size / (2 if run.method in BOTH_KINDS else 1)


def test_the_rows_of_a_table_have_as_many_steps_and_images():
    for name in ("frgan_table2", "frgan_table3", "acgan_table1", "acgan_table3", "i2gan_cifar10",
                 "i2gan_cifar100", "i2gan_svhn", "pseudo_label_table1"):  # fmt: skip
        table = papers.find(name)
        for budget in papers.BUDGETS[1:]:
            runs = [paper_tables.configure(table, c, budget) for c in table.cells if c.trained]
            assert len({run.max_steps for run in runs}) == 1, name
            if budget == "small":
                assert len({images_of_a_step(run) for run in runs}) == 1, name
            else:
                assert len({run.hparams.batch_size for run in runs}) == 1, name


def test_small_runs_of_mean_teacher_have_as_many_labels_a_step_as_the_other_methods():
    for name, column in (("i2gan_cifar10", "400 labels per class"),
                         ("i2gan_svhn", "50 labels per class")):  # fmt: skip
        cell = paper_tables.find_cell(name, "Mean Teacher*", column)
        run = paper_tables.configure(papers.find(name), cell, "small")
        assert run.hparams.labeled_per_batch == images_of_a_step(run) == 50


def test_full_runs_have_the_length_of_the_papers():
    for name, epochs in (("frgan_table3", 300), ("frgan_figure4", 300), ("i2gan_cifar10", 1200),
                         ("noise_reg_table1", 20), ("acgan_table4", 1000),
                         ("pseudo_label_table1", 300), ("fixmatch_attention_table3", 200)):  # fmt: skip
        table = papers.find(name)
        last = [c for c in table.cells if c.trained][-1]
        assert paper_tables.configure(table, last, "full").epochs == epochs, name


def test_figures_show_the_runs_of_tables():
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
    frgan, i2gan = papers.find("frgan_table3"), papers.find("i2gan_svhn")
    for row, quoted_row, labels in (
        ("Improved-GAN", "ImprovedGAN*", 1000), ("VAT", "VAT*", 1000),
        ("Temporal ensembling", "Temporal Ensemble*", 500),
    ):  # fmt: skip
        cell = paper_tables.find_cell("frgan_table3", row, f"{labels} labels")
        column = f"{labels // 10} labels per class"
        quoted = paper_tables.find_cell("i2gan_svhn", quoted_row, column)
        for budget in papers.BUDGETS:
            assert frgan.flags(cell, budget, 0) == i2gan.flags(quoted, budget, 0)


def test_an_unknown_table_is_refused_with_the_nearest_name():
    message = "--table=frgan_tabel3 is not a table. Did you mean 'frgan_table3'"
    with pytest.raises(errors.UserError, match=message):
        papers.find("frgan_tabel3")


def test_the_list_names_every_table_within_100_columns():
    lines = papers.format_list().splitlines()
    assert max(map(len, lines)) <= 100
    counts = {m[1]: (int(m[2]), int(m[3])) for line in lines
              if (m := re.match(r"(\w+) +(\d+) +(\d+)  \S", line))}  # fmt: skip
    assert tuple(counts) == papers.names()
    # Six rows with two columns, M1+M2, SDGM, temporal ensembling and ALI with one.
    assert counts["frgan_table3"] == (16, 0) and counts["acgan_table1"] == (25, 0)
    # Twelve rows in three columns, Local-GAN and manifold invariance in two.
    assert counts["i2gan_cifar10"] == (40, 0)
    # Nine rows in both columns, and SPCTN, pseudo-labels, VAT and ALI in one.
    assert counts["i2gan_svhn"] == (22, 0) and counts["i2gan_cifar100"] == (5, 0)


def test_tables_need_no_tensorflow():
    code = (
        "import sys\nfrom tf_ssgan import papers\npapers.format_list()\n"
        "print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
