r"""A row for each path: what is said of it, and how it is written.

Rows are answered and written one after the other and not kept, so that memory does not hang on how
many there are. What is written is UTF-8; bytes of a file's name that are no UTF-8
become \udc80 to \udcff, which JSON reads as escapes, and `os.fsencode` as the bytes they were.
"""

import base64
import contextlib
import csv
import json
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TextIO

from export import predictions
from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding

# --- Thumbnails -----------------------------------------------------------------------------------


# --- The writers ----------------------------------------------------------------------------------


class Csv:
    """path, label, probability, label_2, probability_2, ..., reason; a line a row."""

    thumbnails = False

    def __init__(self, file: TextIO, facts: Mapping[str, str], top: int):
        """Writes the names of the columns.

        Args:
            file: Where to.
            facts: What is known of the model; not written.
            top: Classes a row.
        """
        del facts
        self._file, self._top = file, top
        # csv of Python 3.11 quotes a carriage return only if the line end has one; `write` puts
        # the end right.
        self._rows = csv.writer(self, lineterminator="\r\n")
        further = [f"{name}_{k}" for k in range(2, top + 1) for name in ("label", "probability")]
        self._rows.writerow(["path", "label", "probability", *further, "reason"])

    def add(self, row: predictions.Prediction) -> None:
        """Writes a row."""
        cells = [cell for name, share in row.top for cell in (name, f"{share:.6f}")]
        cells += [""] * (2 * self._top - len(cells))
        cells[0] = row.label or ""
        self._rows.writerow([row.path, *cells, row.reason or ""])

    def write(self, line: str) -> None:
        """Takes a line of the csv module."""
        self._file.write(line.removesuffix("\r\n") + "\n")

    def end(self, tally: predictions.PredictionCounts) -> None:
        """Nothing is left to be written."""


class JsonLines:
    """An object a line: path, label, probability, top, abstained, reason."""

    thumbnails = False

    def __init__(self, file: TextIO, facts: Mapping[str, str], top: int):
        """Takes the file; what is known of the model is not written."""
        del facts, top
        self._file = file

    def add(self, row: predictions.Prediction) -> None:
        """Writes a row."""
        top = [{"label": name, "probability": round(share, 6)} for name, share in row.top]
        content = {
            "path": row.path,
            "label": row.label,
            "probability": top[0]["probability"] if top else None,
            "top": top,
            "abstained": row.abstained,
            "reason": row.reason,
        }
        self._file.write(json.dumps(content, ensure_ascii=False) + "\n")

    def end(self, tally: predictions.PredictionCounts) -> None:
        """Nothing is left to be written."""


class Html:
    """One page with everything in it; the counts stand at its end, where they are known."""

    thumbnails = True

    def __init__(self, file: TextIO, facts: Mapping[str, str], top: int):
        """Writes the head of the page.

        Args:
            file: Where to.
            facts: What is known of the model, for the header.
            top: Classes a row; the rows know them.
        """
        del top
        self._file = file
        title = escape(f"Pictures classified by {facts['model']}")
        file.write(
            f"{_HEAD}<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            f'<header>\n<h1>{title}</h1>\n{_list(facts)}<p><a href="#counts">Counts</a></p>\n'
            "</header>\n<ol>\n"
        )

    def add(self, row: predictions.Prediction) -> None:
        """Writes a row."""
        image = ""
        if row.thumbnail:
            content = base64.b64encode(row.thumbnail).decode()
            image = f'<img src="data:image/jpeg;base64,{content}" alt="" loading="lazy">'
        label = "abstains" if row.abstained else row.label
        kind = "label" if row.label is not None else "label none"
        self._file.write(
            f'<li><div class="picture">{image}</div><div class="answer">'
            f'<p class="path"><bdi>{escape(row.path)}</bdi></p>'
            f'<p class="{kind}"><bdi>{escape(label or "no answer")}</bdi></p>'
            + (f'<p class="reason"><bdi>{escape(row.reason)}</bdi></p>' if row.reason else "")
            + "".join(_bar(name, share) for name, share in row.top)
            + "</div></li>\n"
        )

    def end(self, tally: predictions.PredictionCounts) -> None:
        """Writes the counts."""
        counts = {
            "pictures": f"{tally.rows:,}",
            "could not be read": f"{tally.unread:,}",
            "abstained": f"{tally.abstained:,}",
        }
        self._file.write(
            f'</ol>\n<footer id="counts">\n{_list(counts)}</footer>\n</body>\n</html>\n'
        )


