"""The program that puts runs into one report: its flags, its exit statuses, its speed."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys

import pytest
from support import finished_run_folders

from flags import program
from tf_ssgan import papers, report
from tf_ssgan.reports import figures, formats

ROOT = pathlib.Path(report.__file__).parents[1]
SECONDS = 10  # for 500 runs
METHODS = ("supervised", "frgan", "improved_gan", "vat", "fixmatch", "pseudo_label", "acgan",
           "ssgan", "i2gan", "wsgan")  # fmt: skip
LABELS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
SEEDS = range(5)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(*words):
    """Runs the program in this process; its exit status."""
    try:
        with program.exit_on_user_error():
            report.main(["report", *words])
    except SystemExit as end:
        return end.code
    return 0


def python(*words, cwd):
    known = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=known, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "words, told",
    [
        (("runs", "--tabel=x"), "Unknown command line flag 'tabel'"),
        (("runs", "--number=best"), "--number=best is not one of its values."),
        (("runs", "--budget=big", "--table=frgan_table3"), "--budget=big is not one of its values."),
        (("runs", "--budget=small"), "--budget=small is for --table. Leave it out."),
        (("runs", "--table=frgan_tabel3"), "Did you mean 'frgan_table3'?"),
        (("runs", "--table=frgan_table3,nothing"), "--table=nothing is no table."),
        ((), "Give folders of runs: python -m tf_ssgan.report runs"),
        (("--to=elsewhere",), "Give folders of runs"),
        (("nowhere",), "nowhere is no folder. Give the folders of runs."),
        (("empty",), "empty: no run lies there"),
        (("runs", "--against=frgann"), "--against=frgann is no row of the tables. Did you mean 'frgan'?"),
        (("runs", "--against=vat", "--table=frgan_table3"), "--against=vat is no row of frgan_table3"),
        (("runs", "--to=taken"), "taken is a file. Give a folder."),
        (("runs", "--to=taken/deeper"), "--to=taken/deeper: "),
    ],
)  # fmt: skip
def test_mistakes_are_a_sentence_and_status_2(here, capsys, words, told):
    finished_run_folders.write(here / "runs" / "a")
    (here / "empty").mkdir()
    (here / "taken").write_text("")
    assert started(*words) == 2
    output = capsys.readouterr()
    assert told in output.err and output.out == ""
    assert sorted(path.name for path in here.iterdir()) == ["empty", "runs", "taken"]


def test_help_is_status_0(capsys):
    assert started("--help") == 0
    text = capsys.readouterr().out
    assert text.startswith("Says what finished runs say together")
    assert all(f"--{name}" in text for name in ("to", "table", "budget", "number", "against"))


def test_a_report_of_what_is_there(here, capsys):
    finished_run_folders.write(here / "runs" / "a", 5.0)
    (finished_run_folders.write(here / "runs" / "b", seed=1) / "result.json").unlink()
    assert started("runs") == 0
    text = capsys.readouterr().out
    assert "| frgan | 5.0 (1) |" in text
    assert "left out: runs/b: has not come to its end: 300 of 300 steps" in text
    assert text.endswith(f"In report: {', '.join(formats.FILE_NAMES)}\n")
    assert sorted(os.listdir("report")) == sorted(formats.FILE_NAMES)
    assert "<h1>Methods on digits</h1>" in (here / "report" / "report.html").read_text()


def test_runs_are_untouched(here):
    folder = finished_run_folders.write(here / "runs" / "a", pictures=finished_run_folders.PICTURES)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert started("runs") == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_no_finished_run_is_a_report_too(here, capsys):
    (finished_run_folders.write(here / "runs" / "a") / "result.json").unlink()
    assert started("runs") == 0
    assert "left out: runs/a: " in capsys.readouterr().out
    assert "<h1>No finished run</h1>" in (here / "report" / "report.html").read_text()


@pytest.mark.parametrize(
    "words, error",
    [((), "5.0"), (("--number=test_error_raw",), "7.0"),
     (("--number=test_error_at_best_validation",), "5.5")],
)  # fmt: skip
def test_flags_reach_the_tables(here, capsys, words, error):
    finished_run_folders.write(here / "runs" / "a", 5.0)
    assert started("runs", "--to=elsewhere", "--title=Mine", *words) == 0
    assert f"| frgan | {error} (1) |" in capsys.readouterr().out
    assert "<h1>Mine</h1>" in (here / "elsewhere" / "report.html").read_text()


def test_tables_of_papers_are_filled(here, capsys):
    finished_run_folders.write(here / "runs" / "a", 15.0, dataset="svhn", labels=500, width=24, batch_size=50,
               max_steps=700, outcome={"pool": 73_257})  # fmt: skip
    assert started("runs", "--table=frgan_table3,frgan_figure4", "--budget=small") == 0
    text = capsys.readouterr().out
    assert "| FR-GAN | 15.00 (1); published 13.41 ± 0.20 | published 7.20 ± 0.16 |" in text
    assert "Budget small: 700 steps a run" in (here / "report" / "report.md").read_text()


def test_a_table_named_twice_is_filled_once(here, capsys):
    finished_run_folders.write(here / "runs" / "a")
    assert started("runs", "--table=frgan_table3,frgan_figure4,frgan_table3") == 0
    titles = [papers.find(name).title for name in ("frgan_table3", "frgan_figure4")]
    out = capsys.readouterr().out
    assert [out.count(f"{title}, ") for title in titles] == [1, 1]
    text = (here / "report" / "report.md").read_text()
    assert re.findall("^## (.*)$", text, re.MULTILINE) == titles


def add(name, line):
    """A function that adds a line to a file of a run, which it may not have yet."""

    def added(folder):
        with (folder / name).open("ab") as file:
            file.write(line)

    return added


@pytest.mark.parametrize(
    "change, counts",
    [
        (add("metrics.jsonl", b'{"step": 9, "epoch": 9, "test_error": null}\n'), True),
        (add("metrics.jsonl", b"null\n\xff\n"), True),
        (lambda f: finished_run_folders.change(f, "result.json", judged={"scores": ["a", "b"]}), True),
        (lambda f: finished_run_folders.change(f, "result.json", judged={"clusters": {"sets": ["a"]}}), True),
        (add("evaluations.jsonl", b"[1]\nnull\n"), True),
        (add("evaluations.jsonl", b"\xff\xfe\n"), True),
        (lambda f: finished_run_folders.change(f, "result.json", test_error_raw=float("nan")), False),
        (lambda f: finished_run_folders.change(f, "result.json", judged=["a"]), False),
        (lambda f: (f / "result.json").unlink(), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("table", ["", ",".join(papers.names())])
def test_no_run_however_damaged_ends_the_report(here, capsys, monkeypatch, change, counts, table):
    monkeypatch.setattr(figures, "of", figures._learning_charts)  # which read the curves
    finished_run_folders.write(here / "runs" / "whole", seed=1)
    change(finished_run_folders.write(here / "runs" / os.fsdecode(b"caf\xe9")))
    os.symlink(here / "runs", here / "runs" / "back")
    assert started("runs", str(here / "runs"), *([f"--table={table}"] if table else [])) == 0
    text = capsys.readouterr().out
    left = [line for line in text.splitlines() if line.startswith("left out: ")]
    assert len(left) == 1 - counts and all(r"runs/caf\udce9: " in line for line in left)
    if not table:
        assert f"| frgan | {'5.0 ± 0.0 (2)' if counts else '5.0 (1)'} |" in text


def test_what_does_not_belong_together_is_refused(here, capsys):
    for k, width in enumerate((24, 32)):
        finished_run_folders.write(
            here / "runs" / str(k), dataset="svhn", labels=500, width=width, seed=k
        )
    assert started("runs", "--table=frgan_table3") == 2
    text = capsys.readouterr().err
    assert "runs/0 and runs/1 both fit the cell FR-GAN, 500 labels of frgan_table3" in text
    assert "width (24, 32)" in text
    assert not (here / "report").exists()
    assert started("runs") == 0  # in two rows


@pytest.mark.parametrize("module", ["tf_ssgan.report", "tf_ssgan.reports.html_page"])
def test_tensorflow_is_not_needed(here, module):
    code = f"import sys; import {module}; assert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    done = python("-c", code, cwd=here)
    assert done.returncode == 0, done.stderr


def test_statuses_outside(here):
    done = python("-m", "tf_ssgan.report", "nowhere", cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "nowhere is no folder. Give the folders of runs."


def computed():
    """Seconds that programs started here have computed, whatever else the machine does."""
    times = os.times()
    return times.children_user + times.children_system


def many(folder):
    """500 runs, of which each twentieth is broken, in all ways; the names of those."""
    chance, broken, ways = random.Random(0), [], list(finished_run_folders.BROKEN.values())
    cells = [(m, n, s) for m in METHODS for n in LABELS for s in SEEDS]
    for k, (method, labels, seed) in enumerate(cells):
        error = 30.0 / (1 + METHODS.index(method)) + 100 / labels + chance.random()
        run = finished_run_folders.write(folder / method / f"{labels}-s{seed}", error, method=method, labels=labels,
                         seed=seed, lines=finished_run_folders.curve(error, evaluations=20, steps=2000), max_steps=2000,
                         pictures=finished_run_folders.PICTURES)  # fmt: skip
        if k % 20 == 7:
            change, _ = ways[len(broken) % len(ways)]
            change(run)
            broken.append(run)
    return broken


def test_500_runs_take_seconds(here):
    broken = many(here / "runs")
    start = computed()
    done = python("-m", "tf_ssgan.report", "runs", cwd=here)
    took = computed() - start
    assert done.returncode == 0, done.stderr
    page = (here / "report" / "report.html").read_text()
    assert "475 runs, 25 folders left out" in page and len(broken) == 25
    left = [line for line in done.stdout.splitlines() if line.startswith("left out: ")]
    assert sorted(line.split(": ")[1] for line in left) == sorted(
        str(b.relative_to(here)) for b in broken
    )
    assert all(len(line.split(": ", 2)[2]) > 10 for line in left)
    assert len((here / "report" / "runs.csv").read_text().splitlines()) == 1 + 475
    assert len(json.dumps(page)) < 10e6
    # A chart over the labels, and two for each of 10 columns; pictures of some of 100 cells.
    assert page.count("<svg") == 21 and "more charts than" not in page
    assert (
        page.count("<img") == 24 * len(finished_run_folders.PICTURES)
        and "(24 of 100 cells; " in page
    )
    assert took < SECONDS, f"{took:.1f} s"
