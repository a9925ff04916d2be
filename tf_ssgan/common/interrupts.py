"""Ctrl-C while a program imports its modules ends it without a traceback.

Imports take seconds, and an exception in the middle of them prints where they were; TensorFlow's
import may even swallow it or turn it into another. So this project's programs let the signal end
the process while they import, and raise `KeyboardInterrupt` at other times. Importing tf_ssgan
from another program changes no signal handler.
"""

import contextlib
import os
import signal
import sys
import types
from collections.abc import Iterator

_IMPORT = "<frozen importlib._bootstrap>"  # the file of the frames of an import
_PACKAGES = ("tf_ssgan", "export", "flags", "train_main")
_COMMANDS = "tf-ssgan-"  # how the names of the console commands begin
_TRAINING = os.path.join(os.path.dirname(__file__), *[os.pardir] * 2, "train_main.py")


def end_while_importing() -> None:
    """Lets Ctrl-C end the process at once if it is one of this project's programs that starts.

    `raised_outside_imports` ends this. A signal that is ignored, as in the background of a script,
    stays ignored.
    """
    if _is_own_program() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def raised_outside_imports() -> Iterator[None]:
    """Within the block, Ctrl-C raises `KeyboardInterrupt`, or ends the process during an import."""
    before = signal.getsignal(signal.SIGINT)
    changes = before in (signal.SIG_DFL, signal.default_int_handler)
    with contextlib.suppress(ValueError):  # not in the main thread
        if changes:
            signal.signal(signal.SIGINT, _raise_outside_imports)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            if changes:
                signal.signal(signal.SIGINT, before)


def _raise_outside_imports(number: int, frame: types.FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        frame = frame.f_back
    raise KeyboardInterrupt


def _is_own_program() -> bool:
    """Whether this process was started as a program of this project."""
    name = sys.argv[0] if sys.argv else ""
    if name == "-m":  # Python has not yet found the module to run
        words = (word.removeprefix("-m") for word in sys.orig_argv[1:])
        return any(word.split(".")[0] in _PACKAGES for word in words)
    if os.path.basename(name).startswith(_COMMANDS):
        return True
    return os.path.realpath(name) == os.path.realpath(_TRAINING)
