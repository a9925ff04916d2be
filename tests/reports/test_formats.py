"""Reports in Markdown, CSV and LaTeX have the same numbers, whatever the names in them."""

import csv
import io
import os
import pathlib
import re

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.common.version import __version__
from tf_ssgan.reports import (
    by_protocol,
    escaping,
    figures,
    finished_runs,
    formats,
    html_page,
    table_rows,
)
from tf_ssgan.reports.finished_runs import FinishedRuns
from tf_ssgan.reports.report import Report
from tf_ssgan.reports.result_table import PublishedNumber, ResultCell, ResultTable

HOSTILE = r"a|b_c & 50 % $x^2$ #1 {y} ~z \w <script>±–"


@pytest.fixture(autouse=True)
def _no_charts(monkeypatch):
    """Drawing takes a while; `test_svg_charts` tests it."""
    monkeypatch.setattr(figures, "table_charts", lambda table: iter(()))


def make_report(*runs, left_out=()):
    finished = FinishedRuns(tuple(runs), tuple(left_out))
    return Report(tuple(by_protocol.make_tables(runs)), finished, "Title")


def usual():
    """A report of two methods and two numbers of labels."""
    frgan = [
        finished_run_folders.make_run(error, folder=f"f{seed}", seed=seed)
        for seed, error in enumerate((4.0, 5.0, 9.0))
    ]
    supervised = [
        finished_run_folders.make_run(error, folder=f"s{seed}", seed=seed, method="supervised")
        for seed, error in enumerate((9.0, 9.5))
    ]
    other = finished_run_folders.make_run(3.25, folder="l", labels=100)
    left_out = [(pathlib.Path("odd|folder"), "is not finished")]
    return make_report(*frgan, *supervised, other, left_out=left_out)


def hostile():
    """A report whose names have the special characters of all formats."""
    published = PublishedNumber(4.0, 0.5, HOSTILE, 9)
    cell = ResultCell((finished_run_folders.make_run(folder=HOSTILE),), (5.0,), published)
    table = ResultTable("folder:/my_%#{pictures", HOSTILE, (HOSTILE, "b"), (HOSTILE,), {(HOSTILE,) * 2: cell},
                        papers.QUANTITIES["test_error"], "test_error", source=HOSTILE, note=HOSTILE)  # fmt: skip
    return Report((table,), FinishedRuns(cell.runs, ((pathlib.Path(HOSTILE), HOSTILE),)), HOSTILE)


def split(line):
    return re.split(r"(?<!\\)\|", line)[1:-1]


@pytest.mark.parametrize("make", [usual, hostile])
def test_markdown_has_as_many_columns_in_each_row(make):
    text = formats.markdown(make())
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) == 3  # short, long, left out
    for head, rule, *rows in tables:
        assert set(split(rule)) == {" --- "} and rows
        assert {len(split(row)) for row in (head, *rows)} == {len(split(rule))}
    assert text.startswith(f"# {escaping.markdown(make().title)}\n\n")


def test_markdown_lists_the_folders_left_out():
    assert "| `odd\\|folder` | is not finished |" in formats.markdown(usual())


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_every_cell_at_full_precision():
    first, second, third = read(formats.cells_csv(usual()))
    assert (first["table"], first["row"], first["column"]) == ("digits", "frgan", "50 labels")
    expected = {"mean": 6.0, "std": 7**0.5, "n": 3, "paired_difference": -4.75, "paired_n": 2,
                "mean_test_error_raw": 8.0, "steps": 300, "seconds": 60.0}  # fmt: skip
    assert {name: float(first[name]) for name in expected} == pytest.approx(expected, rel=1e-15)
    half_width = 12.7062 * 0.125**0.5 / 2**0.5  # the binomial errors are 3.16
    assert float(first["paired_half_width_95"]) == pytest.approx(half_width, rel=1e-5)
    assert (second["std"], second["published"], second["paired_difference"]) == ("", "", "")
    assert (third["row"], float(third["mean"])) == ("supervised", 9.25)


