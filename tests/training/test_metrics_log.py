"""The metrics of a run as files: lines are appended, read, and cut back to a step."""

import csv

from tf_ssgan.training import metrics_log

LINES = [{"step": 5, "error": 9.0}, {"step": 10, "error": 8.0, "right": 50.0}]


def read_table(path):
    with path.with_name("history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_lines_come_back_and_one_cut_short_does_not(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for line in LINES:
        metrics_log.append(path, line)
    path.write_text(path.read_text() + '{"step": 15, "err')
    assert metrics_log.history(path) == LINES
    assert metrics_log.history(path, until=5) == LINES[:1]


def test_cutting_back_keeps_every_column_of_what_is_left(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for line in [*LINES, {"step": 15, "error": 7.0}]:
        metrics_log.append(path, line)
    metrics_log.rewind(path, 10)
    assert metrics_log.history(path) == LINES
    first, second = read_table(path)
    assert first == {"step": "5", "error": "9.0", "right": ""}
    assert second == {"step": "10", "error": "8.0", "right": "50.0"}


def test_cutting_back_to_the_start_leaves_nothing(tmp_path):
    path = tmp_path / "metrics.jsonl"
    metrics_log.append(path, LINES[0])
    metrics_log.rewind(path, 0)
    assert metrics_log.history(path) == [] and read_table(path) == []


def test_a_line_with_new_names_widens_the_table(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [{"step": 2, "contrast": 3.5}, {"step": 4, "source": 0.5, "error": 9.0},
             {"step": 6, "contrast": 1.5}]  # fmt: skip
    for line in lines:
        metrics_log.append(path, line)
    assert metrics_log.history(path) == lines
    assert read_table(path) == [
        {"step": "2", "contrast": "3.5", "source": "", "error": ""},
        {"step": "4", "contrast": "", "source": "0.5", "error": "9.0"},
        {"step": "6", "contrast": "1.5", "source": "", "error": ""},
    ]
    assert not list(tmp_path.glob("*.partial"))


def test_a_line_with_known_names_leaves_the_rest_of_the_table_alone(tmp_path):
    path = tmp_path / "metrics.jsonl"
    metrics_log.append(path, LINES[1])
    written = path.with_name("history.csv")
    written.write_text(written.read_text().replace("50.0", "51.0"))  # edited by hand
    metrics_log.append(path, LINES[0])
    assert [row["right"] for row in read_table(path)] == ["51.0", ""]


def test_a_table_that_is_missing_is_written_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    metrics_log.append(path, LINES[0])
    path.with_name("history.csv").unlink()
    metrics_log.append(path, LINES[1])
    assert [row["step"] for row in read_table(path)] == ["5", "10"]
