"""Likely groups are found in realistic names, and plain names give none."""

import re

import numpy as np
import pytest

from tf_ssgan.diagnostics import group_names

MANY = range(8)  # patients, plants, videos
FEW = range(5)  # images of each


def make(template, groups=MANY, images=FEW):
    return [template.format(g=g, i=i) for g in groups for i in images]


@pytest.mark.parametrize(
    ("template", "groups", "pattern"),
    [
        ("patient{g:02}_{i}.png", MANY, r"^([^\d/]*\d+)[-_ .]"),
        ("IMG_{g:04}_{i}.jpg", MANY, r"^([^\d/]*\d+)[-_ .]"),
        ("vid{g}_frame{i:04}.jpg", MANY, r"^([^\d/]*\d+)[-_ .]"),
        ("P{g:03}_left_{i}.png", MANY, r"^([^\d/]*\d+)[-_ .]"),
        ("{g}_{i}.jpeg", MANY, r"^([^\d/]*\d+)[-_ .]"),
        ("leaf {g} ({i}).jpg", MANY, r"^([^\d/]*\d+)[-_ .]"),
        ("slide-{g}/tile-{i}.png", MANY, r"^([^/]+)/"),
        ("data/slide-{g}/tile-{i}.png", MANY, r"^(.+)/"),
        ("cat/patient{g:02}_{i}.png", MANY, r"(?:^|/)([^\d/]*\d+)[-_ .]"),
        ("BraTS20_Training_{g:03}_{i}.png", MANY, None),
        ("S01E{g:02}_{i:05}.jpg", MANY, None),
        ("{g}_{i}.png", [f"{kind}-tree" for kind in "abcdefghijkl"], None),
    ],
)
def test_groups_are_found(template, groups, pattern):
    names = make(template, groups)
    labels = np.arange(len(names)) // len(FEW) % 2  # a patient in one class
    found = group_names.find(names, labels.tolist())
    assert pattern in (None, found.pattern)
    assert len(set(found.groups)) == len(groups) and "" not in found.groups
    parts = [re.search(found.pattern, name)[1] for name in names]
    assert parts == list(found.groups), "the command that is suggested makes these groups"
    mixed = group_names.find(names, [at % 2 for at in range(len(names))])
    assert mixed == found, "a patient may be in several classes"


def test_letters_behind_a_number_and_two_eyes_are_images_of_a_group():
    names = [f"IMG_{g:04}_{i}.jpg" for g in range(30) for i in "ab"]
    assert group_names.find(names, [0] * 60).groups[0] == "IMG_0000"
    names = [f"{g}_{side}.jpeg" for g in range(30) for side in ("left", "right")]
    assert group_names.find(names, [0] * 60).groups[0] == "0"


def test_an_image_without_a_letter_belongs_to_those_that_have_one():
    names = [f"IMG_{g:04}{i}.jpg" for g in range(30) for i in ("", "_a", "_b")]
    found = group_names.find(names, [0] * 90)
    assert len(set(found.groups)) == 30 and set(group_names.shared(found.groups).values()) == {3}


def test_few_labels_are_enough():
    names = make("patient{g:02}_{i}.png")
    labels = [0 if at % 10 == 0 else -1 for at in range(len(names))]
    assert group_names.find(names, labels)


@pytest.mark.parametrize(
    "names",
    [
        [f"{i:04}.png" for i in range(1000)],
        [f"{i}.png" for i in range(300)] * 2,  # the same numbers in two classes
        [f"img_{i:03}.png" for i in range(200)] * 2,
        [f"IMG_{i:04}.JPG" for i in range(300)],
        [f"DSC{i:05}.JPG" for i in range(300)],
        [f"photo ({i}).jpg" for i in range(300)],
        [f"cat.{i}.jpg" for i in range(100)] + [f"dog.{i}.jpg" for i in range(100)],
        [f"cat_{i}.jpg" for i in range(100)] + [f"dog_{i}.jpg" for i in range(100)],
        [f"type1_{i}.jpg" for i in range(100)] + [f"type2_{i}.jpg" for i in range(100)],
        [f"ISIC_{24306 + i:07}_downsampled.jpg" for i in range(200)],
        [f"{i:05}_{'cat' if i < 100 else 'dog'}.jpg" for i in range(200)],
        [f"IMG_202103{1 + i // 9 % 28:02}_{1200 + i:06}.jpg" for i in range(200)],
        [f"2021-03-{1 + i // 9 % 28:02}_{1200 + i:06}.jpg" for i in range(200)],
        [f"IMG-202103{1 + i // 9 % 28:02}-WA{i:04}.jpg" for i in range(200)],
        [f"{i * 7919 % 2**16:04x}{i * 104729 % 2**20:05x}.png" for i in range(200)],
        [f"550e8400-e29b-41d4-a716-4466554{i:05}.png" for i in range(200)],
        [f"{kind}_{i}.jpg" for kind in ("beagle", "pug", "boxer", "collie") for i in range(50)],
        [f"batch/{i:04}.png" for i in range(100)] + [f"more/{i:04}.png" for i in range(100)],
        [],
    ],
    ids=lambda names: (names or ["none"])[0],
)
def test_plain_names_have_no_groups(names):
    labels = [0] * (len(names) // 2) + [1] * (len(names) - len(names) // 2)
    assert group_names.find(names, labels) is None


def test_class_prefixes_of_unlabeled_images_are_no_groups():
    kinds = [f"{kind}{k}" for k, kind in enumerate(("cat", "dog", "cow", "hen", "pig", "fox"))]
    names = [f"{kind}_{i}.jpg" for kind in kinds for i in range(20)]
    labels = [k if i < 5 else -1 for k in range(len(kinds)) for i in range(20)]
    assert group_names.find(names, labels) is None


def test_long_names_take_no_time():
    names = ["a" * 4_000 + f"_{i}.png" for i in range(50)]
    assert group_names.find(names, [0] * 50) is None
