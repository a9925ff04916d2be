"""Sweeps: which runs they are, what is refused, what a kill leaves, and the report at the end."""

import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest
from absl import flags as absl_flags

from tf_ssgan import papers, sweep
from tf_ssgan.common import errors
from tf_ssgan.launch import jobs, scheduler
from tf_ssgan.papers import PublishedCell, Table

ROOT = pathlib.Path(sweep.__file__).parents[1]
FAKE = pathlib.Path(__file__).with_name("support") / "fake_train.py"
SMALL = Table(
    name="small",
    title="A small table",
    source="Somebody 2020, table 1",
    measure="test_error",
    cells=(
        PublishedCell(
            "FR-GAN", "50 labels", {"method": "frgan", "dataset": "digits", "labels": 50}, 5.0
        ),
        PublishedCell(
            "Baseline", "50 labels", {"method": "supervised", "dataset": "digits", "labels": 50}
        ),
        PublishedCell(
            "Baseline", "20 labels", {"method": "supervised", "dataset": "digits", "labels": 20}
        ),
        PublishedCell("Quoted", "50 labels", {}, 7.0),
    ),
    budgets={"full": {}, "small": {"": {"max_steps": 4}}, "smoke": {"": {"max_steps": 2}}},
)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A folder to work in, where a program that trains nothing stands in for the real one."""
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, str(FAKE)))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(papers, "find", lambda name: SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs_of(*words):
    return sweep.commands(*sweep.parse_args(["sweep", *words]))


def refused(*words):
    with pytest.raises(errors.UserError) as refusal:
        runs_of(*words)
    return str(refusal.value)


def test_every_method_learns_from_every_budget_with_every_seed():
    found = sweep.flags_of(sweep.SweepOptions(methods="frgan,vat", labels="20,50", seeds="3"))
    assert len(found) == 12
    assert [(f["seed"], f["labels"], f["method"]) for f in found[:5]] == [
        (0, 20, "frgan"), (0, 20, "vat"), (0, 50, "frgan"), (0, 50, "vat"), (1, 20, "frgan"),
    ]  # fmt: skip
    (only,) = sweep.flags_of(sweep.SweepOptions(methods="vat", seeds="1"))
    assert only == {"method": "vat", "dataset": "digits", "labels": None, "seed": 0}


@pytest.mark.parametrize(
    ("said", "seeds"),
    [
        ("3", (0, 1, 2)),
        ("1", (0,)),
        ("2-4", (2, 3, 4)),
        ("10,11", (10, 11)),
        ("7,5", (7, 5)),
        ("2-4,9", (2, 3, 4, 9)),
        ("7-7", (7,)),
        ("0-1,5-6", (0, 1, 5, 6)),
    ],
)
def test_seeds_are_so_many_or_those_that_are_named(said, seeds):
    assert sweep.SweepOptions(seeds=said).chosen_seeds == seeds


def test_a_run_lies_where_train_main_would_put_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (run,) = runs_of("--methods=frgan", "--seeds=1", "--runs=mine", "--", "--max_steps=30")
    own = subprocess.run(
        [sys.executable, "-c", "import flags, sys; print(flags.settled(sys.argv).workdir)",
         "--method=frgan", "--dataset=digits", "--max_steps=30"],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip
    assert run.workdir == pathlib.Path("mine") / pathlib.Path(own.stdout.strip()).name
    assert run.command == [
        sys.executable, str(ROOT / "train_main.py"), "--method=frgan", "--dataset=digits",
        "--seed=0", "--max_steps=30", f"--workdir={run.workdir}",
    ]  # fmt: skip


def test_a_table_is_trained_at_a_budget_and_in_part(fake):
    assert [r.flags[:4] for r in runs_of("--table=small", "--budget=small", "--seeds=1")] == [
        ("--method=frgan", "--dataset=digits", "--labels=50", "--max_steps=4"),
        ("--method=supervised", "--dataset=digits", "--labels=50", "--max_steps=4"),
        ("--method=supervised", "--dataset=digits", "--labels=20", "--max_steps=4"),
    ]
    part = runs_of("--table=small", "--methods=supervised", "--labels=20", "--seeds=2")
    assert [("--seed=0" in r.flags, "--seed=1" in r.flags) for r in part] == [(1, 0), (0, 1)]
    assert not any("max_steps" in flag for run in part for flag in run.flags)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Give --table=NAME .see --list., or --methods"),
        (("--methods=frgna",), "frgna"),
        (("--methods=frgan,frgan",), "names one of them twice"),
        (("--methods=frgan", "--labels=5,x"), "expected whole numbers"),
        (("--methods=frgan", "--seeds=0"), "expected a number of seeds"),
        (("--methods=frgan", "--seeds=3-1"), "expected a number of seeds"),
        (("--methods=frgan", "--seeds=-1"), "expected whole numbers"),
        (("--methods=frgan", "--budget=small"), "--budget=small is for --table"),
        (("--methods=frgan", "--budget=tiny"), "--budget=tiny is not one of its values"),
        (("--methods=frgan", "--jobs=0"), "--jobs=0: expected at least 1"),
        (("--methods=frgan", "--dataset=svnh"), "svnh"),
        (("--methods=frgan", "--labels=5000"), "5000"),
        (
            ("--methods=frgan", f"--runs={FAKE}/runs"),
            "--runs=.*trained.py is a file. Give a folder",
        ),
        (("--methods=frgan", f"--to={FAKE}"), "--to=.*trained.py is a file. Give a folder"),
        (("--methods=frgan", "vat"), "'vat' is no flag"),
        (("--methods=frgan", "--", "--seed=3"), "give --seeds before the --"),
        (("--methods=frgan", "--", "--help"), "python train_main.py --method=NAME --help"),
        (("--methods=frgan", "--seeds=0-2,1"), "names one of them twice"),
        (("--methods=frgan", "--seeds=1-2-3"), "expected whole numbers"),
        (("--methods=frgan", "--", "width"), "'width' is no flag"),
        (("--table=small", "--dataset=digits"), "says itself what is learned"),
        (("--table=small", "--methods=vat"), "--methods=vat is not in small, which has frgan"),
        (("--table=small", "--labels=30"), "--labels=30 is not in small, which has 20, 50"),
        (("--table=small", "--methods=frgan", "--labels=20"), "No cell of small has these"),
    ],
)
def test_a_mistake_is_told_before_anything_is_trained(fake, words, told):
    assert re.search(told, refused(*words))
    assert not (fake / "runs").exists()


def test_an_unknown_table_is_told_with_the_nearest():
    assert "Did you mean 'frgan_table3'?" in refused("--table=frgan_table33")


@pytest.mark.parametrize("words", [("--widht=3",), ("--batch_size=0",), ("--batch_size=x",)])
def test_a_mistake_in_a_knob_is_told_before_anything_is_trained(fake, words):
    with pytest.raises((errors.UserError, absl_flags.Error), match="widht|batch_size"):
        runs_of("--methods=frgan", "--", *words)
    assert not (fake / "runs").exists()


def test_a_sweep_ends_in_a_table_and_a_page(fake, capfd):
    words = ["sweep", "--methods=frgan,supervised", "--labels=50", "--seeds=3", "--jobs=2"]
    sweep.main([*words, "--", "--max_steps=4"])
    said = capfd.readouterr()
    # The stand-in's error is 25, and a point more for each seed.
    assert "| frgan | 26.0 ± 1.0 (3) |" in said.out and "6 of 6: digits-50-" in said.err
    assert "report.html" in said.out
    page = (fake / "runs/report-digits-frgan-supervised/report.html").read_text()
    for run in (fake / "runs").glob("digits-50-*-s?-????????"):
        assert f'href="../{run.name}/"' in page
    sweep.main([*words, "--", "--max_steps=4"])
    assert "6 of 6 finished before" in capfd.readouterr().err
    assert all(len(p.read_text()) == 1 for p in (fake / "runs").glob("*/starts"))


def test_a_table_has_its_published_column(fake, capfd):
    sweep.main(["sweep", "--table=small", "--budget=small", "--seeds=1"])
    assert "| FR-GAN | 25.0 (1); published 5.0 | – |" in capfd.readouterr().out
    with (fake / "runs/report-small-small/report.csv").open() as file:
        cells = {(line["row"], line["column"]): line for line in csv.DictReader(file)}
    assert cells["FR-GAN", "50 labels"]["difference"] == "20.0"
    assert cells["Quoted", "50 labels"]["published"] == "7.0"
    assert {line["budget"] for line in cells.values()} == {"small", ""}


def test_failures_are_named_at_the_end_and_stop_nothing(fake, capfd, monkeypatch):
    monkeypatch.setenv("TRAINED_FAILS", "frgan")
    words = ["sweep", "--methods=frgan,supervised", "--seeds=2", "--", "--max_steps=4"]
    with pytest.raises(SystemExit) as ended:
        sweep.main(words)
    said = capfd.readouterr()
    assert ended.value.code == 1
    assert said.err.count("failed with status 3: Stopped at step 2: supervised is nan.") == 2
    assert "| supervised | 25.5 ± 0.7 (2) |" in said.out
    assert said.out.count("has not come to its end: 2 of 4 steps") == 2
    monkeypatch.delenv("TRAINED_FAILS")
    sweep.main(words)
    assert "| frgan | 25.5 ± 0.7 (2) |" in capfd.readouterr().out


def test_what_must_still_look_at_the_runs_of_a_table(monkeypatch):
    run = jobs.Job(pathlib.Path("runs/one"), ())
    for name, modules in {
        "frgan_table2": ["tf_ssgan.judge"], "acgan_table3_shift": ["tf_ssgan.evaluate"],
        "frgan_table3": [],
    }.items():  # fmt: skip
        found = sweep.followups(sweep.SweepOptions(table=name, data_dir="data"), [run])
        assert [one.module for one in found] == modules
        assert all({"--run=runs/one", "--data_dir=data"} <= set(one.flags) for one in found)


def finished_folder(folder, **more):
    flags = {"method": "frgan", "dataset": "svhn", "labels": 1000, "seed": 0, "max_steps": 20}
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(flags))
    result = flags | {"split_seed": 0, "steps": 20, "test_error": 5.0} | more
    (folder / "result.json").write_text(json.dumps(result))


def test_a_judgment_is_done_when_the_final_weights_have_a_score(tmp_path):
    run = jobs.Job(tmp_path / "run", ())
    (judge,) = sweep.followups(sweep.SweepOptions(table="frgan_table2"), [run])
    scores = [{"inception_score": {"mean": 2.0}, "stamp": {}, "images": 10, "seed": 0}]
    for judged, done in [
        (None, False), ({"step": 10, "scores": scores}, False),
        ({"step": 20, "scores": []}, False), ({"step": 20, "scores": scores}, True),
    ]:  # fmt: skip
        finished_folder(run.workdir, judged=judged)
        (run.workdir / "samples.png").touch()
        assert judge.finished() is done
    (run.workdir / "samples.png").unlink()
    assert not judge.finished()  # the figure is of them


def test_an_evaluation_is_done_when_the_final_weights_were_asked(tmp_path):
    run = jobs.Job(tmp_path / "run", ())
    (evaluate,) = sweep.followups(sweep.SweepOptions(table="acgan_table3_shift"), [run])
    finished_folder(run.workdir)
    lines = run.workdir / "evaluations.jsonl"
    for text, done in [
        ("", False), ('{"dataset": "cifar10_1/v6", "step": 10, "test_error": 5.0}', False),
        ('{"dataset": "cifar10_1/v6", "st', False),
        ('{"dataset": "cifar10_1/v6", "step": 20, "test_error": 5.0}\n{"data', True),
    ]:  # fmt: skip
        lines.write_text(text)
        assert evaluate.finished() is done


def test_what_a_table_asks_about_must_be_there_before_it_is_trained(tmp_path):
    words = ["--table=acgan_table3_shift", f"--data_dir={tmp_path}"]
    assert "cifar10_1" in refused(*words)


def test_methods_that_would_learn_other_labels_are_told_before_they_are_trained(fake):
    told = refused("--methods=frgan,noise_reg", "--dataset=digits")
    assert "by their recipes labels is frgan 50, noise_reg -1. Say it for all" in told
    assert len(runs_of("--methods=frgan,noise_reg", "--labels=-1", "--seeds=1", "--",
                       "--noise=permute", "--clean_fraction=.2", "--batch_size=50")) == 2  # fmt: skip


def test_a_folder_that_is_not_asked_for_is_not_looked_at(fake):
    (fake / "runs").touch()
    assert runs_of("--methods=frgan", "--seeds=1", "--runs=mine")


def test_failures_are_told_although_there_is_nothing_to_report_on(fake, monkeypatch, capfd):
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, "-c", "raise SystemExit('no')"))
    monkeypatch.setattr(sweep, "commands", lambda wanted, further: [
        jobs.Job(fake / "runs/one", ("--workdir=runs/one",))
    ])  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        sweep.main(["sweep", "--methods=frgan"])
    assert ended.value.code == 1
    assert "one failed with status 1: no" in capfd.readouterr().err


def test_the_list_needs_no_tensorflow():
    code = (
        "import sys\nfrom tf_ssgan import sweep\nsweep.main(['sweep', '--list'])\n"
        "assert 'tensorflow' not in sys.modules"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert all(name in said.stdout for name in papers.names())


def test_a_killed_sweep_goes_on(tmp_path):
    """Killed with -9 while two runs are at work: they end by themselves, and no run is lost."""
    code = (
        "import sys\nfrom flags import program\nfrom tf_ssgan import sweep\nfrom tf_ssgan.launch import jobs\n"
        f"jobs.PROGRAM = (sys.executable, {str(FAKE)!r})\n"
        "program.main(sweep.main, flags_parser=lambda argv: argv)\n"
    )
    words = ["--methods=frgan,supervised", "--seeds=2", "--jobs=2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    slow = environment | {"TRAINED_SECONDS": "1.5"}
    first = subprocess.Popen([sys.executable, "-c", code, *words], cwd=tmp_path, env=slow)
    until = time.monotonic() + 120
    while len(list(tmp_path.glob("runs/*/starts"))) < 2:
        assert first.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    again = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=environment,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "| frgan | " in again.stdout and " (2)" in again.stdout
    assert sorted(len(p.read_text()) for p in tmp_path.glob("runs/*/starts")) == [1, 1, 1, 1]
