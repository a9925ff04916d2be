"""Labels and images that cannot belong together: refused by their descriptions, before any data."""

import io
import struct
import time

import numpy as np
import pytest
from PIL import Image
from support.crafted_archives import described, npy
from support.crafted_archives import write as write_archive

from tf_ssgan.data import datasets, memory_limit
from tf_ssgan.data.sources import npz_archive

PIXELS = np.zeros((20, 8, 8, 3), np.uint8)
LABELS = np.arange(20) % 2


def own(folder, write, classes=None, **train):
    """The name of a data set, whose train.npz has these arrays."""
    write(folder / "own", {"image": PIXELS, "label": LABELS} | train,
          {"image": PIXELS, "label": LABELS}, classes)  # fmt: skip
    return f"npz:{folder / 'own'}"


@pytest.mark.parametrize(
    "label, message",
    [
        (LABELS.astype(float), r"got float64 \[20\]; save label.astype\(int\), the numbers"),
        (np.full(20, np.nan), r"got float64 \[20\]; save"),
        (LABELS.astype(bool), r"got bool \[20\]; save label.astype\(int\)"),
        (LABELS[:, None], r"got int64 \[20, 1\]; save label\[:, 0\]\.$"),
        (np.eye(2, dtype=int)[LABELS], r"got int64 \[20, 2\]; save label.argmax\(1\)"),
        (np.eye(2)[LABELS], r"got float64 \[20, 2\]; save label.argmax\(1\)"),
        (LABELS.astype(str), r"got <U21 \[20\]\."),
        (LABELS.astype("S"), r"got \|S21 \[20\]\."),
        (LABELS.astype(complex), r"got complex128 \[20\]\."),
        (LABELS.astype("M8[D]"), "times are no numbers"),
        (np.zeros(20, [("a", "u1")]), "records of several fields are not read"),
        (np.array([None] * 20), "got object .*pickled, which could run any program"),
        (np.array(3), r"got int64 \[\]\."),
        (np.arange(10**6), "20 images but 1,000,000 labels; make them equal"),
        (LABELS - 2, "labels must be 0 or more, or -1 for images without a label, got -2"),
        (LABELS.astype(np.uint64) + np.uint64(2**64 - 2), "got 18446744073709551615"),
        (LABELS * 4_000_000_000, "the largest label is 4,000,000,000, so there are 4,000,000,001 cl"),
        (LABELS * 2_000_000_000, "the largest label is 2,000,000,000, so there are 2,000,000,001 "
         "classes, and at most 100,000 can be learned. Number the classes from 0 without gaps"),
        (LABELS * 100, "the largest label is 100, so there are 101 classes for 40 labeled images, "
         "but a class needs two images or more, on average"),
    ],
)  # fmt: skip
def test_labels_that_number_no_classes_are_refused(tmp_path, write, refused, label, message):
    start = time.monotonic()
    refused(r"own/train\.npz: .*" + message, own(tmp_path, write, label=label))
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u8", ">i8", ">u2", "<i4"])
def test_labels_may_be_whole_numbers_of_any_kind(tmp_path, write, dtype):
    source = datasets.find(own(tmp_path, write, label=LABELS.astype(dtype)))
    labels = source.load().train_labels
    assert labels.dtype == np.int64 and labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    "image, message",
    [
        (PIXELS / np.float32(255), "got float32 .*; save whole numbers from 0 to 255 as uint8"),
        (PIXELS.astype(np.int8), "got int8"),
        (PIXELS.astype(">u2"), "got >u2"),
        (PIXELS.astype(object), "got object .*pickled"),
        (PIXELS[:, :, :, 0], r"got uint8 \[20, 8, 8\]"),
        (PIXELS[None], r"got uint8 \[1, 20, 8, 8, 3\]"),
        (PIXELS[:, :0], "got 0x8x3"),
        (np.zeros((20, 4_104, 4_104, 0), np.uint8), "got 4104x4104x0"),
        (np.transpose(PIXELS, (0, 3, 1, 2)), "got 3x8x8"),
    ],
)
def test_images_of_other_types_and_shapes_are_refused(tmp_path, write, refused, image, message):
    refused(r"own/train\.npz: image.*" + message, own(tmp_path, write, image=image))


