"""Folders: which image files there are, of which class, and for what use."""

import os
import unicodedata

import numpy as np
import pytest
from support import image_folders as pictures

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets, image_decoding
from tf_ssgan.data.sources import image_folders


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def listing(root):
    return image_folders.list_folder(root, f"folder:{root}")


def listed(root):
    return [(entry.name, entry.part, entry.label) for entry in listing(root).entries]


def remarks(root):
    return [(remark.level, remark.text, remark.names) for remark in listing(root).remarks]


def refusal(root):
    with pytest.raises(errors.UserError) as caught:
        listing(root)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"--dataset=folder:{root}: ")
    return str(caught.value).removeprefix(f"--dataset=folder:{root}: ").replace(f"{root}", "DIR")


# --- Parts ----------------------------------------------------------------------------------------


def test_all_parts(tmp_path):
    touch(tmp_path, "labeled/dog/2.png", "labeled/dog/1.png", "labeled/cat/deep/er/1.png")
    touch(tmp_path, "unlabeled/some/1.jpg", "unlabeled/0.png", "test/dog/1.png", "notes.txt")
    touch(tmp_path, "validation/cat/1.png")
    assert listed(tmp_path) == [
        ("labeled/cat/deep/er/1.png", "labeled", 0),
        ("labeled/dog/1.png", "labeled", 1),
        ("labeled/dog/2.png", "labeled", 1),
        ("unlabeled/0.png", "unlabeled", -1),
        ("unlabeled/some/1.jpg", "unlabeled", -1),
        ("validation/cat/1.png", "validation", 0),
        ("test/dog/1.png", "test", 1),
    ]
    assert listing(tmp_path).classes == ("cat", "dog")
    assert listing(tmp_path).entries[0].path == str(tmp_path / "labeled/cat/deep/er/1.png")


def test_a_folder_of_classes_without_parts(tmp_path):
    touch(tmp_path, "b/1.png", "a/1.png", "readme.md")
    assert listed(tmp_path) == [("a/1.png", "labeled", 0), ("b/1.png", "labeled", 1)]
    ((level, text, names),) = remarks(tmp_path)
    assert level == "note" and text.startswith("1 file(s) belong to no class")
    assert names == ("readme.md",)


def test_the_working_folder_itself(tmp_path, monkeypatch):
    touch(tmp_path, "b/1.png", "a/1.png")
    monkeypatch.chdir(tmp_path)
    assert listed(type(tmp_path)(".")) == [("a/1.png", "labeled", 0), ("b/1.png", "labeled", 1)]


@pytest.mark.parametrize(
    "train, val, test, unlabeled",
    [
        ("train", "val", "test", "unlabeled"),
        ("Train", "VALID", "Tests", "UnLabelled"),
        ("training", "held_out", "testing", "unlabelled"),
        ("labelled", "dev", "test_set", "unlabeled images"),
    ],
)
def test_other_names_of_parts_are_understood_and_said(tmp_path, train, val, test, unlabeled):
    touch(tmp_path, f"{train}/cat/1", f"{train}/dog/1", f"{val}/cat/1", f"{test}/dog/1")
    touch(tmp_path, f"{unlabeled}/1")
    assert [(part, label) for _, part, label in listed(tmp_path)] == [
        ("labeled", 0), ("labeled", 1), ("unlabeled", -1), ("validation", 0), ("test", 1)
    ]  # fmt: skip
    level, text, names = remarks(tmp_path)[0]
    assert level == "note" and text.endswith("folder(s) are read as parts of other names")
    assert int(text.split()[0]) == len(names)
    assert f"{train}/ is read as labeled/" in names
    assert f"{val}/ is read as validation/ (held-out images)" in names


