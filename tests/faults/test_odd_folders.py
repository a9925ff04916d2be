"""Folders of images as people have them: training and the doctor say the same, or both refuse."""

import os
import unicodedata

import pytest
from support import image_folders, refusals

TRAIN = ["--method=supervised", "--width=4", "--batch_size=8", "--labels=8", "--image_size=8"]


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def make_odd_folder(root):
    """Parts of other names, classes in Latin-1 and NFD, links, and files that are not read."""
    latin, accent = os.fsdecode("Größe".encode("latin-1")), unicodedata.normalize("NFD", "Café")
    for part, count, first in (("Train", 8, 0), ("test", 3, 500)):
        for label, name in enumerate((accent, latin)):
            name = "Café" if part == "test" and name == accent else name
            for number in range(count):
                path = root / part / name
                image_folders.save_image(path / f"{number}.png", label, first + number)
                image_folders.save_image(path / f"@eaDir/{number}.png/S.png", label, first + number)
    image_folders.save_image(root / "disk/pool/1.png", 0, 900)
    (root / "unlabelled").symlink_to(root / "disk/pool")
    (root / "disk/pool/back").symlink_to(root)
    image_folders.save_image(root / "tset/1.png", 0, 901)
    for name in ("Train/loose\n.png", "Train/.DS_Store", "notes.txt", "$RECYCLE.BIN/1.png"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    return f"folder:{root}"


EXPECTED = (
    "2 folder(s) are read as parts of other names: Train/ is read as labeled/; unlabelled/ is read "
    "as unlabeled/",
    "2 folder(s) beside Train/, unlabelled/, test/ are not read: disk/ (1 file); tset/ (1 file, "
    "did you mean test/?)",
    "1 file(s) belong to no class and are not read: notes.txt",
    "1 file(s) in parts belong to no class and are not read: Train/loose\\n.png",
    "1 hidden file(s) or folder(s) are not read: Train/.DS_Store",
    "23 file(s) that programs made are not read ($RECYCLE.BIN 1, @eaDir 22): $RECYCLE.BIN/",
    "1 folder(s) are read already, or lead back to a folder above them, and are not entered again: "
    "unlabelled/back",
    "2 name(s) of classes are not UTF-8: Train/Gr\\udcf6\\udcdfe is read in Windows-1252: Größe",
)


def test_an_odd_folder_is_learned_and_training_says_what_the_doctor_says(tmp_path, python):
    name = make_odd_folder(tmp_path / "d")
    workdir = tmp_path / "run"
    trained = python("train_main.py", *TRAIN, f"--dataset={name}", "--max_steps=20",
                     f"--workdir={workdir}")  # fmt: skip
    assert trained.status == 0 and "Traceback" not in trained.err, trained.err
    assert (workdir / "result.json").exists()
    doctor = python("-m", "tf_ssgan.doctor", f"--dataset={name}", "--skip_steps", "--labels=8",
                    "--image_size=8")  # fmt: skip
    assert (
        "Café" in doctor.out
        and "Größe" in doctor.out
        and "labeled, 1 unlabeled, 6 test" in doctor.out
    )
    lines = [line for line in trained.err.splitlines() if line.startswith(f"{name}: ")]
    assert len([line for line in lines if line.endswith(")")]) == len(EXPECTED)
    for words in EXPECTED:
        assert any(line.startswith(f"{name}: {words}") for line in lines), words
        assert words in doctor.out, words


REFUSED = {
    "parts twice": (["labeled/a/1", "labelled/b/1"], "are both read as labeled/"),
    "test beside classes": (["a/1", "b/1", "Test/a/1"], "but no labeled/. Move the folders of"),
    "a class named train": (
        ["bus/1", "car/1", "train/1"],
        "rename it, for example to train_class/",
    ),
    "a part in a part": (["labeled/a/1", "labeled/val/1"], "has the name of a part"),
    "checked": (["a/1", "b/1", "checked/a/1"], "checked/ but no labeled/. Move the folders of"),
    "misspelled": (["labled/a/1", "unlabled/1"], "Did you mean labeled/?"),
    "wrapped": (["pets/a/1", "pets/b/1"], "/pets."),
    "doubled": (["a/a/1", "a/b/1", "b/1"], "a/ holds only folders named as classes: a/, b/"),
    "classes first": (["a/train/1", "a/test/1", "b/train/1"], "holds only folders named as parts"),
    "test without classes": (["labeled/a/1", "labeled/b/1", "test/1"], "but no folders of classes"),
    "a class of validation": (["train/a/1", "train/b/1", "val/c/1"], "val/ has images of c"),
    "ambiguous": (["labeled/A/1", "labeled/a/1", "test/\uff41/1"], "could stand for 'A' or 'a'"),
    "the same text": (["é/1", "e\u0301/1", "a/1"], "is there twice, in different bytes"),
    "a line break": (["a\nb/1", "c/1"], "'a\\nb' is blank, or has a control character"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_understood_is_refused_in_one_sentence(case, tmp_path, capsys, monkeypatch):
    files, message = REFUSED[case]
    for name in files:
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).touch()
    refusals.assert_refused(f"folder:{tmp_path}/d", TRAIN, message, tmp_path, capsys, monkeypatch)
