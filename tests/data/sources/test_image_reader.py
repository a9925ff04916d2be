"""Image files are decoded once: their order, size and channels, and what bad files give."""

import numpy as np
import pytest
from PIL import Image
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding, memory_limit
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
    monkeypatch.setattr(image_decoding, "_open", lambda content: pytest.fail("a file was opened"))
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
            "1.png": "is empty",
            "2.png": "is not an image, or is damaged",
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
