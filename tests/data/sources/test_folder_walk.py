"""Folders below a folder: links, circles, what is passed over, and what cannot be read."""

import os

import pytest

from tf_ssgan.data.sources.folder_walk import FolderWalk


@pytest.fixture
def root(tmp_path):
    """A folder, to be filled by `fill`."""
    (tmp_path / "d").mkdir()
    return tmp_path / "d"


def fill(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def texts(walk):
    return {remark.text: remark.names for remark in walk.remarks()}


def test_contents_are_sorted_and_links_are_last(root):
    fill(root, "b.png", "a.png", "c/1.png", "z/1.png")
    (root / "a").symlink_to("z")
    assert FolderWalk(root).contents("") == (["c", "z", "a"], ["a.png", "b.png"])
    assert FolderWalk(root).contents("c") == ([], ["c/1.png"])


def test_files_of_a_folder_come_before_those_of_its_folders(root):
    fill(root, "cat/b/2.png", "cat/a/x/1.png", "cat/a/0.png", "cat/z.png", "dog/1.png")
    walk = FolderWalk(root)
    assert walk.files_below("cat") == (
        ["cat/z.png", "cat/a/0.png", "cat/a/x/1.png", "cat/b/2.png"],
        ["cat/a", "cat/b"],
    )
    assert walk.path("cat/z.png") == str(root / "cat/z.png") and not texts(walk)


def test_links_to_folders_are_followed(root, tmp_path):
    fill(tmp_path, "disk/pets/1.png", "disk/more/2.png")
    fill(root, "cat/0.png")
    (root / "cat/more").symlink_to(tmp_path / "disk/more")
    (root / "dog").symlink_to(tmp_path / "disk/pets")
    walk = FolderWalk(root)
    assert walk.files_below("cat")[0] == ["cat/0.png", "cat/more/2.png"]
    assert walk.files_below("dog")[0] == ["dog/1.png"] and not texts(walk)


@pytest.mark.parametrize("target", ["d", "d/labeled", "d/labeled/cat", ".", "/"])
def test_circles_are_named_and_not_entered(root, tmp_path, target):
    fill(root, "labeled/cat/0.png", "labeled/dog/0.png")
    (root / "labeled/cat/up").symlink_to(tmp_path / target)
    walk = FolderWalk(root)
    assert walk.files_below("labeled/cat")[0] == ["labeled/cat/0.png"]
    ((text, names),) = texts(walk).items()
    assert text.startswith("1 folder(s) are read already") and names == ("labeled/cat/up",)


def test_a_circle_behind_a_link_is_not_entered(root, tmp_path):
    fill(tmp_path, "disk/cat/0.png", "disk/dog/0.png")
    (root / "cat").symlink_to(tmp_path / "disk/cat")
    (tmp_path / "disk/cat/up").symlink_to("..")
    assert FolderWalk(root).files_below("cat")[0] == ["cat/0.png"]


def test_folders_that_link_to_each_other_are_read_once(root):
    """Followed each time, 12 of them would be read millions of times."""
    for number in range(12):
        fill(root, f"cat/{number}/1.png")
    for one in range(12):
        for other in range(12):
            (root / f"cat/{one}/to{other}").symlink_to(root / f"cat/{other}")
    assert len(FolderWalk(root).files_below("cat")[0]) == 12


def test_a_link_to_itself_and_one_to_nowhere_are_files_that_cannot_be_read(root):
    (root / "self").symlink_to("self")
    (root / "nowhere").symlink_to("gone")
    assert FolderWalk(root).contents("") == ([], ["nowhere", "self"])


def test_what_programs_made_is_counted_by_kind(root):
    fill(root, "cat/1.png", "cat/@eaDir/1.png/S.jpg", "cat/@eaDir/1.png/M.jpg", "cat/Thumbs.db",
         "__MACOSX/cat/._1.png", "$RECYCLE.BIN/a", "$recycle.bin/b", "lost+found/c/d/e")  # fmt: skip
    walk = FolderWalk(root)
    assert walk.contents("") == (["cat"], [])
    assert walk.files_below("cat") == (["cat/1.png"], [])
    ((text, names),) = texts(walk).items()
    assert text == (
        "7 file(s) that programs made are not read "
        "($RECYCLE.BIN 2, @eaDir 2, Thumbs.db 1, __MACOSX 1, lost+found 1)"
    )
    assert "cat/@eaDir/ (2 files)" in names and "cat/Thumbs.db" in names


def test_hidden_files_and_folders_are_named(root):
    fill(root, ".DS_Store", ".git/objects/1", ".git/HEAD", "cat/._1.png", "cat/.thumbnails/1.png")
    walk = FolderWalk(root)
    walk.contents("")
    assert walk.files_below("cat") == ([], [])
    assert texts(walk) == {
        "4 hidden file(s) or folder(s) are not read": (
            ".DS_Store", ".git/ (2 files)", "cat/._1.png", "cat/.thumbnails/ (1 file)")
    }  # fmt: skip


def test_an_empty_folder_of_a_system_is_no_news(root):
    (root / "lost+found").mkdir()
    walk = FolderWalk(root)
    assert walk.contents("") == ([], []) and not texts(walk)


def test_all_folders_that_cannot_be_read_are_named(root, monkeypatch):
    fill(root, "cat/a/1.png", "cat/b/1.png", "cat/c/1.png", "cat/lost+found/1.png")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith(("/a", "/c", "+found")):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    walk = FolderWalk(root)
    assert walk.unreadable() == ""
    assert walk.files_below("cat")[0] == ["cat/b/1.png"]
    assert walk.unreadable() == (
        "2 folder(s) cannot be read: cat/a (Permission denied); cat/c (Permission denied)"
    )


def test_a_folder_that_is_too_deep_is_unreadable(root):
    walk = FolderWalk(root)
    assert walk.files_below("x" * 5000) == ([], [])
    assert "File name too long" in walk.unreadable() and len(walk.unreadable()) < 250


def test_odd_names_stay_as_they_are(root):
    names = ["a\nb.png", os.fsdecode(b"\xff.png"), "é.png", "e\u0301.png", "'.png"]
    fill(root, *(f"cat/{name}" for name in names))
    assert FolderWalk(root).files_below("cat")[0] == sorted(f"cat/{name}" for name in names)
