"""Folders: which image files there are, of which class, and for what use."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import image_listing


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def refused(name, message, data_dir=None):
    with pytest.raises(errors.UserError, match=message) as caught:
        image_listing.list_images(name, data_dir)
    assert "\n" not in str(caught.value)


def test_relative_folders_are_in_data_dir(tmp_path, monkeypatch):
    touch(tmp_path, "pets/a/1.png", "pets/b/1.png")
    assert len(image_listing.list_images("folder:pets", str(tmp_path)).entries) == 2
    assert len(image_listing.list_images(f"folder:{tmp_path}/pets", "/nowhere").entries) == 2
    monkeypatch.chdir(tmp_path)
    assert len(image_listing.list_images("folder:pets").entries) == 2


def test_fewer_than_two_classes_are_refused(tmp_path):
    refused("folder:", "'.' is not a folder|is not a folder")
    refused(f"folder:{tmp_path}/none", "is not a folder. Expected DIR/labeled/<class>")
    refused(
        f"folder:{tmp_path}", r"found 0 classes with images \(none\), but at least two are needed"
    )
    touch(tmp_path, "labeled/a/1.png")
    refused(f"folder:{tmp_path}", r"found 1 classes with images \(a\)")


@pytest.mark.parametrize("form", ["folder", "csv"])
def test_classes_that_may_be_one_or_none_are_named(tmp_path, form):
    classes = ["Cat", "cat", "0", "0.0", "c\u0430t", "dog", "nan"]
    touch(tmp_path, *(f"{kind}/1.png" for kind in classes))
    rows = "".join(f"{kind}/1.png,{kind}\n" for kind in classes)
    (tmp_path / "t.csv").write_text(f"path,label\n{rows}", encoding="utf-8")
    name = f"folder:{tmp_path}" if form == "folder" else f"csv:{tmp_path}/t.csv"
    alike, nothing = (r for r in image_listing.list_images(name).remarks if r.level == "warning")
    assert alike.text.startswith("2 name(s) of classes are written in several ways")
    assert alike.names == ("'0' and '0.0'", "'Cat' and 'cat' and 'c\\u0430t'")
    assert nothing.text.startswith("1 class(es) are named like a missing value")
    assert nothing.names == ("nan",)


def test_classes_of_different_names_give_no_remark(tmp_path):
    touch(tmp_path, "cat/1.png", "cats/1.png", "1/1.png", "10/1.png", "nano/1.png")
    assert image_listing.list_images(f"folder:{tmp_path}").remarks == ()


def test_names_that_no_file_system_accepts_are_refused(tmp_path):
    refused("folder:" + "x" * 300, "cannot be read .File name too long")
    refused("folder:a\0b", "is not a folder|cannot be read")
    refused("csv:a\0b", "cannot be read .*null byte")
