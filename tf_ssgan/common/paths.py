"""Paths that users give, on a command line or in Python, as paths of this machine.

A shell does not expand the ~ of --workdir=~/runs, so it is done here, and what can be no path here
is refused before anything is made of it.
"""

import errno
import os
import re
import unicodedata
from typing import Literal

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape, shorten

# A data set is a name, or a form such as folder:DIR, whose second part is a path.
Kind = Literal["folder", "file", "dataset"]

_DATASET_FORM = re.compile(r"(?:folder|csv|npz):")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LINE_BREAKS = ("Cc", "Zl", "Zp")  # control characters, and the line ends of Unicode
_WIDEST = 200  # columns of a path in a message


def local(text: str, flag: str = "", kind: Kind = "folder") -> str:
    """The path that a user means, with the home folder in place of ~ or ~user.

    Args:
        text: What the user gave.
        flag: The flag that it was given for, for messages; empty for an argument without one.
        kind: What it names.

    Returns:
        The path; other paths than those with ~ are returned as they are.

    Raises:
        UserError: It is empty or an address, holds control characters or line ends, ends with a
            blank, is too long, or there is no such home folder.
    """
    prefix = _DATASET_FORM.match(text) if kind == "dataset" else None
    if kind == "dataset" and not prefix:
        return text  # a name, which is looked up
    start = prefix[0] if prefix else ""
    kind = "file" if start == "csv:" or kind == "file" else "folder"
    location, shown = text[len(start) :], shorten(escape(text), _WIDEST)
    shown = f"--{flag}={shown}" if flag else shown or "A path"
    if not location and prefix:
        return text  # the data sets say what is missing
    _refuse_characters(location, shown, kind)
    _refuse_address(location, shown, kind)
    expanded = _expand(location, shown)
    _refuse_name(expanded, shown, kind)
    return start + expanded


def home() -> str:
    """The home folder of this user; empty if there is none, see also `library_folders`."""
    folder = os.path.expanduser("~")
    known = os.path.isabs(folder) and os.environ.get("HOME", folder) not in ("", os.devnull)
    return folder if known else ""


def check_working_folder() -> None:
    """Checks that the working directory exists, which other programs may have removed.

    Raises:
        UserError: It does not exist, or cannot be reached.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise errors.UserError(
            "The folder in which you started this cannot be reached any more "
            f"({error.strerror}). Change to another folder, and start it again there."
        ) from error


def _refuse_characters(path: str, shown: str, kind: str) -> None:
    if not path:
        raise errors.UserError(f"{shown} is empty. Give the path of a {kind}.")
    if any(unicodedata.category(character) in _LINE_BREAKS for character in path):
        raise errors.UserError(
            f"{shown}: the path holds a line end or another control character. Give a {kind} with "
            "another name."
        )
    if path != path.rstrip():
        raise errors.UserError(
            f"{shown} ends with a blank, which would be lost in run.flags. Leave it out, or give a "
            f"{kind} with another name."
        )


def _refuse_address(path: str, shown: str, kind: str) -> None:
    found = _ADDRESS.match(path)
    if not found:
        return
    advice = f"mount it as a folder, or copy it, and give that {kind}"
    if found[0].lower() == "file://":
        advice = f"give it without {found[0]}"
    raise errors.UserError(f"{shown} is an address, not a {kind} of this machine: {advice}.")


def _expand(path: str, shown: str) -> str:
    if not path.startswith("~"):
        # Else ./~x would become ~x, and then a home folder, where paths are joined.
        return os.path.abspath(path) if os.path.normpath(path).startswith("~") else path
    name, _, rest = path.partition("/")
    folder = home() if name == "~" else os.path.expanduser(name)
    if not os.path.isabs(folder):
        whose = "you" if name == "~" else f"the user {escape(name[1:])}"
        raise errors.UserError(
            f"{shown}: there is no home folder of {whose} here. Give the whole path."
        )
    return os.path.join(folder, rest) if rest else folder


def _refuse_name(path: str, shown: str, kind: str) -> None:
    try:
        os.lstat(path)
    except ValueError as error:  # characters that no name on this system can have
        raise errors.UserError(f"{shown}: no {kind} can have this name. Give another.") from error
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise errors.UserError(f"{shown}: {error.strerror}. Give another {kind}.") from error
