"""Keras computes with the expected settings, whatever its file and the environment say."""

import json
import os
import pathlib
import subprocess
import sys
import types

import keras
import pytest

from tf_ssgan.common import errors, keras_settings

ROOT = pathlib.Path(__file__).parents[2]
SETTINGS = "import keras; c = keras.config; print(c.backend(), c.image_data_format(), c.floatx(), c.epsilon(), c.is_nnx_enabled(), c.max_epochs(), c.max_steps_per_epoch())"
EXPECTED = "tensorflow channels_last float32 1e-07 False None None\n"
BEFORE = ("KERAS_BACKEND", "KERAS_HOME", "KERAS_NNX_ENABLED", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")  # fmt: skip


def python(code, tmp_path, **environment):
    """Runs Python with no settings of Keras but these; returns what it printed, and its errors."""
    kept = {name: value for name, value in os.environ.items() if name not in BEFORE}
    kept["PYTHONPATH"] = f"{ROOT}{os.pathsep}{kept.get('PYTHONPATH', '')}"
    kept |= {"CUDA_VISIBLE_DEVICES": "", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], env=kept | environment, cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def keras_file(tmp_path, content):
    """Writes the file of Keras' settings to the home folder."""
    (tmp_path / ".keras").mkdir()
    file = tmp_path / ".keras/keras.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder for this process, without settings of Keras in the environment."""
    for name in BEFORE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delitem(sys.modules, "keras")
    return tmp_path


OLD = {"floatx": "float16", "epsilon": 0.01, "backend": "jax", "image_data_format": "channels_first", "nnx_enabled": True}  # fmt: skip


def test_the_generator_has_all_its_weights_whatever_keras_json_says(tmp_path):
    keras_file(tmp_path, OLD)
    code = (
        "from tf_ssgan.training import python_api\n"
        "settings = python_api.configure('frgan', 'digits', {'workdir': 'run'})\n"
        "from tf_ssgan.training import build\n"
        "network = build.build(settings).method.sampler().network\n"
        "from tf_ssgan.nn import weights\n"
        "print(weights.parameter_count(network), network.input_shape)\n" + SETTINGS
    )
    printed, said = python(code, tmp_path, KERAS_MAX_EPOCHS="many", KERAS_NNX_ENABLED="1")
    assert printed.splitlines()[-2:] == ["1129218 (None, 100)", EXPECTED.strip()]
    assert said.count("Settings of Keras") == 1  # not again when TensorFlow starts
    assert "image_data_format channels_first" in said and "KERAS_MAX_EPOCHS=many" in said


@pytest.mark.parametrize("backend", ["jax"])
def test_the_backend_is_tensorflow_whatever_the_environment_says(tmp_path, backend):
    printed, said = python(f"import tf_ssgan; {SETTINGS}", tmp_path, KERAS_BACKEND=backend)
    assert printed == EXPECTED and f"KERAS_BACKEND={backend}" in said


def damaged(kind, folder):
    """Makes a home of Keras with which its import ends in a traceback, or waits for ever."""
    file = folder / "keras.json"
    if kind == "a file":
        folder.write_text("")
        return
    folder.mkdir()
    if kind == "a folder":
        file.mkdir()
    elif kind == "a pipe":
        os.mkfifo(file)
    elif kind == "a large file":
        file.touch()
        os.truncate(file, 2**40)
    else:
        file.write_bytes(kind.encode("latin-1"))


@pytest.mark.parametrize(
    "kind, said",
    [
        ("a folder", "not a file"),
        ("a pipe", "not a file"),
        ("a large file", "too large"),
        ("[]", "holds []"),
        ("null", "holds None"),
        ('{"epsilon": 1}', "epsilon 1"),
        ('{"floatx": ["float32"]}', "floatx ['float32']"),
        ('{"image_data_format": "first"}', "image_data_format first"),
        ("[" * 100_000, "cannot be read"),
        ("a file", ""),
        ("", ""),  # Keras passes over what is not JSON
        ("{", ""),
        ("\xff\xfe", ""),
    ],
)
def test_a_damaged_file_of_settings_is_passed_over(home, monkeypatch, capsys, kind, said):
    damaged(kind, home / "keras_home")
    monkeypatch.setenv("KERAS_HOME", str(home / "keras_home"))
    keras_settings.enforce()
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == bool(said)
    changed = str(home / "cache/tf_ssgan/keras") if said else str(home / "keras_home")
    assert os.environ["KERAS_HOME"] == changed


@pytest.mark.parametrize("kind", ["a folder", "[]"])
def test_keras_starts_in_a_damaged_home(tmp_path, kind):
    damaged(kind, tmp_path / "keras_home")
    printed, _ = python(f"import tf_ssgan; {SETTINGS}", tmp_path, KERAS_HOME=str(tmp_path / "keras_home"))  # fmt: skip
    assert printed == EXPECTED


def test_a_home_that_does_not_exist_is_no_error(tmp_path):
    home = str(tmp_path / "missing/home")
    printed, said = python(f"import tf_ssgan; {SETTINGS}", tmp_path, HOME=home, XDG_CACHE_HOME=home)
    assert printed == EXPECTED and "Settings of Keras" not in said


def test_settings_as_expected_are_left_alone_without_a_word(home, capsys):
    file = keras_file(home, keras_settings.FILE_SETTINGS)
    keras_settings.enforce()
    assert capsys.readouterr().err == "" and "KERAS_HOME" not in os.environ
    assert json.loads(file.read_text()) == keras_settings.FILE_SETTINGS


def test_a_cache_folder_with_other_settings_is_not_used_either(home, monkeypatch):
    keras_file(home, OLD)
    (home / "cache/tf_ssgan/keras").mkdir(parents=True)
    (home / "cache/tf_ssgan/keras/keras.json").write_text(json.dumps(OLD))
    keras_settings.enforce()
    assert os.environ["KERAS_HOME"] == os.devnull


def test_keras_starts_without_a_home(tmp_path):
    assert python(SETTINGS, tmp_path, KERAS_HOME=os.devnull)[0] == EXPECTED


def test_programs_that_are_started_say_nothing_again(home, capsys):
    keras_file(home, OLD)
    keras_settings.enforce()
    assert "channels_first" in capsys.readouterr().err
    keras_settings.enforce()
    assert capsys.readouterr().err == ""


def test_an_imported_keras_is_set_right(capsys):
    keras.config.set_image_data_format("channels_first")
    keras.config.set_epsilon(0.5)
    keras.config.set_max_epochs(1)
    keras_settings.enforce()
    assert keras.config.image_data_format() == "channels_last"
    assert (keras.config.epsilon(), keras.config.max_epochs()) == (1e-7, None)
    error = capsys.readouterr().err
    assert "image_data_format channels_first, epsilon 0.5, max_epochs 1" in error
    keras_settings.enforce()
    assert capsys.readouterr().err == ""


def test_tensorflow_takes_keras_3(monkeypatch, capsys):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    keras_settings.enforce()
    assert "TF_USE_LEGACY_KERAS" not in os.environ
    assert "TF_USE_LEGACY_KERAS=1" in capsys.readouterr().err


def test_keras_imported_with_another_backend_is_one_sentence(monkeypatch):
    config = types.SimpleNamespace(backend=lambda: "jax")
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(config=config))
    with pytest.raises(errors.UserError, match="already imported with the backend jax"):
        keras_settings.enforce()
