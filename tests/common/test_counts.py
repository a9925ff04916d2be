"""Numbers of things in words."""

import pytest

from tf_ssgan.common import counts


@pytest.mark.parametrize(
    "count, noun, words",
    [
        (0, "image", "0 images"),
        (1, "image", "1 image"),
        (2_000, "image", "2,000 images"),
        (1, "more class", "1 more class"),
        (3, "more class", "3 more classes"),
    ],
)
def test_one_thing_is_in_the_singular(count, noun, words):
    assert counts.things(count, noun) == words


def test_the_verb_follows_the_number():
    assert counts.say(1, "file", "have 16 bits") == "1 file has 16 bits"
    assert counts.say(2, "file", "have 16 bits") == "2 files have 16 bits"
    assert counts.say(1, "class", "occur in tests only") == "1 class occurs in tests only"
    with pytest.raises(KeyError):
        counts.say(1, "file", "run")
