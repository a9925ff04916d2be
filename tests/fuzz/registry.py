"""What a reader of the fuzz is: a file, how it is damaged, and the programs that are asked."""

import contextlib
import dataclasses
import io
import pathlib
from collections.abc import Callable, Mapping

from fuzz.world import World
from support import damage

from flags import program
from tf_ssgan.common import errors

Ask = Callable[[], str | None]  # the outcome in a word; None for "answered"


@dataclasses.dataclass(frozen=True)
class Target:
    """A whole file, and who reads it.

    Attributes:
        path: The file that is damaged, or a folder.
        asks: Program -> what it does with the file. It raises `UserError`, or returns the outcome.
        named: One of these texts occurs in each refusal; by default the name of the file.
        fields: Whether a refusal because of a field names it.
        between: Called after each input, when the file is whole again.
    """

    path: pathlib.Path
    asks: Mapping[str, Ask]
    named: tuple[str, ...] = ()
    fields: bool = True
    between: Callable[[], object] = lambda: None


@dataclasses.dataclass(frozen=True)
class Reader:
    """A reader of the registry.

    Attributes:
        name: In the table of outcomes.
        weight: How many of the damaged inputs are for it, relative to others.
        kind: How it is damaged.
        open: Writes the whole input.
    """

    name: str
    weight: float
    kind: damage.Kind
    open: Callable[[World], Target]


def program_answer(run: Callable[[], object]) -> str:
    """Runs a program in this process; exit status 2 is a refusal with what it said."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), program.exit_on_user_error():
            run()
    except SystemExit as stopped:
        if stopped.code == 2:
            raise errors.UserError(said.getvalue().strip()) from None
        assert stopped.code in (0, 1, None), (stopped.code, said.getvalue())
        return "some left out" if stopped.code else "answered"
    return "answered"
