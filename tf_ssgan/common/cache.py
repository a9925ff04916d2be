"""Files in the user's cache folder, such as decoded images, which later runs use again."""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Callable

import numpy as np


def folder() -> pathlib.Path:
    """Returns `$XDG_CACHE_HOME/tf_ssgan`, by default `~/.cache/tf_ssgan`; it may not exist yet."""
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(root).expanduser() / "tf_ssgan"


def read_array(path: pathlib.Path) -> np.ndarray | None:
    """Reads a cached array; returns None if there is no such file or it is damaged."""
    with contextlib.suppress(OSError, ValueError, EOFError):
        return np.load(path, allow_pickle=False)
    return None


def write_array(images: np.ndarray, path: pathlib.Path) -> None:
    """Writes an array whole or not at all; a full or read-only disk is not an error."""
    _write(path, lambda partial: np.save(partial, images))


def write_text(text: str, path: pathlib.Path) -> None:
    """Writes a text whole or not at all; a full or read-only disk is not an error."""
    content = text.encode("utf-8", "surrogateescape")
    _write(path, lambda partial: partial.write_bytes(content))


def _write(path: pathlib.Path, write: Callable[[pathlib.Path], object]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            partial = pathlib.Path(temporary, path.name)
            write(partial)
            os.replace(partial, path)
