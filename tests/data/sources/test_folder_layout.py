"""Which folders are parts, by their names."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data.sources import folder_layout

NAMES = {
    "labeled": ["labeled", "Labelled", "TRAIN", "training", "train_set", "Train Data"],
    "unlabeled": ["unlabeled", "Unlabelled", "un-labeled", "unlabeled_images"],
    "validation": ["val", "Valid", "VALIDATION", "dev", "held_out", "held-out", "holdout"],
    "test": ["test", "Tests", "testing", "testset", "test images"],
}


@pytest.mark.parametrize("part, name", [(part, n) for part, names in NAMES.items() for n in names])
def test_parts_have_synonyms_in_any_case(part, name):
    assert folder_layout.part_of(name) == part and folder_layout.is_taken(name)


@pytest.mark.parametrize("name", ["cat", "set", "data", "images", "tested", "trains", "label", "1",
                                  "test_class", "bullet_train", "deviation", ""])  # fmt: skip
def test_other_names_are_classes(name):
    assert folder_layout.part_of(name) is None and not folder_layout.is_taken(name)


def test_parts_and_what_lies_beside_them():
    layout = folder_layout.find_layout(["Test", "cat", "labelled", "val"])
    assert layout.parts == {"labeled": "labelled", "validation": "val", "test": "Test"}
    assert layout.others == ["cat"]
    assert layout.renamed() == [
        "labelled/ is read as labeled/",
        "val/ is read as validation/ (held-out images)",
        "Test/ is read as test/",
    ]
    assert folder_layout.find_layout(["labeled", "test"]).renamed() == []


@pytest.mark.parametrize("pair", [("labeled", "labelled"), ("Test", "test"), ("labeled", "train"),
                                  ("val", "valid")])  # fmt: skip
def test_two_folders_of_one_part_are_refused_by_name(pair):
    with pytest.raises(errors.UserError, match=f"{pair[0]}/ and {pair[1]}/ are both read as"):
        folder_layout.find_layout([*pair, "cat"])


def test_checked_images_are_a_part():
    layout = folder_layout.find_layout(["test", "Checked", "labeled"])
    assert [*layout.parts.items()] == [
        ("labeled", "labeled"), ("checked", "Checked"), ("test", "test")
    ]  # fmt: skip
    assert layout.renamed() == ["Checked/ is read as checked/ (labeled images that are checked)"]
    assert folder_layout.is_taken("checked") and not folder_layout.is_taken("unchecked")
    with pytest.raises(errors.UserError, match="Checked/ and checked/ are both read as checked/"):
        folder_layout.find_layout(["Checked", "checked"])


@pytest.mark.parametrize(
    "name, part",
    [("unlabled", "unlabeled"), ("tset", "test"), ("test-2", "test"), ("seg_train", "labeled"),
     ("checked_2", "checked"), ("cheked", "checked"), ("unchecked", "labeled"),
     ("not_checked", "labeled"), ("unlabel", "unlabeled"), ("Validate", "validation"), ("cat", None), ("x", None)],
)  # fmt: skip
def test_a_part_is_suggested_for_a_folder_that_is_not_read(name, part):
    assert folder_layout.likely_part(name) == part


@pytest.mark.parametrize("name", ["labled", "unlabled", "Unlabeld", "lebeled", "tset", "trian",
                                  "validaton", "vaild"])  # fmt: skip
def test_misspelled_parts(name):
    assert folder_layout.misspelled_part(name)


@pytest.mark.parametrize("name", ["rain", "brain", "nest", "text", "resting", "raining", "label",
                                  "labels", "enabled", "salad", "cat", "elevation"])  # fmt: skip
def test_words_of_their_own_are_no_misspelled_parts(name):
    assert folder_layout.misspelled_part(name) is None
