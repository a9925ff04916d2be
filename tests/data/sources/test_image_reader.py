"""Pictures are read once: what is kept, when it is trusted, and what is told of bad files."""

import json
import os
import time

import numpy as np
import pytest
from PIL import Image
from support import image_folders

from tf_ssgan.common import cache, errors
from tf_ssgan.data import image_decoding, memory_limit
from tf_ssgan.data.sources import image_listing, image_reader

FORM = image_decoding.Form(8)


@pytest.fixture(autouse=True)
def _trust_new_files(monkeypatch):
    monkeypatch.setattr(image_reader, "_FRESH", -10.0)


def read(name, form=FORM):
    return image_reader.read(image_listing.list_images(name), form)


def test_images_are_those_of_the_rule_in_the_order_of_the_entries(tmp_path):
    found = read(image_folders.folder(tmp_path / "d"))
    assert found.images.shape == (2 * 10 + 6 + 2 * 4, 8, 8, 3) and found.decoded == 34
    for place, image in zip(found.usable, found.images, strict=True):
        path = found.listing.entries[place].path
        assert (image == image_decoding.decode(path, 8, 3, "resize")).all()


def test_the_second_time_nothing_is_opened(tmp_path, monkeypatch):
    name = image_folders.folder(tmp_path / "d")
    first = read(name)
    monkeypatch.setattr(image_decoding, "_opened", lambda content: pytest.fail("a file was opened"))
    second = read(name)
    assert second.decoded == 0 and (second.images == first.images).all()
    assert second.seen == first.seen


def test_only_what_is_new_or_changed_is_decoded(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    before = read(name)
    image_folders.picture(tmp_path / "d/labeled/cat/new.png", 0, 77)
    image_folders.picture(tmp_path / "d/labeled/dog/0.png", 1, 78)
    (tmp_path / "d/unlabeled/0.png").unlink()
    (tmp_path / "d/labeled/cat/3.png").rename(tmp_path / "d/labeled/cat/other.png")
    after = read(name)
    assert after.decoded == 2 and len(after.images) == len(before.images)
    for place, image in zip(after.usable, after.images, strict=True):
        path = after.listing.entries[place].path
        assert (image == image_decoding.decode(path, 8, 3, "resize")).all()
    arrays = list((cache.folder() / "pictures").glob("images-*"))
    assert len(arrays) == 1  # the one before is gone


def test_a_file_changed_just_now_is_looked_at_again(tmp_path, monkeypatch):
    name = image_folders.folder(tmp_path / "d")
    path = tmp_path / "d/labeled/cat/0.png"
    first = read(name).seen[0]
    status = path.stat()
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))  # of the same size, and damaged
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read(name).seen[0] == first  # trusted, because its size and time are the same
    monkeypatch.setattr(image_reader, "_FRESH", 1000.0)
    assert read(name).seen[0].digest != first.digest


def test_forms_are_kept_apart(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    sizes = [read(name, image_decoding.Form(size)).images.shape[1] for size in (8, 16, 8, 16)]
    assert sizes == [8, 16, 8, 16]
    assert read(name, image_decoding.Form(16)).decoded == 0
    assert read(name, image_decoding.Form(8)).decoded == 0
    cut = read(name, image_decoding.Form(8, fit="crop"))
    assert cut.decoded == 34 and (cut.images != read(name).images).any()


def test_another_rule_makes_everything_anew(tmp_path, monkeypatch):
    name = image_folders.folder(tmp_path / "d")
    read(name)
    monkeypatch.setattr(image_decoding, "RULE", 99)
    assert read(name).decoded == 34


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"rule": 1}', None])
def test_a_damaged_cache_is_made_anew(tmp_path, damage):
    name = image_folders.folder(tmp_path / "d")
    first = read(name)
    for path in (cache.folder() / "pictures").glob("index-*" if damage is not None else "images-*"):
        path.write_bytes(damage or b"\x93NUMPY")
    second = read(name)
    assert second.decoded == 34 and (second.images == first.images).all()


def test_without_a_cache_folder_it_reads_all_the_same(tmp_path, monkeypatch):
    name = image_folders.folder(tmp_path / "d")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read(name).decoded == read(name).decoded == 34


def test_bad_files_are_told_and_left_out(tmp_path):
    name = image_folders.folder(tmp_path / "d")
    cat = tmp_path / "d/labeled/cat"
    whole = (cat / "0.png").read_bytes()
    (cat / "0.png").write_bytes(whole[: len(whole) // 2])
    (cat / "1.png").write_bytes(b"")
    (cat / "2.png").write_text("words")
    Image.new("L", (1, 1)).save(cat / "3.png")
    (cat / "loop.png").symlink_to(cat / "loop.png")
    for _ in range(2):  # decoded, and kept
        found = read(name)
        problems = {
            e.name.split("/")[-1]: s.problem
            for e, s in zip(found.listing.entries, found.seen, strict=True)
            if s.problem
        }
        assert problems.pop("loop.png").startswith("cannot be read")
        assert problems == {
            "0.png": "is damaged: its pixels cannot be decoded",
            "1.png": "is empty",
            "2.png": "is not a picture, or a damaged one",
            "3.png": "has 1 x 1 pixels; at least 4 a side are needed",
        }
        assert len(found.images) == len(found.usable) == 34 - 4
    assert found.decoded == 0


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
def test_size_and_channels_that_pictures_choose(tmp_path, sizes, modes, expected):
    for kind in range(2):
        for number in range(4):
            image_folders.picture(
                tmp_path / f"{kind}/{number}.png", kind, number,
                size=sizes[number % len(sizes)], mode=modes[number % len(modes)],
            )  # fmt: skip
    images = read(f"folder:{tmp_path}", image_decoding.Form()).images
    assert images.shape[1:] == (expected[0], expected[0], expected[1])
    assert read(f"folder:{tmp_path}", image_decoding.Form(8, "3")).images.shape[1:] == (8, 8, 3)
    assert read(f"folder:{tmp_path}", image_decoding.Form(8, "1")).images.shape[1:] == (8, 8, 1)


def test_more_images_than_memory_are_refused_with_the_sum(tmp_path, monkeypatch):
    name = image_folders.folder(tmp_path / "d")
    monkeypatch.setattr(memory_limit, "available", lambda: 2 * 34 * 24 * 24 * 3)
    with pytest.raises(
        errors.UserError, match="34 pictures at 32 x 32 x 3 .*--image_size=24 would fit"
    ):
        read(name, image_decoding.Form(32))
    assert len(read(name, image_decoding.Form(24)).images) == 34
    monkeypatch.setattr(memory_limit, "available", lambda: 10)
    with pytest.raises(errors.UserError, match="take fewer pictures"):
        read(name, image_decoding.Form(32))


def test_a_container_has_less_memory_than_its_machine(tmp_path, monkeypatch):
    whole = memory_limit.available()
    monkeypatch.setattr(memory_limit, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    assert memory_limit.available() == 600 < whole
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_limit.available() > 600


def test_the_index_is_json_of_ours(tmp_path):
    read(image_folders.folder(tmp_path / "d"))
    (index,) = (cache.folder() / "pictures").glob("index-*.json")
    content = json.loads(index.read_text())
    assert len(content["files"]) == 34 and content["rule"] == image_decoding.RULE
    assert abs(content["written"] - time.time()) < 100


def test_images_come_whole_from_many_threads(tmp_path):
    for number in range(200):
        image_folders.picture(tmp_path / f"{number % 2}" / f"{number}.png", number % 2, number)
    found = read(f"folder:{tmp_path}")
    assert len(np.unique(found.images.reshape(200, -1), axis=0)) == 200
