"""Flag files: `--flagfile=FILE` stands for the flags in FILE, one a line."""

import codecs
import errno
import os
import re
import select
import stat
from collections.abc import Iterator, Sequence

from tf_ssgan.common import errors, paths, plain_text

_FORM = "Give a text file with one flag a line, such as the run.flags of a run."
_NAMES = ("--flagfile", "-flagfile")
_MOST = 2**20  # bytes
_WAIT = 2000  # milliseconds for somebody to write to a pipe
_ENCODINGS = {  # of editors on Windows
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


def expand(argv: Sequence[str]) -> list[str]:
    """Replaces each `--flagfile=FILE` by the flags in FILE, which may name further files.

    A file is UTF-8, or UTF-16 with a byte order mark. Blanks around a line, empty lines, and lines
    that begin with # or // are ignored.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The same without flag files. What stands after `--` is left alone.

    Raises:
        UserError: A file cannot be read, is not text, or names itself.
    """
    words, rest = [], list(argv)
    while rest and rest[0] != "--":
        name, sign, value = rest.pop(0).partition("=")
        if name not in _NAMES:
            words.append(name + sign + value)
            continue
        if not sign and rest:
            value = rest.pop(0)
        words += _flags(value, ())
    return words + rest


def _flags(name: str, inside: tuple[str, ...]) -> Iterator[str]:
    """The flags in a file.

    Args:
        name: The file, as the user gave it.
        inside: Real paths of the files that led to it.
    """
    if not name.strip():
        raise errors.UserError(f"--flagfile names no file. {_FORM}")
    path = paths.local(name.strip(), "flagfile", "file")
    shown = f"--flagfile={plain_text.escape(path)}"
    real = os.path.realpath(path)
    if real in inside:
        raise errors.UserError(f"{shown} names itself. {_FORM}")
    for line in _lines(path, shown):
        flag, _, value = line.partition("=")
        if flag in _NAMES:
            yield from _flags(value, (*inside, real))
        elif line and not line.startswith(("#", "//")):
            yield line


def _open(path: str, flags: int) -> int:
    """Opens a file, or a pipe that somebody writes to; others would be waited for without an end.

    Raises:
        OSError: It cannot be opened.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "set_blocking"):
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode) and not _has_writer(descriptor):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is a pipe that nothing is written to")
        os.set_blocking(descriptor, True)
    return descriptor


def _has_writer(descriptor: int) -> bool:
    """Whether something is in a pipe that does not block, or may come."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if poll.poll(_WAIT):
        return True
    try:
        return bool(os.read(descriptor, 1))  # nothing is in it: b"" without a writer
    except BlockingIOError:
        return True


def _lines(path: str, shown: str) -> list[str]:
    """The lines of a file, without blanks around them; a pipe is read too, as of a shell's <()."""
    try:
        with open(path, "rb", opener=_open) as file:
            content = file.read(_MOST + 1)
    except OSError as error:
        raise errors.UserError(f"{shown} cannot be read: {error.strerror}. {_FORM}") from error
    encoding = next((e for mark, e in _ENCODINGS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except ValueError as error:
        raise errors.UserError(f"{shown} is not a text file. {_FORM}") from error
    if "\0" in text or len(content) > _MOST:  # a shell passes no zero bytes
        raise errors.UserError(f"{shown} is not a text file. {_FORM}")
    return [line.strip() for line in re.split("\r\n|\r|\n", text)]
