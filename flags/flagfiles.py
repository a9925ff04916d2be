"""Flag files: `--flagfile=FILE` stands for the flags in FILE, one a line."""

import contextlib
import os

from absl import flags as absl_flags

from tf_ssgan.common import errors

_FORM = "Give a text file with one flag a line, such as the run.flags of a run."


def expand(argv: list[str]) -> list[str]:
    """Replaces each `--flagfile=FILE` by the flags in FILE, which may name further files.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The same without flag files. What stands after `--` is left alone.

    Raises:
        UserError: A file cannot be read, is not text, or names a further one in another form.
    """
    _refuse_circles(argv)
    try:
        words = absl_flags.FlagValues().read_flags_from_files(argv, force_gnu=False)
    except absl_flags.Error as error:
        raise errors.UserError(f"{_reason(error)} {_FORM}") from error
    except ValueError as error:  # not UTF-8, or the name of a further file holds a zero byte
        raise errors.UserError(f"{_first(argv)} is not a text file. {_FORM}") from error
    if any("\0" in word for word in words):  # a shell passes no zero bytes
        raise errors.UserError(f"{_first(argv)} is not a text file. {_FORM}")
    before_dashes = words[: words.index("--")] if "--" in words else words
    if left := [word for word in before_dashes if word.lstrip("-").split("=")[0] == "flagfile"]:
        raise errors.UserError(
            f"{left[0]} stands in {_first(argv)}, where a further file is named by a line that "
            "begins with --flagfile=FILE."
        )
    return words


def _refuse_circles(argv: list[str], inside: tuple[str, ...] = ()) -> None:
    """Raises UserError if a file names itself, or one that names it; absl would leave it out."""
    for word in argv[: argv.index("--")] if "--" in argv else argv:
        name, _, value = word.strip().partition("=")
        if name.lstrip("-") != "flagfile" or not name.startswith("-") or not value:
            continue
        path = os.path.realpath(os.path.expanduser(value.strip("\"'")))
        if path in inside:
            raise errors.UserError(f"--flagfile={value} names itself. {_FORM}")
        if not os.path.isfile(path):  # a pipe could be read only once
            continue
        with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
            _refuse_circles(file.read().splitlines(), (*inside, path))


def _reason(error: absl_flags.Error) -> str:
    """Why a file cannot be opened, which absl has from the system; or that no file is named."""
    cause = error.__context__
    if isinstance(cause, OSError):
        return f"--flagfile={cause.filename} cannot be read: {cause.strerror}."
    return "--flagfile names no file."


def _first(argv: list[str]) -> str:
    """The first flag file of a command line, as it is written there."""
    for place, word in enumerate(argv):
        if word.lstrip("-").startswith("flagfile"):
            return word if "=" in word else " ".join(argv[place : place + 2])
    return "--flagfile"
