"""What is said about images that were read."""

import dataclasses

import numpy as np

from tf_ssgan.data import image_files
from tf_ssgan.data.sources import image_remarks

WIDE = image_files.ImageFileInfo("PNG", "I;16", 8, 8, peak=4095)
PLAIN = image_files.ImageFileInfo("PNG", "L", 8, 8)


def used(images, headers=None, labels=None):
    count = len(images)
    return image_remarks.UsedImages(
        [f"{number}.png" for number in range(count)],
        np.arange(count) % 2 if labels is None else np.array(labels),
        headers or [PLAIN] * count,
        images,
    )


def noise(count):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), np.uint8)


def test_ordinary_images_need_no_remark():
    assert image_remarks.find(used(noise(10)), 16) == []
    assert image_remarks.find(used(noise(0)), 16) == []


def test_the_bits_in_use_are_said_with_the_largest_value():
    (remark,) = image_remarks.find(used(noise(3), [WIDE, PLAIN, WIDE]), 12)
    assert (remark.level, remark.names) == ("note", ("0.png", "2.png"))
    assert remark.text == (
        "2 files have 16 bits a channel; the largest value is 4,095: all are read as 12 bits"
    )


def test_values_above_those_of_training_are_a_warning():
    _, remark = image_remarks.find(used(noise(3), [WIDE, PLAIN, PLAIN]), 10)
    assert remark.level == "warning" and remark.names == ("0.png",)
    assert "1 file has values above 1,023" in remark.text


def test_a_hot_pixel_that_makes_all_other_images_dark_is_a_warning():
    usual, hot, brighter = (
        dataclasses.replace(WIDE, peak=peak) for peak in (16_000, 65_535, 32_000)
    )
    (remark,) = image_remarks.find(used(noise(5), [usual, hot, usual, brighter, usual]), 16)
    assert remark.level == "warning" and remark.names == ("1.png", "3.png")
    assert (
        "more than 14 bits, as most files do not: these become up to 4 times darker" in remark.text
    )
    assert len(image_remarks.find(used(noise(3), [usual, brighter, usual]), 15)) == 1


def test_files_of_several_frames_are_counted():
    film = image_files.ImageFileInfo("GIF", "P", 8, 8, several=True)
    (remark,) = image_remarks.find(used(noise(3), [film, film, PLAIN]), 16)
    assert remark.text == "2 files have several frames; the first is used"


def test_nearly_black_nearly_white_and_uniform_images():
    images = noise(40)
    images[:8] //= 8  # at most 31
    images[8:16] = 255 - images[8:16] // 8
    images[16:24] = 99
    texts = [remark.text for remark in image_remarks.find(used(images), 16)]
    assert texts == [
        "8 files are nearly black: no value is above 31 of 255",
        "8 files are nearly white: no value is below 224 of 255",
        "8 files have one color throughout",
    ]


def test_a_few_dark_images_are_said_only_if_they_are_half_of_a_class():
    images = noise(40)
    images[:3] = 0
    assert image_remarks.find(used(images, labels=[0] * 20 + [1] * 20), 16) == []
    assert image_remarks.find(used(images, labels=[-1] * 40), 16) == []
    (remark,) = image_remarks.find(used(images, labels=[0] * 6 + [1] * 34), 16)
    assert remark.names == ("0.png", "1.png", "2.png") and remark.level == "warning"
