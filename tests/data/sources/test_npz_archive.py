"""Archives that claim what is not so: refused in one sentence, without time or memory."""

import os
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from support.crafted_archives import described, lie, npy, write

from tf_ssgan.common import errors
from tf_ssgan.data.sources import npz_archive

LABEL = npy(described("(20,)", "<i8"), np.arange(20).tobytes())


@pytest.fixture
def refuses(tmp_path):
    """A function that expects one sentence, at once and without memory, from reading `label`."""

    def expect(message, act=npz_archive.read_array):
        path = tmp_path / "train.npz"
        start = time.monotonic()
        tracemalloc.start()
        try:
            with pytest.raises(errors.UserError, match=message) as caught:
                act(path, "label")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert time.monotonic() - start < 5 and peak < 2**27
        text = str(caught.value)
        assert text.startswith(f"{path}: ") and "\n" not in text and len(text) < 700

    return expect


@pytest.mark.parametrize(
    "compression",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
def test_arrays_are_read(tmp_path, compression):
    path = write(tmp_path / "train.npz", {"label": LABEL, "folder/../x": b""}, compression)
    assert npz_archive.has_array(path, "label") and not npz_archive.has_array(path, "image")
    header = npz_archive.read_header(path, "label")
    assert (header.shape, header.dtype) == ((20,), np.dtype("int64"))
    assert npz_archive.read_array(path, "label").tolist() == list(range(20))
    assert not (tmp_path / "x.npy").exists()


def test_a_description_of_more_than_there_is_costs_nothing(tmp_path, refuses):
    claims = npy(described("(1000000000000,)", "<i8"), b"\0" * 100)
    write(tmp_path / "train.npz", {"label": claims})
    refuses("the array 'label': its description, .* needs 8,000,000,000,000 bytes, but 100 follow")
    long = npy(b" " * 50_000_000, version=(2, 0))
    write(tmp_path / "train.npz", {"label": long})
    refuses("the array 'label': it does not begin as a NumPy array")


def test_an_entry_that_claims_another_size_is_refused(tmp_path, refuses):
    size = struct.pack("<L", len(LABEL))
    for claimed, compression in ((2**31, 8), (2**31, 0), (len(LABEL) - 8, 8)):
        path = write(tmp_path / "train.npz", {"label": LABEL}, compression)
        lie(path, size, struct.pack("<L", claimed), last=True)
        refuses("the array 'label'")
    # The description agrees with the claim, but fewer bytes follow.
    short = npy(described("(250000000,)", "<i8"), bytes(100))
    path = write(tmp_path / "train.npz", {"label": short})
    whole = len(short) - 100 + 2_000_000_000
    lie(path, struct.pack("<L", len(short)), struct.pack("<L", whole), last=True)
    header = npz_archive.read_header(path, "label")
    assert header.size == 2_000_000_000  # for the caller to ask for memory
    path = write(tmp_path / "train.npz", {"label": npy(described("(250000,)", "<i8"), bytes(100))})
    short = npy(described("(250000,)", "<i8"), bytes(100))
    whole = len(short) - 100 + 2_000_000
    lie(path, struct.pack("<L", len(short)), struct.pack("<L", whole), last=True)
    refuses("the array 'label'")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda p: write(p, [("label", LABEL), ("label", LABEL)]), "'label' is there twice"),
        (
            lambda p: lie(
                write(p, {"label": LABEL}, 8), b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x5d\0", last=True
            ),
            "compressed in a way",
        ),
        (lambda p: write(p, {"x/label": LABEL}), "no array 'label'; it has 'x/label'"),
        (lambda p: write(p, {"/label": LABEL, "../label": LABEL}), "no array 'label'; it has '/l"),
        (lambda p: write(p, {"a\n\x1b[2J": LABEL}), r"no array 'label'; it has 'a\\n\\x1b\[2J'"),
        (lambda p: write(p, {f"a{i}": b"" for i in range(9)}), "and 4 more"),
        (lambda p: write(p, {}), "there is no array 'label'. Expected"),
        (lambda p: p.write_bytes(b""), "it is no npz archive, or was cut short"),
        (lambda p: p.write_bytes(LABEL), "it is no npz archive, or was cut short"),
        (lambda p: p.write_bytes(b"PK\5\6" + b"\0" * 18 + b"x" * 10**6), "it is no npz archive"),
        (lambda p: p.write_bytes(b"PK\5\6" + b"\xff" * 16 + b"\0\0"), "not a complete"),
        (lambda p: p.mkdir(), "not a complete npz archive .*directory"),
        (os.mkfifo, "not a complete npz archive .*pipe"),
    ],
)
def test_odd_archives_are_refused(tmp_path, refuses, make, message, monkeypatch):
    make(tmp_path / "train.npz")
    refuses(message)


def test_encrypted_arrays_are_refused(tmp_path, refuses):
    path = write(tmp_path / "train.npz", {"label": LABEL})
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.find(mark) + at] |= 1
    path.write_bytes(content)
    refuses("the array 'label' is encrypted. Save it without a password")


def test_an_archive_of_very_many_entries_is_not_listed(tmp_path, refuses):
    path = tmp_path / "train.npz"
    entry = b"PK\1\2" + bytes(24) + struct.pack("<HHH", 200, 0, 0) + bytes(12) + b"a" * 200
    entries = entry * 60_000
    end = b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 60_000, 60_000, len(entries), 0, 0)
    path.write_bytes(entries + end)
    refuses("its list of arrays is too long")


def test_two_names_for_the_same_bytes_are_read_as_two_arrays(tmp_path):
    path = write(tmp_path / "train.npz", {"label": LABEL})
    content = path.read_bytes()
    start, end = content.find(b"PK\1\2"), content.find(b"PK\5\6")
    twice = content[start:end] + content[start:end].replace(b"label", b"lubel")
    tail = bytearray(content[end:])
    struct.pack_into("<HHL", tail, 8, 2, 2, len(twice))
    path.write_bytes(content[:start] + twice + tail)
    with pytest.raises(errors.UserError, match="not a complete npz archive .*lubel"):
        npz_archive.read_array(path, "lubel")


@pytest.mark.parametrize("seed", range(60))
def test_no_damage_is_a_traceback(tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = write(tmp_path / "train.npz", {"label": LABEL}, [0, 8][seed % 2])
    content = bytearray(path.read_bytes())
    for at in rng.integers(0, len(content), 1 + seed // 12):
        content[at] = rng.integers(256)
    path.write_bytes(content[: len(content) - (seed % 3 == 2) * int(rng.integers(40))])
    try:
        npz_archive.read_header(path, "label")
        values = npz_archive.read_array(path, "label")
        assert values.shape == (20,) and values.tolist() == list(range(20))
    except errors.UserError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
