"""Lists user images: which files there are, of which class, and for what use.

`image_folders` lists a folder, `image_tables` a table. No file is opened: whether a file is an
image is known only when it is read.
"""

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence

from tf_ssgan.common import errors, few_images
from tf_ssgan.data import class_names
from tf_ssgan.data.sources import image_folders, image_groups, image_tables
from tf_ssgan.data.sources.image_entries import LAYOUT, Listing, Remark

PREFIXES = ("folder:", "csv:")


def is_user_images(name: str) -> bool:
    """Returns whether the name of a data set stands for a folder or a table of user images."""
    return name.startswith(PREFIXES)


def exists(name: str, data_dir: str | None = None) -> bool:
    """Returns whether there is a file or folder where a data set of user images should be."""
    return not name.endswith(":") and os.path.exists(path_of(name, data_dir))


def list_images(
    name: str,
    data_dir: str | None = None,
    training: bool = True,
    group_by: str = "",
    set_aside: bool = True,
) -> Listing:
    """Lists the files of a data set of user images.

    Args:
        name: "folder:DIR" or "csv:FILE".
        data_dir: the folder that a relative DIR or FILE is in; the working directory by default.
        training: whether it is for training. If not, its images judge a classifier: test images
            are enough, of one class or more.
        group_by: what tells which images belong together, see `image_groups`; "" for none.
        set_aside: whether groups become test images if there are none; otherwise test images are
            not used, and their groups do not matter.

    Raises:
        UserError: The folder or table does not exist or has another layout, there are fewer than
            two classes, a class has no labeled images, or there are no such groups.
    """
    kind, location = name.split(":", 1)
    source = path_of(name, data_dir)
    try:
        if kind == "csv":
            listing = image_tables.list_table(source, name, training, group_by)
        else:
            listing = image_folders.list_folder(source if location else None, name, training)
    except (OSError, ValueError) as error:  # a name that is too long, or a folder without access
        reason = getattr(error, "strerror", None) or error
        raise errors.UserError(f"--dataset={name}: {source} cannot be read ({reason}).") from error
    if len(listing.classes) < (2 if training else 1):
        raise errors.UserError(
            f"--dataset={name}: found {len(listing.classes)} classes with images "
            f"({', '.join(listing.classes) or 'none'}), but at least "
            f"{'two are' if training else 'one is'} needed. {LAYOUT}"
        )
    labeled = sum(entry.label >= 0 for entry in listing.entries)
    many = few_images.too_many_classes(len(listing.classes), labeled) if training else ""
    if many:
        what = "the folders" if kind == "folder" else "the labels of the table"
        raise errors.UserError(
            f"--dataset={name}: {many}. Are {what} the names or numbers of the images themselves?"
        )
    remarks = (*listing.remarks, *_remarks_on_classes(listing.classes))
    listing = dataclasses.replace(listing, remarks=remarks)
    return image_groups.divide(listing, group_by, set_aside) if group_by else listing


def _remarks_on_classes(classes: Sequence[str]) -> Iterator[Remark]:
    """Classes that may be one, and classes that may be none."""
    if alike := class_names.look_alike(classes):
        yield Remark(
            "warning", f"{len(alike):,} name(s) of classes are written in several ways, and each "
            "is a class of its own", "give all images of one class the same name",
            tuple(map(_apart, alike)),
        )  # fmt: skip
    if nothing := class_names.stand_for_nothing(classes):
        yield Remark(
            "warning", f"{len(nothing):,} class(es) are named like a missing value",
            "rename them, or use their images without labels", tuple(nothing),
        )  # fmt: skip


def _apart(names: Sequence[str]) -> str:
    """Returns names that look the same so that they differ."""
    same_letters = len({class_names.fold(name) for name in names}) == 1
    return " and ".join(map(repr if same_letters else ascii, names))


def path_of(name: str, data_dir: str | None) -> pathlib.Path:
    """Returns the path of the folder or table."""
    location = name.split(":", 1)[1]
    return pathlib.Path(data_dir or ".").expanduser() / pathlib.Path(location).expanduser()
