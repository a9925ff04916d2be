"""Which files paths, folders, patterns and standard input stand for."""

import io
import os
import shutil
import sys

import pytest

from export import input_files
from tf_ssgan.common import errors


def listed(*paths, skipped=()):
    return [(row.path, row.reason) for row in input_files.list_files(map(str, paths), skipped)]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder `pics` in the working folder."""
    for name in ("b.png", "a.png", ".h.png", "sub/d.png", "sub/c.jpg", ".cache/e.png"):
        (tmp_path / "pics" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pics" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pics"


def test_folders_are_walked_by_name_and_hidden_ones_not_entered(tree):
    files = [("pics/.cache", input_files.HIDDEN_FOLDER), ("pics/.h.png", input_files.HIDDEN),
             ("pics/a.png", None), ("pics/b.png", None),
             ("pics/sub/c.jpg", None), ("pics/sub/d.png", None)]  # fmt: skip
    assert listed("pics") == listed("pics/") == files
    assert listed("pics/.cache", "pics/.h.png") == [
        ("pics/.cache/e.png", None),
        ("pics/.h.png", None),
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("pics/*.png", ["a.png", "b.png"]),
        ("pics/**/*.png", ["a.png", "b.png", "sub/d.png"]),
        ("pics/**/*", ["a.png", "b.png", "sub/c.jpg", "sub/d.png"]),
        ("pics/[bs]*", ["b.png", "sub/c.jpg", "sub/d.png"]),
        ("p*s/**", [".cache", ".h.png", "a.png", "b.png", "sub/c.jpg", "sub/d.png"]),
    ],
)
def test_patterns_are_expanded_once(tree, pattern, names):
    assert [path for path, _ in listed(pattern)] == [f"pics/{name}" for name in names]


def test_a_pattern_without_a_match_and_a_file_named_like_a_pattern(tree):
    (tree / "[1]*.png").touch()
    assert listed("pics/[1]*.png") == [("pics/[1]*.png", None)]
    assert listed("pics/*.gif") == [("pics/*.gif", input_files.NO_MATCH)]


def test_circles_of_folders_are_reported_and_not_entered(tree):
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "self").symlink_to("self")
    files = listed("pics")
    assert files[-1] == ("pics/sub/up", input_files.LOOP) and len(files) == 8
    assert ("pics/self", None) in files  # opening it fails
    assert [path for path, _ in listed("pics/**/*.png")] == [
        "pics/a.png",
        "pics/b.png",
        "pics/sub/d.png",
    ]


def test_links_to_folders_elsewhere_are_followed(tree, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "f.png").touch()
    (tree / "sub" / "link").symlink_to(tmp_path / "other")
    assert listed("pics")[-1] == ("pics/sub/link/f.png", None)


def test_what_programs_made_is_one_row_with_the_reason(tree):
    for name in ("@eaDir/a.png/SYNO.png", "sub/@EADIR/x.png", "Thumbs.db", "sub/lost+found/y.png"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    made = [("pics/@eaDir", "was made by a program, not read"),
            ("pics/Thumbs.db", "was made by a program, not read"),
            ("pics/sub/@EADIR", "was made by a program, not read"),
            ("pics/sub/lost+found", "was made by a program, not read")]  # fmt: skip
    for given in ("pics", "pics/**/*"):
        rows = listed(given)
        assert sorted(row for row in rows if row[1] == input_files.MADE_BY_PROGRAM) == made
        assert [path for path, reason in rows if not reason] == [
            "pics/a.png", "pics/b.png", "pics/sub/c.jpg", "pics/sub/d.png"]  # fmt: skip
    assert listed("pics/**/*.png")[0] == made[0] and len(listed("pics/**/*.png")) == 6
    for given in ("pics/sub/@EADIR", "pics/sub/@EADIR/*.png"):  # is asked for by its name
        assert listed(given) == [("pics/sub/@EADIR/x.png", None)]


def test_lines_of_standard_input_are_paths_in_bytes(tree, monkeypatch):
    lines = io.TextIOWrapper(io.BytesIO(b"pics/a.png\r\n \n/no/\xff.png\npics/sub"))
    monkeypatch.setattr(sys, "stdin", lines)
    assert [path for path, _ in listed("pics/b.png", "-")] == [
        "pics/b.png", "pics/a.png", os.fsdecode(b"/no/\xff.png"), "pics/sub/c.jpg", "pics/sub/d.png",
    ]  # fmt: skip


def test_files_that_are_being_written_are_left_out(tree, tmp_path):
    (tmp_path / "link").symlink_to(tree)
    skipped = [str(tree / "a.png")]
    for folder in ("pics", "link"):
        assert f"{folder}/a.png" not in [path for path, _ in listed(folder, skipped=skipped)]
    assert listed("pics/a.png", skipped=skipped) == []


def test_a_file_that_does_not_exist_is_listed(tmp_path):
    assert listed(tmp_path / "missing.png") == [(str(tmp_path / "missing.png"), None)]


class Endless(io.RawIOBase):
    """A line without an end; `taken` counts its bytes."""

    taken = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.taken += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_a_line_without_an_end_is_refused_and_not_stored(monkeypatch):
    raw = Endless()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(raw)))
    with pytest.raises(
        errors.UserError, match="a line of more than 65,535 bytes, which is no path"
    ):
        listed("-")
    assert raw.taken < 1_000_000


def test_odd_lines_of_standard_input_are_rows(monkeypatch):
    lines = [b"/no/\xff.png", b"a\0b", b"/" + b"x" * 5000, b"[", b"**[", b"\x1b[2J", b"x" * 65_534]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines))))
    assert [path for path, _ in listed("-")] == list(map(os.fsdecode, lines))


def test_a_closed_standard_input_is_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(errors.UserError, match="Standard input is closed"):
        listed("-")


def test_doubled_patterns_match_the_same_files_in_no_more_time(tmp_path):
    deep = tmp_path.joinpath(*"abcdefghijkl")
    deep.mkdir(parents=True)
    (deep / "x.png").touch()
    once = listed(tmp_path / "**/x.png")
    assert once == listed(tmp_path / ("**/" * 12 + "x.png")) == [(str(deep / "x.png"), None)]


def test_a_folder_that_vanishes_while_it_is_listed_is_a_row(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    rows = input_files.list_files([str(tmp_path)])
    assert next(rows).path.endswith("a/1.png")
    shutil.rmtree(tmp_path / "b")
    assert [row.reason for row in rows] == ["cannot be read: No such file or directory"]