def test_columns_first_gives_the_same_images(tmp_path, write, random_images):
    images = random_images(20, 8)
    name = own(tmp_path, write, image=np.asfortranarray(images))
    assert (datasets.find(name).load().train_images == images).all()


def test_sizes_are_compared_before_anything_is_read(tmp_path, write, refused, monkeypatch):
    name = own(tmp_path, write, image=np.zeros((20, 16, 16, 3), np.uint8))
    monkeypatch.setattr(npz_archive, "read_array", lambda *_: pytest.fail("read"))
    refused("test.npz: images are 8x8x3, but those of train.npz are 16x16x3; make them", name)
    name = own(tmp_path, write, image=np.zeros((20, 8, 8, 1), np.uint8))
    refused("test.npz: images are 8x8x3, but those of train.npz are 8x8x1", name)
    refused("20 images but 21 labels", own(tmp_path, write, label=np.arange(21)))


def test_memory_is_asked_before_anything_is_read(tmp_path, write, refused, monkeypatch):
    name = own(tmp_path, write)
    with monkeypatch.context() as patch:
        patch.setattr(memory_limit, "available", lambda: 10_000)
        patch.setattr(npz_archive, "read_array", lambda *_: pytest.fail("read"))
        refused(
            "train.npz and .*test.npz: 40 images take 0.0 MB of memory, but 0.0 MB are free: make "
            "smaller archives, of fewer or smaller images", name,
        )  # fmt: skip


def test_images_that_are_only_claimed_are_never_allocated(tmp_path, write, refused):
    name = own(tmp_path, write)
    write_claim(tmp_path, 10**10)
    refused("10,000,000,020 images take 4,.* GB of memory, but .* are free", name)
    write_claim(tmp_path, 1000)
    refused("train.npz: .*the array 'label'", name)


def write_claim(folder, count):
    """A train.npz whose arrays are said to be of `count` images, by the list of the archive too."""
    pixels = npy(described(f"({count}, 8, 8, 3)"), b"\0" * 64)
    label = npy(described(f"({count},)", "|u1"), b"\0" * 64)
    path = write_archive(folder / "own" / "train.npz", {"label": label, "image": pixels})
    for content, length in ((label, count), (pixels, count * 192)):
        add_zip64(path, len(content), len(content) - 64 + length)
    return path


def add_zip64(path, size, claimed):
    """Lets the list of an archive claim another size of the entry with this size, in 64 bits."""
    content = path.read_bytes()
    start, end = content.find(b"PK\1\2"), content.rfind(b"PK\5\6")
    entries, at = b"", start
    while at < end:
        names, extra = struct.unpack_from("<HH", content, at + 28)
        entry = bytearray(content[at : at + 46 + names + extra])
        at += len(entry)
        if struct.unpack_from("<L", entry, 24)[0] == size:
            struct.pack_into("<L", entry, 24, 0xFFFFFFFF)
            struct.pack_into("<H", entry, 30, 12)
            entry += struct.pack("<HHQ", 1, 8, claimed)
        entries += entry
    tail = bytearray(content[end:])
    struct.pack_into("<L", tail, 12, len(entries))
    path.write_bytes(content[:start] + entries + tail)


def test_names_for_far_more_classes_than_images_are_refused(tmp_path, write, refused):
    names = "\n".join(f"class {n}" for n in range(101))
    refused(
        r"classes\.txt: there are 101 classes for 40 labeled images, but a class needs two",
        own(tmp_path, write, classes=names),
    )


def test_classes_without_images_are_named(tmp_path, write, capsys):
    name = own(tmp_path, write, classes="a\nb\nc\nd")
    assert datasets.find(name).load().info.classes == tuple("abcd")
    assert "train.npz: no labeled training image of c, d: the" in capsys.readouterr().err
    datasets.find(own(tmp_path / "2", write, label=LABELS * 30)).load()
    assert "image of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 19 more:" in capsys.readouterr().err
    datasets.find(own(tmp_path / "3", write)).load()
    assert not capsys.readouterr().err


def test_images_that_judge_may_have_few_of_many_classes(tmp_path, write, refused):
    write(tmp_path / "own", test={"label": np.arange(20) * 30, "image": PIXELS})
    (tmp_path / "own" / "train.npz").unlink()
    source = datasets.find(f"npz:{tmp_path / 'own'}")
    source.check(training=False)
    judged = source.load_judging(datasets.ImageSpec(), tuple(map(str, range(600))))
    assert judged.labels.tolist() == (np.arange(20) * 30).tolist()
    write(tmp_path / "own", test={"label": LABELS * 10**8, "image": PIXELS})
    (tmp_path / "own" / "train.npz").unlink()
    refused("the largest label is 100,000,000", f"npz:{tmp_path / 'own'}", training=False)


