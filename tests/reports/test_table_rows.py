"""Tables as rows of text."""

import pytest
from support import finished_run_folders

from tf_ssgan.reports import by_protocol, table_rows


@pytest.fixture
def table():
    """A table of two methods and two numbers of labels."""
    frgan = [
        finished_run_folders.make_run(error, seed=seed)
        for seed, error in enumerate((4.0, 5.0, 9.0))
    ]
    supervised = [
        finished_run_folders.make_run(error, seed=seed, method="supervised")
        for seed, error in enumerate((9.0, 9.5))
    ]
    other = finished_run_folders.make_run(3.25, labels=100)
    (table,) = by_protocol.make_tables([*frgan, *supervised, other])
    return table


def test_the_short_table(table):
    assert table_rows.short_table(table) == [
        ["", "50 labels", "100 labels"],
        ["frgan", "6.00 ± 2.65 (3)", "3.25 [1.98, 5.13] (1)"],  # (4 + 5 + 9) / 3, root of 7
        ["supervised", "9.25 ± 0.35 (2)", "–"],
    ]


def test_the_long_table(table):
    head, first, *others = table_rows.long_table(table)
    assert head == [
        "method", "protocol", "test error", "against supervised",
        "median of the last 20 evaluations", "at best validation", "raw weights, last step",
        "raw weights, at their best validation", "steps", "seconds per run",
    ]  # fmt: skip
    # Differences -5 and -4.5: std 0.354, and 12.706 * 0.354 / sqrt 2 is 3.18.
    assert first == [
        "frgan", "50 labels", "6.00 ± 2.65 (3)", "−4.75 [−7.93, −1.57], 2 of 2 lower, not told apart",
        "7.00 ± 2.65 (3)", "6.50 ± 2.65 (3)", "8.00 ± 2.65 (3)",
        "7.50 ± 2.65 (3)", "300", "60",
    ]  # fmt: skip
    assert [line[:2] for line in others] == [["frgan", "100 labels"], ["supervised", "50 labels"]]


def test_the_number_of_the_table_has_one_column_and_the_others_theirs():
    (table,) = by_protocol.make_tables([finished_run_folders.make_run()], "test_error_raw")
    head, _ = table_rows.long_table(table)
    assert "last step" in head and "raw weights, last step" not in head


def test_published_numbers_are_beside_ours_in_the_short_table():
    run = finished_run_folders.make_run(15.5, dataset="svhn", labels=500)
    (table,) = by_protocol.make_tables([run])
    assert table_rows.short_table(table)[1] == [
        "frgan",
        "15.50 [12.68, 19.04] (1); published 13.41 ± 0.20*",
    ]


def test_a_table_without_baseline_has_no_column_for_differences():
    (table,) = by_protocol.make_tables([finished_run_folders.make_run()])
    head, line = table_rows.long_table(table)
    assert len(head) == len(line) == 9 and not any(name.startswith("against") for name in head)


def test_columns_with_a_heading_alone_are_left_out():
    rows = [["a", "b", "c"], ["–", "–", "1"], ["–", "–", "–"]]
    assert table_rows.without_empty_columns(rows) == [["a", "c"], ["–", "1"], ["–", "–"]]
    assert table_rows.without_empty_columns(rows[:1]) == rows[:1]


def test_rows_and_columns_without_any_number_are_left_out(table):
    import dataclasses

    wider = dataclasses.replace(
        table, rows=(*table.rows, "vat"), columns=(*table.columns, "200 labels")
    )
    assert table_rows.short_table(wider) == table_rows.short_table(table)
    empty = dataclasses.replace(wider, cells={})
    assert table_rows.shown_rows(empty) == list(wider.rows)
    assert table_rows.shown_columns(empty) == list(wider.columns)
