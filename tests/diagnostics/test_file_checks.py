"""What is told of files: no pictures, not read, oddly named, of odd shapes."""

import os

import numpy as np
import pytest
from PIL import Image
from support import image_folders

from tf_ssgan.data import image_decoding
from tf_ssgan.data.sources import image_listing, image_reader
from tf_ssgan.diagnostics import file_checks

FORM = image_decoding.Form(8)


def read(name, form=FORM):
    return image_reader.read(image_listing.list_images(name), form)


def test_files_that_are_no_pictures_by_name_and_reason(tmp_path):
    name, folder = image_folders.folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    whole = (folder / "0.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (found,) = file_checks.unusable(read(name))
    assert found.level == "warning" and found.text == "3 of 37 files are left out"
    assert sorted(found.names) == [
        "labeled/cat/cut.png is damaged: its pixels cannot be decoded",
        "labeled/cat/empty.png is empty",
        "labeled/cat/text.jpg is not a picture, or a damaged one",
    ]


def test_hidden_and_stray_files_and_empty_classes(tmp_path, the):
    name, root = image_folders.folder(tmp_path / "d"), tmp_path / "d"
    (root / "labeled/cat/.hidden.png").write_bytes(b"")
    (root / "labeled/cat/Thumbs.db").write_bytes(b"")
    (root / "labeled/notes.txt").write_text("")
    (root / "labeled/emu").mkdir()
    found = list(file_checks.passed_over(image_listing.list_images(name)))
    assert the(found, "1 hidden").names == ("labeled/cat/.hidden.png",)
    assert set(the(found, "2 file(s)").names) == {"labeled/notes.txt", "labeled/cat/Thumbs.db"}
    assert the(found, "1 folder(s)").names == ("emu",)
    assert [finding.level for finding in found] == ["note", "note", "warning"]
    assert not list(
        file_checks.passed_over(image_listing.list_images(image_folders.folder(tmp_path / "good")))
    )


def test_names_that_say_another_format_or_none(tmp_path, the):
    name, folder = image_folders.folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    os.rename(folder / "0.png", folder / "0.jpg")
    os.rename(folder / "1.png", folder / "1")
    os.rename(folder / "2.png", folder / "2.dat")
    os.rename(folder / "3.png", folder / "3.PNG")
    found = list(file_checks.endings(read(name)))
    assert the(found, "of another format").names == ("labeled/cat/0.jpg (PNG)",)
    bare = the(found, "without the ending")
    assert sorted(bare.names) == ["labeled/cat/1 (PNG)", "labeled/cat/2.dat (PNG)"]
    assert {finding.level for finding in found} == {"note"}


def test_two_pictures_in_a_jpeg_are_a_jpeg(tmp_path):
    name, folder = image_folders.folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    with Image.open(folder / "0.png") as one, Image.open(folder / "1.png") as two:
        one.save(folder / "camera.jpg", format="MPO", save_all=True, append_images=[two])
    with Image.open(folder / "camera.jpg") as both:
        assert both.format == "MPO"
    assert not list(file_checks.endings(read(name)))


def test_blanks_and_letters_beyond_ascii(tmp_path):
    name, folder = image_folders.folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    os.rename(folder / "0.png", folder / "my cat.png")
    os.rename(folder / "1.png", folder / "mięta.png")
    try:
        os.rename(folder / "2.png", os.fsencode(folder) + b"/\xff.png")
    except OSError:
        pytest.skip("this file system takes no names beyond UTF-8")
    (found,) = file_checks.names(image_listing.list_images(name))
    assert found.level == "note" and len(found.names) == 3 and "as they are" in found.advice
    assert "labeled/cat/\udcff.png" in found.names


def test_sizes_beside_the_images(tmp_path, the):
    name = image_folders.folder(tmp_path / "d")
    image_folders.picture(tmp_path / "d/unlabeled/small.png", 0, 0, size=(6, 30))
    image_folders.picture(tmp_path / "d/unlabeled/large.png", 0, 1, size=(300, 200))
    found = list(file_checks.sizes(read(name), FORM))
    assert found[0].text == (
        "pictures: smallest 6 x 30, median 20 x 16, largest 300 x 200 pixels; "
        "images: 8 x 8 x 3, resize"
    )
    assert the(found, "smaller than 8 pixels").text.startswith("1 picture(s)")
    squeezed = the(found, "are squeezed")
    assert squeezed.names == ("unlabeled/small.png",) and "--fit=pad" in squeezed.advice


def test_nothing_is_squeezed_or_enlarged_where_pictures_are_padded(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    image_folders.picture(tmp_path / "d/unlabeled/small.png", 0, 0, size=(6, 30))
    form = image_decoding.Form(8, fit="pad")
    assert [finding.level for finding in file_checks.sizes(read(name, form), form)] == ["ok"]


def test_formats_and_modes(tmp_path, the):
    name, folder = image_folders.folder(tmp_path / "d"), tmp_path / "d/unlabeled"
    image_folders.picture(folder / "gray.jpg", 0, 0, mode="L")
    image_folders.picture(folder / "clear.png", 0, 1, mode="RGBA")
    image_folders.picture(folder / "print.jpg", 0, 2, mode="CMYK")
    Image.fromarray(np.full((9, 9), 500, np.uint16)).save(folder / "deep.png")
    found = list(file_checks.modes(read(name), FORM))
    for told in ("formats: PNG 36, JPEG 2", "RGB 34", "L 1", "RGBA 1", "CMYK 1", "I;16 1"):
        assert told in found[0].text
    mixed = the(found, "2 picture(s) are gray and 36 in color")
    assert mixed.level == "note" and "--channels=1" in mixed.advice
    assert the(found, "can be transparent").level == "note"


def test_channels_that_were_asked_for_are_no_news(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    image_folders.picture(tmp_path / "d/unlabeled/gray.png", 0, 0, mode="L")
    form = image_decoding.Form(8, channels="1")
    assert [finding.level for finding in file_checks.modes(read(name, form), form)] == ["ok"]
