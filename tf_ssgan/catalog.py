"""The table of methods, made from their files: `python -m tf_ssgan.catalog`.

`--write README.md` puts it between the marks of that file, `--check README.md` says by its exit
status whether it is there.
"""

import ast
import pathlib
import re
import sys

from tf_ssgan import methods

BEGIN, END = "<!-- methods: begin -->", "<!-- methods: end -->"


def table() -> str:
    """A Markdown table: flag value, source, and what the method is in a sentence.

    It is read from the files' text, so it needs no TensorFlow.
    """
    rows = ["| `--method=` | from | what it is |", "| --- | --- | --- |"]
    for name in methods.names():
        path = pathlib.Path(methods.__file__).with_name(f"{name}.py")
        tree = ast.parse(path.read_text())
        said = (ast.get_docstring(tree) or "").splitlines()[0].rstrip(".")
        rows.append(f"| `{name}` | {_paper(tree)} | {said} |")
    return "\n".join(rows)


def written(text: str) -> str:
    """A README with the table between its marks."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{table()}\n{END}", text)


def _paper(tree: ast.Module) -> str:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PAPER":
            return "".join(
                c.value
                for c in ast.walk(node.value)
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            )
    return ""


def main(arguments: list[str]) -> int:
    """Prints, writes or checks the table; the exit status."""
    if not arguments:
        print(table())
        return 0
    readme = pathlib.Path(arguments[1])
    text = readme.read_text()
    if arguments[0] == "--write":
        readme.write_text(written(text))
    elif written(text) != text or BEGIN not in text:
        print(f"{readme} is behind the methods: python -m tf_ssgan.catalog --write {readme}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
