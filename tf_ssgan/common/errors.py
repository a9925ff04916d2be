"""Errors that a user can fix, printed as a sentence instead of a traceback."""

import difflib
import re
from collections.abc import Iterable


class UserError(Exception):
    """A mistake of the user: one or two lines with what was expected, what came and what to do.

    Programs print the message without a traceback and exit with status 2.

    Attributes:
        status: Exit status of the program.
    """

    status = 2


def nearest(name: str, options: Iterable[str]) -> str:
    """Suggests a known name for a misspelled one.

    Args:
        name: What the user typed.
        options: The names that exist.

    Returns:
        "Did you mean 'frgan'? Known: acgan, frgan, vat."; without the question if no name is
        similar. The known names keep their order.
    """
    options = list(options)
    close = closest(name, options)
    question = f"Did you mean {close!r}? " if close else ""
    return f"{question}Known: {', '.join(options)}."


def closest(name: str, options: Iterable[str]) -> str | None:
    """Returns the known name that a misspelled one resembles most; None if it resembles none."""
    by_lower = {option.lower(): option for option in options}
    longer = [option for option in by_lower if name and option.startswith(name.lower())]
    close = longer[:1] or difflib.get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def first_line(error: BaseException) -> str:
    """Returns the first line of an error's message, without its period; its type if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def tensorflow_reason(error: BaseException) -> str:
    """What an error of TensorFlow says, without the names of its operations.

    "{{function_node ...}} FILE; No space left on device [Op:SaveV2]" becomes "No space left on
    device".
    """
    return re.sub(r" ?\[Op:.*|.*; ?|\{\{.*?\}\} ?", "", first_line(error))


class Diverged(UserError):
    """Training diverged: a reported scalar or a weight is not finite or has exploded."""

    status = 3

    def __init__(self, step: int, name: str, value: float):
        """Names the step and the scalar."""
        super().__init__(
            f"Stopped at step {step}: {name} is {value}. The last good checkpoint is kept. "
            "Try a smaller --learning_rate, or another --seed."
        )


class Interrupted(UserError):
    """A signal stopped the run; everything is saved."""

    def __init__(self, signal: int):
        """Takes the signal's number; the exit status is the shell's, 128 above it."""
        super().__init__("Stopped and saved; the same command continues.")
        self.status = 128 + signal