def encoded_in(width, height, mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, "PNG")
    return file.getvalue()


def of_files(files):
    """The arrays of an archive with these files."""
    return {
        "encoded": np.frombuffer(b"".join(files), np.uint8),
        "offset": np.cumsum([0, *map(len, files)]),
        "image": None,
    }


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda o: o[::-1],
            "offset must rise from 0 to at most the .* bytes of encoded, with a by",
        ),
        (lambda o: o - 1, "offset must rise"),
        (lambda o: o + 1, "offset must rise"),
        (lambda o: np.r_[o[:5], o[4], o[6:]], "offset must rise"),
        (lambda o: np.r_[o[:-1], 2**62], "offset must rise"),
        (lambda o: np.r_[o[:5], 2**62, o[6:]], "offset must rise"),
        (lambda o: o.astype("<u8") + np.uint64(2**63), "offset must rise"),
        (lambda o: np.r_[o.astype("<u8")[:5], np.uint64(2**64 - 1), o.astype("<u8")[6:]], "rise"),
        (lambda o: o.astype(float), r"offset must be integers \[n \+ 1\], got float64 \[21\]"),
        (lambda o: o[:, None], r"offset must be integers \[n \+ 1\], got int64 \[21, 1\]"),
        (lambda o: o[:0], r"offset must be integers \[n \+ 1\], got int64 \[0\]"),
        (lambda o: o[1:], "19 images but 20 labels"),
        (lambda o: np.zeros(10**6, "u1"), "offset stands for 999,999 images, but encoded has only"),
    ],
)
def test_offsets_that_separate_no_files_are_refused(tmp_path, write, refused, change, message):
    arrays = of_files([encoded_in(8, 8)] * 20)
    arrays["offset"] = change(arrays["offset"])
    refused(r"own/train\.npz: .*" + message, own(tmp_path, write, **arrays), act="load")


def test_offsets_of_other_whole_numbers_are_read(tmp_path, write):
    for dtype in (">i8", "<u8", "<u4"):
        arrays = of_files([encoded_in(8, 8)] * 20)
        arrays["offset"] = arrays["offset"].astype(dtype)
        name = own(tmp_path, write, **arrays)
        assert datasets.find(name).load().train_images.shape == (20, 8, 8, 3)


@pytest.mark.parametrize(
    "files, message",
    [
        ([encoded_in(8, 8)] * 19 + [encoded_in(9, 8)], "image 19 is 8x9x3, but image 0 is 8x8x3"),
        ([encoded_in(8, 8)] * 19 + [encoded_in(9_000, 9_000)], "image 19 is 9000x9000x3, but"),
        ([encoded_in(9_000, 9_000, "L")] * 20, "at most 4096x4096, .* got 9000x9000x1"),
        ([encoded_in(9, 8)] * 20, "images must be square"),
        ([encoded_in(16, 16)] * 20, "test.npz: images are 8x8x3, but those of train.npz are 16x1"),
        ([b"x"] * 20, "image 0 cannot be decoded as PNG, JPEG or WebP"),
        ([encoded_in(8, 8)[:-30]] * 20, "image 0 cannot be decoded"),
        ([b"GIF89a" + b"x" * 50] * 20, "image 0 cannot be decoded"),
    ],
)
def test_files_of_other_sizes_are_refused_before_they_are_decoded(
    tmp_path, write, refused, files, message
):
    start = time.monotonic()
    refused(message, own(tmp_path, write, **of_files(files)), act="load")
    assert time.monotonic() - start < 5


def test_memory_for_decoded_images_is_asked_for_after_the_first(
    tmp_path, write, refused, monkeypatch
):
    name = own(tmp_path, write, **of_files([encoded_in(512, 512)] * 20))
    monkeypatch.setattr(memory_limit, "available", lambda: 20_000_000)
    refused("own/train.npz: 20 images take 31.5 MB of memory", name, act="load")
    monkeypatch.setattr(memory_limit, "available", lambda: 40_000_000)
    refused("test.npz: images are 8x8x3", name, act="load")
