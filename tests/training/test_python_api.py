"""Runs from Python: options, mistakes and results are those of the command line."""

import contextlib
import json
import pathlib
import random
import threading
import time

import numpy as np
import pytest

import flags
import tf_ssgan
import train_main
from tf_ssgan.common import errors, startup
from tf_ssgan.launch import cross_validation
from tf_ssgan.methods import frgan, wsgan
from tf_ssgan.training import config, loop, python_api

TINY = {"max_steps": 2, "width": 4, "latent_size": 8, "batch_size": 8, "precision": "float32"}
SHORT = {"max_steps": 2, "width": 4}


def refusal(call, *given):
    with pytest.raises(tf_ssgan.UserError) as refused:
        call(*given)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "words, options",
    [
        ([], {}),
        (["--seed=3", "--width=8"], {"seed": np.int64(3), "width": np.uint8(8)}),
        (["--learning_rate=1", "--deterministic"], {"learning_rate": 1, "deterministic": np.True_}),
        (["--noise=wrong", "--noise_rate=.25"], {"noise": np.str_("wrong"), "noise_rate": np.float64(0.25)}),
        (["--workdir=runs/mine", "--data_dir="], {"workdir": pathlib.Path("runs/mine"), "data_dir": ""}),
    ],
)  # fmt: skip
def test_options_give_the_configuration_of_the_command_line(words, options):
    settings = python_api.configure("frgan", "digits", options)
    assert settings == flags.parse(["train_main.py", "--method=frgan", *words])
    assert json.dumps(settings.as_flags()) == json.dumps(settings.as_flags() | options_of(settings))


def options_of(settings):
    """The flags as `run.flags` gives them back."""
    words = [f"--{k}={v}" for k, v in settings.as_flags().items() if v != ""]
    return flags.parse(["train_main.py", *words]).as_flags()


@pytest.mark.parametrize(
    "method, options",
    [
        ("frgn", {}),
        ("frgan", {"dataset": "digit"}),
        ("frgan", {"dataset": "npz:/nowhere"}),
        ("frgan", {"dataset": "cifar10_1/v6"}),
        ("frgan", {"labels": 5000}),
        ("frgan", {"seed": -1}),
        ("frgan", {"label_split": "balance"}),
        ("frgan", {"noise": "wrong", "noise_rate": 1.5}),
        ("frgan", {"gen_loss": "lgo"}),
        ("frgan", {"width": 0}),
        ("acgan", {"n_critic": 2}),
        ("frgan", {"image_size": 32}),
        ("frgan", {"workdir": f"{__file__}/run"}),
    ],
)
def test_mistakes_get_the_sentence_of_the_command_line(capsys, method, options):
    options = {"dataset": "digits"} | options
    words = [f"--{name}={value}" for name, value in options.items()]
    with pytest.raises(SystemExit):
        flags.parse(["train_main.py", f"--method={method}", *words])
    sentence = capsys.readouterr().err
    assert refusal(lambda: tf_ssgan.train(method, **options)) + "\n" == sentence


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": 1.0}, "--seed: expected a whole number, got 1.0."),
        ({"seed": None}, "--seed: expected a whole number, got None."),
        ({"seed": True}, "--seed: expected a whole number, got True."),
        ({"labels": np.array([1, 2])}, "--labels: expected a whole number, got array([1, 2])."),
        ({"deterministic": 1}, "--deterministic: expected true or false, got 1."),
        ({"width": "8"}, "--width: expected a whole number, got '8'."),
        ({"gen_loss": np.array(["fm"])}, "--gen_loss: expected a text, got array("),
        ({"consistency_wight": 3}, "is not a hyperparameter of frgan. Did you mean 'consistency_weight'?"),
        ({"source": "digits"}, "source is not a hyperparameter of frgan."),
        ({"hparams": None}, "hparams is not a hyperparameter of frgan."),
    ],
)  # fmt: skip
def test_values_of_another_type_and_unknown_names_are_refused(options, message):
    assert message in refusal(python_api.configure, "frgan", "digits", options)


def test_values_that_recipes_look_at_have_their_type_checked_first():
    message = refusal(python_api.configure, "wsgan", "digits", {"profile": [1]})
    assert message == "--profile: expected a text, got [1]."


def test_the_method_and_the_data_set_may_be_anything_and_are_refused():
    assert "--method: expected a text, got 3." == refusal(python_api.configure, 3, "digits", {})
    assert "--dataset: expected a text, got 3." == refusal(python_api.configure, "vat", 3, {})


