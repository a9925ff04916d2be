"""Text of people is read in every encoding, and what is no text is named for what it is."""

import codecs
import os
import pickle
import zipfile

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import text_files

TEXT = "path,label\nGröße.png,naïve\n"


def read(path, content):
    path.write_bytes(content)
    return text_files.read(path, "a list")


def refusal(path, content):
    with pytest.raises(errors.UserError) as caught:
        read(path, content)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


def test_the_end_of_a_file_to_dos_is_no_text(tmp_path):
    assert read(tmp_path / "t", b"a,b\r\n\x1a") == text_files.TextFile("a,b\r\n")


@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_in_all_encodings(tmp_path, encoding, mark):
    content = ("\ufeff" * mark + TEXT).encode(encoding)
    file = read(tmp_path / "t", content)
    assert file == text_files.TextFile(TEXT)
    assert file.lines() == ["path,label", "Größe.png,naïve", ""]


def test_text_that_is_not_utf_8_is_read_as_windows_1252_or_latin_1(tmp_path):
    text = "a\nÄ €\nb\r\n“ü”"
    assert read(tmp_path / "t", text.encode("cp1252")) == text_files.TextFile(
        text, "Windows-1252", (2, 4)
    )
    assert read(tmp_path / "t", b"\x81\xe9\n") == text_files.TextFile("\x81é\n", "Latin-1", (1,))


def test_a_table_joined_of_two_encodings_is_read_line_by_line(tmp_path):
    file = read(tmp_path / "t", "é 犬\n".encode() + "é\n".encode("cp1252"))
    assert file == text_files.TextFile("é 犬\né\n", "Windows-1252", (2,))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_programs_end_them_and_a_nul_character_has_a_line(tmp_path, end):
    assert read(tmp_path / "t", f"a{end}b\u2028{end}".encode()).lines() == ["a", "b\u2028", ""]
    assert "line 3: there is a NUL" in refusal(tmp_path / "t", f"a{end}b{end}\0,c{end}".encode())


def test_text_that_is_cut_off_is_refused(tmp_path):
    assert "cut off or damaged" in refusal(tmp_path / "t", TEXT.encode("utf-16")[:-1])
    assert "UTF-32-LE" in refusal(tmp_path / "t", codecs.BOM_UTF32_LE + b"\1\1\1\1")


def workbook(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return path.read_bytes()


def test_files_of_other_programs_are_named(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(1))
    kinds = {
        "an Excel workbook": workbook(tmp_path / "z", "[Content_Types].xml", "xl/workbook.xml"),
        "an OpenDocument spreadsheet": workbook(
            tmp_path / "z", "mimetype-application/vnd.oasis.opendocument.spreadsheet"
        ),
        "a Numbers document": workbook(tmp_path / "z", "Index/Document.iwa"),
        "a ZIP archive": workbook(tmp_path / "z", "a.png"),
        "an Excel workbook.": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
        "a Parquet file": b"PAR1\0\0",
        "a Feather file": b"ARROW1\0\0",
        "a pickle": pickle.dumps(["a"]),
        "a NumPy array": (tmp_path / "a.npy").read_bytes(),
        "a compressed file": b"\x1f\x8b\x08\0",
        "an image": b"\x89PNG\r\n\x1a\n",
    }
    for kind, content in kinds.items():
        message = refusal(tmp_path / "t.csv", content)
        assert f"t.csv is {kind.rstrip('.')}. Expected a list: save it" in message


def test_pipes_devices_folders_and_huge_files_are_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(errors.UserError, match="is a pipe or a device, not a file"):
            text_files.read(type(tmp_path)(path), "a list")
    with pytest.raises(OSError, match="it is a folder, expected a list"):
        text_files.read(tmp_path, "a list")
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(errors.UserError, match="has 1,099,511,627,776 bytes, and at most"):
        text_files.read(tmp_path / "huge", "a list")
    monkeypatch.setattr(text_files, "LONGEST_LINE", 100)
    assert "first line is longer than 100 bytes" in refusal(tmp_path / "t", b"a" * 101)
    assert read(tmp_path / "t", b"a\n" * 100).text == "a\n" * 100
