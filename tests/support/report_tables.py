"""Tables of reports for the tests."""

from tf_ssgan import papers
from tf_ssgan.reports import by_protocol
from tf_ssgan.reports.result_table import ResultTable


def make_table(*runs, **options):
    """The only table of some runs."""
    (table,) = by_protocol.make_tables(runs, **options)
    return table


def table_of_cells(*cells, measure="test_error", **changed):
    """A table of one row."""
    columns = tuple(f"c{k}" for k in range(len(cells)))
    by_place = {("r", column): cell for column, cell in zip(columns, cells, strict=True)}
    return ResultTable("s", "S", ("r",), columns, by_place, papers.QUANTITIES[measure],
                 **{"number": "test_error"} | changed)  # fmt: skip
