"""Folders of classes: their names, and what the folders in them are named."""

import os
import unicodedata

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import class_folders
from tf_ssgan.data.sources.folder_walk import FolderWalk


def scan(root, *files):
    """Makes files in folders of classes and lists them."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    walk = FolderWalk(root)
    return class_folders.scan(walk, walk.contents("")[0])


def refusal(do, *args):
    with pytest.raises(errors.UserError) as caught:
        do(*args)
    assert "\n" not in str(caught.value) and str(caught.value).isprintable()
    return str(caught.value)


def remarks(kinds):
    names = [kind.name for kind in kinds]
    return [(r.level, r.text, r.names) for r in class_folders.remarks(kinds, names)]


def test_names_are_text_and_their_order_is_that_of_the_text(tmp_path):
    latin, accent = os.fsdecode(b"\xc4"), unicodedata.normalize("NFD", "é")  # Ä in Latin-1
    kinds = scan(tmp_path, f"{latin}/1.png", f"{accent}/1.png", "f/1.png", "犬/1.png")
    assert [kind.name for kind in kinds] == ["f", "Ä", "é", "犬"]
    assert [kind.folder for kind in kinds] == ["f", latin, accent, "犬"]
    assert kinds[1].files == [f"{latin}/1.png"] and os.path.exists(tmp_path / kinds[1].files[0])
    ((level, text, names),) = remarks(kinds)
    assert level == "note" and text == "1 name(s) of classes are not UTF-8"
    assert names == (f"{latin} is read in Windows-1252: Ä",)


def test_two_folders_of_the_same_text_are_refused_by_their_bytes(tmp_path):
    text = refusal(scan, tmp_path, "Caf\xe9/1.png", "Cafe\u0301/1.png")
    assert "'Caf\\xe9'" in text and "'Cafe\\u0301'" in text and "twice" in text


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "a\u202eb", " ", os.fsdecode(b"\x81")])
def test_names_that_cannot_be_shown_are_refused(tmp_path, name):
    assert "A class needs a name that can be shown" in refusal(scan, tmp_path, f"{name}/1.png")


def test_names_of_parts_are_refused_with_what_to_do(tmp_path):
    text = refusal(scan, tmp_path, "Test/1.png")
    assert text == (
        "Test/ has the name of a part, which cannot be the name of a class: rename it, for example "
        "to Test_class/."
    )
    (tmp_path / "labeled/val").mkdir(parents=True)
    text = refusal(class_folders.scan, FolderWalk(tmp_path), ["labeled/val"])
    assert "labeled/val/ has the name" in text
    assert "move it out of labeled/ to lie beside it as validation/, or rename it" in text


def test_two_links_to_one_folder_are_refused(tmp_path):
    kinds = scan(tmp_path, "cat/1.png", "dog/1.png")
    class_folders.check_twins(kinds)
    (tmp_path / "kitty").symlink_to("cat")
    assert refusal(class_folders.check_twins, scan(tmp_path)).startswith(
        "cat/ and kitty/ are the same folder."
    )


@pytest.mark.parametrize(
    "files, message",
    [
        (["cat/cat/1", "cat/dog/1"], "cat/ holds only folders named as classes: cat/, dog/."),
        (["cat/Dog/1", "cat/.x"], "cat/ holds only folders named as classes: Dog/."),
        (["cat/train/1", "cat/test/1"], "named as parts: test/, train/. .*test/cat/, train/cat/"),
        (["cat/val/1", "cat/cat/1"], "cat/ holds only folders named as parts: val/"),
        (
            ["fold1/train/cat/1", "fold1/test/cat/1"],
            "give --dataset=folder:DIR/fold1 if it is a whole "
            "data set, or move its files to test/fold1/, train/fold1/",
        ),
    ],
)
def test_a_class_of_nothing_but_other_classes_or_parts_is_refused(tmp_path, files, message):
    kinds = scan(tmp_path, *files, "dog/1")
    with pytest.raises(errors.UserError, match=message):
        class_folders.check_inside(kinds, ["cat", "dog"], "DIR")


@pytest.mark.parametrize(
    "files, odd",
    [
        (["cat/1", "cat/dog/1"], ["cat/dog"]),
        (["cat/1", "cat/test/1"], ["cat/test"]),
        (["cat/dog/1", "cat/other/1"], ["cat/dog"]),
        (["cat/cat/1"], []),
        (["cat/indoor/1", "cat/outdoor/1"], []),
        (["cat/indoor/dog/1"], []),
    ],
)
def test_folders_among_others_in_a_class_are_named(tmp_path, files, odd):
    kinds = scan(tmp_path, *files, "dog/1")
    class_folders.check_inside(kinds, ["cat", "dog"], "DIR")
    named = [names for level, text, names in remarks(kinds) if "named as another class" in text]
    assert named == ([tuple(odd)] if odd else [])


@pytest.mark.parametrize(
    "files, part",
    [
        (["labled/cat/1", "unlabled/1"], "labeled"),
        (["cat/1", "dog/1", "unlabled/1"], "unlabeled"),
        (["cat/1", "tset/1"], "test"),
        (["seg_train/a/1", "seg_train/b/1", "seg_test/a/1"], "labeled|test"),
    ],
)
def test_misspelled_parts_are_no_classes(tmp_path, files, part):
    with pytest.raises(errors.UserError, match=f"would be a class. Did you mean ({part})/?"):
        class_folders.check_no_parts(scan(tmp_path, *files))


@pytest.mark.parametrize(
    "files",
    [
        ["bullet_train/1", "bus/1"],
        ["train_station/day/1", "train_station/night/1", "harbor/1"],
        ["rain/2019/1", "snow/2019/1"],
    ],
)
def test_classes_that_resemble_parts_are_classes(tmp_path, files):
    class_folders.check_no_parts(scan(tmp_path, *files))


def test_folders_of_another_part_are_matched_by_what_a_reader_sees(tmp_path):
    kinds = scan(tmp_path, "cat/1", "Cafe\u0301/1", "1.0/1")
    assert class_folders.match("test", kinds, ["1", "Café", "Cat", "dog"]) == {
        "cat": "Cat", "Cafe\u0301": "Café", "1.0": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "files, classes, message",
    [
        (["cats/1"], ["cat", "dog"], "Test/ has images of cats, but labeled/ has none. Move some "
         "to labeled/, or remove them from Test/. Did you mean 'cat' by 'cats'\\?"),
        (["x/1", "y/1"], ["cat", "dog"], "has images of x, y, but labeled/ has none.*Test/\\.$"),
        (["CAT/1"], ["Cat", "cat"], "CAT/ could stand for 'Cat' or 'cat'"),
        (["CAT/1", "cat/1"], ["cat"], "CAT/ and cat/ both stand for the class cat"),
    ],
)  # fmt: skip
def test_folders_that_match_no_class_or_several_are_refused(tmp_path, files, classes, message):
    with pytest.raises(errors.UserError, match=message):
        class_folders.match("Test", scan(tmp_path, *files), classes)


def test_checked_folders_are_of_known_classes_that_look_the_same_or_of_new_ones(tmp_path):
    labeled, checked = scan(tmp_path / "l", "cat/1", "dog/1"), scan(tmp_path / "c", "Cat/1", "ox/1")
    found = class_folders.unite(labeled, checked)
    assert found == {"cat": "cat", "dog": "dog", "Cat": "cat", "ox": "ox"}
    assert class_folders.unite([], checked) == {"Cat": "Cat", "ox": "ox"}
    with pytest.raises(errors.UserError, match="CAT/ could stand for 'Cat' or 'cat'"):
        class_folders.unite(scan(tmp_path / "l2", "Cat/1", "cat/1"), scan(tmp_path / "c2", "CAT/1"))
