"""The methods: one module for each, with the name that `--method` takes.

To add a method, add its file. `names` lists the folder and `find` imports one module. Each module
defines `HParams`, `Method`, `PAPER`, its source in one line, and `GROUP`, one of `GROUPS`.
"""

import importlib
import pathlib
import re
import types

from tf_ssgan.common import errors

GROUPS = (  # of methods, in the order in which they are listed
    "Baselines",
    "GAN classifiers",
    "Autoencoders and deep generative models",
    "Consistency and pseudo-labels",
    "Noisy labels",
)
OTHERS = "Other methods"  # a file without one of these
_GROUP = re.compile(r'^GROUP = "(.*)"$', re.MULTILINE)


def names() -> tuple[str, ...]:
    """Names of all methods, sorted. No method is imported."""
    folder = pathlib.Path(__file__).parent
    return tuple(sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")))


def file(name: str) -> pathlib.Path:
    """The file of a method."""
    return pathlib.Path(__file__).with_name(f"{name}.py")


def by_group() -> dict[str, tuple[str, ...]]:
    """The names of the methods of each group that has some. Their files are read, not imported."""
    members: dict[str, list[str]] = {group: [] for group in (*GROUPS, OTHERS)}
    for name in names():
        found = _GROUP.search(file(name).read_text(encoding="utf-8"))
        group = found[1] if found else OTHERS
        members[group if group in members else OTHERS].append(name)
    return {group: tuple(own) for group, own in members.items() if own}


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
