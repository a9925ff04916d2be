"""What is kept from one run to the next: decoded pictures, in the cache folder of the user."""

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


def array(path: pathlib.Path) -> np.ndarray | None:
    """Reads a kept array; None where there is none, or it is damaged."""
    with contextlib.suppress(OSError, ValueError, EOFError):
        return np.load(path, allow_pickle=False)
    return None


def keep_array(images: np.ndarray, path: pathlib.Path) -> None:
    """Writes an array whole or not at all; without room or permission it is not kept."""
    _keep(path, lambda partial: np.save(partial, images))


def keep_text(text: str, path: pathlib.Path) -> None:
    """Writes a text whole or not at all; without room or permission it is not kept."""
    content = text.encode("utf-8", "surrogateescape")
    _keep(path, lambda partial: partial.write_bytes(content))


def _keep(path: pathlib.Path, write: Callable[[pathlib.Path], object]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as apart:
            partial = pathlib.Path(apart, path.name)
            write(partial)
            os.replace(partial, path)