def test_csv_has_every_run_once():
    lines = read(formats.runs_csv(usual()))
    assert [line["folder"] for line in lines] == ["f0", "f1", "f2", "l", "s0", "s1"]
    assert [float(line["test_error"]) for line in lines] == [4.0, 5.0, 9.0, 3.25, 9.0, 9.5]
    assert lines[0]["test_error_median20"] == "5.0"
    assert [lines[0][name] for name in ("version", "commit", "changed")] == [__version__, "", ""]


def test_csv_has_how_many_labels_were_checked():
    """Results of earlier versions do not say it."""
    counted = finished_run_folders.make_run(folder="a", outcome={"checked_labels": 12})
    lines = read(formats.runs_csv(make_report(counted, finished_run_folders.make_run(folder="b"))))
    assert {line["folder"]: line["checked_labels"] for line in lines} == {"a": "12", "b": ""}


def test_csv_has_the_bounds_of_generative_models():
    measured = finished_run_folders.make_run(folder="a", outcome={"test_bound": -87.5})
    lines = read(formats.runs_csv(make_report(measured, finished_run_folders.make_run(folder="b"))))
    assert {line["folder"]: line["test_bound"] for line in lines} == {"a": "-87.5", "b": ""}


def of_two_commits():
    """A report of two data sets: runs of two commits share the first table."""
    codes = [{"tf_ssgan": "0.2.0", "commit": c * 40, "changed": c == "b"} for c in "abb"]
    runs = [
        finished_run_folders.make_run(folder=f"c{seed}", seed=seed, outcome={"code": code})
        for seed, code in enumerate(codes)
    ]
    clean = finished_run_folders.make_run(folder="d", dataset="svhn", outcome={"code": codes[0]})
    return make_report(*runs, clean)


MIXTURE = (
    "Runs of different code are compared here: 0.2.0, commit bbbbbbbbbbbb with changed files, "
    "which may differ from run to run (2 runs); 0.2.0, commit aaaaaaaaaaaa (1 run)."
)
CLEAN = "Code: tf_ssgan 0.2.0, commit aaaaaaaaaaaa."


@pytest.mark.parametrize(
    "write, mixture, clean",
    [
        (formats.markdown, f"- {MIXTURE}\n", f"- {CLEAN}\n"),
        (formats.latex, MIXTURE, CLEAN.replace("_", r"\_")),
        (lambda report: formats.format_summary(report, [pathlib.Path("to/a")]),
         f"\n\n{MIXTURE}\n\n", f"\n\n{CLEAN}\n"),
        (lambda report: html_page.render(report, pathlib.Path(".")),
         f"<li>{MIXTURE}</li>", f"<li>{CLEAN}</li>"),
    ],
    ids=["markdown", "latex", "summary", "page"],
)  # fmt: skip
def test_each_table_says_once_with_which_code_its_runs_were_made(write, mixture, clean):
    text = write(of_two_commits())
    assert text.count(mixture) == text.count(clean) == 1
    assert text.count("Runs of different code") == text.count(clean[2:-2]) == 1


def test_csv_has_the_code_of_every_run():
    lines = read(formats.runs_csv(of_two_commits()))
    code = [(line["version"], line["commit"], line["changed"]) for line in lines]
    clean, changed = ("0.2.0", "a" * 40, "False"), ("0.2.0", "b" * 40, "True")
    assert code == [clean, changed, changed, clean]


def test_csv_keeps_hostile_names():
    (line,) = read(formats.cells_csv(hostile()))
    assert line["row"] == line["column"] == line["published_source"] == HOSTILE
    assert line["published_on_other_images"] == "True"
    (run,) = read(formats.runs_csv(hostile()))
    assert run["folder"] == HOSTILE


def unescaped(text, character):
    return len(re.findall(rf"(?<!\\){re.escape(character)}", text))


