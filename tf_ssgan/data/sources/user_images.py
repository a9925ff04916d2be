"""User images as a data set: `folder:DIR` and `csv:FILE`.

If there are no test images, a fifth of the labeled images of each class is used as test images.
They are chosen by the hashes of the files, so the same images are tested on for every seed and
image size, and whatever the files are called. With groups, `image_groups` chooses them.
"""

import collections
import functools
import os
import sys

import numpy as np

from tf_ssgan.common import errors, few_images
from tf_ssgan.common.plain_text import escape, shell_word, shorten
from tf_ssgan.data import checked_labels, content_hash, dataset_info, equal_images, judging
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources import (
    image_groups,
    image_listing,
    image_reader,
    judged_files,
    size_remarks,
)
from tf_ssgan.data.sources.data_source import DataSource
from tf_ssgan.data.sources.image_entries import (
    LABELED,
    TEST,
    UNLABELED,
    VALIDATION,
    Listing,
    Remark,
)
from tf_ssgan.data.sources.image_groups import TEST_SHARE

MAX_NAMES = 3  # files that a message names
_LONGEST_NAME = 200  # columns of a name in a message


class UserImageSource(DataSource):
    """The image files of a folder or of a table, listed once."""

    @functools.cached_property
    def listing(self) -> Listing:
        """The files and their classes; no file is opened.

        Raises:
            UserError: as `image_listing.list_images`.
        """
        return image_listing.list_images(
            self.name, self.data_dir, True, self.group_by, self.set_aside
        )

    @functools.cached_property
    def _judging_listing(self) -> Listing:
        """The files for judging: test images are enough, of one class or more."""
        return image_listing.list_images(self.name, self.data_dir, training=False)

    @functools.cached_property
    def place(self) -> str:
        """The real path of the folder or table."""
        return os.path.realpath(image_listing.path_of(self.name, self.data_dir))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self.listing.classes

    @property
    def train_count(self) -> int:
        """Number of training files, including those that cannot be decoded."""
        return len(self.train_labels)

    @functools.cached_property
    def image_size(self) -> int:
        """Default size of the images in pixels; reads the headers of some files."""
        return image_reader.image_size(self.listing)

    def check_location(self, training: bool = True) -> None:
        """Refuses a folder or a table that does not exist, see `DataSource`."""
        if not image_listing.exists(self.name, self.data_dir):
            _ = self.listing  # raises the error

    def _check_data(self) -> None:
        _ = self.listing

    def _check_judging_data(self) -> None:
        _ = self._judging_listing

    def _read_judging(self, spec: ImageSpec, classes: tuple[str, ...]) -> judging.JudgedImages:
        loaded = image_reader.read(self._judging_listing, spec)
        _print_remarks(self.name, loaded.remarks())
        return judged_files.select(self.name, loaded, classes)

    @property
    def train_held_out(self) -> np.ndarray | None:
        """The images that the folder or table holds out, bool [n]; None if it names none."""
        return _held_out(self.listing, self._train_indices)

    @property
    def train_groups(self) -> np.ndarray | None:
        """The groups of the training files, int64 [n]; None if each is its own."""
        return _groups(self.listing, self._train_indices)

    @property
    def train_checked(self) -> np.ndarray | None:
        """The training files whose classes are checked, bool [n]; None if none is."""
        entries = self.listing.entries
        checked = np.array([entries[index].checked for index in self._train_indices], bool)
        return checked if checked.any() else None

    @property
    def group_names(self) -> dict[int, str]:
        """The names of the groups."""
        return image_groups.names(self.listing)

    @functools.cached_property
    def _train_indices(self) -> list[int]:
        """The training files, before it is known which of them can be decoded."""
        names = [entry.name for entry in self.listing.entries]
        return _split_train_test(self.listing, names, set_aside=self.set_aside)[0]

    def _read_train_labels(self) -> np.ndarray:
        entries = self.listing.entries
        return np.array([entries[index].label for index in self._train_indices], np.int64)

    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        """Reads the images, from their files or from the cache."""
        loaded = image_reader.read(self.listing, spec)
        remarks = [*loaded.remarks(), *size_remarks.find(loaded, spec.fit)]
        remarks += self.set_aside * test_share_remarks(self.listing)
        try:
            arrays = make_arrays(self.name, loaded, spec, self.set_aside)
            compared = images_to_compare(loaded, arrays)
            remarks += equal_images.remarks(compared if self.set_aside else compared.of_training())
        finally:  # what was left out may be the reason of the error
            _print_remarks(self.name, remarks, self.group_by)
        return arrays


