"""CSV and JSON lines can be read back; the output appears whole and overwrites no image."""

import io
import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys

import pytest
from support import predict_output

from export import input_files, predict, prediction_writers, predictions
from tf_ssgan.common import files

# --- formats --------------------------------------------------------------------------------------


def test_csv_can_be_read_back(run_predict, odd_names):
    status, out, _ = run_predict(*odd_names)
    assert status == 0 and "\r\n" not in out
    paths = [row["path"] for row in predict_output.csv_rows(out)]
    assert paths[:-1] == odd_names[:-1]
    assert paths[-1] == odd_names[-1].encode(errors="backslashreplace").decode()


def test_json_can_be_read_back_with_the_bytes_of_names(run_predict, odd_names):
    status, out, _ = run_predict("--format=jsonl", *odd_names)
    lines = out.split("\n")
    assert status == 0 and len(lines) == len(odd_names) + 1 and "猫" in out
    paths = [json.loads(line)["path"] for line in lines[:-1]]
    assert paths == odd_names and os.fsencode(paths[-1]).endswith(b"/\xff\xe4.png")


def test_classes_that_are_numbers_stay_numbers():
    file = io.StringIO()
    writer = prediction_writers.CsvWriter(file, {}, 1)
    writer.add(predictions.Prediction("a.png", (("-1", 0.75),)))
    (row,) = predict_output.csv_rows(file.getvalue())
    assert row["label"] == "-1"


@pytest.mark.parametrize("name", ["=1+1", "+a", "-1+2", "@a", "\t=1", "\n=1"])
def test_no_cell_is_a_formula_and_the_path_is_still_that_of_the_file(name):
    file = io.StringIO()
    writer = prediction_writers.CsvWriter(file, {}, 2)
    top = ((name, 0.75), (name, 0.25))
    writer.add(predictions.Prediction(f"{name}.png", top))
    (row,) = predict_output.csv_rows(file.getvalue())
    assert row["path"] == f"./{name}.png"
    assert row["label"] == row["label_2"] == f"'{name}" and row["probability"] == "0.750000"


def read_all(terminal):
    """What was written to a terminal, which may come in pieces."""
    pieces = []
    while select.select([terminal], [], [], 0.5)[0]:
        pieces.append(os.read(terminal, 100_000))
    return b"".join(pieces).decode()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "html"])
def test_a_terminal_gets_no_control_characters(monkeypatch, kind):
    terminal, own = pty.openpty()
    with open(own, "w", encoding="utf-8", closefd=True) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with prediction_writers.open_output("", []) as (file, _):
            writer = prediction_writers.WRITERS[kind](file, {"model": "m\x1b[2J"}, 1)
            name = "a\n\t\x1b]0;t\x07\x9b2J\x7f\u202e"
            writer.add(predictions.Prediction(name, ((name, 1.0),)))
            writer.add(predictions.Prediction(name, reason=name))
            writer.end(predictions.PredictionCounts())
        stdout.flush()
        text = read_all(terminal)
    os.close(terminal)
    assert all(line.isprintable() for line in text.split("\r\n"))
    assert len(text.splitlines()) == {"csv": 3, "jsonl": 2}.get(kind, len(text.splitlines()))


# --- the file at --to ------------------------------------------------------------------------------


def test_a_file_appears_whole_or_not_at_all(run_predict, image_files, tmp_path, monkeypatch):
    to = tmp_path / "out" / "answers.csv"
    to.parent.mkdir()
    to.write_text("before")

    def broken(*_):
        assert to.read_text() == "before" and len(list(to.parent.iterdir())) == 2
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(prediction_writers.CsvWriter, "end", broken)
        status, _, err = run_predict(f"--to={to}", *image_files)
    assert status == 2 and f"--to={to} cannot be written (No space left on device)" in err
    assert [path.name for path in to.parent.iterdir()] == ["answers.csv"]
    assert to.read_text() == "before"
    assert run_predict(f"--to={to}", *image_files)[0] == 0
    assert len(predict_output.csv_rows(to.read_text())) == 7 and len(list(to.parent.iterdir())) == 1


def test_leftovers_of_programs_that_were_killed_are_removed(tmp_path):
    to = tmp_path / "a[1].csv"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = files.partial_name(".a[1].csv").replace(f"-{os.getpid()}.", f"-{ended.pid}.")
    kept = {left.replace("[1]", "1"), left.removeprefix("."), f"{left}.txt", ".a[1].csv.partial"}
    for name in (left, *kept):
        (tmp_path / name).write_text("some")
    with prediction_writers.open_output(str(to), []):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {*kept, to.name}


def test_the_output_is_not_classified_itself(run_predict, image_files, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    for _ in range(2):
        status, _, err = run_predict(f"--to={tmp_path / 'answers.csv'}", tmp_path / "link")
        assert (status, err.split(" in ")[0]) == (1, "8 images")
    reasons = {
        row["reason"] for row in predict_output.csv_rows((tmp_path / "answers.csv").read_text())
    }
    assert reasons == {"", input_files.LOOP}


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("new.png", "has the name of an image"),
        ("digit0.png", "has the name of an image"),
        ("unnamed", "is an image (PNG)"),
        ("list.txt", "is among the paths to read"),
        ("folder", "exists and is not a file"),
        ("none/x.csv", "cannot be written (No such file or directory)"),
        ("/dev/null", "exists and is not a file"),
        ("list.txt/x.csv", "cannot be written (Not a directory)"),
    ],
)
def test_outputs_that_cannot_or_must_not_be_written_are_refused(
    run_predict, image_files, tmp_path, monkeypatch, to, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(predict, "load_classifier", None)  # refused before
    shutil.copy(image_files[0], "unnamed")
    pathlib.Path("list.txt").write_text("kept")
    pathlib.Path("folder").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    status, out, err = run_predict(f"--to={to}", "digit0.png", "list.txt")
    assert (status, out) == (2, "") and f"--to={to} {words}" in err and err.count("\n") == 1
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
