"""Numbers as they are printed, and the same numbers in Markdown, CSV and LaTeX."""

import csv
import dataclasses
import io
import os
import pathlib
import re

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.reports import by_protocol, figures, formats
from tf_ssgan.reports.finished_runs import FinishedRuns
from tf_ssgan.reports.report import Report, when
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable

HOSTILE = r"a|b_c & 50 % $x^2$ #1 {y} ~z \w <script>±–"


@pytest.fixture(autouse=True)
def _no_charts(monkeypatch):
    """Drawing takes a while, and is tested where it is."""
    monkeypatch.setattr(figures, "of", lambda sheet: iter(()))


def report(*found, left_out=(), title="Title", **asked):
    made = tuple(by_protocol.by_protocol(found, **asked))
    return Report(made, FinishedRuns(tuple(found), tuple(left_out)), title)


def usual():
    return report(
        *(finished_run_folders.record(e, folder=f"f{k}", seed=k) for k, e in enumerate((4.0, 5.0, 9.0))),
        *(finished_run_folders.record(e, folder=f"s{k}", seed=k, method="supervised") for k, e in enumerate((9.0, 9.5))),
        finished_run_folders.record(3.25, folder="l", labels=100),
        left_out=[(pathlib.Path("odd|folder"), "has not come to its end")],
    )  # fmt: skip


def hostile():
    printed = PublishedNumber(4.0, 0.5, HOSTILE, 9)
    cell = ResultCell((finished_run_folders.record(folder=HOSTILE),), (5.0,), printed)
    made = ResultTable("folder:/my_%#{pictures", HOSTILE, (HOSTILE, "b"), (HOSTILE,), {(HOSTILE,) * 2: cell},
                 papers.QUANTITIES["test_error"], "test_error", source=HOSTILE, note=HOSTILE)  # fmt: skip
    return Report((made,), FinishedRuns(cell.records, ((pathlib.Path(HOSTILE), HOSTILE),)), HOSTILE)


def test_the_short_table():
    (sheet,) = usual().sheets
    assert list(formats.matrix(sheet)) == [
        ["", "50 labels", "100 labels"],
        ["frgan", "6.00 ± 2.65 (3)", "3.25 (1)"],  # (4 + 5 + 9) / 3, root of 7
        ["supervised", "9.25 ± 0.35 (2)", "–"],
    ]


def test_the_long_table():
    (sheet,) = usual().sheets
    head, first, *others = formats.long(sheet)
    assert head == [
        "method", "of", "test error", "published", "difference", "against supervised", "last step",
        "median of the last 20 evaluations", "at best validation", "raw weights, last step",
        "raw weights, at their best validation", "steps", "seconds a run",
    ]  # fmt: skip
    # Differences -5 and -4.5: std 0.354, and 12.706 * 0.354 / sqrt 2 is 3.18.
    assert first == [
        "frgan", "50 labels", "6.00 ± 2.65 (3)", "–", "–", "−4.75 [−7.93, −1.57], 2 of 2 lower",
        "6.00 ± 2.65 (3)", "7.00 ± 2.65 (3)", "6.50 ± 2.65 (3)", "8.00 ± 2.65 (3)",
        "7.50 ± 2.65 (3)", "300", "60",
    ]  # fmt: skip
    assert [line[:2] for line in others] == [["frgan", "100 labels"], ["supervised", "50 labels"]]


def test_how_many_runs_of_which_machines():
    text = when(usual())
    assert text.startswith("6 runs, 1 folder left out; keras 3.15.1, tf_ssgan 0.1.0; 2 CPU cores; ")


def test_runs_in_no_cell_are_counted_apart():
    made = usual()
    others = (
        finished_run_folders.record(folder="x", dataset="svhn"),
        finished_run_folders.record(folder="y", dataset="svhn"),
    )
    found = dataclasses.replace(made.found, records=made.found.records + others)
    text = when(dataclasses.replace(made, found=found))
    assert text.startswith("6 runs, 1 folder left out; 2 further runs fit no cell, ")


def split(line):
    return re.split(r"(?<!\\)\|", line)[1:-1]


@pytest.mark.parametrize("made", [usual, hostile])
def test_markdown_has_as_many_columns_in_each_row(made):
    text = formats.markdown(made())
    grids = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
    assert len(grids) == 3  # short, long, left out
    for head, rule, *rows in grids:
        assert set(split(rule)) == {" --- "} and rows
        assert {len(split(row)) for row in (head, *rows)} == {len(split(rule))}
    assert text.startswith(f"# {made().title}\n\n")


def test_markdown_tells_what_was_left_out():
    assert "| `odd\\|folder` | has not come to its end |" in formats.markdown(usual())


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_every_cell_at_full_precision():
    first, second, third = read(formats.cells_csv(usual()))
    assert (first["table"], first["row"], first["column"]) == ("digits", "frgan", "50 labels")
    expected = {"mean": 6.0, "std": 7**0.5, "n": 3, "paired_difference": -4.75, "paired_n": 2,
                "mean_test_error_raw": 8.0, "steps": 300, "seconds": 60.0}  # fmt: skip
    assert {name: float(first[name]) for name in expected} == pytest.approx(expected, rel=1e-15)
    assert float(first["paired_half_width_95"]) == pytest.approx(
        12.7062 * 0.125**0.5 / 2**0.5, rel=1e-5
    )
    assert (second["std"], second["published"], second["paired_difference"]) == ("", "", "")
    assert (third["row"], float(third["mean"])) == ("supervised", 9.25)


