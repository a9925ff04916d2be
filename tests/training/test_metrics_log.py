"""The metrics of a run as files: lines are appended, read, and cut back to a step."""

import csv
import json
import os

import pytest
from support.finished_run_folders import metrics_line

from tf_ssgan.common import errors
from tf_ssgan.training import metrics_log

LINES = [metrics_line(5), metrics_line(10, right=50.0)]


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
    for line in [*LINES, metrics_line(15)]:
        metrics_log.append(path, line)
    metrics_log.rewind(path, 10)
    assert metrics_log.history(path) == LINES
    first, second = read_table(path)
    assert (first["step"], first["test_error"], first["right"]) == ("5", "5.0", "")
    assert (second["step"], second["test_error"], second["right"]) == ("10", "5.0", "50.0")


def test_cutting_back_to_the_start_leaves_nothing(tmp_path):
    path = tmp_path / "metrics.jsonl"
    metrics_log.append(path, LINES[0])
    metrics_log.rewind(path, 0)
    assert metrics_log.history(path) == [] and read_table(path) == []


def test_a_line_with_new_names_widens_the_table(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [metrics_line(2, contrast=3.5), metrics_line(4, source=0.5),
             metrics_line(6, contrast=1.5)]  # fmt: skip
    for line in lines:
        metrics_log.append(path, line)
    assert metrics_log.history(path) == lines
    columns = [(row["step"], row["contrast"], row["source"]) for row in read_table(path)]
    assert columns == [("2", "3.5", ""), ("4", "", "0.5"), ("6", "1.5", "")]
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


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0", b'"' + b"x" * 200_000])
def test_a_table_that_is_damaged_is_written_anew(tmp_path, content):
    path = tmp_path / "metrics.jsonl"
    metrics_log.append(path, LINES[0])
    path.with_name("history.csv").write_bytes(content)
    metrics_log.append(path, LINES[1])
    assert [row["step"] for row in read_table(path)] == ["5", "10"]


@pytest.mark.parametrize(
    "text, reason",
    [
        (b"null", "expected a JSON object, got null"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (json.dumps(metrics_line(0)).encode(), "step: expected greater than or equal to 1, got 0"),
        (json.dumps(metrics_line(10**105)).encode(), "step: expected less than or equal to"),
        (json.dumps(metrics_line(7, None)).encode(), "test_error: expected a valid number"),
        (json.dumps(metrics_line(7, float("nan"))).encode(), "test_error: expected a finite"),
        (json.dumps(metrics_line(7, source="x")).encode(), "source: expected a valid number"),
        (json.dumps(metrics_line(5)).encode(), "step 5 comes after step 5"),
    ],
)  # fmt: skip
def test_a_damaged_line_is_skipped_and_said(tmp_path, text, reason):
    path = tmp_path / "metrics.jsonl"
    first, second = (json.dumps(line).encode() for line in LINES)
    path.write_bytes(b"\n".join([first, text, second, b""]))
    found = metrics_log.read(path)
    assert found.lines == LINES
    sentence = found.describe_damage(path)
    assert sentence.startswith(f"Skipped a damaged line of {path} (line 2: ") and reason in sentence
    removed = sentence.replace("Skipped", "Removed")
    assert metrics_log.rewind(path, 10) == removed and metrics_log.rewind(path, 10) == ""
    assert metrics_log.history(path) == LINES


def test_several_damaged_lines_are_counted(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("1\n2\n3\n")
    assert metrics_log.read(path).describe_damage(path) == (
        f"Skipped 3 damaged lines of {path} (line 1: expected a JSON object, got 1, ...)."
    )


def test_the_last_line_is_found_without_reading_the_others(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert metrics_log.last(path) is None
    path.write_text("x" * 10**6 + "\n")
    assert metrics_log.last(path) is None
    for line in LINES:
        metrics_log.append(path, line)
    assert metrics_log.last(path) == LINES[-1]
    path.write_text(path.read_text() + "null\n" + '{"step": 15, "te')
    assert metrics_log.last(path) == LINES[-1]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_refused_without_waiting(tmp_path, make):
    path = tmp_path / "metrics.jsonl"
    make(path)
    with pytest.raises(errors.UserError, match="metrics.jsonl is damaged: it is not a file"):
        metrics_log.read(path)
    assert metrics_log.last(path) is None


def test_a_whole_last_line_without_its_end_is_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [metrics_line(step) for step in (10, 20)]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert metrics_log.read(path) == metrics_log.MetricsHistory(lines)
    assert metrics_log.last(path) == lines[1]
