"""The table of methods, made from their files: `python -m tf_ssgan.catalog`.

`python -m tf_ssgan.catalog --write README.md` puts it between the marks of that file.
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
                c.value for c in ast.walk(node.value)
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            )
    return ""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        readme = pathlib.Path(sys.argv[2])
        readme.write_text(written(readme.read_text()))
    else:
        print(table())
