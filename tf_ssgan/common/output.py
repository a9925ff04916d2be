"""Standard output and error that nobody reads: a closed pipe or descriptor, or a lost terminal.

Python raises an exception when it prints there, and another one at its end.
"""

import contextlib
import errno
import os
import select
import signal
import sys
from collections.abc import Iterator

_UNREAD = 128 + signal.SIGPIPE  # the exit status that a shell gives for such an end
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_STREAMS = {"stdout": 1, "stderr": 2}
_discarded: set[int] = set()


def discard_unread() -> None:
    """Sends to nowhere what is still to be printed for a reader that is gone."""
    for descriptor in _STREAMS.values():
        if _is_unread(descriptor):
            _send_to_nowhere(descriptor)
            _discarded.add(descriptor)


def is_lost(error: BaseException) -> bool:
    """Whether printing has raised an error because nobody reads; then the rest is discarded."""
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    discard_unread()
    # Another pipe or a socket may be broken while everything that is printed is read.
    return error.errno in (errno.EPIPE, errno.EIO) and bool(_discarded)


def say(text: bytes) -> None:
    """Writes to standard error, also in a signal handler that has interrupted a `print`."""
    discard_unread()
    with contextlib.suppress(OSError):
        os.write(2, text)


@contextlib.contextmanager
def may_be_lost() -> Iterator[None]:
    """A program in this context ends without a traceback if nobody reads what it prints.

    Raises:
        SystemExit: Status 141, as of programs that the signal SIGPIPE ends; 2 if standard output
            cannot be written for another reason. The status of a program that fails stays.
    """
    _open_closed()
    try:
        yield
    except SystemExit as end:
        status = _flush()
        if status and not end.code:
            raise SystemExit(status) from None
        raise
    except OSError as error:
        if is_lost(error):
            _flush()
            raise SystemExit(_UNREAD) from None
        if error.filename is not None or error.errno not in _FULL:
            raise
        _refuse(error)  # a `print`; errors of files have names or are those of users
        raise SystemExit(2) from None
    if status := _flush():
        raise SystemExit(status)


def _flush() -> int:
    """Prints what is waiting to be printed; returns an exit status, or 0."""
    status = 0
    for name, descriptor in _STREAMS.items():
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError) as error:  # a ValueError if the program has closed it
            if isinstance(error, OSError) and not is_lost(error):
                _refuse(error)
                _send_to_nowhere(descriptor)
                status = 2
            elif isinstance(error, OSError):
                status = _UNREAD
    return status


def _refuse(error: OSError) -> None:
    say(f"Standard output cannot be written: {error.strerror}.\n".encode())


def _is_unread(descriptor: int) -> bool:
    """Whether a descriptor is a pipe or socket without reader, or a terminal that is gone."""
    poll = select.poll()
    poll.register(descriptor, 0)
    try:
        events = [event for _, event in poll.poll(0)]
    except OSError:
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for event in events)


def _send_to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:  # it is the lowest number that was free
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _open_closed() -> None:
    """Opens closed standard descriptors; else the next file of the program gets their number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            _send_to_nowhere(descriptor)
    for name, descriptor in _STREAMS.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))
