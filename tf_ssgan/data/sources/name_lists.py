"""Lists of class names in text files, one name per line: `classes.txt`."""

import pathlib
import sys

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import class_names, text_files

_RULE = "Expected one class name per line, none empty, none twice."


def read_names(path: pathlib.Path) -> tuple[str, ...]:
    """Reads the names of classes, in the order of their labels, without blanks around them.

    Args:
        path: the file, in any encoding of `text_files`. If it is a guess, that is printed.

    Raises:
        UserError: It cannot be read or is no text, or a name is empty, occurs twice, or cannot be
            shown.
    """
    try:
        file = text_files.read(path, "a text file in UTF-8 with one class name per line")
    except OSError as error:
        raise errors.UserError(f"{path} cannot be read ({error.strerror or error}).") from error
    lines = [class_names.decode(line.strip()) for line in file.lines()]
    while lines and not lines[-1]:  # empty lines at the end are no names
        lines.pop()
    if not lines:
        raise errors.UserError(f"{path} is empty. {_RULE}")
    known: dict[str, int] = {}
    for number, name in enumerate(lines, 1):
        _check_name(path, number, name)
        first = known.setdefault(name, number)
        if first != number:
            raise errors.UserError(
                f"{path}, lines {first} and {number}: '{escape(name)}' is there twice. {_RULE}"
            )
    if file.guessed:
        numbers = ", ".join(map(str, file.guessed[:5])) + "..." * (len(file.guessed) > 5)
        print(
            f"{escape(str(path))}: {len(file.guessed):,} line(s) are not UTF-8, and are read "
            f"as {file.encoding}: {numbers}. (save the file as UTF-8 if they are read wrongly)",
            file=sys.stderr,
        )
    return tuple(lines)


def _check_name(path: pathlib.Path, number: int, name: str) -> None:
    if not name:
        raise errors.UserError(f"{path}, line {number} is empty. {_RULE}")
    if not class_names.can_be_shown(name):
        raise errors.UserError(
            f"{path}, line {number}: '{escape(name)}' has a control character. Give the class "
            "a name that can be shown."
        )
