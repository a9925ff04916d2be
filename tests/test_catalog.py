"""The table of methods is made from their files, and the README has the current one."""

import pathlib
import re

from tf_ssgan import catalog, methods

README = pathlib.Path(__file__).parent.parent / "README.md"


def test_every_method_has_a_row_with_its_source():
    rows = catalog.methods_table().splitlines()[2:]
    assert len(rows) == len(methods.names())
    for name, row in zip(methods.names(), rows, strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[0] == f"`{name}`" and cells[1] == methods.find(name).PAPER and cells[2]


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
    assert "has an old table" in capsys.readouterr().out
    assert catalog.main(["--write", str(path)]) == 0
    assert catalog.main(["--check", str(path)]) == 0
    assert path.read_text().startswith("a\n") and path.read_text().endswith("b\n")
