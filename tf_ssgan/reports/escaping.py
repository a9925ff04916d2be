"""Names and reasons that come from files, as text of a report: nothing in them is an instruction.

A class, a folder or a message in a file may be named by anyone: as a tag of HTML, a link, a command
of LaTeX, a formula of a spreadsheet, or with escape sequences of a terminal.
"""

import pathlib
import re
from typing import Any

from tf_ssgan.common import plain_text

_MARKDOWN = re.compile(r"([\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_]))")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLOCK = re.compile(r"([0-9]{1,9}(?=[.)](\s|$))|(?=[#+=-]))")  # begins a heading, a list or a rule
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "−": "$-$", "–": "--", "<": "$<$", ">": "$>$", "|": "$|$",
    "[": "{[}", "*": "{*}",  # behind \\ and \midrule these would be arguments
}  # fmt: skip


def markdown(text: Any) -> str:
    """Text in one line, all of whose characters a reader of the Markdown sees as they are."""
    line = _MARKDOWN.sub(r"\\\1", plain_text.escape(str(text)))
    return "".join(_HTML.get(character, character) for character in line)


def markdown_block(text: Any) -> str:
    """Text as `markdown`, at the start of a line or of an item of a list."""
    line = markdown(text)
    return _BLOCK.sub(r"\g<0>\\", line, count=1) if _BLOCK.match(line) else line


def markdown_path(path: Any) -> str:
    """A path in a cell of a table: as code, or as text if it may end the code or be HTML."""
    line = plain_text.escape(str(path))
    if not line.strip() == line != "" or re.search(r"[`<>&]|\\.*\||\|.*\\", line):
        return markdown(path)
    return f"`{line.replace('|', chr(92) + '|')}`"


def markdown_code(text: str) -> str:
    """Text in one line as a block of code, that nothing in it can end."""
    return f"    {plain_text.escape(text)}"


def latex(text: str) -> str:
    """Text in one line with the special characters of LaTeX escaped."""
    line = plain_text.escape(text)
    return "".join(_LATEX.get(character, character) for character in line)


def csv_cell(value: Any) -> Any:
    """A value of a cell; a text that a spreadsheet would take for a formula begins with `'`.

    Numbers stay, and texts that are numbers.
    """
    if not isinstance(value, (str, pathlib.PurePath)):
        return value
    text = str(value)
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula."""
    is_number = re.fullmatch(r"[-+]?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?", text) is not None
    return text.startswith(_FORMULA) and not is_number
