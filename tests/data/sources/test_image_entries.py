"""What a listing consists of."""

import pathlib

import pytest

from tf_ssgan.data.sources import image_entries
from tf_ssgan.data.sources.image_entries import Entry, Listing


def test_parts_that_a_listing_declares():
    listing = Listing(
        pathlib.Path("d"), pathlib.Path("d"), ("cat",), (Entry("a", "d/a", "test", 0),)
    )
    assert listing.declares("test") and not listing.declares("validation")


@pytest.mark.parametrize(
    "name, shown",
    [("cat.png", "cat.png"), ("Größe 犬", "Größe 犬"), ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
     ("\udcff.png", "\\udcff.png"), ("a\u202eb", "a\\u202eb")],
)  # fmt: skip
def test_names_are_shown_on_one_line(name, shown):
    assert image_entries.escape_name(name) == shown
