"""Image files are decoded once: their order, size and channels, and what bad files give."""

import os

import numpy as np
import pytest
from PIL import Image
from support import image_bytes, image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding, image_files, memory_limit
from tf_ssgan.data.sources import image_cache, image_listing, image_reader

SPEC = image_decoding.ImageSpec(8)


@pytest.fixture(autouse=True)
def _trust_new_files(monkeypatch):
    monkeypatch.setattr(image_cache, "_CLOCK_TOLERANCE", -10.0)


def read(name, spec=SPEC):
    return image_reader.read(image_listing.list_images(name), spec)


def test_images_are_decoded_in_the_order_of_the_entries(tmp_path):
    loaded = read(image_folders.make_folder(tmp_path / "d"))
    assert loaded.images.shape == (2 * 10 + 6 + 2 * 4, 8, 8, 3) and loaded.decoded == 34
    for index, image in zip(loaded.usable, loaded.images, strict=True):
        path = loaded.listing.entries[index].path
        assert (image == image_decoding.decode(path, 8, 3, "resize")).all()


def test_the_second_time_no_file_is_opened(tmp_path, monkeypatch):
    name = image_folders.make_folder(tmp_path / "d")
    first = read(name)
    monkeypatch.setattr(image_files, "open_image", lambda file: pytest.fail("a file was opened"))
    second = read(name)
    assert second.decoded == 0 and (second.images == first.images).all()
    assert second.records == first.records


