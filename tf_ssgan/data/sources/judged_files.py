"""The images of a folder or a table that judge a classifier which was trained on other data.

They are exactly the test images that it declares; if it declares none, all its labeled images.
"""

import numpy as np

from tf_ssgan.data import judging
from tf_ssgan.data.sources import image_reader
from tf_ssgan.data.sources.image_entries import TEST


def select(
    name: str, loaded: image_reader.LoadedImages, classes: tuple[str, ...]
) -> judging.JudgedImages:
    """Selects the images of a listing that judge.

    Args:
        name: the data set, for messages.
        loaded: its images; the listing may be one that is not for training.
        classes: the classes of the classifier.

    Raises:
        UserError: None can be read, or the classifier does not know a class.
    """
    listing = loaded.listing
    declared = listing.declares(TEST)
    entries = [listing.entries[index] for index in loaded.usable]
    judges = [entry.label >= 0 and (entry.part == TEST or not declared) for entry in entries]
    beside = sum(entry.label >= 0 for entry in entries) - sum(judges)
    rows = np.flatnonzero(judges)
    return judging.relabel(
        name, listing.classes, classes, images=loaded.images[rows],
        labels=np.array([entries[row].label for row in rows], np.int64),
        part=judging.TEST if declared else judging.LABELED, not_used=beside,
        files=[entries[row].name for row in rows],
    )  # fmt: skip
