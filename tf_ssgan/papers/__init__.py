"""The tables and figures of the papers: the flags of their runs, and the published numbers.

    python -m tf_ssgan.sweep --table=frgan_table3 --budget=small    trains a table
    python -m tf_ssgan.report runs --table=frgan_table3             compares our numbers with it

There is a module for each paper and a function for each table. Nothing here needs TensorFlow.
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.papers import acgan, frgan, i2gan, noise_reg, semi_supervised
from tf_ssgan.papers.table import BUDGETS, QUANTITIES, PublishedCell, Quantity, Table

__all__ = [
    "BUDGETS",
    "QUANTITIES",
    "PublishedCell",
    "Quantity",
    "Table",
    "cells_of_run",
    "find",
    "format_list",
    "names",
]

COLUMNS = 100  # width of a terminal

_TABLES = {
    table.name: table
    for paper in (frgan, acgan, i2gan, noise_reg, semi_supervised)
    for table in (make() for make in paper.TABLES)
}


def names() -> tuple[str, ...]:
    """The names of all tables, paper by paper."""
    return tuple(_TABLES)


def find(name: str) -> Table:
    """The table with a name.

    Raises:
        UserError: No table has this name; the message suggests the nearest names.
    """
    if name not in _TABLES:
        raise errors.UserError(f"--table={name} is not a table. {errors.nearest(name, names())}")
    return _TABLES[name]


def cells_of_run(flags: Mapping[str, Any]) -> list[tuple[Table, PublishedCell]]:
    """The cells to which a run belongs, whatever its length and seed.

    Args:
        flags: All flags of the run, hyperparameters included, as in its `config.json`.
    """
    return [
        (table, cell)
        for table in _TABLES.values()
        for cell in table.cells
        if cell.trained and all(flags.get(name) == cell.flags[name] for name in cell.flags)
    ]


def format_list() -> str:
    """All tables as text: name, numbers of trained and of quoted cells, title, source."""
    return "\n".join(["name                       trained  quoted  title and source", *_lines()])


def _lines() -> Iterator[str]:
    for table in _TABLES.values():
        trained = sum(cell.trained for cell in table.cells)
        head = f"{table.name:<27}{trained:>7}{len(table.cells) - trained:>8}  "
        margin = " " * len(head)
        yield from textwrap.wrap(
            table.title, COLUMNS, initial_indent=head, subsequent_indent=margin
        )
        yield from textwrap.wrap(
            table.source, COLUMNS, initial_indent=margin, subsequent_indent=margin
        )
