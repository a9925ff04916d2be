"""The tables of methods are made from their files, and the README has the current ones."""

import pathlib
import re

from tf_ssgan import catalog, methods

README = pathlib.Path(__file__).parent.parent / "README.md"


def tables():
    """Group -> the cells of its rows, from the Markdown text."""
    read = {}
    for part in re.split(r"^\*\*", catalog.methods_tables(), flags=re.MULTILINE)[1:]:
        heading, empty, *rows = part.rstrip().splitlines()
        assert heading.endswith("**") and not empty
        assert rows[:2] == ["| `--method=` | from | what it is |", "| --- | --- | --- |"]
        cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]
        read[heading.removesuffix("**")] = cells
    return read


def test_every_method_has_a_row_with_its_source_in_the_table_of_its_group():
    found = {row[0]: (group, *row[1:]) for group, rows in tables().items() for row in rows}
    assert sum(map(len, tables().values())) == len(found) == len(methods.names())
    for name in methods.names():
        group, paper, summary = found[f"`{name}`"]
        assert (group, paper) == (methods.find(name).GROUP, methods.find(name).PAPER) and summary


def test_groups_are_in_their_order_and_methods_in_that_of_their_names():
    assert tuple(tables()) == methods.GROUPS
    for rows in tables().values():
        names = [row[0].strip("`") for row in rows]
        assert names == sorted(names)


def test_the_readme_is_up_to_date():
    assert catalog.main(["--check", str(README)]) == 0


def test_the_links_of_the_readme_lead_to_files():
    text = README.read_text()
    assert "@@" not in text
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or (README.parent / target).exists(), target


def test_a_readme_with_an_old_table_is_reported_and_updated(tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(f"a\n{catalog.BEGIN}\nold\n{catalog.END}\nb\n")
    assert catalog.main(["--check", str(path)]) == 1
    assert "has old tables" in capsys.readouterr().out
    assert catalog.main(["--write", str(path)]) == 0
    assert catalog.main(["--check", str(path)]) == 0
    assert path.read_text().startswith("a\n") and path.read_text().endswith("b\n")
