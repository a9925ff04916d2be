"""The SHA-256 of the files of an exported classifier that TensorFlow loads, in a file beside them.

TensorFlow may crash on a damaged SavedModel, or load other weights, so the files are compared
before it is imported. The list has the form of `sha256sum`: `sha256sum -c SHA256SUMS` checks it
too. It says that nothing was damaged, not who wrote the files. `assets.extra` is not in it: there
TensorFlow Serving lets people put files of their own.
"""

import hashlib
import os
import pathlib
import re

from tf_ssgan.common import errors, files, plain_text, system_files

FILE = "SHA256SUMS"
_LARGEST_FILE = 2**31  # bytes; protocol buffers end there, and our networks are much smaller
_LARGEST = 2**20  # bytes of the list; a SavedModel has about ten files
_LINE = re.compile("([0-9a-f]{64})  ([^\n]+)")


def write(folder: pathlib.Path) -> None:
    """Writes the list of a SavedModel that is complete.

    Raises:
        OSError: A file cannot be read, or the list cannot be written.
    """
    lines = [f"{_digest(folder / name)}  {name}\n" for name in sorted(_names(folder))]
    files.replace(folder / FILE, "".join(lines))


def check(folder: pathlib.Path) -> None:
    """Compares the files of a SavedModel with its list.

    Raises:
        UserError: The list is missing or damaged, or a file is missing, was changed or was added.
    """
    expected = _read(folder)
    for name, digest in expected.items():
        try:
            if _digest(folder / name) == digest:
                continue
            reason = "is damaged: it is not the file that was exported"
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
        raise _refusal(folder / name, reason)
    try:
        added = sorted(_names(folder) - expected.keys())
    except OSError as error:
        raise _refusal(folder, f"cannot be read ({error.strerror})") from error
    if added:
        raise _refusal(folder / added[0], "was added: it is not part of what was exported")


def _read(folder: pathlib.Path) -> dict[str, str]:
    """The list: name of a file -> its SHA-256."""
    path = folder / FILE
    try:
        text = files.read_regular(path, _LARGEST).decode("utf-8")
    except FileNotFoundError:
        reason = "is missing: earlier versions of tf_ssgan did not write it, or it was removed"
        raise _refusal(path, reason) from None
    except OSError as error:
        raise _refusal(path, f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _refusal(path, "is damaged: it is no text") from error
    lines = [_LINE.fullmatch(line) for line in text.removesuffix("\n").split("\n")]
    if not all(lines):
        raise _refusal(path, "is damaged: a line is no SHA-256 and name")
    digests = {line[2]: line[1] for line in lines}
    if "saved_model.pb" not in digests or not all(map(_is_inside, digests)):
        raise _refusal(path, "is damaged: it lists other files than those of a model")
    return digests


def _is_inside(name: str) -> bool:
    path = pathlib.PurePath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _names(folder: pathlib.Path) -> set[str]:
    """All files below a folder but the list and `assets.extra`.

    What systems put there, such as .DS_Store, is not one.

    Raises:
        OSError: A folder cannot be listed.
    """

    def fail(error: OSError) -> None:
        raise error

    return {
        os.path.relpath(os.path.join(root, name), folder)
        for root, _, names in os.walk(folder, onerror=fail)
        if pathlib.PurePath(os.path.relpath(root, folder)).parts[:1] != ("assets.extra",)
        for name in names
        if not system_files.kind(name)
    } - {FILE}


def _digest(path: pathlib.Path) -> str:
    with files.open_regular(path, _LARGEST_FILE) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refusal(path: pathlib.Path, reason: str) -> errors.UserError:
    return errors.UserError(f"{plain_text.escape(str(path))} {reason}. Export it again.")