def make_arrays(
    name: str, loaded: image_reader.LoadedImages, spec: ImageSpec, set_aside: bool = True
) -> dataset_info.Arrays:
    """Makes a data set of the images of a listing.

    Args:
        name: its name.
        loaded: the images.
        spec: their form.
        set_aside: whether it must have test images, and sets some aside if none are named.

    Raises:
        UserError: A class has no training image, there is no test image, or a picture is checked
            to be of one class, and a copy of it is of another one.
    """
    entries, usable = loaded.listing.entries, set(loaded.usable.tolist())
    keys = [record.digest for record in loaded.records]
    train, test = _split_train_test(loaded.listing, keys, usable, set_aside)
    _check_classes(name, loaded, train)
    if set_aside:
        _check_test(name, loaded, test)
    row = {index: row for row, index in enumerate(loaded.usable.tolist())}
    images, labels = {}, {}
    for part, indices in (("train", train), ("test", test)):
        images[part] = loaded.images[[row[index] for index in indices]]
        labels[part] = np.array([entries[index].label for index in indices], np.int64)
    mean, std = dataset_info.channel_statistics(images["train"])
    info = dataset_info.DatasetInfo(
        name, *images["train"].shape[1:], loaded.listing.classes, mean, std, False,
        f"{len(loaded.usable):,} images", spec.fit, loaded.bits,
    )  # fmt: skip
    files, test_files = (tuple(entries[at].name for at in own) for own in (train, test))
    groups = (_groups(loaded.listing, own) for own in (train, test))
    return dataset_info.Arrays(
        info, images["train"], labels["train"], images["test"], labels["test"],
        _held_out(loaded.listing, train), files, *groups, test_files,
        train_checked=_checked(name, loaded, train, test, set_aside),
    )  # fmt: skip


def test_share_remarks(listing: Listing) -> list[Remark]:
    """Says that labeled images become test images, if none are named."""
    if listing.declares(TEST):
        return []
    text = (
        f"no test images are named: one in {TEST_SHARE} of each class's labeled ones is set aside, "
        f"and none of a class with fewer than {TEST_SHARE}"
    )
    return [Remark("note", text, "name some: test/<class>/, or split=test in a table")]


def images_to_compare(
    loaded: image_reader.LoadedImages, arrays: dataset_info.Arrays | None
) -> equal_images.ImagesToCompare:
    """Returns the label and the name of each image, and whether it is a test image.

    Args:
        loaded: the images.
        arrays: the data set made of them, which tells the test images that were set aside; None if
            it could not be made.
    """
    entries = [loaded.listing.entries[index] for index in loaded.usable]
    test = np.array([entry.part == TEST for entry in entries], bool)
    if arrays is not None:
        train = collections.Counter(arrays.train_files)
        for index, entry in enumerate(entries):
            if not test[index]:
                train[entry.name] -= 1
                test[index] = train[entry.name] < 0
    return equal_images.ImagesToCompare(
        content_hash.keys(loaded.images),
        np.array([entry.label for entry in entries], np.int64),
        test,
        [entry.name for entry in entries],
        loaded.listing.classes,
    )


