"""Folders: which image files there are, of which class, and for what use."""

import os

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import image_listing


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def listed(root):
    return [(e.name, e.part, e.label) for e in image_listing.list_images(f"folder:{root}").entries]


def refused(name, message, data_dir=None):
    with pytest.raises(errors.UserError, match=message) as caught:
        image_listing.list_images(name, data_dir)
    assert "\n" not in str(caught.value)


def test_labeled_unlabeled_and_test(tmp_path):
    touch(tmp_path, "labeled/dog/2.png", "labeled/dog/1.png", "labeled/cat/deep/er/1.png")
    touch(tmp_path, "unlabeled/some/1.jpg", "unlabeled/0.png", "test/dog/1.png", "notes.txt")
    assert listed(tmp_path) == [
        ("labeled/cat/deep/er/1.png", "labeled", 0),
        ("labeled/dog/1.png", "labeled", 1),
        ("labeled/dog/2.png", "labeled", 1),
        ("unlabeled/0.png", "unlabeled", -1),
        ("unlabeled/some/1.jpg", "unlabeled", -1),
        ("test/dog/1.png", "test", 1),
    ]
    assert image_listing.list_images(f"folder:{tmp_path}").classes == ("cat", "dog")


def test_a_folder_of_classes_without_parts(tmp_path):
    touch(tmp_path, "b/1.png", "a/1.png", "readme.md")
    assert listed(tmp_path) == [("a/1.png", "labeled", 0), ("b/1.png", "labeled", 1)]
    assert image_listing.list_images(f"folder:{tmp_path}").stray == ("readme.md",)


def test_hidden_and_stray_files_and_empty_folders_are_skipped(tmp_path):
    touch(tmp_path, "a/1.png", "b/1.png", "a/.hidden.png", "a/.git/x.png", "a/Thumbs.db", ".x")
    (tmp_path / "c").mkdir()
    listing = image_listing.list_images(f"folder:{tmp_path}")
    assert listing.hidden == (".x", "a/.hidden.png") and listing.stray == ("a/Thumbs.db",)
    assert listing.empty == ("c",) and listing.classes == ("a", "b")
    assert len(listing.entries) == 2


def test_names_may_contain_any_characters(tmp_path):
    touch(tmp_path, "große Katzen/ein Bild, grün.png", "犬/1.png")
    with open(os.fsencode(tmp_path / "犬") + b"/\xff\xfe.png", "wb"):
        pass
    names = [name for name, *_ in listed(tmp_path)]
    assert names[0] == "große Katzen/ein Bild, grün.png"
    assert [os.fsencode(name) for name in names[1:]] == [
        "犬/1.png".encode(),
        "犬/".encode() + b"\xff\xfe.png",
    ]


def test_relative_folders_are_in_data_dir(tmp_path, monkeypatch):
    touch(tmp_path, "pets/a/1.png", "pets/b/1.png")
    assert len(image_listing.list_images("folder:pets", str(tmp_path)).entries) == 2
    assert len(image_listing.list_images(f"folder:{tmp_path}/pets", "/nowhere").entries) == 2
    monkeypatch.chdir(tmp_path)
    assert len(image_listing.list_images("folder:pets").entries) == 2


def test_folders_with_another_layout_are_refused(tmp_path):
    refused("folder:", "'.' is not a folder|is not a folder")
    refused(f"folder:{tmp_path}/none", "is not a folder. Expected DIR/labeled/<class>")
    refused(
        f"folder:{tmp_path}", r"found 0 classes with images \(none\), but at least two are needed"
    )
    touch(tmp_path, "labeled/a/1.png")
    refused(f"folder:{tmp_path}", r"found 1 classes with images \(a\)")
    touch(tmp_path, "labeled/b/1.png", "test/zebra/1.png")
    refused(f"folder:{tmp_path}", "test/ has images of zebra, but labeled/ has none")


def test_names_that_no_file_system_accepts_are_refused(tmp_path):
    refused("folder:" + "x" * 300, "cannot be read .File name too long")
    refused("folder:a\0b", "is not a folder|cannot be read")
    refused("csv:a\0b", "cannot be read .*null byte")


def test_test_without_labeled_is_refused(tmp_path):
    touch(tmp_path, "test/a/1.png", "a/1.png", "b/1.png")
    refused(f"folder:{tmp_path}", "has test/ but no labeled/")
