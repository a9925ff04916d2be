"""Files that programs put among a person's files."""

import pytest

from tf_ssgan.common import system_files


@pytest.mark.parametrize("name", [".git", ".DS_Store", "._1.png", ".@__thumb", "...", ".x.PNG"])
def test_a_period_hides_a_file(name):
    assert system_files.kind(name) == system_files.HIDDEN


@pytest.mark.parametrize(
    "name, expected",
    [("@eaDir", "@eaDir"), ("@EADIR", "@eaDir"), ("$Recycle.Bin", "$RECYCLE.BIN"),
     ("system volume information", "System Volume Information"), ("thumbs.DB", "Thumbs.db"),
     ("__MACOSX", "__MACOSX"), ("@tmp", "@tmp"), ("~SNAPSHOT", "~snapshot"),
     ("Network Trash Folder", "Network Trash Folder"), ("Recycler", "RECYCLER"),
     ("SYNOPHOTO_THUMB_XL.jpg", "SYNOPHOTO_THUMB"), ("lost+found", "lost+found"), ("#recycle", "#recycle")],
)  # fmt: skip
def test_names_that_programs_give_in_any_case(name, expected):
    assert system_files.kind(name) == expected


@pytest.mark.parametrize("name", ["cat", "lost", "recycle", "a.b", "@home", "thumbs", "icon", ""])
def test_other_names_are_a_persons(name):
    assert system_files.kind(name) == ""
