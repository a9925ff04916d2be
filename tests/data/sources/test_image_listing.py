"""Folders and tables: which image files there are, of which class, and for what use."""

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
    table(tmp_path / "t.csv", f"path,label\n{rows}")
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


def table(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return f"csv:{path}"


def test_a_table_lists_files_with_labels_and_splits(tmp_path):
    name = table(
        tmp_path / "t.csv",
        "label,split,path\nb,,1.png\na,train,sub/2.png\n,,3.png\na,test,4.png\na,unlabeled,5.png\n",
        "utf-8-sig",  # as written by spreadsheet programs
    )
    listing = image_listing.list_images(name)
    assert [(e.name, e.part, e.label) for e in listing.entries] == [
        ("sub/2.png", "labeled", 0),
        ("1.png", "labeled", 1),
        ("3.png", "unlabeled", -1),
        ("5.png", "unlabeled", -1),
        ("4.png", "test", 0),
    ]
    assert listing.classes == ("a", "b") and listing.entries[0].path == str(tmp_path / "sub/2.png")


def test_a_table_may_lack_the_split_and_names_may_need_quotes(tmp_path):
    name = table(tmp_path / "t.csv", 'path,label\n"a, b.png",ü\n/abs/x.png, v \n')
    listing = image_listing.list_images(name)
    assert [e.name for e in listing.entries] == ["/abs/x.png", "a, b.png"]
    assert listing.classes == ("v", "ü") and listing.entries[0].path == "/abs/x.png"


@pytest.mark.parametrize(
    "text, message",
    [
        ("file,label\nx,a\n", "lacks the column path; its first line is 'file,label'"),
        ("", "lacks the column path and label"),
        ("path,label\n,a\n", "line 2: the column path is empty"),
        (
            "path,label,split\n1,a,\n2,b,val\n",
            "line 3: split 'val' is unknown. Expected train, test",
        ),
        ("path,label,split\n1,a,\n2,,test\n", "line 3: this test image has no label"),
        ("path,label,split\n1,a,\n2,b,\n3,c,test\n", "class 'c' occurs in test rows only"),
        ("path,label\n1,a\n", r"found 1 classes with images \(a\)"),
    ],
)
def test_wrong_tables_are_refused(tmp_path, text, message):
    refused(table(tmp_path / "t.csv", text), message)


def test_a_missing_table_is_refused(tmp_path):
    refused(f"csv:{tmp_path}/t.csv", "cannot be read .No such file")
    refused(f"csv:{tmp_path}", "cannot be read .Is a directory")
