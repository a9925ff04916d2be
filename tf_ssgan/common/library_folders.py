"""The folders that libraries write to, on machines without a home or a temporary folder.

`tf_ssgan/__init__.py` calls `prepare` before Matplotlib or Keras can be imported.
"""

import contextlib
import logging
import os
import tempfile
from collections.abc import Sequence

from tf_ssgan.common import paths

_IN_MEMORY = "/dev/shm"  # Linux has it even where nothing else can be written
# What Matplotlib says of its folder, in several lines, when it takes a temporary one.
_REMARKS = ("mkdir -p failed", "is not a writable dir", "Matplotlib created a temporary cache")


def prepare() -> None:
    """Lets libraries start without these folders, and without a word.

    Without a home folder Keras would make one that is called "~" in the working directory.
    """
    if not paths.home():
        os.environ["HOME"] = os.devnull  # which can hold no files
    fall_back([_IN_MEMORY])
    logging.getLogger("matplotlib").addFilter(_is_no_remark)
    fonts = logging.getLogger("matplotlib.font_manager")
    if fonts.level == logging.NOTSET:
        fonts.setLevel(logging.WARNING)


def fall_back(folders: Sequence[str]) -> None:
    """Takes one of some folders for temporary files, if the system has none that can be written.

    If none of them can be written either, one is named that can hold no files: TensorFlow's import
    asks for a name and makes no file.
    """
    with contextlib.suppress(FileNotFoundError):
        if tempfile.gettempdir() != os.devnull:  # writes to each to find out
            return
    for folder in folders:
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"written")
            file.flush()
            tempfile.tempdir = folder
            return
    tempfile.tempdir = os.devnull


def _is_no_remark(record: logging.LogRecord) -> bool:
    return not any(remark in str(record.msg) for remark in _REMARKS)