def test_plain_values_are_those_of_a_command_line():
    plain = python_api.plain_values(config.Config, {"channels": 3, "noise_rate": 1, "width": 2})
    assert plain == {"channels": "3", "noise_rate": 1.0, "width": 2}
    assert type(plain["noise_rate"]) is float
    plain = python_api.plain_values(frgan.HParams, {"dropout": 0})
    assert repr(plain) == "{'dropout': 0.0}"
    assert python_api.plain_values(wsgan.HParams, {"width": True}) == {"width": True}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a tiny run that a thread has trained, and what `train` returned."""
    folder, results = tmp_path_factory.mktemp("run") / "tiny", []

    def train():
        results.append(tf_ssgan.train("frgan", "digits", workdir=folder, **TINY))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    return folder, *results


def test_it_returns_the_result_file_and_trains_outside_of_the_main_thread(trained):
    folder, result = trained
    assert result == json.loads((folder / "result.json").read_text()) and result["steps"] == 2


def test_a_finished_run_is_returned_and_prints_what_the_program_prints(
    trained, capsys, monkeypatch
):
    folder, result = trained
    monkeypatch.setattr(loop, "train", None)  # nothing is trained
    assert tf_ssgan.train("frgan", workdir=str(folder), **TINY) == result
    printed = capsys.readouterr().out
    train_main.main(
        ["train_main.py", f"--workdir={folder}", *(f"--{k}={v}" for k, v in TINY.items())]
    )
    assert printed == capsys.readouterr().out
    assert "is finished" in printed and "test_error" in printed and str(folder) in printed


def test_another_run_in_the_folder_is_refused(trained):
    message = refusal(lambda: tf_ssgan.train("frgan", workdir=trained[0], **TINY | {"width": 5}))
    assert "width is 4 there and 5 here" in message


def test_workers_that_are_not_the_chief_print_no_summary(monkeypatch, capsys):
    monkeypatch.setattr(loop, "run", lambda settings: {})
    assert tf_ssgan.train("frgan") == {} and capsys.readouterr().out == ""


def test_folds_are_trained_in_processes_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "run", None)
    monkeypatch.setattr(cross_validation, "run", lambda settings: settings)
    settings = tf_ssgan.train("supervised", "digits", folds=5, workdir=tmp_path / "x", **SHORT)
    assert settings.trains_all_folds and settings.workdir == str(tmp_path / "x")
    monkeypatch.setattr(loop, "run", lambda settings: {})
    assert tf_ssgan.train("supervised", folds=5, fold=2, workdir=tmp_path / "y", **SHORT) == {}


def test_the_random_numbers_of_the_caller_are_kept(trained):
    random.seed(1)
    np.random.seed(1)
    expected = random.getstate(), np.random.get_state()[1].tolist()
    tf_ssgan.load(trained[0])
    tf_ssgan.train("frgan", workdir=trained[0], **TINY | {"max_steps": 3})
    assert (random.getstate(), np.random.get_state()[1].tolist()) == expected


def test_tensorflow_that_the_caller_has_imported_keeps_its_messages(monkeypatch):
    monkeypatch.setattr(startup, "start_up", None)
    python_api.configure("frgan", "digits", {})
    monkeypatch.delitem(python_api.sys.modules, "tensorflow")
    entered = []
    monkeypatch.setattr(startup, "start_up", lambda: contextlib.nullcontext(entered.append(1)))
    python_api.configure("frgan", "digits", {})
    assert entered


# --- Opening a run --------------------------------------------------------------------------------


def test_a_run_is_opened_by_its_folder(trained):
    by_path, by_text = tf_ssgan.load(trained[0]), tf_ssgan.load(str(trained[0]))
    assert by_path.classes == by_text.classes == tuple("0123456789")


@pytest.mark.parametrize("place", ["", "1"])
def test_an_exported_model_is_refused_with_the_program_for_it(tmp_path, place):
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "saved_model.pb").write_text("")
    message = refusal(tf_ssgan.load, tmp_path)
    assert f"python -m export.predict --model={tmp_path}" in message


def test_a_run_beside_its_export_is_opened(trained):
    (trained[0] / "1").mkdir()
    (trained[0] / "1" / "saved_model.pb").write_text("")
    assert tf_ssgan.load(trained[0]).method == "frgan"


def test_what_is_not_the_folder_of_a_run_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        assert "is not the folder of a run" in refusal(tf_ssgan.load, folder)
    for other in ({"test_error": 3.0}, None, 3):
        message = refusal(tf_ssgan.load, other)
        assert f"a run's folder, got {type(other).__name__}." in message


def test_a_run_without_a_checkpoint_is_refused(tmp_path, trained):
    (tmp_path / "config.json").write_text((trained[0] / "config.json").read_text())
    with pytest.raises(errors.UserError, match="holds no checkpoint yet"):
        tf_ssgan.load(tmp_path)


def test_threads_take_turns(monkeypatch, tmp_path):
    """Seeds and number formats belong to the process."""
    inside, most = [], []

    def run(settings):
        inside.append(settings)
        most.append(len(inside))
        time.sleep(0.05)
        inside.remove(settings)
        return {}

    monkeypatch.setattr(loop, "run", run)
    threads = [
        threading.Thread(
            target=tf_ssgan.train, args=("supervised",), kwargs={"workdir": tmp_path / str(k)}
        )
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"workdir": "a\0b"}, r"--workdir=a\\x00b: the path holds a line end or another control"),
        ({"learning_rate": 10**400}, "--learning_rate=1e40 or more: expected a finite number"),
    ],
)
def test_values_that_no_file_or_number_can_have_are_refused(given, sentence):
    with pytest.raises(errors.UserError, match=sentence):
        python_api.configure("supervised", "digits", given)
