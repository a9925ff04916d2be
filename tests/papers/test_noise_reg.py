"""The tables of the noise regularization paper: published numbers, and steps on labels."""

import numpy as np
import pytest
from support import paper_tables

from tf_ssgan import papers
from tf_ssgan.core import stages


@pytest.mark.parametrize(
    "name, row, column, published, spread",
    [
        ("noise_reg_table1", "Noise regularization", "5 % clean", 83.73, None),
        ("noise_reg_table2", "Noise regularization with WSGAN", "50 % clean", 89.86, None),
    ],
)
def test_numbers_are_the_published_ones(name, row, column, published, spread):
    paper_tables.check_published(name, row, column, published, spread)


def test_accuracies_rise_with_the_share_of_clean_labels():
    for name, row in (
        ("noise_reg_table1", "Noise regularization"),
        ("noise_reg_table2", "Noise regularization with WSGAN"),
    ):
        accuracies = paper_tables.published_numbers(name, row)
        assert accuracies == sorted(accuracies)


def test_the_model_with_wsgan_is_ahead_from_half_clean_labels_on():
    """ "our model outperforms the noise regularization model with over 50% of clean data"."""
    plain, wsgan = (papers.find(f"noise_reg_table{number}").cells for number in (1, 2))
    ahead = [b.published > a.published for a, b in zip(plain, wsgan, strict=True)]
    assert ahead == [False, False, False, True, True]


def test_both_tables_have_as_many_steps_on_labels():
    lengths = []
    for number in (1, 2):
        table = papers.find(f"noise_reg_table{number}")
        settings = paper_tables.configure(table, table.cells[0], "small")
        fractions = settings.hparams.stage_fractions()
        first_steps = stages.consecutive_stages(settings.max_steps, fractions)
        ends = [*first_steps.values(), settings.max_steps]
        lengths.append(dict(zip(first_steps, np.diff(ends), strict=True)))
    noise_reg, wsgan = lengths
    assert noise_reg == {"contrast": 90, "train": 360}
    assert wsgan == {"contrast": 90, "generate": 150, "classify": 120, "train": 360}
