"""Asks readers about damaged inputs, and watches: sentences, seconds, memory."""

import collections
import contextlib
import faulthandler
import io
import pathlib
import random
import re
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator

import psutil
from fuzz.registry import Ask, Reader, Target
from fuzz.world import World
from support.damage import Damage, remove

from tf_ssgan.common import errors

SECONDS = 5.0  # for an answer, beyond what one about the whole input takes in this process
WHOLE_SECONDS = 30.0  # for that one, which may build networks on a busy machine
STUCK_SECONDS = 120.0  # in code that no signal interrupts, after which the process ends
MEMORY = 2**30  # bytes above the start
SHOWN_FAILURES = 40
# Refusals about a file as a whole, which name no field: it was changed, or belongs elsewhere.
_OF_THE_WHOLE = re.compile(
    "was changed|not those of its sha256|not that of its protocol|holds no |cannot be read|is no JSON"
    "|is damaged: (expected a JSON object|Expecting|Invalid|Extra|.*delimiter|.*recursion|.*nest)"
    "|takes images|another run|on other data|is not finished|not the folder of a run|has no result"
)


class TookTooLong(BaseException):
    """An answer takes longer than it may; no `except Exception` takes it for something else."""


class Fuzzer:
    """Damages whole inputs of readers, and keeps what came of it.

    Attributes:
        outcomes: (reader, program) -> outcome -> count.
        failures: What must not happen, each with the input.
    """

    def __init__(self, world: World, seed: int):
        self.world, self.seed = world, seed
        self.outcomes = collections.defaultdict(collections.Counter)
        self.failures: list[str] = []
        self._log = world.root / "input.txt"  # the last input, if the process dies of it
        self._whole: dict[tuple[str, str], float] = {}  # seconds of work about whole inputs
        self._start = psutil.Process().memory_info().rss

    def ask(self, reader: Reader, count: int) -> None:
        """Asks about the whole input, and about so many damaged ones."""
        target = reader.open(self.world)
        self._ask_all(reader, target, Damage("whole", None))
        whole = self._keep(target.path)
        for number in range(count):
            chance = random.Random(f"{self.seed} {reader.name} {number}")
            content = target.path.read_bytes() if target.path.is_file() else b""
            damage = reader.kind(chance, content)
            try:
                damage.do(target.path)
                self._ask_all(reader, target, damage, number)
            finally:
                remove(target.path)
                self._copy(whole, target.path)
                target.between()
        remove(whole)

    def table(self) -> str:
        """Reader, program and the counts of outcomes, as lines of a table."""
        names = sorted({name for counts in self.outcomes.values() for name in counts})
        rows = [("reader", "asked", *names)]
        for (reader, program), counts in self.outcomes.items():
            rows.append((reader, program, *(str(counts[name] or "-") for name in names)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def _ask_all(self, reader: Reader, target: Target, damage: Damage, number: int = -1) -> None:
        for program, ask in target.asks.items():
            what = f"{reader.name} #{number}, {program}: {damage.what}"
            self._log.write_text(what)
            began, key = time.process_time(), (reader.name, program)
            limit = WHOLE_SECONDS if number < 0 else SECONDS + self._whole[key]
            outcome, problem = self._watch(ask, limit)
            if number < 0:
                self._whole[key] = time.process_time() - began
            if not problem and isinstance(outcome, errors.UserError):
                problem = _check_sentence(str(outcome), target, damage)
                problem = problem or (f"refused while whole: {outcome}" if number < 0 else "")
                outcome = "refused"
            if problem:
                self.failures.append(f"{ascii(what)}\n    {problem}")
            if number >= 0:
                self.outcomes[reader.name, program]["FAILED" if problem else outcome] += 1

    def _watch(self, ask: Ask, limit: float) -> tuple[str | errors.UserError, str]:
        """The outcome, and what is wrong with it."""
        printed = io.StringIO()
        reset_peak()
        outcome, problem = "answered", ""
        try:
            with _time_limit(limit), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                    outcome = ask() or outcome
        except errors.UserError as error:
            outcome = error
        except TookTooLong as error:
            problem = f"took more than {limit:.1f} s\n{_place(error)}"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            problem = f"{type(error).__name__}: {str(error)[:300]}\n{_place(error)}"
        if not problem and "Traceback" in printed.getvalue():
            problem = f"printed a traceback: {printed.getvalue()[-300:]}"
        if not problem and peak() - self._start > MEMORY:
            problem = f"took {(peak() - self._start) / 2**20:,.0f} MiB above the start"
        return outcome, problem

    def _keep(self, path: pathlib.Path) -> pathlib.Path:
        copy = self.world.root / "whole"
        self._copy(path, copy)
        return copy

    @staticmethod
    def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
        copy: Callable = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, target, **({"symlinks": True} if source.is_dir() else {}))


def _check_sentence(message: str, target: Target, damage: Damage) -> str:
    """What is wrong with the sentence of a refusal; empty if nothing is."""
    if not message.strip() or re.search(r"[\n\r\x0b\x0c\x1b\0\x85\u2028\u2029]", message):
        return f"not one line: {message!r}"[:400]
    if len(message) > 3000:
        return f"{len(message):,} characters: {message[:200]}..."
    if "Traceback" in message or "errors_impl" in message:
        return f"speaks of the program: {message[:400]}"
    if not any(name in message for name in target.named or (target.path.name,)):
        return f"does not name the file: {message[:400]}"
    names = [key for key in damage.field if isinstance(key, str) and target.fields]
    named = any(name in message for name in names) or not names
    if not named and not _OF_THE_WHOLE.search(message):
        return f"does not name the field: {message[:400]}"
    return ""


@contextlib.contextmanager
def _time_limit(limit: float) -> Iterator[None]:
    """Raises `TookTooLong` in the block; what no signal interrupts ends the process."""

    began, worked = time.monotonic(), time.process_time()

    def stop(number, frame):
        took, work = time.monotonic() - began, time.process_time() - worked
        # On a busy machine the work takes longer; what waits for something does no work.
        if work > limit or work < took / 10 or took > 10 * limit:
            raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
    signal.setitimer(signal.ITIMER_REAL, limit, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def reset_peak() -> None:
    """Forgets the largest memory so far, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The largest resident memory since `reset_peak`, in bytes."""
    with contextlib.suppress(OSError):
        status = pathlib.Path("/proc/self/status").read_text()
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            return int(found[1]) * 1024
    return psutil.Process().memory_info().rss


def _place(error: BaseException) -> str:
    """Where an exception was raised: the last lines of this project's code, and the very last."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename][-4:]
    frames = [*own, *frames[-1:]]
    return "\n".join(f"    {frame.filename}:{frame.lineno} {frame.line}" for frame in frames)
