"""The tables of the FR-GAN paper: published numbers, and what is not in them."""

import pytest
from support import paper_tables

from tf_ssgan import papers


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
        ("frgan_table3", "M1+M2", "1000 labels", 36.02, 0.10),
        ("frgan_table3", "SDGM", "1000 labels", 16.61, 0.24),
        ("frgan_table3", "ALI", "1000 labels", 7.42, 0.65),
        ("frgan_table3", "Pi model", "500 labels", 7.05, 0.30),
        ("frgan_table3", "Pi model", "1000 labels", 5.43, 0.25),
        ("frgan_table3", "Temporal ensembling", "500 labels", 5.12, 0.13),
        ("frgan_figure4", "(b) FR-GAN", "50 % wrong labels", None, None),
    ],
)
def test_numbers_are_the_published_ones(name, row, column, published, spread):
    paper_tables.check_published(name, row, column, published, spread)


def test_lost_numbers_are_not_in_table_3():
    lost = [c for c in papers.find("frgan_table3").cells if c.row in ("ADGM", "VAT")]
    assert len(lost) == 4 and all(cell.trained and cell.published is None for cell in lost)


def test_both_methods_of_maaloe_are_trained():
    trained = {c.row: c.flags["method"] for c in papers.find("frgan_table3").cells
               if c.row in ("ADGM", "SDGM") and c.trained}  # fmt: skip
    assert trained == {"ADGM": "adgm", "SDGM": "sdgm"}


def test_the_two_methods_of_laine_and_aila_are_trained():
    trained = {cell.row: cell.flags["method"] for cell in papers.find("frgan_table3").cells
               if cell.row in ("Pi model", "Temporal ensembling") and cell.trained}  # fmt: skip
    assert trained == {"Pi model": "pi_model", "Temporal ensembling": "temporal_ensembling"}


def test_figure_4_has_both_methods_with_every_share_of_wrong_labels():
    cells = papers.find("frgan_figure4").cells
    assert {cell.flags["method"] for cell in cells} == {"ssgan", "frgan"}
    for method in ("ssgan", "frgan"):
        own = [cell.flags for cell in cells if cell.flags["method"] == method]
        assert [flags["noise_rate"] for flags in own] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8]
        assert {(flags["noise"], flags["labels"]) for flags in own} == {("wrong", -1)}