@pytest.mark.parametrize("make", [usual, hostile])
def test_latex_is_balanced(make):
    text = formats.latex(make())
    assert unescaped(text, "{") == unescaped(text, "}")
    assert unescaped(text, "$") % 2 == 0
    assert unescaped(text, "%") == unescaped(text, "#") == 0  # one would hide the rest of its line
    environments = re.findall(r"\\(begin|end)\{(\w+)\}", text)
    assert environments == [
        ("begin", "table"),
        ("begin", "tabular"),
        ("end", "tabular"),
        ("end", "table"),
    ]
    assert text.isascii()


@pytest.mark.parametrize("make", [usual, hostile])
def test_latex_has_as_many_columns_in_each_row(make):
    text = formats.latex(make())
    (alignments,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    body = text.split("\\toprule\n")[1].split("\\bottomrule")[0].replace("\\midrule\n", "")
    rows = body.splitlines()
    assert len(rows) == 1 + len(table_rows.shown_rows(make().tables[0]))
    assert all(row.endswith(r" \\") for row in rows)
    assert {unescaped(row, "&") + 1 for row in rows} == {len(alignments)}


def test_all_formats_are_written_and_nothing_else(tmp_path):
    folder = tmp_path / "new" / "report"
    paths = formats.write_report(usual(), folder)
    assert [path.name for path in paths] == list(formats.FILE_NAMES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(formats.FILE_NAMES)
    assert (folder / "report.md").read_text() == formats.markdown(usual())
    assert b"\r\n" in (folder / "report.csv").read_bytes()
    assert b"\r\r" not in (folder / "report.csv").read_bytes()


def test_an_old_report_is_replaced(tmp_path):
    formats.write_report(hostile(), tmp_path)
    formats.write_report(usual(), tmp_path)
    assert (tmp_path / "report.tex").read_text() == formats.latex(usual())
    assert len(list(tmp_path.iterdir())) == len(formats.FILE_NAMES)


@pytest.mark.parametrize("folder", ["file", "file/report", "taken"])
def test_a_folder_that_cannot_be_written_is_a_mistake(tmp_path, folder):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "report.md").mkdir(parents=True)
    with pytest.raises(errors.UserError, match=f"--to=.*{folder} cannot be written: .*unchanged"):
        formats.write_report(usual(), tmp_path / folder)


@pytest.mark.parametrize("taken", ["report.md", "report.html"])
def test_a_failure_leaves_nothing_half_written(tmp_path, taken):
    (tmp_path / taken).mkdir()
    with pytest.raises(errors.UserError, match="cannot be written"):
        formats.write_report(usual(), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_names_that_are_not_unicode_are_written(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    left_out = [(pathlib.Path(name, "b"), "a reason")]
    report = make_report(finished_run_folders.make_run(folder=name), left_out=left_out)
    formats.write_report(report, tmp_path)
    for path in tmp_path.iterdir():
        path.read_text("utf-8")
    assert r"| `caf\udce9/b` | a reason |" in (tmp_path / "report.md").read_text("utf-8")
    assert "/caf%E9/" in (tmp_path / "report.html").read_text("utf-8")
    assert r"left out: caf\udce9/b: a reason" in formats.format_summary(
        report, [tmp_path / "report.html"]
    )


def test_the_summary_has_the_tables_and_the_files():
    paths = [pathlib.Path("to", name) for name in formats.FILE_NAMES]
    text = formats.format_summary(usual(), paths)
    assert "digits, test error (%)\n\n|  | 50 labels | 100 labels |\n" in text
    assert "\nleft out: odd|folder: is not finished\n" in text
    assert text.endswith(f"In to: {', '.join(formats.FILE_NAMES)}")


def damaged_report(tmp_path):
    """A report of two runs; lines of the metrics of one are damaged, as is its evaluation."""
    whole = finished_run_folders.write(tmp_path / "whole", seed=1)
    damaged = finished_run_folders.write(tmp_path / "damaged")
    with (damaged / "metrics.jsonl").open("a") as file:
        file.write("[1]\nnull\n")
    (damaged / "evaluation.json").write_text("[]")
    (damaged / "samples.png").write_bytes(b"no image")
    report = make_report(*finished_runs.read_runs([whole, damaged]).runs)
    return report, [
        f"Skipped 2 damaged lines of {damaged}/metrics.jsonl "
        "(line 4: expected a JSON object, got [1], ...).",
        f"{damaged}/evaluation.json is damaged: expected a JSON object, got []. "
        "Remove that file, and evaluate the run again.",
        f"{damaged}/samples.png cannot be read (it is damaged, or no PNG image): it is left out.",
    ]


def test_damaged_files_are_listed_after_the_tables(tmp_path):
    report, sentences = damaged_report(tmp_path)
    assert "| frgan | 5.0 ± 0.0 (2) |" in formats.markdown(report)
    listed = "".join(f"- {escaping.markdown(sentence)}\n" for sentence in sentences)
    assert formats.markdown(report).endswith(f"\n\n## Damaged files\n\n{listed}")
    assert "Damaged" not in formats.markdown(usual())


def test_the_summary_names_damaged_files(tmp_path):
    report, sentences = damaged_report(tmp_path)
    text = formats.format_summary(report, [tmp_path / "report.html"])
    assert "".join(f"damaged file: {sentence}\n" for sentence in sentences) in text
    assert "damaged file: " not in formats.format_summary(usual(), [tmp_path / "report.html"])


def test_there_is_a_report_without_finished_runs(tmp_path):
    report = make_report(left_out=[(pathlib.Path("a"), "a reason")])
    formats.write_report(report, tmp_path)
    assert "| `a` | a reason |" in (tmp_path / "report.md").read_text()
    assert "a reason" in (tmp_path / "report.html").read_text()


def test_the_folder_may_be_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formats.write_report(usual(), pathlib.Path("."))
    assert sorted(os.listdir()) == sorted(formats.FILE_NAMES)


def test_many_folders_left_out_are_counted_in_the_summary():
    left_out = [(pathlib.Path(f"{number}-{'x' * 200}"), "a reason") for number in range(10_000)]
    report = make_report(finished_run_folders.make_run(folder="a"), left_out=left_out)
    text = formats.format_summary(report, [pathlib.Path("to/report.html")])
    assert text.count("a reason") == 20
    assert "\nleft out: 9,980 more folders, see report.md\n" in text
    assert formats.markdown(report).count("a reason") == 10_000


NASTY = "=<img src=x onerror=alert(1)> [x](javascript:y) `a` \\input{z} %\n\x1b]0;t\x07\u202e"


def nasty():
    """A report in which every text from a file would be an instruction."""
    published = PublishedNumber(4.0, 0.5, NASTY, 9)
    cell = ResultCell((finished_run_folders.make_run(folder=NASTY),), (5.0,), published)
    table = ResultTable(NASTY, NASTY, (NASTY, "b"), (NASTY,), {(NASTY,) * 2: cell},
                        papers.QUANTITIES["test_error"], "test_error", source=NASTY, note=NASTY)  # fmt: skip
    left_out = ((pathlib.Path(NASTY), NASTY),)
    return Report((table,), FinishedRuns(cell.runs, left_out), NASTY)


def test_markdown_has_no_instruction_from_a_name():
    text = formats.markdown(nasty())
    assert "<" not in text and "](" not in text.replace("\\](", "") and "\x1b" not in text
    assert not re.search(r"(?<!\\)`", text)
    assert [line for line in text.splitlines() if line.startswith("=")] == []
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
    for lines in tables:
        assert len({len(split(line)) for line in lines}) == 1


def test_the_summary_has_no_control_characters():
    text = formats.format_summary(nasty(), [pathlib.Path("\x1b[2J/report.html")])
    assert all(line.isprintable() for line in text.split("\n"))


def test_csv_has_no_formula_from_a_name():
    for text in (formats.cells_csv(nasty()), formats.runs_csv(nasty())):
        (line,) = read(text)
        assert not [value for value in line.values() if value.startswith("=")]
        assert f"'{NASTY}" in line.values()


def test_latex_has_no_command_from_a_name():
    text = formats.latex(nasty())
    assert r"\input" not in text and unescaped(text, "%") == 0 and text.isascii()
    assert unescaped(text, "{") == unescaped(text, "}")


def counted_report(name="cat", **changed):
    """A report of own data, with everything that results say of their test images."""
    classes = {name: (100, 90, 120), "dog": (60, 40, 80), "owl": (40, 0, 0)}
    runs = []
    for method, linear_wrong in (("frgan", 60), ("supervised", 60)):
        outcome = finished_run_folders.counted(classes, linear_wrong)
        error = outcome.pop("test_error")
        runs.append(finished_run_folders.make_run(error, method, outcome, method=method, **changed))
    return make_report(*runs)


def test_markdown_has_levels_recalls_and_the_command():
    text = formats.markdown(counted_report())
    for line in (
        "| frgan | 35.0 \\[28.7, 41.8\\] (1) |",
        "| always the commonest class | 50.0 \\[43.1, 56.9\\], “cat” |",
        "| linear classifier | 30.0 \\[24.1, 36.7\\] (1) |",
        "### Recall of each class, 50 labels",
        "| owl | 0.0 % (0 of 40), never predicted | 0.0 % (0 of 40), never predicted |",
        "50 labels: never predicted by supervised: owl.",
        "### The run to export",
        "    python -m export.export_main --run=frgan --to=served/digits",
    ):
        assert f"\n{line}\n" in text, line
    assert "frgan does not beat it (+5.0); supervised does not beat it (+5.0)." in text


def test_latex_has_levels_and_recalls():
    text = formats.latex(counted_report())
    assert "always the commonest class & 50.0 {[}43.1, 56.9], “cat” \\\\" in text
    assert (
        "owl & 0.0 \\% (0 of 40), never predicted & 0.0 \\% (0 of 40), never predicted \\\\" in text
    )
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") == 2
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert labels == ["tab:digits", "tab:digits-recall-1"]


def test_csv_keeps_columns_for_programs():
    first, second = read(formats.runs_csv(counted_report()))
    assert (first["test_images"], first["guessing_error"], first["linear_error"]) == (
        "200", "50.0", "30.0",
    )  # fmt: skip
    assert float(first["test_error_low_95"]) == pytest.approx(28.73, abs=0.01)
    assert float(first["test_error_high_95"]) == pytest.approx(41.83, abs=0.01)
    assert {"published", "difference"} <= read(formats.cells_csv(counted_report()))[0].keys()


def test_the_summary_says_what_does_not_beat_the_linear_classifier():
    text = formats.format_summary(counted_report(), [pathlib.Path("to/report.html")])
    assert (
        "50 labels: the linear classifier has 30.0 [24.1, 36.7] (1). frgan does not beat it" in text
    )
    assert "Each number is a share of 200 test images." in text


def test_names_of_classes_are_no_instructions():
    line = NASTY.partition("\n")[0]  # contents of files have one line each
    report = counted_report(line, dataset=f"folder:{line}")
    text = formats.markdown(report)
    code = [line for line in text.splitlines() if line.startswith("    ")]
    assert len(code) == 1 and code[0].isprintable()
    rest = text.replace(code[0], "")
    assert "<" not in rest and "](" not in rest.replace("\\](", "") and "\x1b" not in rest
    tex = formats.latex(report)
    assert r"\input" not in tex and unescaped(tex, "{") == unescaped(tex, "}")
    summary = formats.format_summary(report, [pathlib.Path("report.html")])
    assert all(line.isprintable() for line in summary.split("\n"))
