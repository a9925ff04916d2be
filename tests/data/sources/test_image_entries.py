"""What a listing consists of."""

import pathlib

from tf_ssgan.data.sources.image_entries import Entry, Listing


def test_parts_that_a_listing_declares():
    listing = Listing(
        pathlib.Path("d"), pathlib.Path("d"), ("cat",), (Entry("a", "d/a", "test", 0),)
    )
    assert listing.declares("test") and not listing.declares("validation")
