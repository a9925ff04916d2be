"""Prints tables of all methods, which are made from their files: `python -m tf_ssgan.catalog`.

`--write README.md` writes the tables between the marks in that file. `--check README.md` ends with
exit status 1 if that file does not have the current tables.
"""

import ast
import pathlib
import re
import sys

from tf_ssgan import methods
from tf_ssgan.common import output
from tf_ssgan.common.plain_text import shell_word

BEGIN, END = "<!-- methods: begin -->", "<!-- methods: end -->"


def methods_tables() -> str:
    """A Markdown table of each group of methods, below the name of the group.

    The methods' files are read as text, which needs no TensorFlow.
    """
    parts = [f"**{group}**\n\n{_table(names)}" for group, names in methods.by_group().items()]
    return "\n\n".join(parts)


def _table(names: tuple[str, ...]) -> str:
    """A Markdown table: name, source, and the first line of the docstring of each method."""
    rows = ["| `--method=` | from | what it is |", "| --- | --- | --- |"]
    for name in names:
        tree = ast.parse(methods.file(name).read_text(encoding="utf-8"))
        summary = (ast.get_docstring(tree) or "").splitlines()[0].rstrip(".")
        rows.append(f"| `{name}` | {_paper(tree)} | {summary} |")
    return "\n".join(rows)


def update_readme(text: str) -> str:
    """Returns the text of a README with the current tables between the marks."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{methods_tables()}\n{END}", text)


def _paper(tree: ast.Module) -> str:
    """The constant PAPER of a method's file; empty if it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PAPER":
            return "".join(
                c.value
                for c in ast.walk(node.value)
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            )
    return ""


def main(arguments: list[str]) -> int:
    """Prints, writes or checks the tables; returns the exit status."""
    if not arguments:
        print(methods_tables())
        return 0
    readme = pathlib.Path(arguments[1])
    text = readme.read_text()
    if arguments[0] == "--write":
        readme.write_text(update_readme(text))
    elif update_readme(text) != text or BEGIN not in text:
        command = f"python -m tf_ssgan.catalog --write {shell_word(readme)}"
        print(f"{readme} has old tables of methods: {command}")
        return 1
    return 0


if __name__ == "__main__":
    with output.may_be_lost():
        sys.exit(main(sys.argv[1:]))