def test_links_to_parts_and_classes_are_followed(tmp_path):
    touch(tmp_path, "disk/all/cat/1.png", "disk/dogs/1.png", "d/labeled/x")
    (tmp_path / "d/labeled/cat").symlink_to(tmp_path / "disk/all/cat")
    (tmp_path / "d/labeled/dog").symlink_to(tmp_path / "disk/dogs")
    touch(tmp_path, "disk/pool/1.png")
    (tmp_path / "d/unlabeled").symlink_to(tmp_path / "disk/pool")
    assert [name for name, *_ in listed(tmp_path / "d")] == [
        "labeled/cat/1.png", "labeled/dog/1.png", "unlabeled/1.png"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "files, message",
    [
        (["labeled/cat/1", "Labelled/cat/1"], "Labelled/ and labeled/ are both read as labeled/"),
        (["test/a/1", "unlabeled/1"], "DIR has unlabeled/ and test/ but no labeled/. Expected"),
        (["test/a/1", "a/1", "b/1"], "DIR has test/ but no labeled/. Move the folders of classes "
         "into labeled/: a/, b/. If test/ is a class itself, give it another name"),
        (["labled/a/1", "labled/b/1", "unlabeled/1"], "Did you mean labeled/ by labled/?"),
        (["labeled/cat/1", "labeled/Test/1"], "labeled/Test/ has the name of a part"),
        (["train/train/cat/1", "train/train/dog/1"], "its folders (cat/, dog/) up into train/"),
        (["bus/1", "car/1", "train/1"], "train/ has fewer than 2 classes with images, and what "
         "lies beside it is not read: bus/, car/. Move the folders of classes into train/. If "
         "train/ is a class itself, rename it, for example to train_class/"),
        (["labeled/x.png", "cat/1", "dog/1"], "Move the folders of classes into labeled/."),
        (["checked/cat/1", "cat/1", "dog/1"], "DIR has checked/ but no labeled/. Move the folders "
         "of classes into labeled/, and others elsewhere: cat/, dog/. If checked/ is a class itself"),
        (["checked/1.png", "labeled/cat/1", "labeled/dog/1"], "checked/ has 1 file(s), but no "
         "folders of classes. Move each to checked/<class>/"),
        (["checked/cat/1", "unlabeled/1", "labeld/cat/1"], "Did you mean labeled/ by labeld/?"),
        (["labeled/Cat/1", "labeled/cat/1", "checked/CAT/1"], "checked/CAT/ could stand for 'Cat' "
         "or 'cat'"),
        (["labeled/cat/1", "labeled/dog/1", "checked/CAT/1", "checked/Cat/1"], "checked/CAT/ and "
         "checked/Cat/ both stand for the class cat"),
        (["labeled/cat/1", "labeled/checked/1"], "move it out of labeled/ to lie beside it as "
         "checked/"),
        (["checked/pets/cat/1", "checked/pets/dog/1"], "The only folder with images is "
         "checked/pets/, which holds cat/, dog/. If these are parts or classes, move them into "
         "checked/."),
        (["labled/cat/1", "labled/dog/1", "unlabled/1"], "labled/ would be a class. Did you mean "
         "labeled/?"),
        (["images/cat/1", "images/dog/1"], "The only folder with images is images/, which holds "
         "cat/, dog/. If these are parts or classes, give --dataset=folder:DIR/images."),
        (["a/b/train/cat/1", "a/b/readme", "__MACOSX/a/1"], "give --dataset=folder:DIR/a/b."),
        (["labeled/images/cat/1", "labeled/images/dog/1"], "classes, move them into labeled/"),
        (["cat/cat/1", "cat/dog/1", "dog/1"], "cat/ holds only folders named as classes"),
        (["cat/train/1", "cat/test/1", "dog/train/1", "dog/test/1"], "named as parts: test/, "
         "train/. The parts are above the classes: move its files to test/cat/, train/cat/."),
        (["test/1", "labeled/cat/1", "labeled/dog/1"], "test/ has 1 file(s), but no folders of "
         "classes. Move each to test/<class>/"),
        (["val/1", "val/2", "train/cat/1", "train/dog/1"], "val/ has 2 file(s), but no folders"),
        (["1.png", "2.png"], "DIR/ has 2 file(s), but no folders of classes"),
        (["img/1.png", "labels.csv"], "Did you mean --dataset=csv:DIR/labels.csv?"),
        (["labeled/a/1", "labeled/b/1", "test/zebra/1"], "test/ has images of zebra, but labeled/"),
        (["labeled/a/1", "labeled/b/1", "val/zebra/1"], "val/ has images of zebra, but labeled/"),
        (["labeled/a/.1", "labeled/b/1", "labeled/c/1", "test/a/1"], "test/ has images of a, but"),
    ],
)  # fmt: skip
def test_other_layouts_are_refused_with_what_to_do(tmp_path, files, message):
    touch(tmp_path, *files)
    assert message in refusal(tmp_path)


