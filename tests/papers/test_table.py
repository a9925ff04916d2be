"""Tables: flags by budget, and cells from published lines."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.papers import BUDGETS, PublishedCell, Table, table


def test_later_flags_of_a_budget_override_earlier_ones():
    cell = PublishedCell("row", "column", {"method": "frgan", "labels": 50})
    extra = {"": {"width": 1, "depth": 1, "max_steps": 1}, "@50": {"width": 2, "depth": 2},
             "@500": {"max_steps": 9}, "frgan": {"width": 3}, "ssgan": {"max_steps": 9}}  # fmt: skip
    budgets = dict.fromkeys(BUDGETS, {}) | {"small": extra}
    own = Table("name", "title", "source", "test_error", (cell,), budgets)
    flags = {"method": "frgan", "labels": 50, "width": 3, "depth": 2, "max_steps": 1, "seed": 7}
    assert own.flags(cell, "small", 7) == flags
    assert own.flags(cell, "full", 7) == {"method": "frgan", "labels": 50, "seed": 7}
    with pytest.raises(
        errors.UserError, match="--budget=smal is not a budget. Did you mean 'small'"
    ):
        own.flags(cell, "smal", 7)


def test_lines_become_cells():
    columns = {"a": {"labels": 1}, "b": {"labels": 2}}
    rows = {"ours": ({"method": "vat"}, "1.5±0.2 ?"), "quoted": ({}, "- 7")}
    assert table.make_cells(columns, rows) == (
        PublishedCell("ours", "a", {"method": "vat", "labels": 1}, 1.5, 0.2),
        PublishedCell("ours", "b", {"method": "vat", "labels": 2}),
        PublishedCell("quoted", "b", {}, 7.0),
    )
    with pytest.raises(ValueError):
        table.make_cells(columns, {"short": ({}, "7")})


def test_a_quoted_cell_is_not_trained():
    assert PublishedCell("row", "column", {"method": "vat"}).trained
    assert not PublishedCell("row", "column", {}, 7.0).trained
