"""Labels that are checked: words of tables, copies of a picture, contradictions and noise."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import checked_labels

NAMES = ("a.png", "b.png", "c.png", "d.png", "e.png")


def settle(keys, labels, checked):
    """Settles as many images as there are letters; a letter stands for an image's pixels."""
    return checked_labels.settle(
        "toys", np.array([ord(key) for key in keys], np.uint64), np.array(labels),
        np.array(checked, bool), NAMES[: len(keys)], ("cat", "dog"),
    ).tolist()  # fmt: skip


def refusal(*arguments):
    with pytest.raises(errors.UserError) as caught:
        settle(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix("--dataset=toys: ")


@pytest.mark.parametrize("word", ["1", "1.0", "true", "True", "YES", "yes"])
def test_words_for_checked(word):
    assert checked_labels.read_word(word) is True


@pytest.mark.parametrize("word", ["", "0", "0.0", "false", "FALSE", "No"])
def test_words_for_not_checked(word):
    assert checked_labels.read_word(word) is False


@pytest.mark.parametrize("word", ["2", "0.5", "maybe", "x", "nan", "-1"])
def test_other_words_mean_nothing(word):
    assert checked_labels.read_word(word) is None


def test_images_without_copies_are_as_they_are_said_to_be():
    assert settle("xyz", [0, 1, -1], [1, 0, 0]) == [True, False, False]


def test_copies_of_a_checked_image_are_checked_unless_they_have_no_label():
    checked = settle("xxxyy", [0, 0, -1, 1, 1], [0, 1, 0, 0, 0])
    assert checked == [True, True, False, False, False]


def test_two_classes_of_one_picture_are_no_contradiction_if_none_is_checked():
    assert settle("xxy", [0, 1, 0], [0, 0, 1]) == [False, False, True]


def test_a_checked_class_and_another_one_of_the_same_picture_are_refused_by_name():
    assert refusal("xyx", [1, 0, 0], [0, 0, 1]) == (
        "c.png and a.png have the same pixels, but the first is checked to be 'cat' and the second "
        "is 'dog', not checked. Correct one of them, or remove it."
    )


def test_of_several_copies_those_that_are_checked_are_named():
    text = refusal("xxxx", [0, 0, 1, 1], [0, 1, 0, 1])
    assert text.startswith("b.png and d.png have the same pixels")
    assert "checked to be 'cat' and the second is 'dog', checked." in text


def test_the_first_contradiction_is_named_and_others_are_counted():
    text = refusal("zzyyx", [1, 0, 0, 1, 1], [1, 0, 1, 0, 1])
    assert text.startswith("a.png and b.png") and text.endswith("1 more picture like this.")


def test_labels_are_not_chosen_at_random_if_the_data_say_which_are_right():
    checked_labels.check_fraction(0.0)
    with pytest.raises(errors.UserError, match="--clean_fraction=0.1 takes labels at random"):
        checked_labels.check_fraction(0.1)


def test_noise_needs_a_label_that_is_not_checked():
    for labeled, checked, noise in ((3, 3, "none"), (3, 2, "pair"), (0, 0, "pair"), (3, 0, "pair")):
        checked_labels.check_noise(labeled, checked, noise)
    with pytest.raises(errors.UserError, match="--noise=pair changes only .* all 3 labels are"):
        checked_labels.check_noise(3, 3, "pair")
