"""Cells of the papers' tables, and the configurations of their runs."""

from tf_ssgan import papers
from tf_ssgan.training import config


def find_cell(name, row, column):
    """The cell of a table in a row and column."""
    (cell,) = [c for c in papers.find(name).cells if (c.row, c.column) == (row, column)]
    return cell


def published_numbers(name, row):
    """The published numbers of a row, column by column."""
    return [cell.published for cell in papers.find(name).cells if cell.row == row]


def configure(table, cell, budget):
    """The configuration of a run of a cell."""
    return config.configure(**table.flags(cell, budget, seed=3))


def check_published(name, row, column, published, spread):
    """Checks the published number of a cell and its spread."""
    cell = find_cell(name, row, column)
    assert (cell.published, cell.spread) == (published, spread)


def check_best(name, row, best):
    """Checks that a row is the best (`max` or `min`) of each column of a table."""
    table = papers.find(name)
    for column in {cell.column for cell in table.cells}:
        numbers = {c.row: c.published for c in table.cells if c.column == column}
        assert best(numbers, key=numbers.get) == row
