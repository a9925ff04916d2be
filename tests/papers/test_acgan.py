"""The tables of the AC-GAN poster: published numbers, lengths, and the baseline."""

import pytest
from support import paper_tables

from tf_ssgan import papers


@pytest.mark.parametrize(
    "name, row, column, published, spread",
    [
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
        ("acgan_figure8_stddev", "CNN, real images", "Fashion-MNIST", 4.71, None),
    ],
)
def test_numbers_are_the_published_ones(name, row, column, published, spread):
    paper_tables.check_published(name, row, column, published, spread)


def test_the_last_method_is_the_best_and_its_tau_rises_with_the_labels():
    paper_tables.check_best("acgan_table1", "WAC-GAN-GPT", max)
    paper_tables.check_best("acgan_table3_shift", "WAC-GAN-GPT", max)
    factors = paper_tables.published_numbers("acgan_table2", "tau")
    assert factors == sorted(factors)


def test_tau_is_read_where_the_accuracy_is():
    table1, table2 = papers.find("acgan_table1"), papers.find("acgan_table2")
    assert table2.number == table1.number == "test_error_raw_at_best_validation"


@pytest.mark.parametrize("labels", [500, 2500, 10_000, 20_000, 40_000])
@pytest.mark.parametrize("row", ["WAC-GAN-GPT", "Baseline CNN", "AC-GAN"])
def test_full_runs_are_1000_passes_over_the_labeled_images(row, labels):
    cell = paper_tables.find_cell("acgan_table1", row, f"{labels} labels")
    settings = paper_tables.configure(papers.find("acgan_table1"), cell, "full")
    assert settings.max_steps * settings.hparams.batch_size == 1000 * labels


def test_the_baseline_has_the_discriminators_width_and_optimizer():
    table = papers.find("acgan_table1")
    for budget in papers.BUDGETS:
        baseline, acgan = (
            paper_tables.configure(
                table, paper_tables.find_cell(table.name, row, "500 labels"), budget
            ).hparams
            for row in ("Baseline CNN", "AC-GAN")
        )
        for name in ("network", "width", "batch_size", "learning_rate", "beta_1"):
            assert getattr(baseline, name) == getattr(acgan, name)
        assert (baseline.learning_rate, baseline.beta_1) == (2e-4, 0.5)


def test_the_baseline_on_radiographs_has_the_recipe_of_fashion_mnist():
    table = papers.find("acgan_table4")
    for budget in papers.BUDGETS:
        baseline = paper_tables.configure(table, table.cells[0], budget).hparams
        recipe = baseline.network, baseline.learning_rate, baseline.beta_1, baseline.decay_start
        assert recipe == ("fm_cnn", 2e-4, 0.5, 1.0)
