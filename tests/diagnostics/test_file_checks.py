"""Findings about files: unusable, not read, named unusually, of unusual shapes."""

import os

import numpy as np
import pytest
from PIL import Image
from support import image_folders

from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.data.sources import image_listing, image_reader
from tf_ssgan.diagnostics import file_checks

SPEC = image_decoding.ImageSpec(8)


def read(name, spec=SPEC):
    return image_reader.read(image_listing.list_images(name), spec)


def test_unusable_files_have_a_name_and_a_reason(tmp_path):
    name, folder = image_folders.make_folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no image")
    whole = (folder / "0.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (finding,) = file_checks.check_remarks(read(name))
    assert finding.level == "warning" and finding.text == "3 of 37 files are left out"
    assert sorted(finding.names) == [
        "labeled/cat/cut.png is damaged: its pixels cannot be decoded",
        "labeled/cat/empty.png is empty: remove it, or download it if it is kept elsewhere",
        "labeled/cat/text.jpg is not an image but text: remove it",
    ]


def test_a_class_of_unusable_files_only_is_an_error(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", labeled=2)
    for path in (tmp_path / "d/labeled/cat").iterdir():
        path.write_bytes(b"")
    unusable, empty = file_checks.check_remarks(read(name))
    assert unusable.text == "2 of 18 files are left out"
    assert empty.level == "error" and empty.text == "no labeled image is left of cat"


def test_the_doctor_says_what_training_prints(tmp_path, capsys):
    """In the same words, with the same counts, of everything that a listing passes over."""
    name, root = image_folders.make_folder(tmp_path / "d"), tmp_path / "d"
    for odd in ("labeled/cat/.hidden.png", "labeled/cat/Thumbs.db", "labeled/notes.txt", "list.txt",
                "unlabled/1.png", "labeled/cat/@eaDir/1.png", "labeled/cat/dog/1.png"):  # fmt: skip
        (root / odd).parent.mkdir(parents=True, exist_ok=True)
        (root / odd).write_bytes(b"")
    for kind in ("emu", "CAT"):
        (root / "labeled" / kind).mkdir()
    (root / "test/dog").rename(root / "test/Dog")
    (root / "labeled/cat/up").symlink_to("..")
    image_folders.save_image(root / "labeled/CAT/1.png", 0, 99)
    findings = list(file_checks.check_remarks(read(name)))
    capsys.readouterr()
    datasets.find(name).load(SPEC)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == len(findings) + 1 == 12
    for line, finding in zip(printed, findings, strict=False):
        assert line.startswith(f"{name}: {finding.text}: {finding.names[0]}")
        assert line.endswith(f"({finding.advice})") and finding.level in ("note", "warning")
    assert printed[-1] == f"All names: python -m tf_ssgan.doctor --dataset={name}"


def test_nothing_is_said_of_a_folder_without_anything_odd(tmp_path):
    assert not list(file_checks.check_remarks(read(image_folders.make_folder(tmp_path / "d"))))


def test_suffixes_of_another_format_or_of_none(tmp_path, finding_with):
    name, folder = image_folders.make_folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    os.rename(folder / "0.png", folder / "0.jpg")
    os.rename(folder / "1.png", folder / "1")
    os.rename(folder / "2.png", folder / "2.dat")
    os.rename(folder / "3.png", folder / "3.PNG")
    findings = list(file_checks.check_suffixes(read(name)))
    assert finding_with(findings, "has another format").names == ("labeled/cat/0.jpg (PNG)",)
    missing = finding_with(findings, "have no suffix")
    assert sorted(missing.names) == ["labeled/cat/1 (PNG)", "labeled/cat/2.dat (PNG)"]
    assert {finding.level for finding in findings} == {"note"}


def test_two_images_in_a_jpeg_are_a_jpeg(tmp_path):
    name, folder = image_folders.make_folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    with Image.open(folder / "0.png") as one, Image.open(folder / "1.png") as two:
        one.save(folder / "camera.jpg", format="MPO", save_all=True, append_images=[two])
    with Image.open(folder / "camera.jpg") as both:
        assert both.format == "MPO"
    assert not list(file_checks.check_suffixes(read(name)))


def test_blanks_and_letters_beyond_ascii(tmp_path):
    name, folder = image_folders.make_folder(tmp_path / "d"), tmp_path / "d/labeled/cat"
    os.rename(folder / "0.png", folder / "my cat.png")
    os.rename(folder / "1.png", folder / "mięta.png")
    try:
        os.rename(folder / "2.png", os.fsencode(folder) + b"/\xff.png")
    except OSError:
        pytest.skip("this file system takes no names beyond UTF-8")
    (finding,) = file_checks.check_names(image_listing.list_images(name))
    assert finding.level == "note" and len(finding.names) == 3 and "nothing" in finding.advice
    assert "labeled/cat/\udcff.png" in finding.names


def test_sizes_of_files_and_images(tmp_path, finding_with):
    name = image_folders.make_folder(tmp_path / "d")
    image_folders.save_image(tmp_path / "d/unlabeled/small.png", 0, 0, size=(4, 10))
    image_folders.save_image(tmp_path / "d/unlabeled/tiny.png", 0, 0, size=(4, 4))
    image_folders.save_image(tmp_path / "d/unlabeled/large.png", 0, 1, size=(300, 200))
    findings = list(file_checks.check_sizes(read(name), SPEC))
    assert findings[0].text == (
        "files: smallest 4 x 4, median 20 x 16, largest 300 x 200 pixels; images: 8 x 8 x 3, resize"
    )
    assert finding_with(findings, "is smaller than the images (8 x 8").text.startswith("1 file is")
    squeezed = finding_with(findings, "1 image is squeezed")
    assert squeezed.names == ("unlabeled/small.png",) and "--fit=pad" in squeezed.advice


def test_padding_squeezes_and_enlarges_nothing(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    image_folders.save_image(tmp_path / "d/unlabeled/small.png", 0, 0, size=(6, 30))
    spec = image_decoding.ImageSpec(8, fit="pad")
    assert [finding.level for finding in file_checks.check_sizes(read(name, spec), spec)] == ["ok"]


def test_formats_and_modes(tmp_path, finding_with):
    name, folder = image_folders.make_folder(tmp_path / "d"), tmp_path / "d/unlabeled"
    image_folders.save_image(folder / "gray.jpg", 0, 0, mode="L")
    image_folders.save_image(folder / "clear.png", 0, 1, mode="RGBA")
    image_folders.save_image(folder / "print.jpg", 0, 2, mode="CMYK")
    Image.fromarray(np.full((9, 9), 500, np.uint16)).save(folder / "deep.png")
    findings = list(file_checks.check_modes(read(name), SPEC))
    for text in ("formats: PNG 36, JPEG 2", "RGB 34", "L 1", "RGBA 1", "CMYK 1", "I;16 1"):
        assert text in findings[0].text
    mixed = finding_with(findings, "2 images are gray and 36 in color")
    assert mixed.level == "note" and "--channels=1" in mixed.advice
    assert finding_with(findings, "can be transparent").level == "note"


def test_requested_channels_give_no_note(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    image_folders.save_image(tmp_path / "d/unlabeled/gray.png", 0, 0, mode="L")
    spec = image_decoding.ImageSpec(8, channels="1")
    assert [finding.level for finding in file_checks.check_modes(read(name, spec), spec)] == ["ok"]