WRITERS = {"csv": Csv, "jsonl": JsonLines, "html": Html}


def _list(facts: Mapping[str, str]) -> str:
    pairs = "".join(
        f"<dt>{escape(k)}</dt><dd><bdi>{escape(v)}</bdi></dd>" for k, v in facts.items()
    )
    return f"<dl>{pairs}</dl>\n"


def _bar(name: str, share: float) -> str:
    percent = f"{100 * share:.1f}"
    return (
        f'<div class="class"><bdi>{escape(name)}</bdi><span>{percent} %</span>'
        f'<div class="bar"><div style="width:{percent}%"></div></div></div>'
    )


# The policy forbids whatever is not in the page, should a name ever get past `escape`.
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
"""

_STYLE = """
:root { color-scheme: light dark;
  --ink: #1a1b1f; --faint: #5b5d66; --paper: #ffffff; --line: #d9dae0; --bar: #2c6bd6; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e7e8ec; --faint: #a3a5af; --paper: #15161a; --line: #33353d; --bar: #6ea0f5; } }
* { box-sizing: border-box; margin: 0; padding: 0; }
body { max-width: 56rem; margin: 0 auto; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.25rem; margin-bottom: .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt, .path, .reason { color: var(--faint); font-size: .875rem; }
a { color: var(--bar); }
ol { list-style: none; margin: 1rem 0; }
li { display: flex; gap: 1rem; padding: .75rem 0; border-top: 1px solid var(--line);
  content-visibility: auto; contain-intrinsic-size: auto 7.5rem; }
.picture { flex: 0 0 96px; height: 96px; }
.picture img { width: 96px; height: 96px; object-fit: contain; }
.answer { flex: 1; min-width: 0; }
.path { white-space: pre-wrap; }
.label { font-weight: 600; }
.none { color: var(--faint); font-style: italic; }
.class { display: grid; grid-template-columns: 1fr max-content; gap: 0 1rem; max-width: 28rem;
  font-size: .875rem; }
.bar { grid-column: 1 / 3; height: .375rem; border-radius: .2rem; background: var(--line); }
.bar div { height: 100%; border-radius: .2rem; background: var(--bar); }
footer { border-top: 1px solid var(--line); padding: 1rem 0; }
"""


# --- The output -----------------------------------------------------------------------------------


@contextlib.contextmanager
def output(to: str, paths: Sequence[str]) -> Iterator[tuple[TextIO, tuple[str, ...]]]:
    """Opens what is to be written: a file that appears whole or not at all, or standard output.

    Args:
        to: The file; empty for standard output.
        paths: What is to be read, and not to be written over.

    Yields:
        The open file, and real paths of files that belong to it.

    Raises:
        UserError: It cannot be written, or should not.
    """
    form = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    if to:
        _check(to, paths)
        with _replacing(to, form) as opened:
            yield opened
        return
    try:
        sys.stdout.reconfigure(**form)
        yield sys.stdout, ()
        sys.stdout.flush()
    except OSError as error:
        # Python flushes at its end once more, and would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise SystemExit(141) from None  # as a shell says of SIGPIPE: `head` has seen enough
        raise errors.UserError(
            f"Standard output cannot be written ({error.strerror}). Give --to=FILE elsewhere."
        ) from error


@contextlib.contextmanager
def _replacing(to: str, form: dict[str, str]) -> Iterator[tuple[TextIO, tuple[str, ...]]]:
    real = os.path.realpath(to)  # a link stays one
    folder, name = os.path.split(real)
    partial = os.path.join(folder, f".{name}.{os.getpid()}.partial")
    try:
        with open(partial, "w", **form) as file:
            yield file, (real, partial)
        os.replace(partial, real)
    except OSError as error:
        raise errors.UserError(
            f"--to={to} cannot be written ({error.strerror}). Give a file in a folder in which "
            "you can write."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(partial)


def _check(to: str, paths: Sequence[str]) -> None:
    """Refuses to write over a picture or anything else to be read, and into what is no file."""
    what = ""
    if image_decoding.names_format(pathlib.PurePath(to)):
        what = "has the name of a picture"
    elif os.path.exists(to):
        what = "" if os.path.isfile(to) else "is there, and no file"
        if any(os.path.exists(path) and os.path.samefile(path, to) for path in paths):
            what = "is among the paths to read"
        with contextlib.suppress(image_decoding.Unusable):
            what = f"is a picture ({image_decoding.read_header(to).format})"
    if what:
        raise errors.UserError(f"--to={to} {what}. Give another name, say answers.csv.")
