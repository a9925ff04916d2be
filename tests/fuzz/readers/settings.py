"""Files that set something: flag files, keras.json, and the lock of a run."""

import os
from unittest import mock

from fuzz.registry import Reader, Target, program_answer
from fuzz.world import World
from support import damage

import flags
from tf_ssgan.common import keras_settings
from tf_ssgan.training.workdir import Workdir


def _flag_file(world: World) -> Target:
    path = world.run / "run.flags"
    words = ["train_main.py", f"--flagfile={path}"]
    return Target(path, {"train": lambda: program_answer(lambda: flags.parse(list(words)))}, ("",))


def _keras(world: World) -> Target:
    home = world.folder("keras home")
    path = home / "keras.json"
    path.write_text('{"backend": "tensorflow", "image_data_format": "channels_last", '
                    '"floatx": "float32", "epsilon": 1e-07}')  # fmt: skip

    def enforce() -> str:
        with mock.patch.dict(os.environ, {"KERAS_HOME": str(home)}):
            overruled = keras_settings._overrule_environment()
        assert all("\n" not in text for text in overruled), overruled
        return "overruled" if overruled else "answered"

    return Target(path, {"start": enforce})


def _lock(world: World) -> Target:
    workdir = Workdir(world.run)

    def lock() -> str:
        with workdir.locked():
            return "answered"

    return Target(
        world.run / "lock",
        {"train": lock, "sweep": lambda: "busy" if workdir.is_locked() else "answered"},
        (str(world.run),),
    )


READERS = (
    Reader("flag files", 10, damage.any_text, _flag_file),
    Reader("keras.json", 6, damage.any_json, _keras),
    Reader("lock", 2, damage.any_bytes, _lock),
)
