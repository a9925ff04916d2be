"""Curves for shares of wrong labels: which runs they are, what is refused, drawn and told."""

import csv
import os
import pathlib
import signal
import subprocess
import sys
import time

import matplotlib.figure
import pytest

from tf_ssgan import noise_curves
from tf_ssgan.common import errors
from tf_ssgan.launch import jobs, scheduler

ROOT = pathlib.Path(noise_curves.__file__).parents[1]
FAKE = pathlib.Path(__file__).with_name("support") / "fake_train.py"


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Where the runs go, of a program that trains nothing."""
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, str(FAKE)))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved."""
    found, save = [], matplotlib.figure.Figure.savefig

    def kept(figure, *args, **kwargs):
        found.append(figure)
        return save(figure, *args, **kwargs)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", kept)
    return found


def refused(*words):
    with pytest.raises(errors.UserError) as refusal:
        noise_curves.parse_args(["noise_curves", *words])
    return str(refusal.value)


def test_the_runs_are_those_of_figure_4():
    runs = noise_curves.commands(
        noise_curves.NoiseCurvesOptions(to="x.png"), ("--max_steps=300", "--width=32")
    )
    rates = (0, 0.1, 0.3, 0.5, 0.8)
    assert list(runs) == [(method, rate) for method in ("ssgan", "frgan") for rate in rates]
    assert runs["frgan", 0.3].command == [
        sys.executable, str(ROOT / "train_main.py"),
        "--method=frgan", "--dataset=digits", "--labels=-1", "--noise=wrong", "--noise_rate=0.3",
        "--seed=0", "--workdir=runs/digits-all-frgan-wrong0.3-s0", "--max_steps=300", "--width=32",
    ]  # fmt: skip
    assert len({run.workdir for run in runs.values()}) == 10


def test_what_is_asked_reaches_every_run(tmp_path):
    wanted, further = noise_curves.parse_args([
        "noise_curves", "--methods=supervised", "--noise=pair", "--rates=1,0.25,0", "--labels=50",
        "--seed=7", f"--runs={tmp_path}", f"--to={tmp_path}/x.png", "--jobs=2", "--", "--devices=1",
    ])  # fmt: skip
    runs = noise_curves.commands(wanted, further)
    assert list(runs) == [("supervised", rate) for rate in (0, 0.25, 1)]  # ascending
    names = [run.name for run in runs.values()]
    assert names == [f"digits-50-supervised-pair{rate}-s7" for rate in ("0", "0.25", "1")]
    assert all({"--seed=7", "--noise=pair", "--devices=1"} <= {*r.flags} for r in runs.values())
    assert wanted.jobs == 2 and wanted.table == tmp_path / "x.csv"


def test_a_folder_of_pictures_has_a_plain_name():
    wanted = noise_curves.NoiseCurvesOptions(
        dataset="folder:my pets/", data_dir="there", to="x.png"
    )
    run = noise_curves.commands(wanted)["ssgan", 0.8]
    assert run.name == "folder_my_pets-all-ssgan-wrong0.8-s0"
    assert {"--dataset=folder:my pets/", "--data_dir=there"} <= {*run.flags}


@pytest.mark.parametrize("words, told", [
    (["--methods=ssgan,frgn"], "--method=frgn is not a method. Did you mean 'frgan'?"),
    (["--methods=frgan,frgan"], "--methods=frgan,frgan names one of them twice. Name each once."),
    (["--rates=0,.3,0.30"], "--rates=0,.3,0.30 names one of them twice. Name each once."),
    (["--rates=0,1.5"], "--rates=0,1.5: expected shares of labels from 0 to 1, got 1.5."),
    (["--rates=nan"], "from 0 to 1, got nan."),
    (["--rates=0,few"], "--rates=0,few: expected numbers from 0 to 1 separated by commas"),
    (["--noise=none"], "--noise=none is not one of its values."),
    (["--labels=0"], "--labels=0 leaves no label that could be wrong."),
    (["--jobs=0"], "--jobs=0: expected at least 1."),
    (["--to=x.jpg"], "--to=x.jpg: expected the name of a picture, FILE.png"),
    (["--to=nowhere/x.png"], "--to=nowhere/x.png: expected the name of a picture, FILE.png, in a"),
    (["--to="], "--to=: expected the name of a picture"),
    (["more"], "'more' is no flag. Flags look like --name=value."),
    (["--", "more"], "'more' is no flag. Flags look like --name=value."),
    (["--", "--seed=3"], "--seed stands after --, and every run gets it from this program"),
    (["--", "--noise_rate=.2"], "give --rates before the --."),
    (["--", "--max_steps=-1"], "--max_steps=-1: expected at least 0."),
    (["--dataset=digit"], "There is no dataset 'digit'"),
    (["--labels=100000"], "100000"),
    (["--dataset=npz:/nowhere"], "'/nowhere' is not a folder"),
])  # fmt: skip
def test_mistakes_are_told(words, told):
    assert told in refused("--to=x.png", *words)


def test_the_program_answers_without_tensorflow():
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('tf_ssgan.noise_curves', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, "--to=x.png", "--rates=2"], capture_output=True,
                          text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 2 and done.stdout == "False\n"
    assert done.stderr == "--rates=2: expected shares of labels from 0 to 1, got 2.\n"


