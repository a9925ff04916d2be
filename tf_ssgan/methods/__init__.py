"""The methods, one module each, named as on the command line.

A method is added by adding its file: `names` lists the folder, `find` imports one module. Each
defines `HParams`, `Method`, and `PAPER`, the source in one line.
"""

import importlib
import pathlib
import types

from tf_ssgan.common import errors


def names() -> tuple[str, ...]:
    """Names of all methods, sorted; without importing them."""
    here = pathlib.Path(__file__).parent
    return tuple(sorted(p.stem for p in here.glob("*.py") if not p.stem.startswith("_")))


def check(name: str) -> None:
    """Refuses a name that is no method's.

    Raises:
        UserError: With the nearest names.
    """
    if name not in names():
        raise errors.UserError(f"--method={name} is not a method. {errors.nearest(name, names())}")


def find(name: str) -> types.ModuleType:
    """Imports the module of a method (and with it TensorFlow).

    Raises:
        UserError: There is no such method.
    """
    check(name)
    return importlib.import_module(f"tf_ssgan.methods.{name}")
