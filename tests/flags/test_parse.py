"""`flags.parse` turns a command line into a configuration, or ends with a sentence."""

import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from support import toy_methods

import flags
from tf_ssgan import methods
from tf_ssgan.training import config

ROOT = pathlib.Path(__file__).parents[2]


def parse(*words):
    return flags.parse(["train_main.py", *words])


def refusal(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        parse(*words)
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message and len(message.strip().splitlines()) <= 3
    return message


def test_a_flag_of_other_methods_is_refused_with_their_names(capsys):
    message = refusal(capsys, "--method=cat_gan", "--dataset=digits", "--tangents=2")
    assert (
        "--tangents is no flag of --method=cat_gan, but of improved_gan_minv, local_gan. "
        in message
    )
    assert "python train_main.py --method=cat_gan --help" in message
    message = refusal(capsys, "--method=cat_gan", "--dataset=digits", "--tangentz=2")
    assert "Unknown command line flag 'tangentz'" in message  # no method has it


def test_two_flags_are_enough():
    settings = parse("--method=frgan", "--dataset=digits")
    assert (
        settings.method,
        settings.dataset,
        settings.labels,
        settings.seed,
        settings.split_seed,
    ) == (
        "frgan",
        "digits",
        50,
        0,
        0,
    )
    assert settings.max_steps > 0 and settings.hparams.width == 32
    assert settings.workdir.startswith("runs/digits-50-frgan-s0-")


def test_precedence_default_recipe_short_command_line():
    def configured(**given):
        return config.configure("frgan", "svhn", **given)

    long, short = configured(epochs=300), configured(max_steps=1500)
    assert (long.hparams.learning_rate, long.hparams.unlabeled_weight) == (3e-4, 1.0)
    assert (short.hparams.learning_rate, short.hparams.unlabeled_weight) == (1e-3, 0.5)
    assert configured(max_steps=1500, learning_rate=2e-3).hparams.learning_rate == 2e-3
    assert long.epochs == 300 and long.max_steps == 0
    assert short.epochs == 0 and short.max_steps == 1500 and short.labels == 1000
    assert configured() == configured(epochs=300)


def test_a_run_is_short_by_its_steps_not_by_its_epochs(tmp_path):
    pixels, labels = toy_methods.images(1000)
    for name in ("train", "test"):
        np.savez(tmp_path / f"{name}.npz", image=pixels, label=labels)

    def rate(**given):
        return config.configure("frgan", f"npz:{tmp_path}", **given).hparams.learning_rate

    assert rate(epochs=300) == 1e-3  # 10 steps an epoch
    assert rate(epochs=3000) == 3e-4
    assert rate() == 1e-3


def test_labels_of_minus_two_take_the_number_of_the_recipe():
    assert config.configure("frgan", "digits", labels=-2).labels == 50
    assert "-all-" in config.configure("frgan", "digits", labels=-1).workdir


def test_flags_come_back_from_a_flagfile(tmp_path):
    settings = parse(
        "--method=frgan",
        "--width=8",
        "--noise=wrong",
        "--noise_rate=.25",
        "--deterministic",
        f"--workdir={tmp_path}/run",
    )
    lines = [f"--{k}={v}" for k, v in settings.as_flags().items() if v != ""]
    (tmp_path / "run.flags").write_text("\n".join(lines))
    assert parse(f"--flagfile={tmp_path}/run.flags") == settings


def test_each_kind_of_noise_has_its_own_rate_unless_given():
    assert parse("--noise=permute").noise_rate == 1.0
    assert parse("--noise=permute", "--noise_rate=.4").noise_rate == 0.4
    assert parse("--noise=pair", "--noise_rate=0").noise_rate == parse().noise_rate == 0.0


def test_the_split_seed_follows_the_seed_unless_given():
    assert parse("--seed=3").split_seed == 3
    assert parse("--seed=3", "--split_seed=1").split_seed == 1


def test_default_folders_differ_where_results_do():
    one, two = parse("--seed=0"), parse("--seed=0", "--width=8")
    assert one.workdir != two.workdir
    assert parse("--devices=2").workdir == one.workdir
    assert "/" not in parse("--workdir=").workdir.removeprefix("runs/")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method=frgn"], "Did you mean 'frgan'?"),
        (["--dataset=digit"], "Did you mean 'digits'?"),
        (["--consistency_wight=3"], "Did you mean: consistency_weight"),
        (["--gen_loss=lgo"], "Did you mean 'log'?"),
        (["--label_split=balance"], "Did you mean 'balanced'?"),
        (["--labels=many"], "labels"),
        (["--labels=-5"], "at least -2"),
        (["--labels=1200"], "labels"),
        (["--width=0"], "at least 1"),
        (["--learning_rate=nan"], "at least 0"),
        (["--noise_rate=2", "--noise=wrong"], "from 0 to 1, got 2"),
        (["frgan"], "Flags look like --name=value"),
        (["--dataset=npz:nowhere"], "nowhere"),
        (["--flagfile=nowhere.flags"], "nowhere.flags"),
    ],
)
def test_mistakes_end_in_a_sentence(capsys, words, message):
    assert message in refusal(capsys, *words)