def test_a_test_set_that_is_a_link_to_labeled_images_is_refused(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1")
    (tmp_path / "test").symlink_to("labeled")
    assert "labeled/cat/ and test/cat/ are the same folder" in refusal(tmp_path)


@pytest.fixture
def locked(monkeypatch):
    """A function after which folders with some endings cannot be read."""
    scandir = os.scandir

    def lock(*endings):
        def refuse(path):
            if str(path).endswith(endings):
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)

    return lock


def test_folders_that_cannot_be_read_are_an_error_that_names_all(tmp_path, locked):
    touch(tmp_path, "cat/a/1", "cat/b/1", "dog/1")
    locked("/a", "/dog")
    assert refusal(tmp_path).startswith(
        "2 folder(s) cannot be read: cat/a (Permission denied); dog (Permission denied). Change"
    )


def test_a_folder_beside_the_parts_that_cannot_be_read_is_an_error_too(tmp_path, locked):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1", "lost+found/1", "other/a/1")
    locked("/other/a", "/lost+found")
    assert refusal(tmp_path).startswith("1 folder(s) cannot be read: other/a (Permission denied).")


# --- What is not read -----------------------------------------------------------------------------


def test_what_lies_beside_the_parts_is_named(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1", "Test/cat/1", "cat/1", "cat/x/2", "notes.txt")
    touch(tmp_path, "unlabled/1", "tset/dog/1")
    assert len(listed(tmp_path)) == 3
    found = remarks(tmp_path)
    assert ("warning", "3 folder(s) beside labeled/, Test/ are not read",
            ("cat/ (2 files)", "tset/ (1 file, did you mean test/?)",
             "unlabled/ (1 file, did you mean unlabeled/?)")) in found  # fmt: skip
    assert ("note", "1 file(s) belong to no class and are not read", ("notes.txt",)) in found


def test_parts_among_unlabeled_images_are_named(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1", "unlabeled/1", "unlabeled/Test/cat/1")
    assert len(listed(tmp_path)) == 4
    assert remarks(tmp_path) == [
        ("warning", "1 folder(s) of unlabeled images are named as parts, and are read as unlabeled "
         "images", ("unlabeled/Test",)),
    ]  # fmt: skip


def test_loose_files_in_parts_are_named(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1", "labeled/x.png", "test/cat/1", "test/y.png")
    assert remarks(tmp_path) == [
        ("warning", "2 file(s) in parts belong to no class and are not read",
         ("labeled/x.png", "test/y.png")),
    ]  # fmt: skip


def test_folders_without_files_are_named(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1", "labeled/emu/.1", "test/cat/1")
    for name in ("labeled/gnu", "test/dog", "unlabeled", "val"):
        (tmp_path / name).mkdir()
    assert listing(tmp_path).classes == ("cat", "dog")
    assert ("warning", "5 folder(s) without files are not used",
            ("labeled/emu", "labeled/gnu", "test/dog", "unlabeled", "val")) in remarks(tmp_path)  # fmt: skip


def test_what_programs_made_is_no_image_and_no_class(tmp_path):
    for kind in ("cat", "dog"):
        for number in range(4):
            touch(tmp_path, f"{kind}/{number}.png", f"{kind}/@eaDir/{number}.png/S.jpg",
                  f"__MACOSX/{kind}/._{number}.png")  # fmt: skip
    touch(tmp_path, ".git/HEAD", "cat/.DS_Store", "dog/Thumbs.db", "@EADIR/x")
    assert listing(tmp_path).classes == ("cat", "dog") and len(listed(tmp_path)) == 8
    assert [(level, text) for level, text, _ in remarks(tmp_path)] == [
        ("note", "2 hidden file(s) or folder(s) are not read"),
        ("note", "18 file(s) that programs made are not read "
         "(@eaDir 9, Thumbs.db 1, __MACOSX 8)"),
    ]  # fmt: skip


def test_folders_of_unlabeled_images_may_be_named_as_classes(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1", "unlabeled/Cat/1", "unlabeled/emu/1")
    assert [label for *_, label in listed(tmp_path)] == [0, 1, -1, -1]
    ((level, text, names),) = remarks(tmp_path)
    assert level == "note" and "are named as classes; their names are not used" in text
    assert names == ("unlabeled/Cat",)


def test_classes_that_all_hold_the_same_folders_may_be_parts(tmp_path):
    touch(tmp_path, "first/cat/1", "first/dog/1", "second/cat/1", "second/dog/1")
    ((level, text, names),) = remarks(tmp_path)
    assert level == "warning" and text == "all 2 classes hold the same folders"
    assert names == ("cat", "dog")


# --- Names ----------------------------------------------------------------------------------------


def test_names_may_contain_any_letters(tmp_path):
    touch(tmp_path, "große Katzen/ein Bild, grün.png", "犬/1.png", "a.b/new\nline.png")
    with open(os.fsencode(tmp_path / "犬") + b"/\xff\xfe.png", "wb"):
        pass
    names = [name for name, *_ in listed(tmp_path)]
    assert names[:2] == ["a.b/new\nline.png", "große Katzen/ein Bild, grün.png"]
    assert [os.fsencode(name) for name in names[2:]] == [
        "犬/1.png".encode(),
        "犬/".encode() + b"\xff\xfe.png",
    ]
    assert not remarks(tmp_path)


def test_classes_of_test_images_are_those_that_look_the_same(tmp_path):
    touch(tmp_path, "labeled/Caf\xe9/1", "labeled/Dog/1", "test/Cafe\u0301/1", "test/dog/1")
    assert listing(tmp_path).classes == ("Café", "Dog")
    assert [(part, label) for _, part, label in listed(tmp_path)] == [
        ("labeled", 0), ("labeled", 1), ("test", 0), ("test", 1)
    ]  # fmt: skip
    ((level, text, names),) = remarks(tmp_path)
    assert level == "note" and text.startswith("1 folder(s) are read as classes of other names")
    assert names == ("test/dog is read as Dog",)


def test_the_bytes_of_names_decide_on_nothing(tmp_path):
    """The same images in folders named in NFC, in NFD and in Latin-1 are the same data."""
    classes = ("a", "Öl", "Äpfel", "zebra")
    writings = {
        "nfc": lambda name: name.encode(),
        "nfd": lambda name: unicodedata.normalize("NFD", name).encode(),
        "latin": lambda name: name.encode("latin-1"),
    }
    loaded = []
    for folder, encode in writings.items():
        for label, name in enumerate(classes):
            for number in range(5):
                for part, first in (("labeled", 0), ("test", 100)):
                    path = tmp_path / folder / part / os.fsdecode(encode(name))
                    pictures.save_image(path / f"{number}.png", label, first + number)
        source = datasets.find(f"folder:{tmp_path}/{folder}")
        arrays = content_hash.sort_by_content(source.load(image_decoding.ImageSpec(8)))
        loaded.append((source.classes, arrays))
    for names, arrays in loaded:
        assert names == arrays.info.classes == ("a", "zebra", "Äpfel", "Öl")
        for field in ("train_images", "train_labels", "test_images", "test_labels", "train_keys"):
            assert np.array_equal(getattr(arrays, field), getattr(loaded[0][1], field)), field


def checked_and_labeled(folder):
    """(name, class, whether it is checked) of all labeled images."""
    found = listing(folder)
    return found, [
        (entry.name, found.classes[entry.label], entry.checked)
        for entry in found.entries
        if entry.part == "labeled"
    ]


def test_checked_images_are_labeled_ones_of_the_classes_of_both_folders(tmp_path):
    files = ("labeled/dog/1", "labeled/cat/1", "checked/Cat/1", "checked/ant/2", "test/ant/1")
    touch(tmp_path, *files)
    found, labeled = checked_and_labeled(tmp_path)
    assert found.classes == ("ant", "cat", "dog")
    assert labeled == [
        ("checked/ant/2", "ant", True),
        ("checked/Cat/1", "cat", True),
        ("labeled/cat/1", "cat", False),
        ("labeled/dog/1", "dog", False),
    ]
    assert [entry.label for entry in found.entries if entry.part == "test"] == [0]
    (said,) = found.remarks
    assert said.names == ("checked/Cat is read as cat",)


def test_checked_images_may_be_all_labeled_ones(tmp_path):
    touch(tmp_path, "Checked/cat/1", "Checked/dog/1", "unlabeled/1")
    found, labeled = checked_and_labeled(tmp_path)
    assert labeled == [("Checked/cat/1", "cat", True), ("Checked/dog/1", "dog", True)]
    assert not any(entry.checked for entry in found.entries if entry.part != "labeled")


def test_a_folder_of_checked_images_that_is_a_link_to_labeled_ones_is_refused(tmp_path):
    touch(tmp_path, "labeled/cat/1", "labeled/dog/1")
    (tmp_path / "checked").symlink_to("labeled")
    assert "labeled/cat/ and checked/cat/ are the same folder" in refusal(tmp_path)
