"""Descriptions of arrays are compared with what follows them, before memory is taken."""

import io
import time

import numpy as np
import pytest
from support.crafted_archives import described, npy

from tf_ssgan.data.sources import npy_arrays


def read(content):
    header = npy_arrays.read_header(io.BytesIO(content), len(content))
    return npy_arrays.read_elements(io.BytesIO(content), header)


def saved(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i8", "<u2", ">f4", "?"])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (2, 0, 3), (3, 4, 5), (600_000,)])
def test_arrays_are_read_as_numpy_reads_them(dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    for version in ((1, 0), (2, 0)):
        result = read(saved(array, version=version))
        assert result.dtype == array.dtype and result.shape == shape and (result == array).all()


def test_columns_first_is_read_as_rows_first():
    array = np.arange(24).reshape(2, 3, 4)
    result = read(saved(np.asfortranarray(array)))
    assert (result == array).all() and result.flags.c_contiguous


@pytest.mark.parametrize(
    "shape, message",
    [
        ("(1000000000000, 32, 32, 3)", "needs 3,072,000,000,000,000 bytes, but 12 follow"),
        ("(13,)", "needs 13 bytes, but 12 follow"),
        ("(11,)", "needs 11 bytes, but 12 follow"),
        ("()", "needs 1 bytes, but 12"),
        ("(-12,)", r"no array can have the shape \[-12\]"),
        ("(-3, -4)", "no array can have"),
        ("(True, 12)", r"no array can have the shape \[True, 12\]"),
        (f"({2**63}, 0)", "no array can have"),
        (f"({2**32}, {2**32})", "no array can have"),
        (f"({'9' * 4000},)", "no array can have"),
        (f"({'9' * 9000},)", "it does not begin as"),
        ("(12.0,)", "it does not begin as"),
        ("[12]", "it does not begin as"),
        ("None", "it does not begin as"),
        (f"{'(' * 4000}12{')' * 4000}", "it does not begin as"),
        (f"({'-' * 9000}12,)", "it does not begin as"),
        (f"({'1+' * 4000}12,)", "it does not begin as"),
        ("__import__('os').system('false')", "it does not begin as"),
    ],
)
def test_odd_shapes_are_refused(shape, message):
    start = time.monotonic()
    with pytest.raises(npy_arrays.ArrayError, match=message) as error:
        read(npy(described(shape), b"x" * 12))
    assert len(str(error.value)) < 300 and time.monotonic() - start < 5


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"\x93NUMPY", b"\x93NUMPY\x01\x00", b"PK\x03\x04" * 30,
        npy(described("(12,)"), b"x" * 12, version=(9, 0)),
        npy(described("(12,)"), b"x" * 12, length=60_000),
        npy(described("(12,)"), b"x" * 12, version=(2, 0), length=4_000_000_000),
        npy(" " * 11_000 + described("(12,)"), b"x" * 12),
        npy(b"\xff" * 200, b"x" * 12), npy("{'descr': '|u1'}", b"x" * 12),
        npy(described("(12,)", "|u7"), b"x" * 12), npy(described("(12,)", ""), b"x" * 12),
        npy(described("(12,)", "[('a'"), b"x" * 12), npy("{" * 9_000), npy("'" * 9_001),
        npy("'''\\"), npy(""),
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused(content):
    with pytest.raises(npy_arrays.ArrayError, match="it does not begin as a NumPy array"):
        read(content)


def test_objects_and_records_are_never_read(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath, ("executed",))

    record = np.zeros(3, [("a", "u1"), ("b", "O")])
    for array in (np.array([Evil(), None]), record, np.zeros(3, [("a", "u1")])):
        with pytest.raises(npy_arrays.ArrayError, match="not read"):
            read(saved(array))


def test_elements_that_end_early_or_late_are_refused():
    content = npy(described("(12,)"), b"x" * 12)
    header = npy_arrays.read_header(io.BytesIO(content), len(content))
    for wrong, message in ((content[:-1], "cut short"), (content + b"x", "more bytes follow")):
        with pytest.raises(npy_arrays.ArrayError, match=message):
            npy_arrays.read_elements(io.BytesIO(wrong), header)
