"""The sweep program: its runs, mistakes, failures, signals and kills, and the final report."""

import collections
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
from support import file_contents, finished_run_folders, image_folders
from support.programs import python_path

from tf_ssgan import papers, sweep
from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.data.sources import image_listing, image_reader
from tf_ssgan.launch import data_hashes, jobs, scheduler
from tf_ssgan.launch.sweep_plan import SweepOptions
from tf_ssgan.papers import PublishedCell, Table
from tf_ssgan.reports import svg_charts

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


def fake_hashes(sha256):
    """Stands for the process that reads a data set: this is the fingerprint of all folds."""
    return lambda dataset, data_dir, spec, group_by, folds, seed: [sha256] * max(1, folds)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """The current folder; runs are of a program that trains nothing."""
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, str(FAKE)))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(papers, "find", lambda name: SMALL)
    monkeypatch.setattr(data_hashes, "_in_own_process", fake_hashes(file_contents.DIGITS_SHA256))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_jobs(*words):
    return sweep.make_jobs(*sweep.parse_args(["sweep", *words]))


def refuse(*words):
    with pytest.raises(errors.UserError) as refusal:
        make_jobs(*words)
    return str(refusal.value)


def test_a_run_is_in_the_folder_that_train_main_would_choose(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (run,) = make_jobs("--methods=frgan", "--seeds=1", "--runs=mine", "--", "--max_steps=30")
    own = subprocess.run(
        [sys.executable, "-c", "import flags, sys; print(flags.parse(sys.argv).workdir)",
         "--method=frgan", "--dataset=digits", "--max_steps=30"],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": python_path(ROOT)}, check=True,
    )  # fmt: skip
    assert run.workdir == pathlib.Path("mine") / pathlib.Path(own.stdout.strip()).name
    assert run.command == [
        sys.executable, str(ROOT / "train_main.py"), "--method=frgan", "--dataset=digits",
        "--seed=0", "--max_steps=30", f"--workdir={run.workdir}",
    ]  # fmt: skip


def test_a_data_set_is_looked_up_and_read_once_for_all_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = image_folders.make_folder(tmp_path / "d")
    counts = collections.Counter()

    def count(owner, attribute):
        function = getattr(owner, attribute)

        def counted(*args):
            counts[attribute] += 1
            return function(*args)

        monkeypatch.setattr(owner, attribute, counted)

    for owner, attribute in (
        (datasets, "find"), (image_listing, "list_images"), (image_reader, "image_size"),
    ):  # fmt: skip
        count(owner, attribute)
    words = [f"--dataset={name}", "--methods=supervised,fixmatch", "--labels=4,6", "--seeds=2"]
    assert len(make_jobs(*words)) == 8
    assert counts == {"find": 1, "list_images": 1, "image_size": 1}


def test_a_table_is_trained_at_a_budget_and_in_part(fake):
    assert [r.flags[:4] for r in make_jobs("--table=small", "--budget=small", "--seeds=1")] == [
        ("--method=frgan", "--dataset=digits", "--labels=50", "--max_steps=4"),
        ("--method=supervised", "--dataset=digits", "--labels=50", "--max_steps=4"),
        ("--method=supervised", "--dataset=digits", "--labels=20", "--max_steps=4"),
    ]
    part = make_jobs("--table=small", "--methods=supervised", "--labels=20", "--seeds=2")
    assert [("--seed=0" in r.flags, "--seed=1" in r.flags) for r in part] == [(1, 0), (0, 1)]
    assert not any("max_steps" in flag for run in part for flag in run.flags)


@pytest.mark.parametrize(
    ("words", "message"),
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
        (("--methods=frgan", f"--runs={FAKE}/runs"), "--runs=.*fake_train.py is a file. Give a"),
        (("--methods=frgan", f"--to={FAKE}"), "--to=.*fake_train.py is a file. Give a folder"),
        (("--methods=frgan", "vat"), "'vat' is not a flag"),
        (("--methods=frgan", "--", "--seed=3"), "give --seeds before the --"),
        (("--methods=frgan", "--", "--help"), "python train_main.py --method=NAME --help"),
        (("--methods=frgan", "--", "--folds=3"), "give --folds before the --"),
        (("--methods=frgan", "--", "--fold=3"), "give --folds before the --"),
        (("--methods=frgan", "--folds=1"), "--folds=1: expected 2 or more"),
        (("--methods=frgan", "--folds=1001"), "--folds=1001: expected at least 0 and at most"),
        (("--table=small", "--folds=3"), "--folds=3: --table=small has its own"),
        (("--methods=frgan", "--seeds=0-2,1"), "names one of them twice"),
        (("--methods=frgan", "--seeds=1-2-3"), "expected whole numbers"),
        (("--methods=frgan", "--", "width"), "'width' is not a flag"),
        (("--methods=frgan", "--", "--max_steps=-1"), "--max_steps=-1: expected at least 0."),
        (("--methods=frgan", "--dataset=npz:/nowhere"), "'/nowhere' is not a folder"),
        (("--methods=frgan", "--noise_rates=0,1.5"), "--noise_rates=0,1.5: expected shares of"),
        (
            ("--methods=frgan", "--noise_rates=.2", "--", "--noise_rate=.2"),
            "give --noise_rates before the --.",
        ),
        (("--methods=frgan", "--noise_rates=.2", "--", "--noise=pair"), "give --noise before the"),
        (("--table=small", "--dataset=digits"), "--dataset=digits: --table=small has its own"),
        (("--table=small", "--methods=vat"), "--methods=vat is not in small, which has frgan"),
        (("--table=small", "--labels=30"), "--labels=30 is not in small, which has 20, 50"),
        (("--table=small", "--methods=frgan", "--labels=20"), "No cell of small has this"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_trained(fake, words, message):
    assert re.search(message, refuse(*words))
    assert not (fake / "runs").exists()


def test_an_unknown_table_is_refused_with_the_nearest_name():
    assert "Did you mean 'frgan_table3'?" in refuse("--table=frgan_table33")


@pytest.mark.parametrize("words", [("--widht=3",), ("--batch_size=0",), ("--batch_size=x",)])
def test_a_mistake_in_a_hyperparameter_is_refused_before_anything_is_trained(fake, words):
    with pytest.raises((errors.UserError, absl_flags.Error), match="widht|batch_size"):
        make_jobs("--methods=frgan", "--", *words)
    assert not (fake / "runs").exists()


def test_a_sweep_ends_in_a_table_and_a_page(fake, capfd):
    words = ["sweep", "--methods=frgan,supervised", "--labels=50", "--seeds=3", "--jobs=2"]
    sweep.main([*words, "--", "--max_steps=4"])
    output = capfd.readouterr()
    # The fake error is 25, and one more for each seed.
    assert "| frgan | 26.0 ± 1.0 (3) |" in output.out and "6 of 6: digits-50-" in output.err
    assert "report.html" in output.out
    page = (fake / "runs/report-digits-frgan-supervised/report.html").read_text()
    for run in (fake / "runs").glob("digits-50-*-s?-????????"):
        assert f'href="../{run.name}/"' in page
    sweep.main([*words, "--", "--max_steps=4"])
    assert "6 of 6 finished before" in capfd.readouterr().err
    assert all(len(p.read_text()) == 1 for p in (fake / "runs").glob("*/starts"))


def test_the_folds_of_a_method_lie_in_one_folder_and_are_summed(fake, capfd):
    words = ["sweep", "--methods=frgan,supervised", "--labels=50", "--seeds=2", "--folds=3"]
    runs = make_jobs(*words[1:], "--", "--max_steps=4")
    assert len(runs) == 12 and len({run.workdir for run in runs}) == 12
    assert collections.Counter(run.workdir.name for run in runs) == dict.fromkeys(
        ("fold-0", "fold-1", "fold-2"), 4
    )
    assert len({run.workdir.parent for run in runs}) == 4
    assert all(run.workdir.parent.parent == pathlib.Path("runs") for run in runs)
    assert [f"--fold={k}" in run.flags for run in runs for k in range(3)] == [
        k == fold for _ in range(4) for fold in range(3) for k in range(3)
    ]
    sweep.main([*words, "--", "--max_steps=4"])
    output = capfd.readouterr()
    assert "12 of 12: " in output.err and output.out.count("3 folds: each labeled image") == 4
    for run in runs:
        summary = json.loads((fake / run.workdir.parent / "cross_validation.json").read_text())
        assert (summary["images"], summary["wrong"]) == (1500, 375 + 15 * summary["seed"])
    assert (fake / "runs/report-digits-frgan-supervised-3-folds/report.html").exists()
    sweep.main([*words, "--", "--max_steps=4"])
    assert "12 of 12 finished before" in capfd.readouterr().err


def test_folds_that_are_not_all_finished_have_no_sum(fake, capfd, monkeypatch):
    monkeypatch.setenv("TRAINED_FAILS", "supervised")
    words = ["sweep", "--methods=frgan,supervised", "--labels=50", "--seeds=1", "--folds=2"]
    with pytest.raises(SystemExit):
        sweep.main([*words, "--", "--max_steps=4"])
    assert len(list((fake / "runs").glob("*/cross_validation.json"))) == 1
    assert "/fold-1 failed with status 3: Stopped at step 2" in capfd.readouterr().err


def test_runs_on_data_that_changed_are_started_and_their_refusal_is_reported(
    fake, capfd, monkeypatch
):
    words = ["sweep", "--methods=frgan,supervised", "--labels=50", "--seeds=2"]
    sweep.main([*words, "--", "--max_steps=4"])
    calls, new = [], file_contents.sha256("changed")
    hashes = fake_hashes(new)
    monkeypatch.setattr(
        data_hashes, "_in_own_process", lambda *key: calls.append(key) or hashes(*key)
    )
    monkeypatch.setenv("TRAINED_DATA", new)
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        sweep.main([*words[:-1], "--seeds=3", "--", "--max_steps=4"])
    assert ended.value.code == 1
    output = capfd.readouterr()
    assert output.err.count("failed with status 2: runs/digits-50-") == 4
    assert output.err.count(" holds a run on other data: the images changed.") == 4
    assert "finished before" not in output.err
    # The report has the new seed alone, and names the others.
    assert output.out.count("was refused: runs/digits-50-") == 4
    assert "| frgan | 27.0 [23.3, 31.1] (1)" in output.out
    assert len(calls) == 1, "data are read once for all runs"


def test_a_table_has_its_published_column(fake, capfd):
    sweep.main(["sweep", "--table=small", "--budget=small", "--seeds=1"])
    assert "| FR-GAN | 25.0 [21.4, 29.0] (1); published 5.0 | – |" in capfd.readouterr().out
    with (fake / "runs/report-small-small/report.csv").open() as file:
        cells = {(line["row"], line["column"]): line for line in csv.DictReader(file)}
    assert cells["FR-GAN", "50 labels"]["difference"] == "20.0"
    assert cells["Quoted", "50 labels"]["published"] == "7.0"
    assert {line["budget"] for line in cells.values()} == {"small", ""}


def test_failures_are_named_at_the_end_and_do_not_stop_other_runs(fake, capfd, monkeypatch):
    monkeypatch.setenv("TRAINED_FAILS", "frgan")
    words = ["sweep", "--methods=frgan,supervised", "--seeds=2", "--", "--max_steps=4"]
    with pytest.raises(SystemExit) as ended:
        sweep.main(words)
    output = capfd.readouterr()
    assert ended.value.code == 1
    assert output.err.count("failed with status 3: Stopped at step 2: supervised is nan.") == 2
    assert "| supervised | 25.5 ± 0.7 (2) |" in output.out
    assert output.out.count("is not finished: 2 of 4 steps") == 2
    monkeypatch.delenv("TRAINED_FAILS")
    sweep.main(words)
    assert "| frgan | 25.5 ± 0.7 (2) |" in capfd.readouterr().out


@pytest.mark.parametrize(
    "name, count, line",
    [
        ("metrics.jsonl", 3, "damaged file: Skipped a damaged line of {path} (line 1: "),
        ("evaluation.json", 3, "damaged file: {path} is damaged: "),
        ("result.json", 2, "left out: {path.parent}: {path} is damaged: "),
    ],
)
def test_a_damaged_file_does_not_stop_the_report(fake, capfd, monkeypatch, name, count, line):
    """Here it is damaged after the runs have ended."""
    run_all = scheduler.run_all

    def run_and_damage(runs, *options):
        statuses = run_all(runs, *options)
        (runs[0].workdir / name).write_bytes(b"[\n")
        damaged.append(runs[0].workdir / name)
        return statuses

    damaged = []
    monkeypatch.setattr(scheduler, "run_all", run_and_damage)
    words = ["--methods=frgan", "--labels=50", "--seeds=3", "--jobs=2", "--", "--max_steps=4"]
    sweep.main(["sweep", *words])
    output = capfd.readouterr().out
    assert f"({count}) |" in output
    assert f"\n{line.format(path=damaged[0])}" in output


def test_the_runs_of_a_table_are_evaluated_as_its_quantity_needs():
    run = jobs.Job(pathlib.Path("runs/one"), ())
    for name, flags in {
        "frgan_table2": ["--generator"], "acgan_table3_shift": ["--dataset=cifar10_1/v6"],
        "frgan_table3": [],
    }.items():  # fmt: skip
        followups = sweep.followups(SweepOptions(table=name, data_dir="data"), [run])
        assert [one.module for one in followups] == ["tf_ssgan.evaluate" for _ in flags]
        locations = {"--run=runs/one", "--data_dir=data"}
        assert [set(one.flags) - locations for one in followups] == [{flag} for flag in flags]
        assert all(locations <= set(one.flags) for one in followups)


def test_a_generator_is_evaluated_when_the_final_weights_have_a_score(tmp_path):
    run = jobs.Job(tmp_path / "run", ())
    (followup,) = sweep.followups(SweepOptions(table="frgan_table2"), [run])
    assert not followup.finished()
    finished_run_folders.write(run.workdir, dataset="svhn", labels=1000, max_steps=20)
    (run.workdir / "samples.png").touch()
    assert not followup.finished()
    scores = [file_contents.scores()]
    for step, measured, done in [(10, scores, False), (20, [], False), (20, scores, True)]:
        finished_run_folders.write_evaluation(run.workdir, step, generator_scores=measured)
        assert followup.finished() is done
    (run.workdir / "samples.png").unlink()
    assert not followup.finished()  # the figure shows samples


def test_the_second_test_set_is_evaluated_when_the_final_weights_have_an_error(tmp_path):
    run = jobs.Job(tmp_path / "run", ())
    (followup,) = sweep.followups(SweepOptions(table="acgan_table3_shift"), [run])
    finished_run_folders.write(run.workdir, dataset="svhn", labels=1000, max_steps=20)
    path = run.workdir / "evaluation.json"
    entry = file_contents.errors_on("cifar10_1/v6", 5.0)
    for text in ("", '{"step": 20, "test_se', "[]", '{"step": 20, "test_sets": [7]}'):
        path.write_text(text)
        assert not followup.finished()
    for step, done in [(10, False), (20, True)]:
        finished_run_folders.write_evaluation(run.workdir, step, test_sets=[entry])
        assert followup.finished() is done


def test_the_second_test_set_of_a_table_must_exist_before_training(tmp_path):
    words = ["--table=acgan_table3_shift", f"--data_dir={tmp_path}"]
    assert "cifar10_1" in refuse(*words)


def test_methods_that_would_learn_from_different_labels_are_refused(fake):
    message = refuse("--methods=frgan,noise_reg", "--dataset=digits")
    assert "by their recipes labels is frgan 50, noise_reg -1. Give it for all" in message
    assert len(make_jobs("--methods=frgan,noise_reg", "--labels=-1", "--seeds=1", "--",
                       "--noise=permute", "--clean_fraction=.2", "--batch_size=50")) == 2  # fmt: skip


def test_the_default_folder_does_not_matter_if_another_is_given(fake):
    (fake / "runs").touch()
    assert make_jobs("--methods=frgan", "--seeds=1", "--runs=mine")


def test_failures_are_named_without_any_finished_run(fake, monkeypatch, capfd):
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, "-c", "raise SystemExit('no')"))
    monkeypatch.setattr(sweep, "make_jobs", lambda options, further: [
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
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in papers.names())


def test_noise_rates_reach_every_run(fake):
    words = ["--methods=ssgan,frgan", "--labels=-1", "--noise_rates=.3,0", "--seeds=1"]
    runs = make_jobs(*words, "--", "--max_steps=300")
    assert [run.flags[:-1] for run in runs] == [
        (f"--method={method}", "--dataset=digits", "--labels=-1", "--noise=wrong",
         f"--noise_rate={rate}", "--seed=0", "--max_steps=300")
        for rate in (0.0, 0.3) for method in ("ssgan", "frgan")
    ]  # fmt: skip
    assert len({run.workdir for run in runs}) == 4


def test_a_folder_of_images_gives_runs_a_plain_name(fake):
    folder = image_folders.make_folder(fake / "my pets")
    (run,) = make_jobs("--methods=ssgan", f"--dataset={folder}", "--noise_rates=.5", "--seeds=1")
    assert re.fullmatch(r"[\w.]+_my_pets-.*-ssgan-s0-\w{8}", run.name)
    assert f"--dataset={folder}" in run.flags


def test_the_data_set_and_the_folder_of_the_data_reach_every_run(fake):
    runs = make_jobs("--methods=frgan,supervised", "--seeds=2", "--data_dir=there")
    assert len(runs) == 4
    assert all({"--dataset=digits", "--data_dir=there"} <= set(run.flags) for run in runs)


@pytest.fixture
def noise_charts(monkeypatch):
    """The charts of the report: (title, series) of each."""
    charts = []

    def curves(series, title, *_, **__):
        charts.append((title, {name: dict(curve) for name, curve in series.items()}))
        return "<svg></svg>"

    monkeypatch.setattr(svg_charts, "curves", curves)
    monkeypatch.setattr(svg_charts, "dots", lambda *_: "<svg></svg>")
    return charts


def sweep_noise_rates(rates, methods="ssgan"):
    words = [f"--methods={methods}", f"--noise_rates={rates}", "--labels=50", "--seeds=1"]
    sweep.main(["sweep", *words, "--", "--max_steps=4"])


def test_a_sweep_over_noise_rates_ends_in_a_chart_for_each_method(fake, noise_charts, capfd):
    sweep_noise_rates("0,.5", "ssgan,frgan")
    output = capfd.readouterr().out
    assert "|  | 50 labels, correct labels | 50 labels, 50 % wrong |" in output
    assert "| ssgan | 25.0 [21.4, 29.0] (1) | 50.0 [45.6, 54.4] (1) |" in output
    curves = {
        "correct labels": {1.0: [50.0], 2.0: [75.0]},
        "50 % wrong": {1.0: [25.0], 2.0: [50.0]},
    }
    titles = [f"{method}, 50 labels, label noise" for method in ("frgan", "ssgan")]
    assert noise_charts[:2] == [(title, curves) for title in titles]
    page = (fake / "runs/report-digits-ssgan-frgan-wrong/report.html").read_text()
    assert "<h1>ssgan, frgan on digits by noise rate</h1>" in page
    assert all(f"<h3>{title}</h3>" in page for title in titles)


def test_finished_noise_rates_are_drawn_again_and_not_trained_again(fake, noise_charts, capfd):
    for _ in range(2):
        sweep_noise_rates("0,.5")
    assert "2 of 2 finished before" in capfd.readouterr().err
    assert [title for title, _ in noise_charts].count("ssgan, 50 labels, label noise") == 2
    assert all(path.read_text().count("$ ") == 1 for path in fake.glob("runs/*.log"))


def test_a_noise_rate_that_diverges_is_named_and_the_others_are_drawn(
    fake, noise_charts, monkeypatch, capfd
):
    monkeypatch.setenv("TRAINED_FAILS_AT", "0.3")
    with pytest.raises(SystemExit) as ended:
        sweep_noise_rates("0,.3,.5")
    assert ended.value.code == 1
    output = capfd.readouterr()
    assert "failed with status 3: Stopped at step 2: supervised is nan.\nSee runs/" in output.err
    assert output.out.count("is not finished: 2 of 4 steps") == 1
    assert "|  | 50 labels, correct labels | 50 labels, 50 % wrong |" in output.out
    assert list(noise_charts[0][1]) == ["correct labels", "50 % wrong"]


def test_a_folder_with_other_metrics_that_refuses_a_run_is_not_drawn(
    fake, noise_charts, monkeypatch, capfd
):
    rates = "--noise_rates=0,.3,.5"
    for job in make_jobs(
        "--methods=ssgan", "--labels=50", "--seeds=1", rates, "--", "--max_steps=4"
    ):
        if "--noise_rate=0.3" in job.flags:
            job.workdir.mkdir(parents=True)
            line = '{"step": 9, "epoch": 9.0, "test_error": 1.0}\n'
            (job.workdir / "metrics.jsonl").write_text(line)
    monkeypatch.setenv("TRAINED_REFUSES_AT", "0.3")
    with pytest.raises(SystemExit):
        sweep_noise_rates("0,.3,.5")
    output = capfd.readouterr()
    assert "holds another run." in output.err
    assert output.out.count("has no config.json") == 1
    assert list(noise_charts[0][1]) == ["correct labels", "50 % wrong"]


def test_there_is_no_report_if_every_run_is_refused(fake, monkeypatch, capfd):
    monkeypatch.setenv("TRAINED_REFUSES_AT", "0.3")
    with pytest.raises(SystemExit) as ended:
        sweep_noise_rates(".3")
    assert ended.value.code == 1 and capfd.readouterr().out == ""
    assert not list(fake.glob("runs/report-*"))


def test_a_report_that_cannot_be_written_is_a_mistake(fake):
    to = fake / "runs/report-digits-ssgan-wrong"
    to.mkdir(parents=True)
    (to / "report.html").write_text("This report was made with tf_ssgan")
    (to / "report.md").mkdir()
    with pytest.raises(errors.UserError, match="cannot be written: .*The runs are unchanged."):
        sweep_noise_rates("0")


def test_mistakes_are_refused_without_tensorflow():
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('tf_ssgan.sweep', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    words = ["--methods=ssgan", "--noise_rates=2"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": python_path(ROOT)})  # fmt: skip
    assert done.returncode == 2 and done.stdout == "False\n"
    assert done.stderr == "--noise_rates=2: expected shares of labels from 0 to 1, got 2.\n"


def test_help_shows_the_flags(capsys):
    with pytest.raises(SystemExit) as stopped:
        sweep.parse_args(["sweep", "--help"])
    assert stopped.value.code == 0 and "--noise_rates" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_runs_which_save(tmp_path, number):
    rates = ("0.0", "0.3", "0.5")
    code = (
        "import pathlib, signal, sys\n"
        # As in the foreground, however this test was started.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from flags import program\nfrom tf_ssgan import sweep\nfrom tf_ssgan.launch import jobs\n"
        f"jobs.PROGRAM = (sys.executable, {str(FAKE)!r})\n"
        # Without TensorFlow, which would decide on the folders.
        "sweep.make_jobs = lambda options, further: [\n"
        "    jobs.Job(pathlib.Path('runs', rate), (f'--noise_rate={rate}', f'--workdir=runs/{rate}'))\n"
        f"    for rate in {rates}]\n"
        "program.main(sweep.main)\n"
    )
    words = ["--methods=ssgan", "--noise_rates=0,.3,.5", "--jobs=2"]
    program = subprocess.Popen([sys.executable, "-c", code, *words], cwd=tmp_path, text=True,
                               env=os.environ | {"PYTHONPATH": python_path(ROOT), "TRAINED_WAITS": "1"},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    folders = [tmp_path / "runs" / rate for rate in rates]
    until = time.monotonic() + 60
    while not all((folder / "ready").exists() for folder in folders[:2]):
        assert program.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    program.send_signal(number)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 128 + number and out == ""
    assert err == (
        "\nThe runs stop after their step, and save.\n"
        "\nStopped and saved; the same command continues.\n"
    )
    assert [(folder / "saved").exists() for folder in folders] == [True, True, False]


@pytest.mark.slow
def test_four_steps_of_the_real_program(tmp_path):
    words = ["--methods=ssgan,frgan", "--noise_rates=0,.5", "--labels=50", "--seeds=1"]
    few = ["--max_steps=4", "--width=4", "--batch_size=8"]
    done = subprocess.run(
        [sys.executable, "-m", "tf_ssgan.sweep", *words, f"--runs={tmp_path}", "--", *few],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "|  | 50 labels, correct labels | 50 labels, 50 % wrong |\n" in done.stdout
    page = (tmp_path / "report-digits-ssgan-frgan-wrong" / "report.html").read_text()
    assert page.count("50 labels, label noise</h3><svg") == 2


def test_a_killed_sweep_continues(tmp_path):
    """After SIGKILL, the two runs that were training finish by themselves, and none is lost."""
    code = (
        "import sys\nfrom flags import program\nfrom tf_ssgan import sweep\nfrom tf_ssgan.launch import jobs\n"
        f"jobs.PROGRAM = (sys.executable, {str(FAKE)!r})\n"
        "program.main(sweep.main)\n"
    )
    words = ["--methods=frgan,supervised", "--seeds=2", "--jobs=2"]
    environment = os.environ | {"PYTHONPATH": python_path(ROOT)}
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