def _split_train_test(
    listing: Listing, keys: list[str], usable: set[int] | None = None, set_aside: bool = True
) -> tuple[list[int], list[int]]:
    """Returns the indices of the training and the test entries, in the order of the listing.

    Args:
        listing: the files.
        keys: one per entry; if there are no test files, test images are chosen by their order.
        usable: indices of the entries that can be used; None for all.
        set_aside: whether test images are chosen if there are no test files.
    """
    by_part = collections.defaultdict(list)
    for index, entry in enumerate(listing.entries):
        if usable is None or index in usable:
            by_part[entry.part].append(index)
    test = by_part[TEST]
    if set_aside and not listing.declares(TEST):
        by_class = collections.defaultdict(list)
        for index in by_part[LABELED]:
            by_class[listing.entries[index].label].append(index)
        for indices in by_class.values():
            indices.sort(key=lambda index: keys[index])
            test += indices[: len(indices) // TEST_SHARE]
    selected = set(test)
    train = by_part[LABELED] + by_part[UNLABELED] + by_part[VALIDATION]
    return [index for index in train if index not in selected], sorted(test)


def _held_out(listing: Listing, train: list[int]) -> np.ndarray | None:
    """Whether each image is named for validation, bool [train]; None if none is."""
    if not listing.declares(VALIDATION):
        return None
    return np.array([listing.entries[index].part == VALIDATION for index in train], bool)


def _checked(
    name: str, loaded: image_reader.LoadedImages, train: list[int], test: list[int], set_aside: bool
) -> np.ndarray | None:
    """Whether the label of each training image counts as checked, bool [train]; None if none does.

    Held-out labels are taken as right anyway. Without `set_aside`, test images are not used.
    """
    entries, used = loaded.listing.entries, [*train, *test] if set_aside else train
    said = np.array([entries[index].checked for index in used], bool)
    if not said.any():
        return None
    row = {index: row for row, index in enumerate(loaded.usable.tolist())}
    settled = checked_labels.settle(
        name, content_hash.keys(loaded.images)[[row[index] for index in used]],
        np.array([entries[index].label for index in used], np.int64),
        said, [entries[index].name for index in used], loaded.listing.classes,
    )[: len(train)]  # fmt: skip
    settled &= np.array([entries[index].part == LABELED for index in train], bool)
    return settled if settled.any() else None


def _groups(listing: Listing, indices: list[int]) -> np.ndarray | None:
    """The groups of some images, int64 [indices]; None if each is its own."""
    return image_groups.ids(listing)[indices] if listing.group_by else None


def _check_classes(name: str, loaded: image_reader.LoadedImages, train: list[int]) -> None:
    entries = loaded.listing.entries
    counts = collections.Counter(
        entries[index].label for index in train if entries[index].part == LABELED
    )
    missing = [kind for k, kind in enumerate(loaded.listing.classes) if not counts[k]]
    if missing:
        raise errors.UserError(
            f"--dataset={name}: no image of {few_images.join(missing)} can be read. Repair or "
            "remove the files; python -m tf_ssgan.doctor names each of them."
        )


def _check_test(name: str, loaded: image_reader.LoadedImages, test: list[int]) -> None:
    if not test and loaded.listing.test_chosen:
        raise errors.UserError(
            f"--dataset={name}: none of the images that are set aside for the test can be read. "
            "Repair or remove them; python -m tf_ssgan.doctor names each of them."
        )
    if not test and loaded.listing.declares(TEST):
        raise errors.UserError(
            f"--dataset={name}: none of the test images can be read. Repair them, or remove test/ "
            "so that a fifth of the labeled images is used instead."
        )
    if not test:
        raise errors.UserError(
            f"--dataset={name}: there are no test images, and no class has the {TEST_SHARE} "
            "labeled images that are needed to set one aside. Add images to test/<class>/."
        )


def _print_remarks(name: str, remarks: list[Remark], group_by: str = "") -> None:
    """Prints to standard error what the doctor would say about the files."""
    for remark in remarks:
        text = f"{name}: {remark.text}{_first_names(remark.names)}. ({remark.advice})"
        print(escape(text), file=sys.stderr)
    if any(remark.names for remark in remarks):
        command = f"python -m tf_ssgan.doctor --dataset={shell_word(name)}"
        command += f" --group_by={shell_word(group_by)}" * bool(group_by)
        print(escape(f"All names: {command}"), file=sys.stderr)


def _first_names(names: tuple[str, ...]) -> str:
    """The first names, to follow a text; empty without any."""
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    shown = "; ".join(shorten(escape(name), _LONGEST_NAME) for name in names[:MAX_NAMES])
    return f": {shown}{more}" if names else ""
