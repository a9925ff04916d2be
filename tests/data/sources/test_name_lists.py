"""Lists of class names in every encoding."""

import unicodedata

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import name_lists


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_names_are_read_in_every_encoding(tmp_path, capsys, encoding, end):
    path = tmp_path / "classes.txt"
    path.write_bytes(end.join(["Größe L ", "a b", "", ""]).encode(encoding))
    assert name_lists.read_names(path) == ("Größe L", "a b")
    text = capsys.readouterr().err
    assert ("1 line(s) are not UTF-8, and are read as Windows-1252: 1." in text) == (
        encoding == "cp1252"
    )


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "classes.txt is empty. Expected one class name per line"),
        (b"a\n\nb\n", "line 2 is empty"),
        (b"a\nb\na\n", "lines 1 and 3: 'a' is there twice"),
        (unicodedata.normalize("NFD", "é\n").encode() + "é\n".encode(), "lines 1 and 2: 'é' is"),
        (b"a\nb\x1bc\n", r"line 2: 'b\\x1bc' has a control character"),
        (b"a\nb\0\n", "line 2: there is a NUL character"),
        (b"\x80\4\x95", "classes.txt is a pickle"),
    ],
)
def test_wrong_lists_are_refused(tmp_path, content, message):
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(errors.UserError, match=message) as caught:
        name_lists.read_names(path)
    assert "\n" not in str(caught.value)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(errors.UserError, match="cannot be read .it is a folder"):
        name_lists.read_names(tmp_path)