def test_bad_files_are_skipped_with_a_reason(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    cat = tmp_path / "d/labeled/cat"
    whole = (cat / "0.png").read_bytes()
    (cat / "0.png").write_bytes(whole[: len(whole) // 2])
    (cat / "1.png").write_bytes(b"")
    (cat / "2.png").write_text("words")
    Image.new("L", (1, 1)).save(cat / "3.png")
    (cat / "loop.png").symlink_to(cat / "loop.png")
    for _ in range(2):  # decoded, and cached
        loaded = read(name)
        problems = {
            e.name.split("/")[-1]: s.problem
            for e, s in zip(loaded.listing.entries, loaded.records, strict=True)
            if s.problem
        }
        assert problems.pop("loop.png").startswith("cannot be read")
        assert problems == {
            "0.png": "is damaged: its pixels cannot be decoded",
            "1.png": "is empty: remove it, or download it if it is kept elsewhere",
            "2.png": "is not an image but text: remove it",
            "3.png": "has 1 x 1 pixels; each side needs at least 4",
        }
        assert len(loaded.images) == len(loaded.usable) == 34 - 4
    assert loaded.decoded == 0


@pytest.mark.parametrize(
    "sizes, modes, expected",
    [
        ([(20, 20)], ["L"], (20, 1)),
        ([(20, 20)], ["L", "RGB"], (20, 3)),
        ([(20, 20), (24, 24)], ["L"], (32, 1)),
        ([(20, 16)], ["P"], (32, 3)),
        ([(200, 200)], ["1"], (32, 1)),
        ([(6, 6)], ["L"], (32, 1)),
    ],
)
def test_size_and_channels_are_chosen_by_the_files(tmp_path, sizes, modes, expected):
    for kind in range(2):
        for number in range(4):
            image_folders.save_image(
                tmp_path / f"{kind}/{number}.png", kind, number,
                size=sizes[number % len(sizes)], mode=modes[number % len(modes)],
            )  # fmt: skip
    images = read(f"folder:{tmp_path}", image_decoding.ImageSpec()).images
    assert images.shape[1:] == (expected[0], expected[0], expected[1])
    assert read(f"folder:{tmp_path}", image_decoding.ImageSpec(8, "3")).images.shape[1:] == (
        8,
        8,
        3,
    )
    assert read(f"folder:{tmp_path}", image_decoding.ImageSpec(8, "1")).images.shape[1:] == (
        8,
        8,
        1,
    )


def test_images_that_do_not_fit_into_memory_are_refused(tmp_path, monkeypatch):
    name = image_folders.make_folder(tmp_path / "d")
    monkeypatch.setattr(memory_limit, "available", lambda: 2 * 34 * 24 * 24 * 3)
    with pytest.raises(
        errors.UserError, match="34 images at 32 x 32 x 3 .*--image_size=24 would fit"
    ):
        read(name, image_decoding.ImageSpec(32))
    assert len(read(name, image_decoding.ImageSpec(24)).images) == 34
    monkeypatch.setattr(memory_limit, "available", lambda: 10)
    with pytest.raises(errors.UserError, match="use fewer images"):
        read(name, image_decoding.ImageSpec(32))


def test_images_are_complete_with_many_threads(tmp_path):
    for number in range(200):
        image_folders.save_image(tmp_path / f"{number % 2}" / f"{number}.png", number % 2, number)
    loaded = read(f"folder:{tmp_path}")
    assert len(np.unique(loaded.images.reshape(200, -1), axis=0)) == 200


# --- what a name may stand for --------------------------------------------------------------------


def test_what_is_not_a_file_or_another_kind_of_file_is_left_out(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    cat = tmp_path / "d/labeled/cat"
    for number in range(6):
        (cat / f"{number}.png").unlink()
    os.mkfifo(cat / "0.png")
    (cat / "1.png").symlink_to("/dev/zero")
    (cat / "2.png").touch()
    os.truncate(cat / "2.png", 30_000_000_000)
    (cat / "3.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    (cat / "4.png").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    whole = image_bytes.encode(Image.new("L", (8, 8)))
    (cat / "5.png").write_bytes(whole[:33] + image_bytes.png_chunk(b"eXIf", b"MM\0") + whole[33:])
    assert image_reader.image_size(image_listing.list_images(name)) == 32
    (remark,) = (r for r in read(name).remarks() if "left out" in r.text)
    assert remark.text == "5 of 34 files are left out"
    assert remark.names == (
        "labeled/cat/0.png cannot be read: it is a pipe, not a file",
        "labeled/cat/1.png cannot be read: it is a device, not a file",
        "labeled/cat/2.png cannot be read: it has 30,000,000,000 bytes, and at most 750,000,000 are "
        "read",
        "labeled/cat/3.png is a pointer of Git LFS, not the image: run git lfs pull",
        "labeled/cat/4.png is HEIC, which is not read: convert it to PNG or JPEG",
    )


# --- sixteen bits ---------------------------------------------------------------------------------


def save_wide(path, peak, seed):
    pixels = np.random.default_rng(seed).integers(0, peak, (8, 8)).astype(np.uint16)
    pixels[0, 0] = peak
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.mark.parametrize(("peak", "bits"), [(255, 8), (4095, 12), (65535, 16)])
def test_the_largest_value_of_all_files_decides_the_scale(tmp_path, peak, bits):
    pixels = [
        save_wide(tmp_path / f"d/{n % 2}/{n}.png", peak if n == 5 else peak // 2, n)
        for n in range(8)
    ]
    for decoded in (8, 0):
        loaded = read(f"folder:{tmp_path}/d")
        assert loaded.bits == bits and loaded.decoded == decoded
        for row, image in zip(loaded.usable, loaded.images, strict=True):
            number = int(os.path.basename(loaded.listing.entries[row].name)[:-4])
            assert (image[..., 0] == pixels[number] >> (bits - 8)).all()
        text = f"8 files have 16 bits a channel; the largest value is {peak:,}"
        assert [text in remark.text for remark in loaded.remarks()] == [True] * (bits < 16)


def test_a_brighter_file_changes_the_scale_of_all_16_bit_files(tmp_path):
    for number in range(4):
        save_wide(tmp_path / f"d/{number % 2}/{number}.png", 4095, number)
        image_folders.save_image(
            tmp_path / f"d/{number % 2}/8-{number}.png", 1, number, (8, 8), "L"
        )
    name = f"folder:{tmp_path}/d"
    before = read(name)
    save_wide(tmp_path / "d/0/brighter.png", 65535, 9)
    after = read(name)
    (tmp_path / "d/0/brighter.png").unlink()
    again = read(name)
    assert [loaded.bits for loaded in (before, after, again)] == [12, 16, 12]
    assert after.decoded == 5 and (again.images == before.images).all()
    names = [after.listing.entries[row].name for row in after.usable]
    for row, image in zip(before.usable, before.images, strict=True):
        entry = before.listing.entries[row].name
        wide = "8-" not in entry
        assert (after.images[names.index(entry)] == (image >> 4 if wide else image)).all()


def test_a_scale_that_is_given_is_kept(tmp_path):
    for number in range(4):
        save_wide(tmp_path / f"d/{number % 2}/{number}.png", 4095, number)
    loaded = read(f"folder:{tmp_path}/d", image_decoding.ImageSpec(8, bits=10))
    assert loaded.bits == 10 and (loaded.images == 255).mean() > 0.6
    assert "4 files have values above 1,023" in loaded.remarks()[1].text


def test_a_second_file_with_the_same_bytes_has_its_largest_value_too(tmp_path):
    for number in range(4):
        save_wide(tmp_path / f"d/{number % 2}/{number}.png", 4095, number)
    read(f"folder:{tmp_path}/d")
    for number in range(4):
        path = tmp_path / f"d/{number % 2}/{number}.png"
        path.rename(path.with_name(f"n{number}.png"))
    loaded = read(f"folder:{tmp_path}/d")
    assert loaded.bits == 12 and [record.header.peak for record in loaded.records] == [4095] * 4


def test_a_file_for_which_memory_ran_out_is_tried_again(tmp_path, monkeypatch):
    listing = image_listing.list_images(image_folders.make_folder(tmp_path / "d"))
    for entry in listing.entries:  # so long ago that the next run would trust what is known of them
        os.utime(entry.path, (1e9, 1e9))
    monkeypatch.setattr(image_cache, "_CLOCK_TOLERANCE", -10.0)
    with monkeypatch.context() as patch:
        patch.setattr(image_decoding, "_fit", lambda *args: _no_memory())
        records = image_reader.read(listing, SPEC).records
    assert {record.problem for record in records} == {
        "cannot be decoded: there is not enough memory"
    }
    assert len(image_reader.read(listing, SPEC).usable) == len(listing.entries)


def _no_memory():
    raise MemoryError