def test_csv_has_every_run_once():
    lines = read(formats.runs_csv(usual()))
    assert [line["folder"] for line in lines] == ["f0", "f1", "f2", "l", "s0", "s1"]
    assert [float(line["test_error"]) for line in lines] == [4.0, 5.0, 9.0, 3.25, 9.0, 9.5]
    assert lines[0]["test_error_median20"] == "5.0"


def test_csv_keeps_hostile_names():
    (line,) = read(formats.cells_csv(hostile()))
    assert line["row"] == line["column"] == line["published_source"] == HOSTILE
    assert line["published_on_other_images"] == "True"
    (run,) = read(formats.runs_csv(hostile()))
    assert run["folder"] == HOSTILE


def unescaped(text, character):
    return len(re.findall(rf"(?<!\\){re.escape(character)}", text))


@pytest.mark.parametrize("made", [usual, hostile])
def test_latex_is_balanced(made):
    text = formats.latex(made())
    assert unescaped(text, "{") == unescaped(text, "}")
    assert unescaped(text, "$") % 2 == 0
    assert unescaped(text, "%") == unescaped(text, "#") == 0  # one would hide its line's end
    found = re.findall(r"\\(begin|end)\{(\w+)\}", text)
    assert found == [("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table")]
    assert text.isascii()


@pytest.mark.parametrize("made", [usual, hostile])
def test_latex_has_as_many_columns_in_each_row(made):
    text = formats.latex(made())
    (kinds,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    body = text.split("\\toprule\n")[1].split("\\bottomrule")[0].replace("\\midrule\n", "")
    rows = body.splitlines()
    assert len(rows) == 1 + len(made().sheets[0].rows)
    assert all(row.endswith(r" \\") for row in rows)
    assert {unescaped(row, "&") + 1 for row in rows} == {len(kinds)}


@pytest.mark.parametrize(
    "text, expected",
    [("a_b & 5 %", r"a\_b \& 5 \%"), ("5 ± 1", r"5 $\pm$ 1"), ("−1", "$-$1"), ("–", "--"),
     ("\\", r"\textbackslash{}"), ("{$#}", r"\{\$\#\}"), ("<~^>", r"$<$\textasciitilde{}\textasciicircum{}$>$")],
)  # fmt: skip
def test_latex_escapes(text, expected):
    assert formats._escaped(text) == expected


def test_all_forms_are_written_and_nothing_else(tmp_path):
    folder = tmp_path / "new" / "report"
    found = formats.write(usual(), folder)
    assert [path.name for path in found] == list(formats.FILE_NAMES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(formats.FILE_NAMES)
    assert (folder / "report.md").read_text() == formats.markdown(usual())
    assert b"\r\n" in (folder / "report.csv").read_bytes()
    assert b"\r\r" not in (folder / "report.csv").read_bytes()


def test_an_old_report_is_replaced(tmp_path):
    formats.write(hostile(), tmp_path)
    formats.write(usual(), tmp_path)
    assert (tmp_path / "report.tex").read_text() == formats.latex(usual())
    assert len(list(tmp_path.iterdir())) == len(formats.FILE_NAMES)


@pytest.mark.parametrize("where", ["file", "file/report", "taken"])
def test_a_folder_that_cannot_be_written_is_a_mistake(tmp_path, where):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "report.md").mkdir(parents=True)
    with pytest.raises(errors.UserError, match=f"--to=.*{where} cannot be written: .*untouched"):
        formats.write(usual(), tmp_path / where)


@pytest.mark.parametrize("taken", ["report.md", "report.html"])
def test_a_failure_leaves_nothing_half_written(tmp_path, taken):
    (tmp_path / taken).mkdir()
    with pytest.raises(errors.UserError, match="cannot be written"):
        formats.write(usual(), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_names_that_are_no_text_are_written(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    left = (pathlib.Path(name, "b"), "why")
    made = report(finished_run_folders.record(folder=name), left_out=[left])
    formats.write(made, tmp_path)
    for path in tmp_path.iterdir():
        path.read_text("utf-8")
    assert r"| `caf\udce9/b` | why |" in (tmp_path / "report.md").read_text("utf-8")
    assert "/caf%E9/" in (tmp_path / "report.html").read_text("utf-8")
    assert r"left out: caf\udce9/b: why" in formats.format_summary(made, [tmp_path / "report.html"])


def test_what_is_printed_at_the_end():
    text = formats.format_summary(
        usual(), [pathlib.Path("to", name) for name in formats.FILE_NAMES]
    )
    assert "digits, test error (%)\n\n|  | 50 labels | 100 labels |\n" in text
    assert "\nleft out: odd|folder: has not come to its end\n" in text
    assert text.endswith(f"In to: {', '.join(formats.FILE_NAMES)}")


def test_no_finished_run_is_a_report_too(tmp_path):
    made = report(left_out=[(pathlib.Path("a"), "why")])
    formats.write(made, tmp_path)
    assert when(made).startswith("0 runs, 1 folder left out; made on ")
    assert "| `a` | why |" in (tmp_path / "report.md").read_text()
    assert "why" in (tmp_path / "report.html").read_text()


def test_the_folder_may_be_this_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formats.write(usual(), pathlib.Path("."))
    assert sorted(os.listdir()) == sorted(formats.FILE_NAMES)
