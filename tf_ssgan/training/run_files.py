"""Reading the JSON files of a run, with a check of every field.

A file of a run may be damaged, edited by hand, or of another version. The first field that is wrong
is named in one sentence. `run_file_contents` describes what the files hold.
"""

import pathlib
import re
from typing import Any

import pydantic

from tf_ssgan.common import errors, files, json_text
from tf_ssgan.training.run_file_contents import Content

# Bytes. Parsed, a file may take twenty times its size. The labels of three million images fit in.
LARGEST_FILE = 2**26
LARGEST_SUMMARY = 2**25  # of a file without a list of images; 100,000 classes need 10 MB
_SHOWN = 40  # characters of a wrong value


def check(kind: type[Content], content: Any) -> None:
    """Checks content field by field.

    Args:
        kind: What it should be.
        content: As `json_text.loads` returns it.

    Raises:
        ValueError: Naming the first field that is wrong, what was expected and what came.
    """
    try:
        kind.model_validate(content)
    except pydantic.ValidationError as error:
        raise ValueError(_describe(error.errors()[0])) from None


def read(path: pathlib.Path, remedy: str, most: int | None = None) -> Any:
    """Reads a JSON file, without a check of its fields.

    Args:
        path: The file.
        remedy: What to do if it is damaged, a sentence.
        most: Bytes that it may have; `LARGEST_FILE` by default.

    Returns:
        Its content; None if there is no such file.

    Raises:
        UserError: It cannot be read, is too large, or is no JSON.
    """
    try:
        text = files.read_whole(path, most or LARGEST_FILE)
        if text is None:
            return None
        content = json_text.loads(text)
    except ValueError as error:
        raise damaged(path, errors.first_line(error), remedy) from error
    except OSError as error:
        raise errors.UserError(f"{path} cannot be read: {error.strerror}. {remedy}") from error
    if content is None:
        raise damaged(path, "expected a JSON object, got null", remedy)
    return content


def read_checked(
    path: pathlib.Path, kind: type[Content], remedy: str, most: int | None = None
) -> dict[str, Any] | None:
    """Reads a JSON file and checks it field by field.

    Args:
        path: The file.
        kind: What it should hold.
        remedy: What to do if it is damaged, a sentence.
        most: Bytes that it may have; `LARGEST_FILE` by default.

    Returns:
        Its content; None if there is no such file.

    Raises:
        UserError: It cannot be read, or a field is wrong: the message names the file and the field.
    """
    content = read(path, remedy, most)
    if content is not None:
        try:
            check(kind, content)
        except ValueError as error:
            raise damaged(path, str(error), remedy) from error
    return content


def damaged(path: pathlib.Path, reason: str, remedy: str) -> errors.UserError:
    """The error that a file of a run is damaged."""
    return errors.UserError(f"{path} is damaged: {reason}. {remedy}".rstrip())


def _describe(error: dict[str, Any]) -> str:
    """One of pydantic's errors in words: "steps: expected a valid integer, got 'x'"."""
    field = ".".join(str(part) for part in error["loc"] if part != "[key]")
    field = field if field.isprintable() else ascii(field)
    if error["type"] == "missing":
        return f"{field} is missing"
    expected = error["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    expected = re.sub("a valid dictionary( or instance of .*)?", "a JSON object", expected)
    if error["type"] == "value_error" and isinstance(error["input"], dict):  # several fields
        return f"{field}: {expected}" if field else expected
    value = "null" if error["input"] is None else repr(error["input"])
    value = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    return f"{field}: {expected}, got {value}" if field else f"{expected}, got {value}"