def test_a_workdir_that_cannot_be_used_ends_in_a_sentence(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert "is a file" in refusal(capsys, f"--workdir={tmp_path}/file")
    assert "is a file" in refusal(capsys, f"--workdir={tmp_path}/file/below")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "not writable" in refusal(capsys, f"--workdir={tmp_path}/run")


@pytest.mark.parametrize(
    ("old", "new"), [("clean_pct", "clean_fraction"), ("n_critic", "critic_steps")]
)
def test_old_names_of_flags_name_the_new_ones(capsys, tmp_path, old, new):
    sentence = f"--{old} is now called --{new}; its values are the same.\n"
    (tmp_path / "run.flags").write_text(f"--method=acgan\n--{old}=1\n")
    for words in (
        [f"--{old}=1"], [f"--{old}", "1"], ["--method=acgan", f"-{old}=1", "--help"],
        [f"--flagfile={tmp_path}/run.flags"],
    ):  # fmt: skip
        assert refusal(capsys, *words) == sentence


def test_help_lists_methods_and_the_hyperparameters_of_a_method(capsys):
    with pytest.raises(SystemExit) as stopped:
        parse("--help")
    general = capsys.readouterr().out
    assert stopped.value.code == 0
    assert all(name in general for name in methods.names()) and "--label_split" in general
    assert "consistency_weight" not in general
    with pytest.raises(SystemExit):
        parse("--method=frgan", "--dataset=digits", "--help")
    own = capsys.readouterr().out
    assert "--consistency_weight=10.0" in own and "--width=32" in own
    with pytest.raises(SystemExit):
        parse("--method=supervised", "--help")
    assert "--consistency_weight" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--method=frgn"],
        ["--dataset=digit"],
        ["--dataset=npz:nowhere"],
        ["--labels=1200"],
        ["--clean_pct=.1"],
        ["--method=acgan", "--n_critic=2"],
    ],
)
def test_mistakes_in_names_paths_and_data_need_no_tensorflow(words):
    code = (
        "import sys, flags\n"
        "try: flags.parse(['train_main.py', *sys.argv[1:]])\n"
        "except SystemExit as stop: print(stop.code, 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["2", "False"], done


def test_a_method_is_added_by_one_file(tmp_path):
    """It has a flag, help, a row in the table and conformance tests, with no other edit."""
    for part in ("tf_ssgan", "flags", "export", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("train_main.py", "setup.cfg"):
        shutil.copy(ROOT / part, tmp_path / part)
    text = (ROOT / "tf_ssgan/methods/ssgan.py").read_text()
    (tmp_path / "tf_ssgan/methods/newgan.py").write_text(
        text.replace("PAPER = ", 'PAPER = "New 2030, " + ')
    )

    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    help_text = run("train_main.py", "--method=newgan", "--help")
    assert help_text.returncode == 0 and "--unlabeled_weight" in help_text.stdout, help_text.stderr
    assert "newgan" in run("train_main.py", "--help").stdout
    assert "| `newgan` | New 2030, " in run("-m", "tf_ssgan.catalog").stdout
    collected = run(
        "-m", "pytest", "--collect-only", "-v", "tests/conformance", "-p", "no:cacheprovider"
    )
    assert "test_two_replicas_equal_one[newgan" in collected.stdout, collected.stdout[-2000:]
