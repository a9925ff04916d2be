"""The environment of programs that tests start."""

import os
import pathlib


def python_path(*folders: pathlib.Path) -> str:
    """The PYTHONPATH of a program: these folders, then those of the tests (see `--auto`)."""
    inherited = filter(None, [os.environ.get("PYTHONPATH")])
    return os.pathsep.join([*map(str, folders), *inherited])
