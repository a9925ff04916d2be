"""What is said of files that are larger, smaller or longer than their images."""

import pytest
from support import image_folders

from tf_ssgan.data import image_decoding
from tf_ssgan.data.sources import image_listing, image_reader, size_remarks


def remarks(root, *sizes, size=0, fit="resize"):
    """The remarks about files of these sizes."""
    for number, shape in enumerate(sizes):
        for kind in ("cat", "dog"):
            image_folders.save_image(root / kind / f"{number}.png", 1, number, size=shape)
    spec = image_decoding.ImageSpec(size, fit=fit)
    return size_remarks.find(
        image_reader.read(image_listing.list_images(f"folder:{root}"), spec), fit
    )


def test_photos_that_lose_their_details_are_said_with_what_a_larger_size_costs(tmp_path):
    (remark,) = remarks(tmp_path, (600, 400), (600, 400), (640, 400))
    assert remark.level == "note" and remark.text == (
        "the images are 32 x 32 pixels, the files 15 times larger (median 600 x 400): what is "
        "smaller than 15 pixels in a file is gone"
    )
    assert remark.advice == (
        "try --image_size=96, with which a step takes about 9 times as long; or cut out of the "
        "files what matters, if it is small in them"
    )


@pytest.mark.parametrize(
    "fit, size, says, advice",
    [
        ("crop", 16, "25 times larger", "try --image_size=48, with which a step takes about 9 "),
        ("pad", 100, "6 times larger", "try --image_size=200, with which a step takes about 4 "),
        ("resize", 60, "8 times larger", "try --image_size=120, with which a step takes about 4 "),
    ],
)
def test_the_side_that_counts_follows_from_the_fit(tmp_path, fit, size, says, advice):
    (remark,) = remarks(tmp_path, (600, 400), size=size, fit=fit)
    assert says in remark.text and remark.advice.startswith(advice)


def test_images_that_are_usual_in_size_are_cut_out_instead(tmp_path):
    (remark,) = remarks(tmp_path, (1_000, 1_000), size=224)
    assert remark.advice.startswith("cut out of the files")


def test_a_larger_size_is_not_larger_than_the_files(tmp_path):
    (remark,) = remarks(tmp_path, (40, 40), size=8)
    assert "5 times larger" in remark.text and "--image_size=24," in remark.advice


def test_mild_changes_need_no_word(tmp_path):
    assert remarks(tmp_path, (120, 100), (20, 30), (24, 22)) == []


def test_files_that_are_enlarged(tmp_path):
    (remark,) = remarks(tmp_path, (16, 16), (16, 16), size=128)
    assert remark.text == (
        "4 files are smaller than the images (128 x 128 pixels) and enlarged 8 times (median 16 x "
        "16), which adds no details"
    )
    assert remark.advice == "--image_size=16 is enough for most of them, and faster"


def test_one_small_file_among_others(tmp_path):
    for number in range(9):
        image_folders.save_image(tmp_path / "cat" / f"large{number}.png", 1, number, size=(64, 64))
    (remark,) = remarks(tmp_path, (10, 12), size=32)
    assert remark.text.startswith("2 files are smaller than the images (32 x 32 pixels)")
    assert "enlarged 2.9 times (median 10 x 12)" in remark.text
    assert remark.advice.startswith("replace them")


def test_files_that_are_squeezed_are_named(tmp_path):
    (remark,) = remarks(tmp_path, (40, 30), (100, 40))
    assert remark.text == "2 images are squeezed: one side is more than twice the other"
    assert remark.names == ("cat/1.png", "dog/1.png")
    assert remarks(tmp_path, (40, 30), (100, 40), fit="pad") == []


def test_nothing_is_said_of_no_image(tmp_path):
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "0.png").write_bytes(b"")
    assert remarks(tmp_path) == []
