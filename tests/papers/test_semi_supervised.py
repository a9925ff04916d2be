"""The tables of the report on semi-supervised methods: published numbers and their order."""

import pytest
from support import paper_tables


@pytest.mark.parametrize(
    "name, row, column, published, spread",
    [
        ("pseudo_label_table1", "threshold 0.95", "CIFAR-10, 250 labels", 66.682, None),
        ("pseudo_label_table1", "threshold 0.6", "CIFAR-100, 10000 labels", 61.36, None),
        ("vat_table2", "VAT", "CIFAR-10, 4000 labels", 27.557, None),
        ("fixmatch_attention_table3", "threshold 0.75", "CIFAR-100, 2500 labels", 87.68, None),
    ],
)
def test_numbers_are_the_published_ones(name, row, column, published, spread):
    paper_tables.check_published(name, row, column, published, spread)


@pytest.mark.parametrize("column", ["CIFAR-10, 4000 labels", "CIFAR-100, 10000 labels"])
def test_a_lower_threshold_hurts_attention_and_helps_pseudo_labels(column):
    """Errors of attention "increase with lowering the threshold", with many labels."""
    rows = [f"threshold {threshold}" for threshold in (0.95, 0.75, 0.6)]
    attention, pseudo_label = (
        [paper_tables.find_cell(name, row, column).published for row in rows]
        for name in ("fixmatch_attention_table3", "pseudo_label_table1")
    )
    assert attention == sorted(attention)
    assert pseudo_label == sorted(pseudo_label, reverse=True)
