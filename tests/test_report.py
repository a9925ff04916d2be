"""The program that puts runs into one report: its flags, exit statuses and speed."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys

import pytest
from support import finished_run_folders
from support.programs import python_path

from flags import program
from tf_ssgan import papers, report
from tf_ssgan.reports import figures, formats

ROOT = pathlib.Path(report.__file__).parents[1]
SECONDS = 10  # of computing, for 500 runs
METHODS = ("supervised", "frgan", "improved_gan", "vat", "fixmatch", "pseudo_label", "acgan",
           "ssgan", "i2gan", "wsgan")  # fmt: skip
LABELS = (10, 20, 50, 100, 200, 400, 600, 800, 1000, 1100)
SEEDS = range(5)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_program(*words):
    """Runs the program in this process, and returns its exit status."""
    try:
        with program.exit_on_user_error():
            report.main(["report", *words])
    except SystemExit as end:
        return end.code
    return 0


def python(*words, cwd):
    known = os.environ | {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=known, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "words, message",
    [
        (("runs", "--tabel=x"), "Unknown command line flag 'tabel'"),
        (("runs", "--number=best"), "--number=best is not one of its values."),
        (("runs", "--budget=big", "--table=frgan_table3"), "--budget=big is not one of its values."),
        (("runs", "--budget=small"), "--budget=small is for --table. Leave it out."),
        (("runs", "--table=frgan_tabel3"), "Did you mean 'frgan_table3'?"),
        (("runs", "--table=frgan_table3,nothing"), "--table=nothing is not a table."),
        ((), "Give folders of runs: python -m tf_ssgan.report runs"),
        (("--to=elsewhere",), "Give folders of runs"),
        (("nowhere",), "nowhere is not a folder. Give the folders of runs."),
        (("empty",), "empty: there is no run"),
        (("runs", "--against=frgann"), "--against=frgann is not a row of the tables. Did you mean 'frgan'?"),
        (("runs", "--against=vat", "--table=frgan_table3"), "--against=vat is not a row of frgan_table3"),
        (("runs", "--to=taken"), "taken is a file. Give a folder."),
        (("runs", "--to=taken/deeper"), "--to=taken/deeper: "),
    ],
)  # fmt: skip
def test_mistakes_give_a_sentence_and_status_2(here, capsys, words, message):
    finished_run_folders.write(here / "runs" / "a")
    (here / "empty").mkdir()
    (here / "taken").write_text("")
    assert run_program(*words) == 2
    output = capsys.readouterr()
    assert message in output.err and output.out == ""
    assert sorted(path.name for path in here.iterdir()) == ["empty", "runs", "taken"]


def test_help_is_status_0(capsys):
    assert run_program("--help") == 0
    text = capsys.readouterr().out
    assert text.startswith("Puts finished runs into one report")
    assert all(f"--{name}" in text for name in ("to", "table", "budget", "number", "against"))


def test_a_report_has_finished_runs_and_lists_the_others(here, capsys):
    finished_run_folders.write(here / "runs" / "a", 5.0)
    (finished_run_folders.write(here / "runs" / "b", seed=1) / "result.json").unlink()
    assert run_program("runs") == 0
    text = capsys.readouterr().out
    assert "| frgan | 5.0 [3.4, 7.3] (1) |" in text
    assert "left out: runs/b: is not finished: 300 of 300 steps" in text
    assert text.endswith(f"In report: {', '.join(formats.FILE_NAMES)}\n")
    assert sorted(os.listdir("report")) == sorted(formats.FILE_NAMES)
    assert "<h1>Methods on digits</h1>" in (here / "report" / "report.html").read_text()


def test_runs_are_not_changed(here):
    folder = finished_run_folders.write(
        here / "runs" / "a", images=finished_run_folders.IMAGE_FILES
    )
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run_program("runs") == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_there_is_a_report_without_finished_runs(here, capsys):
    (finished_run_folders.write(here / "runs" / "a") / "result.json").unlink()
    assert run_program("runs") == 0
    assert "left out: runs/a: " in capsys.readouterr().out
    assert "<h1>No finished run</h1>" in (here / "report" / "report.html").read_text()


@pytest.mark.parametrize(
    "words, error",
    [((), "5.0"), (("--number=test_error_raw",), "7.0"),
     (("--number=test_error_at_best_validation",), "5.5")],
)  # fmt: skip
def test_flags_reach_the_tables(here, capsys, words, error):
    finished_run_folders.write(here / "runs" / "a", 5.0)
    assert run_program("runs", "--to=elsewhere", "--title=Mine", *words) == 0
    assert f"| frgan | {error} [" in capsys.readouterr().out
    assert "<h1>Mine</h1>" in (here / "elsewhere" / "report.html").read_text()


def test_tables_of_papers_are_filled(here, capsys):
    finished_run_folders.write(here / "runs" / "a", 15.0, dataset="svhn", labels=500, width=24, batch_size=50,
               max_steps=700, outcome={"pool": 73_257})  # fmt: skip
    assert run_program("runs", "--table=frgan_table3,frgan_figure4", "--budget=small") == 0
    text = capsys.readouterr().out
    assert (
        "| FR-GAN | 15.00 [12.14, 18.40] (1); published 13.41 ± 0.20 | published 7.20 ± 0.16 |"
        in text
    )
    assert "Budget small: 700 steps per run" in (here / "report" / "report.md").read_text()


def test_a_table_named_twice_is_filled_once(here, capsys):
    finished_run_folders.write(here / "runs" / "a")
    assert run_program("runs", "--table=frgan_table3,frgan_figure4,frgan_table3") == 0
    titles = [papers.find(name).title for name in ("frgan_table3", "frgan_figure4")]
    out = capsys.readouterr().out
    assert [out.count(f"{title}, ") for title in titles] == [1, 1]
    text = (here / "report" / "report.md").read_text()
    assert re.findall("^## (.*)$", text, re.MULTILINE) == titles


def append_line(name, line):
    """A function that appends a line to a file of a run, which may not exist yet."""

    def append(folder):
        with (folder / name).open("ab") as file:
            file.write(line)

    return append


def evaluated(**content):
    """A function that writes the evaluation of a run."""
    return lambda folder: finished_run_folders.write_evaluation(folder, **content)


@pytest.mark.parametrize(
    "change, counts",
    [
        (append_line("metrics.jsonl", b'{"step": 9, "epoch": 9, "test_error": null}\n'), True),
        (append_line("metrics.jsonl", b"null\n\xff\n"), True),
        (evaluated(generator_scores=["a", "b"], test_sets=["a"]), True),
        (evaluated(clusters={"sets": ["a"]}, test_sets=None), True),
        (append_line("evaluation.json", b"[1]\nnull\n"), True),
        (append_line("evaluation.json", b"\xff\xfe\n"), True),
        (append_line("evaluation.json", b"null"), True),
        (lambda f: finished_run_folders.change(f, "result.json", test_error_raw=float("nan")), False),
        (lambda f: (f / "result.json").unlink(), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("table", ["", ",".join(papers.names())])
def test_no_damaged_run_stops_the_report(here, capsys, monkeypatch, change, counts, table):
    monkeypatch.setattr(
        figures, "table_charts", figures._learning_charts
    )  # which read metrics.jsonl
    finished_run_folders.write(here / "runs" / "whole", seed=1)
    change(finished_run_folders.write(here / "runs" / os.fsdecode(b"caf\xe9")))
    os.symlink(here / "runs", here / "runs" / "back")
    assert run_program("runs", str(here / "runs"), *([f"--table={table}"] if table else [])) == 0
    text = capsys.readouterr().out
    left_out = [line for line in text.splitlines() if line.startswith("left out: ")]
    assert len(left_out) == 1 - counts
    damaged = [line for line in text.splitlines() if line.startswith("damaged file: ")]
    assert len(damaged) == counts and all(r"runs/caf\udce9/" in line for line in damaged)
    assert all(r"runs/caf\udce9: " in line for line in left_out)
    if not table:
        assert f"| frgan | {'5.0 ± 0.0 (2)' if counts else '5.0 [3.4, 7.3] (1)'} |" in text


def test_runs_that_do_not_belong_together_are_refused(here, capsys):
    for k, width in enumerate((24, 32)):
        finished_run_folders.write(
            here / "runs" / str(k), dataset="svhn", labels=500, width=width, seed=k
        )
    assert run_program("runs", "--table=frgan_table3") == 2
    text = capsys.readouterr().err
    assert "runs/0 and runs/1 both fit the cell FR-GAN, 500 labels of frgan_table3" in text
    assert "width (24, 32)" in text
    assert not (here / "report").exists()
    assert run_program("runs") == 0  # in two rows


@pytest.mark.parametrize("module", ["tf_ssgan.report", "tf_ssgan.reports.html_page"])
def test_tensorflow_is_not_needed(here, module):
    code = f"import sys; import {module}; assert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    done = python("-c", code, cwd=here)
    assert done.returncode == 0, done.stderr


def test_exit_status_of_the_process(here):
    done = python("-m", "tf_ssgan.report", "nowhere", cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "nowhere is not a folder. Give the folders of runs."


def cpu_seconds():
    """CPU seconds of the processes started here, whatever else the machine does."""
    times = os.times()
    return times.children_user + times.children_system


def write_500_runs(folder):
    """Writes 500 runs and breaks every twentieth, in all ways; returns the broken folders."""
    generator, broken, ways = random.Random(0), [], list(finished_run_folders.BROKEN.values())
    cells = [(m, n, s) for m in METHODS for n in LABELS for s in SEEDS]
    for k, (method, labels, seed) in enumerate(cells):
        error = 30.0 / (1 + METHODS.index(method)) + 100 / labels + generator.random()
        run = finished_run_folders.write(folder / method / f"{labels}-s{seed}", error, method=method, labels=labels,
                         seed=seed, lines=finished_run_folders.curve(error, evaluations=20, steps=2000), max_steps=2000,
                         images=finished_run_folders.IMAGE_FILES)  # fmt: skip
        if k % 20 == 7:
            change, _ = ways[len(broken) % len(ways)]
            change(run)
            broken.append(run)
    return broken


def test_500_runs_take_seconds(here):
    broken = write_500_runs(here / "runs")
    start = cpu_seconds()
    done = python("-m", "tf_ssgan.report", "runs", cwd=here)
    took = cpu_seconds() - start
    assert done.returncode == 0, done.stderr
    page = (here / "report" / "report.html").read_text()
    assert "475 runs, 25 folders left out" in page and len(broken) == 25
    *left_out, more = [line for line in done.stdout.splitlines() if line.startswith("left out: ")]
    assert more == "left out: 5 more folders, see report.md" and len(left_out) == 20
    text = (here / "report" / "report.md").read_text()
    assert all(f"`{b.relative_to(here)}`" in text for b in broken)
    assert all(len(line.split(": ", 2)[2]) > 10 for line in left_out)
    assert len((here / "report" / "runs.csv").read_text().splitlines()) == 1 + 475
    assert len(json.dumps(page)) < 10e6
    # A chart over the labels, and two for each of 10 columns; images of 24 of the 100 cells.
    assert page.count("<svg") == 21 and "no room for more charts" not in page
    assert page.count("<img") == 24 * len(finished_run_folders.IMAGE_FILES)
    assert "(24 of 100 cells; " in page
    assert took < SECONDS, f"{took:.1f} s"
