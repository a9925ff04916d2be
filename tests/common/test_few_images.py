"""What is said of too few images."""

import pytest

from tf_ssgan.common import few_images


@pytest.mark.parametrize("held_out, may", [(0, False), (6, False), (99, False), (100, True)])
def test_a_hundred_held_out_images_may_choose(held_out, may):
    assert few_images.may_choose(held_out) is may
    for say in (few_images.why_no_temperature, few_images.why_no_best, few_images.why_nothing,
                few_images.counted):  # fmt: skip
        assert bool(say(held_out)) is not may


def test_the_number_of_held_out_images_is_in_the_sentence():
    assert few_images.why_no_temperature(6) == (
        "no temperature: 6 held-out images are too few to fit one; 100 are needed"
    )
    assert few_images.why_no_best(1).startswith("1 held-out image is too few to choose")
    assert few_images.why_nothing(0).startswith("no images are held out to choose")
    assert (few_images.counted(1), few_images.counted(6)) == (" of 1 image", " of 6 images")


def test_classes_without_images_are_named():
    assert few_images.untested([]) == few_images.not_held_out([]) == ""
    assert few_images.untested(["few", "rare"]) == (
        "no test image of few, rare: no number here says anything about them"
    )
    assert few_images.not_held_out(["few"]).startswith("no held-out image of few: no validation")


def test_classes_that_are_never_answered_are_named():
    assert few_images.never_answered([]) == ""
    assert few_images.never_answered(["a"]) == "no test image is classified as a, not even its own"
    two = few_images.never_answered(["a", "b"])
    assert two == "no test image is classified as a, b, not even their own"


def test_names_of_classes_are_one_short_line():
    for say in (few_images.untested, few_images.not_held_out, few_images.not_learned,
                few_images.never_answered):  # fmt: skip
        text = say(["a\x1b[2J\nb", "x" * 300])
        assert r"of a\x1b[2J\nb, xxx" in text or r"as a\x1b[2J\nb, xxx" in text
        assert text.count("x" * 39 + "…") == 1 and "x" * 40 not in text


def test_many_classes_are_counted():
    text = few_images.untested([f"c{k}" for k in range(1_200)])
    assert "c9 and 1,190 more:" in text and "c10" not in text


def test_few_classes_are_not_counted():
    assert not few_images.too_many_classes(100, 0) and few_images.too_many_classes(101, 201)
    assert not few_images.too_many_classes(101, 202) and not few_images.too_many_classes(
        10**5, 10**6
    )
    assert "at most 100,000" in few_images.too_many_classes(10**5 + 1, 10**9)
