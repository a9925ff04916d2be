"""What a listing of user images consists of: files with their classes and uses, and remarks.

No file is opened for a listing: whether a file is an image is known only when it is read.
"""

import dataclasses
import pathlib
from typing import Literal

LABELED, UNLABELED, VALIDATION, TEST = PARTS = ("labeled", "unlabeled", "validation", "test")

LAYOUT = (
    "Expected DIR/labeled/<class>/*, and optionally DIR/checked/<class>/*, DIR/unlabeled/*, "
    "DIR/validation/<class>/* and DIR/test/<class>/*; or DIR/<class>/* alone."
)


@dataclasses.dataclass(frozen=True)
class Remark:
    """What somebody should know about the files of a data set. The doctor and training say it.

    Attributes:
        level: "note" or "warning".
        text: what was found, with how many.
        advice: what to do.
        names: all files or folders, or pairs of them, that it is about.
    """

    level: Literal["note", "warning"]
    text: str
    advice: str
    names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file that may be an image.

    Attributes:
        name: path within the folder, or as in the table; with "/" between folders.
        path: path of the file.
        part: one of `PARTS`: what the image is used for.
        label: index of the class; -1 for unlabeled files.
        within: the part of the name that a pattern of groups is searched in: the path within the
            folder of the class, or within that of unlabeled images; the whole name for a table.
        group: name of its group; "" if it is a group of its own.
        checked: whether a person has checked its class; only of a labeled file.
    """

    name: str
    path: str
    part: str
    label: int
    within: str = ""
    group: str = ""
    checked: bool = False


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a folder or a table.

    Attributes:
        source: the folder or the table.
        root: the folder that names are relative to.
        classes: sorted names of the classes that have a file in `labeled`.
        entries: sorted by part, class and name; `image_groups` may make test images of some.
        remarks: what was found in listing them; files that it passes over are named here.
        columns: the names of the columns of a table; empty for a folder.
        group_by: what names the groups; "" if each image is a group of its own.
        test_chosen: whether the test images are groups that were chosen, not named as such.
    """

    source: pathlib.Path
    root: pathlib.Path
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]
    remarks: tuple[Remark, ...] = ()
    columns: tuple[str, ...] = ()
    group_by: str = ""
    test_chosen: bool = False

    def declares(self, part: str) -> bool:
        """Whether images of a part are named as such; without any, they are chosen from others."""
        return any(entry.part == part for entry in self.entries)