def test_help_shows_the_flags(capsys):
    with pytest.raises(SystemExit) as stopped:
        noise_curves.parse_args(["noise_curves", "--help"])
    assert stopped.value.code == 0 and "--rates" in capsys.readouterr().out


def test_everything_is_drawn_told_and_written(fake, drawn, capsys):
    noise_curves.main(["noise_curves", "--rates=0,.5", "--to=x.png"])
    assert capsys.readouterr().out == (
        "| test accuracy (%) | 0 % wrong | 50 % wrong |\n"
        "| --- | --- | --- |\n"
        "| `ssgan` | 75.00 | 50.00 |\n"
        "| `frgan` | 75.00 | 50.00 |\n"
        "\nIn .: x.png, x.csv\n"
    )
    with open("x.csv", newline="") as file:
        found = list(csv.reader(file))
    assert found[0] == ["method", "rate", "step", "epoch", "test_accuracy"]
    assert found[3] == ["ssgan", "0.5", "2", "1.0", "25.0"] and len(found) == 9
    (figure,) = drawn
    assert figure.get_suptitle() == ("digits, all labels, one seed (0), 4 steps, shipped weights")
    assert [axes.get_title() for axes in figure.axes] == ["(a) ssgan", "(b) frgan"]
    assert pathlib.Path("x.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_finished_is_drawn_again_and_not_trained_again(fake, drawn):
    for _ in range(2):
        noise_curves.main(["noise_curves", "--methods=ssgan", "--rates=0", "--to=x.png"])
    run = jobs.Job(fake / "digits-all-ssgan-wrong0-s0", ())
    assert len(run.history()) == 2 and run.log.read_text().count("$ ") == 1
    assert len(drawn) == 2


def test_a_run_that_diverges_is_told_and_drawn_as_far_as_it_came(fake, drawn, capsys):
    words = ["--methods=ssgan", "--rates=0,.3,.5", "--to=x.png", "--", "--fails=0.3"]
    with pytest.raises(SystemExit) as stopped:
        noise_curves.main(["noise_curves", *words])
    assert stopped.value.code == 1
    shown = capsys.readouterr()
    assert "| `ssgan` | 75.00 | - | 50.00 |" in shown.out
    name = "digits-all-ssgan-wrong0.3-s0"
    assert (
        f"\n{name} failed with status 3: Stopped at step 2: supervised is nan.\nSee runs/{name}.log"
        in shown.err
    )
    assert [len(line.get_xdata()) for line in drawn[0].axes[0].lines] == [2, 1, 2]
    assert "2 to 4 steps" in drawn[0].get_suptitle()


def test_the_curve_of_a_run_that_was_refused_is_anothers(fake, drawn, capsys):
    workdir = fake / "digits-all-ssgan-wrong0.3-s0"
    workdir.mkdir(parents=True)
    (workdir / "metrics.jsonl").write_text('{"step": 9, "epoch": 9.0, "test_error": 1.0}\n')
    words = ["--methods=ssgan", "--rates=0,.3", "--to=x.png", "--", "--refuses=0.3"]
    with pytest.raises(SystemExit):
        noise_curves.main(["noise_curves", *words])
    assert "holds another run." in capsys.readouterr().err
    assert len(drawn[0].axes[0].lines) == 1


def test_nothing_is_drawn_of_nothing(fake, capsys):
    with pytest.raises(SystemExit) as stopped:
        noise_curves.main(
            ["noise_curves", "--methods=ssgan", "--rates=.3", "--to=x.png", "--", "--refuses=0.3"]
        )
    assert stopped.value.code == 1 and not pathlib.Path("x.png").exists()
    assert capsys.readouterr().out == ""


def test_a_picture_that_cannot_be_written_is_told(fake):
    pathlib.Path("x.png").mkdir()
    with pytest.raises(
        errors.UserError, match="--to=x.png cannot be written .Is a directory.; the"
    ):
        noise_curves.main(["noise_curves", "--methods=ssgan", "--rates=0", "--to=x.png"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_runs_which_save(tmp_path, number):
    code = (
        "import signal, sys\n"
        # As in the foreground, whatever this test was started by.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from flags import program\nfrom tf_ssgan import noise_curves\nfrom tf_ssgan.launch import jobs\n"
        f"jobs.PROGRAM = (sys.executable, {str(FAKE)!r})\n"
        "program.main(noise_curves.main, flags_parser=lambda argv: argv)\n"
    )
    words = ["--methods=ssgan", "--rates=0,.3,.5", "--jobs=2", "--to=x.png", "--", "--waits"]
    program = subprocess.Popen([sys.executable, "-c", code, *words], cwd=tmp_path, text=True,
                               env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)  # fmt: skip
    folders = [tmp_path / f"runs/digits-all-ssgan-wrong{rate}-s0" for rate in ("0", "0.3", "0.5")]
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
def test_four_steps_of_the_real_thing(tmp_path):
    words = [f"--runs={tmp_path}/runs", f"--to={tmp_path}/x.png", "--rates=0,.5", "--labels=50"]
    few = ["--max_steps=4", "--width=4", "--batch_size=8"]
    done = subprocess.run([sys.executable, "-m", "tf_ssgan.noise_curves", *words, "--", *few],
                          cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| test accuracy (%) | 0 % wrong | 50 % wrong |\n")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 5
