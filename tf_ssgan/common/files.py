"""Files that are replaced whole or not at all."""

import os
import pathlib


def replace(path: pathlib.Path, text: str) -> None:
    """Writes a file whole or not at all, also beside another process that does.

    Args:
        path: The file, in a folder that exists.
        text: As UTF-8; names of files may hold bytes that are no text, which are escaped.

    Raises:
        OSError: It cannot be written; what stood there stands there still.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        # Tables have line ends of their own.
        partial.write_text(text, "utf-8", errors="backslashreplace", newline="")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
