"""Files that a table names are found, though it was written on another computer."""

import os
import unicodedata

import pytest

from tf_ssgan.data.sources import table_paths


@pytest.fixture
def finder(tmp_path):
    return table_paths.FileFinder(tmp_path)


def touch(root, *names):
    for name in names:
        path = os.path.join(os.fsencode(root), name if isinstance(name, bytes) else name.encode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()


def test_files_are_found_as_they_are_named(tmp_path, finder):
    touch(tmp_path, "img/a.png")
    for name in ("img/a.png", "./img//a.png", "img/../img/a.png", f"{tmp_path}/img/a.png"):
        found, path = finder.find(name)
        assert found == name and os.path.samefile(path, tmp_path / "img/a.png")
    assert not finder.missing and not finder.other_bytes


def test_back_slashes_separate_folders_unless_a_file_is_named_so(tmp_path, finder):
    touch(tmp_path, "img/a.png", "img\\b.png", "img/b.png")
    assert finder.find("img\\a.png") == ("img/a.png", f"{tmp_path}/img/a.png")
    assert finder.find("img\\b.png") == ("img\\b.png", f"{tmp_path}/img\\b.png")


def test_addresses_of_files(tmp_path, finder, monkeypatch):
    touch(tmp_path, "a b.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        f"file://{tmp_path}/a%20b.png",
        f"file://localhost{tmp_path}/a%20b.png",
        "~/a b.png",
    ):
        assert finder.find(name)[1] == f"{tmp_path}/a b.png"
    assert table_paths.is_on_another_computer("https://a.org/b.png")
    assert table_paths.is_on_another_computer("s3://a/b.png")
    assert not table_paths.is_on_another_computer("file:///b.png")
    assert not table_paths.is_on_another_computer("C:\\b.png")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_another_unicode_form_or_encoding_are_the_same_text(tmp_path, finder, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    touch(tmp_path, unicodedata.normalize(form, "müll/größe.png"), b"m\xe4r/gr\xfcn.png")
    for name in ("müll/größe.png", "mär/grün.png"):
        name = unicodedata.normalize(other, name)
        found, path = finder.find(name)
        assert found == name and os.path.exists(path)
    assert len(finder.other_bytes) == 2 and not finder.missing


def test_each_folder_is_read_once(tmp_path, finder, monkeypatch):
    touch(tmp_path, *(unicodedata.normalize("NFD", f"ü/ä{n}.png") for n in range(20)))
    listdir, listed = os.listdir, []
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or listdir(folder))
    for n in range(20):
        finder.find(f"ü/ä{n}.png")
        finder.find(f"nowhere/{n}.png")
    assert len(finder.other_bytes) == 20 and len(listed) == 2  # root, and one folder in it


def test_missing_files_are_remembered_and_similar_ones_suggested(tmp_path, finder, monkeypatch):
    touch(tmp_path, "img/a.png")
    assert finder.find("img/A.PNG") == ("img/A.PNG", f"{tmp_path}/img/A.PNG")
    assert finder.missing == ["img/A.PNG"] and finder.suggest_capitals("img/A.PNG") == "img/a.png"
    assert finder.suggest_capitals("img/b.png") == finder.suggest("img/b.png") == ""
    for name in ("C:/Users/me/img/a.png", "/data/img/a.png", "img/A.png", "img/a", "img/a.jpg"):
        assert finder.suggest(name) == "img/a.png"
    monkeypatch.chdir(tmp_path / "img")
    assert finder.suggest("a.png") == "img/a.png"  # relative to the working directory


def test_names_that_no_file_can_have_are_missing(finder):
    for name in ("a" * 5000, "a/" * 3000, "..", "/", "img/"):
        finder.find(name)
    assert len(finder.missing) == 3


def test_paths_outside_the_folder(tmp_path, finder):
    assert finder.lies_outside(f"{tmp_path}2/a.png") and not finder.lies_outside(
        f"{tmp_path}/a.png"
    )
