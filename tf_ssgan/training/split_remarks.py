"""What the images and labels of a run are too few for: its first lines and the doctor say it."""

from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import few_images
from tf_ssgan.data import datasets, splits
from tf_ssgan.data.protocol import Protocol
from tf_ssgan.data.sources.image_entries import Remark


def find(protocol: Protocol, arrays: datasets.Arrays) -> list[Remark]:
    """Returns the remarks about labeled, test and held-out images.

    Args:
        protocol: Which images are labeled and held out.
        arrays: The data, sorted by content.
    """
    classes = arrays.info.classes
    counts = np.bincount(arrays.test_labels, minlength=len(classes)).tolist()
    return [*of_test(classes, counts), *of_split(protocol, arrays)]


def sentence(remark: Remark) -> str:
    """Returns the text of a remark as a sentence of its own."""
    return f"{remark.text[0].upper()}{remark.text[1:]}."


def of_test(classes: Sequence[str], counts: Sequence[int]) -> list[Remark]:
    """Returns the remarks about test images.

    Args:
        classes: Names of the classes.
        counts: Number of test images of each.
    """
    tested = [name for name, count in zip(classes, counts, strict=True) if count]
    missing = [name for name, count in zip(classes, counts, strict=True) if not count]
    found = [
        ("warning", few_images.untested(missing), "add some"),
        ("warning", few_images.tested_one_class(tested), "add test images of other classes"),
        ("note", few_images.few_tested(sum(counts)), "add test images if small differences matter"),
    ]
    return [Remark(*one) for one in found if one[1]] if tested else []


def of_split(protocol: Protocol, arrays: datasets.Arrays) -> list[Remark]:
    """Returns the remarks about labeled and held-out images, see `find`."""
    learned = few_images.not_learned(protocol.classes_without_labels)
    found = [("warning", learned, "label images of every class, and give enough --labels")]
    return [Remark(*one) for one in (*found, *_held_out(protocol, arrays)) if one[1]]


def _held_out(protocol: Protocol, arrays: datasets.Arrays) -> list[tuple[str, str, str]]:
    """Level, text and advice of the remarks about held-out images; a text may be empty."""
    held_out, labels = protocol.validation_ids, arrays.train_labels
    if not len(held_out):
        judges = splits.may_be_held_out(labels, arrays.train_checked)
        count, checked = int(judges.sum()), bool((labels[~judges] >= 0).any())
        pool = count if arrays.default_pool is None else arrays.default_pool
        meant = splits.default_validation(protocol.dataset, pool) > 0
        needed = 10 * few_images.ENOUGH_HELD_OUT
        advice = f"{'check the labels of' if checked else 'label'} {needed:,} images"
        text = "" if meant else few_images.none_held_out(pool, pool < count, checked)
        return [("note", text, f"{advice} if some should choose")]
    known = set(labels[held_out].tolist())
    missing = [name for k, name in enumerate(protocol.classes) if k not in known]
    advice = "label more images, or give a larger --validation"
    if arrays.train_held_out is not None:  # the data themselves name them
        advice = "label more images, and put more of them among the held-out ones"
    return [
        ("note", few_images.why_nothing(len(held_out)), advice),
        ("note", few_images.not_held_out(missing), "label more images of them"),
    ]
