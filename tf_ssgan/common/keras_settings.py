"""Keras computes here as this project expects, whatever the user's files and environment say.

Keras reads its settings from a file in the home folder, which may be many years old, and from the
environment. A layout of "channels_first" changes networks without a word, and some values end
Keras' import with a traceback. `tf_ssgan/__init__.py` calls `enforce` before anything of this
project can import Keras; programs that this process starts inherit its environment.
"""

import json
import os
import pathlib
import sys
from typing import Any

from tf_ssgan.common import errors

# What keras.json may hold, and the values with which the published figures were computed.
FILE_SETTINGS = {
    "backend": "tensorflow",
    "image_data_format": "channels_last",
    "floatx": "float32",
    "epsilon": 1e-7,
    "nnx_enabled": False,
}
_CUTS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")  # they end training early
_LARGEST_FILE = 2**20  # bytes
_LONGEST_VALUE = 40  # characters of a value in the message


def enforce() -> None:
    """Sets the settings of Keras; if something had to be overruled, says so on standard error.

    If Keras is not imported yet, this changes the environment alone. It may be called again: what
    the user has set since is overruled as well.

    Raises:
        UserError: Keras is imported, and its backend is not TensorFlow.
    """
    keras = sys.modules.get("keras")
    loaded = keras is not None and hasattr(keras, "config")
    overruled = _overrule_loaded(keras.config) if loaded else _overrule_environment()
    if os.environ.get("TF_USE_LEGACY_KERAS") in ("true", "True", "1"):  # read at any time
        overruled.append(f"TF_USE_LEGACY_KERAS={os.environ.pop('TF_USE_LEGACY_KERAS')}")
    if overruled:
        print(
            f"Settings of Keras that are not used here: {', '.join(overruled)}. tf_ssgan always "
            "computes with tensorflow, channels_last, float32 and an epsilon of 1e-7.",
            file=sys.stderr,
        )


def _overrule_loaded(config: Any) -> list[str]:
    """Changes the settings of an imported Keras; returns what they were."""
    if config.backend() != FILE_SETTINGS["backend"]:
        raise errors.UserError(
            f"Keras is already imported with the backend {config.backend()}, but tf_ssgan needs "
            "tensorflow. Import tf_ssgan before Keras, or set KERAS_BACKEND=tensorflow."
        )
    overruled = []
    for name in ("image_data_format", "floatx", "epsilon", "max_epochs", "max_steps_per_epoch"):
        value, expected = getattr(config, name)(), FILE_SETTINGS.get(name)
        if value != expected:
            getattr(config, f"set_{name}")(expected)
            overruled.append(f"{name} {_shown(value)}")
    return overruled


def _overrule_environment() -> list[str]:
    """Changes the environment that Keras reads at its import; returns what was overruled."""
    overruled = _overrule_file()
    backend = os.environ.get("KERAS_BACKEND")
    if backend and backend != FILE_SETTINGS["backend"]:
        overruled.append(f"KERAS_BACKEND={_shown(backend)}")
    os.environ["KERAS_BACKEND"] = FILE_SETTINGS["backend"]
    if os.environ.get("KERAS_NNX_ENABLED", "").lower() in ("true", "1"):
        overruled.append(f"KERAS_NNX_ENABLED={os.environ.pop('KERAS_NNX_ENABLED')}")
    for name in _CUTS:
        if name in os.environ:
            overruled.append(f"{name}={_shown(os.environ.pop(name))}")
    return overruled


def _overrule_file() -> list[str]:
    """Gives Keras another home folder if its file cannot be used; returns what that says."""
    path = _settings_file(_home())
    overruled = _differences(path)
    if overruled:
        from tf_ssgan.common import cache  # imports numpy, and is seldom needed

        try:
            other = str(cache.folder() / "keras")
        except RuntimeError:  # there is no home folder
            other = os.devnull
        # Keras takes a home that can hold no files, such as the null device, and its own defaults.
        os.environ["KERAS_HOME"] = os.devnull if _differences(_settings_file(other)) else other
        overruled[-1] += f" ({path})"
    return overruled


def _home() -> str:
    """The folder of Keras' settings, as Keras 3 finds it."""
    if "KERAS_HOME" in os.environ:
        return os.environ["KERAS_HOME"]
    home = os.path.expanduser("~")
    return os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")


def _settings_file(home: str) -> pathlib.Path:
    return pathlib.Path(os.path.expanduser(os.path.join(home, "keras.json")))


def _differences(path: pathlib.Path) -> list[str]:
    """What a settings file says that is not expected here; nothing if there is no such file."""
    if not os.path.exists(path):
        return []
    if not os.path.isfile(path):  # opening a pipe would wait for ever
        return ["keras.json, which is not a file"]
    if os.path.getsize(path) > _LARGEST_FILE:
        return ["keras.json, which is too large"]
    try:
        settings = json.loads(path.read_text())
    except ValueError:  # damaged, or half written by another process: Keras takes its defaults
        return []
    except (OSError, RecursionError) as error:
        return [f"keras.json, which cannot be read: {errors.first_line(error)}"]
    if not isinstance(settings, dict):
        return [f"keras.json, which holds {_shown(settings)}"]
    if os.environ.get("KERAS_BACKEND"):  # Keras does not look at the file then
        settings = {name: value for name, value in settings.items() if name != "backend"}
    return [
        f"{name} {_shown(settings[name])}"
        for name, expected in FILE_SETTINGS.items()
        if name in settings
        and (settings[name] != expected or type(settings[name]) is not type(expected))
    ]


def _shown(value: Any) -> str:
    """A value in a message: in a line, and not long."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."
