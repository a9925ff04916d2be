"""The methods: one module for each, with the name that `--method` takes.

To add a method, add its file. `names` lists the folder and `find` imports one module. Each module
defines `HParams`, `Method`, and `PAPER`, its source in one line.
"""

import importlib
import pathlib
import types

from tf_ssgan.common import errors


def names() -> tuple[str, ...]:
    """Names of all methods, sorted. No method is imported."""
    folder = pathlib.Path(__file__).parent
    return tuple(sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")))


def check(name: str) -> None:
    """Checks that a method exists.

    Raises:
        UserError: There is no such method; the message lists the nearest names.
    """
    if name not in names():
        raise errors.UserError(f"--method={name} is not a method. {errors.nearest(name, names())}")


def find(name: str) -> types.ModuleType:
    """Imports the module of a method, and with it TensorFlow.

    Raises:
        UserError: There is no such method.
    """
    check(name)
    return importlib.import_module(f"tf_ssgan.methods.{name}")
