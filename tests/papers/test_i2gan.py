"""The tables of the I2GAN slides: published numbers, and what is not in them."""

import pytest
from support import paper_tables

from tf_ssgan import papers


@pytest.mark.parametrize(
    "name, row, column, published, spread",
    [
        ("i2gan_cifar10", "I2GAN", "200 labels per class", 13.80, 0.20),
        ("i2gan_cifar10", "TripleGAN*", "100 labels per class", 81.08, 0.57),
        ("i2gan_cifar10", "ICT*", "400 labels per class", 7.29, 0.02),
        ("i2gan_cifar10", "SWA*", "100 labels per class", 15.58, None),
        # Printed with the numbers of SVHN.
        ("i2gan_cifar10", "Mean Teacher*", "100 labels per class", None, None),
        ("i2gan_svhn", "Mean Teacher*", "100 labels per class", 5.21, 0.21),
        ("i2gan_svhn", "Temporal Ensemble*", "50 labels per class", 7.01, 0.29),
        ("i2gan_svhn", "SPCTN*", "100 labels per class", 7.73, 0.30),
        ("i2gan_svhn", "e-I2GAN", "100 labels per class", 5.27, 0.10),
        ("i2gan_svhn", "VAT*", "100 labels per class", 5.77, None),
        ("i2gan_cifar100", "Supervise Only", "40 labels per class", 74.85, 0.55),
    ],
)
def test_numbers_are_the_published_ones(name, row, column, published, spread):
    paper_tables.check_published(name, row, column, published, spread)


def test_missing_cells_are_not_in_the_tables():
    cells = {(c.row, c.column) for name in ("i2gan_cifar10", "i2gan_svhn")
             for c in papers.find(name).cells}  # fmt: skip
    assert ("Local-GAN*", "200 labels per class") not in cells
    assert ("Local-GAN*", "100 labels per class") in cells
    assert ("SPCTN*", "50 labels per class") not in cells


@pytest.mark.parametrize(
    ("name", "row", "method"),
    [
        ("i2gan_cifar10", "ICT*", "ict"),
        ("i2gan_cifar10", "SWA*", "fast_swa"),
        ("i2gan_cifar10", "Mean Teacher*", "mean_teacher"),
        ("i2gan_svhn", "Mean Teacher*", "mean_teacher"),
        ("i2gan_svhn", "Temporal Ensemble*", "temporal_ensembling"),
        ("i2gan_svhn", "SPCTN*", "spctn"),
        ("i2gan_cifar10", "ALI*", "ali"),
        ("i2gan_cifar10", "TripleGAN*", "triple_gan"),
        ("i2gan_cifar10", "Local-GAN*", "local_gan"),
        ("i2gan_cifar10", "BadGAN*", "bad_gan"),
        ("i2gan_cifar10", "ImprovedGAN with manifold invariance*", "improved_gan_minv"),
        ("i2gan_cifar10", "ImprovedGAN with manifold regularization*", "improved_gan_mreg"),
        ("i2gan_svhn", "ALI*", "ali"),
        ("i2gan_svhn", "TripleGAN*", "triple_gan"),
        ("i2gan_svhn", "LocalGAN*", "local_gan"),
        ("i2gan_svhn", "BadGAN*", "bad_gan"),
        ("i2gan_cifar100", "BadGAN*", "bad_gan"),
    ],
)
def test_quoted_methods_are_trained(name, row, method):
    assert {c.flags.get("method") for c in papers.find(name).cells if c.row == row} == {method}


def test_labels_are_counted_over_all_classes():
    for name, classes in (("i2gan_cifar10", 10), ("i2gan_svhn", 10), ("i2gan_cifar100", 100)):
        for cell in papers.find(name).cells:
            if cell.trained:
                assert cell.flags["labels"] == classes * int(cell.column.split()[0])


def test_supervise_only_trains_the_discriminator_of_improved_gan():
    table = papers.find("i2gan_cifar100")
    for budget in papers.BUDGETS:
        alone, theirs = (
            paper_tables.configure(
                table, paper_tables.find_cell(table.name, row, "40 labels per class"), budget
            )
            for row in ("Supervise Only", "ImprovedGAN (our implementation)")
        )
        assert alone.hparams.network == "improved_gan"
        assert (alone.max_steps, alone.epochs) == (theirs.max_steps, theirs.epochs)
        for name in ("width", "batch_size", "learning_rate", "beta_1", "decay_start", "dropout",
                     "input_dropout", "average_decay"):  # fmt: skip
            assert getattr(alone.hparams, name) == getattr(theirs.hparams, name)
