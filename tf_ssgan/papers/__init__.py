"""The tables and figures of the papers, each as the runs it is made of and the numbers printed.

    python -m tf_ssgan.sweep --table=frgan_table3 --budget=small    trains one
    python -m tf_ssgan.report --table=frgan_table3                  puts our numbers beside it

A module a paper, a function a table. Free of TensorFlow.
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
    "find",
    "listing",
    "names",
    "published",
]

COLUMNS = 100  # of a terminal

_TABLES = {
    table.name: table
    for paper in (frgan, acgan, i2gan, noise_reg, semi_supervised)
    for table in (make() for make in paper.TABLES)
}


def names() -> tuple[str, ...]:
    """Names of all tables, paper by paper."""
    return tuple(_TABLES)


def find(name: str) -> Table:
    """The table of a name.

    Raises:
        UserError: There is none; with the nearest names.
    """
    if name not in _TABLES:
        raise errors.UserError(f"--table={name} is no table. {errors.nearest(name, names())}")
    return _TABLES[name]


def published(flags: Mapping[str, Any]) -> list[tuple[Table, PublishedCell]]:
    """The cells that a run is of, whatever its length and seed.

    Args:
        flags: All flags of the run, knobs included, as its `config.json` has them.
    """
    return [
        (table, cell)
        for table in _TABLES.values()
        for cell in table.cells
        if cell.trained and all(flags.get(name) == cell.flags[name] for name in cell.flags)
    ]


def listing() -> str:
    """All tables for a person: name, cells that are trained and that are quoted, title, source."""
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
