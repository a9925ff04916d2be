"""The folders of classes: their names as text, and what is odd about them.

Folders inside the folder of a class belong to the class. That they have the names of classes or
parts shows that a class was taken for one by mistake.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence

from tf_ssgan.common import errors, few_images
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import class_names
from tf_ssgan.data.sources import folder_layout
from tf_ssgan.data.sources.folder_walk import FolderWalk, join_names
from tf_ssgan.data.sources.image_entries import Remark

_ENCODINGS = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}


@dataclasses.dataclass(frozen=True)
class ClassFolder:
    """The folder of a class.

    Attributes:
        folder: its path in the folder of the data set.
        files: the paths of all files in it.
        inner: the names of the folders directly in it.
        identity: what tells it from others, whatever links lead to it.
    """

    folder: str
    files: Sequence[str]
    inner: Sequence[str]
    identity: tuple[int, int] | None

    @functools.cached_property
    def name(self) -> str:
        """The name of the class, as text."""
        return class_names.decode(_last(self.folder))

    @property
    def holds_folders_only(self) -> bool:
        """Whether all files are in folders inside it."""
        depth = self.folder.count("/") + 1
        return all(file.count("/") > depth for file in self.files)


def scan(walk: FolderWalk, folders: Iterable[str]) -> list[ClassFolder]:
    """Lists the files of folders of classes, sorted by the names of the classes.

    Raises:
        UserError: Names are no text, mean a part, or are the same text.
    """
    found = []
    for folder in folders:
        files, inner = walk.files_below(folder)
        found.append(
            ClassFolder(folder, files, [*map(_last, inner)], walk.identity(folder))
        )  # fmt: skip
    found.sort(key=lambda kind: (kind.name, kind.folder))
    for kind in found:
        _check_name(kind)
    for one, other in zip(found, found[1:], strict=False):
        if one.name == other.name:
            raise errors.UserError(
                f"{_above(one.folder)}{escape(one.name)}/ is there twice, in different bytes: "
                f"{ascii(_last(one.folder))} and {ascii(_last(other.folder))}. Move the files of "
                "one into the other."
            )
    return found


def _check_name(kind: ClassFolder) -> None:
    name = escape(kind.folder)
    if not class_names.can_be_shown(kind.name):
        raise errors.UserError(
            f"The name of the folder '{name}' is blank, or has a control character or a line "
            "break. A class needs a name that can be shown: rename the folder."
        )
    part = folder_layout.part_of(kind.name)
    if part:
        raise errors.UserError(
            f"{name}/ has the name of a part, which cannot be the name of a class: "
            f"{_way_out(kind, part)}rename it, for example to {escape(kind.name)}_class/."
        )


def _way_out(kind: ClassFolder, part: str) -> str:
    """Where a folder with the name of a part should be, if it is inside another part."""
    above = _above(kind.folder)
    if not above:
        return ""
    if part != folder_layout.part_of(_last(above.rstrip("/"))):
        return f"move it out of {above} to lie beside it as {part}/, or "
    if kind.inner and kind.holds_folders_only:  # an archive that was unpacked into itself
        return f"move its folders ({join_names(kind.inner[:5])}) up into {above}, or "
    return ""


def check_twins(kinds: Iterable[ClassFolder]) -> None:
    """Refuses links by which two folders of classes are one.

    Raises:
        UserError: Two are the same folder.
    """
    known: dict[tuple[int, int], str] = {}
    for kind in kinds:
        other = known.setdefault(kind.identity, kind.folder)
        if other != kind.folder:
            raise errors.UserError(
                f"{escape(other)}/ and {escape(kind.folder)}/ are the same folder. "
                "Remove the link, or let it lead to other images."
            )


def check_inside(kinds: Sequence[ClassFolder], classes: Iterable[str], root: str) -> None:
    """Refuses classes that hold nothing but folders of classes or parts.

    Args:
        kinds: the folders.
        classes: the names of the classes.
        root: the folder of the data set.

    Raises:
        UserError: One holds only folders named as other classes, or as parts.
    """
    known = {class_names.fold(name) for name in classes}
    for kind in kinds:
        odd = _named_otherwise(kind, known)
        own = [name for name in kind.inner if class_names.fold(name) == class_names.fold(kind.name)]
        if not odd or not kind.holds_folders_only or len(odd) + len(own) < len(kind.inner):
            continue
        name, listed = escape(kind.folder), join_names(odd)
        if any(map(folder_layout.is_taken, odd)):
            swapped = join_names(f"{part}/{kind.name}" for part in odd)
            whole = f"give --dataset=folder:{escape(root)}/{name} if it is a whole data set, or "
            raise errors.UserError(
                f"{name}/ holds only folders named as parts: {listed}. The parts are above the "
                f"classes: {whole * _holds_classes(kind)}move its files to {swapped}."
            )
        raise errors.UserError(
            f"{name}/ holds only folders named as classes: {join_names(kind.inner)}. Move them to "
            f"lie beside {name}/, or remove them if they are copies."
        )


def check_no_parts(kinds: Sequence[ClassFolder]) -> None:
    """Refuses parts that were taken for classes, because their names are misspelled.

    Args:
        kinds: the folders of all classes.

    Raises:
        UserError: One has nearly the name of a part, or resembles it and holds classes.
    """
    for kind in kinds:
        part = folder_layout.misspelled_part(kind.name)
        if not part and kind.holds_folders_only:
            inner = set(map(class_names.fold, kind.inner))
            shared = (inner & set(map(class_names.fold, other.inner))
                      for other in kinds if other is not kind)  # fmt: skip
            part = folder_layout.part_in(kind.name) if max(map(len, shared), default=0) else None
        if part:
            raise errors.UserError(
                f"{escape(kind.folder)}/ would be a class. Did you mean {part}/? If it is a "
                "class, move the folders of all classes into labeled/."
            )


def remarks(kinds: Sequence[ClassFolder], classes: Sequence[str]) -> Iterator[Remark]:
    """What somebody should know about the folders of classes.

    Args:
        kinds: the folders, of all parts.
        classes: the names of the classes.
    """
    known = {class_names.fold(name) for name in classes}
    inner = [f"{kind.folder}/{name}" for kind in kinds for name in _named_otherwise(kind, known)]
    if inner:
        yield Remark(
            "warning", f"{len(inner):,} folder(s) in folders of classes are named as another class "
            "or a part, and are read as images of the class around them",
            "move them where they belong, or rename them", tuple(inner),
        )  # fmt: skip
    read = [(kind, class_names.encoding_of(_last(kind.folder))) for kind in kinds]
    odd = [
        f"{kind.folder} is read in {_ENCODINGS[code]}: {kind.name}" for kind, code in read if code
    ]
    if odd:
        yield Remark(
            "note", f"{len(odd):,} name(s) of classes are not UTF-8",
            "rename the folders if their names are read wrongly", tuple(odd),
        )  # fmt: skip


def unite(labeled: Sequence[ClassFolder], checked: Sequence[ClassFolder]) -> dict[str, str]:
    """Finds the classes of labeled images, of which some are checked.

    Args:
        labeled: the folders in labeled/, each a class of its own.
        checked: those in checked/: the classes of labeled/ that look the same, or further ones.

    Returns:
        Path of a folder -> its class.

    Raises:
        UserError: One of checked/ could stand for several classes, or two stand for the same one.
    """
    known = [kind.name for kind in labeled]
    found = class_names.match([kind.name for kind in checked], known)
    same = [kind for kind in checked if found[kind.name]]
    own = {kind.folder: kind.name for kind in (*labeled, *checked)}
    return own | match(folder_layout.CHECKED, same, known)


def match(part: str, kinds: Sequence[ClassFolder], classes: Sequence[str]) -> dict[str, str]:
    """Finds the classes that the folders of another part stand for.

    Args:
        part: the name of its folder, for messages.
        kinds: its folders of classes with files.
        classes: the names of the classes with labeled images.

    Returns:
        Path of a folder -> its class, which has the same name or looks the same.

    Raises:
        UserError: A folder stands for none or for several, or two for the same one.
    """
    found = class_names.match([kind.name for kind in kinds], classes)
    missing = [kind.name for kind in kinds if not found[kind.name]]
    if missing:
        close = [(name, errors.closest(name, classes)) for name in missing]
        meant = "".join(f" Did you mean {two!r} by {one!r}?" for one, two in close[:1] if two)
        raise errors.UserError(
            f"{part}/ has images of {few_images.join(missing)}, but labeled/ has none. "
            f"Move some to labeled/, or remove them from {part}/.{meant}"
        )
    result: dict[str, str] = {}
    for kind in kinds:
        name, candidates = escape(kind.folder), found[kind.name]
        if len(candidates) > 1:
            raise errors.UserError(
                f"{name}/ could stand for {' or '.join(map(repr, candidates))}. Give it the name "
                "of one of them, letter by letter."
            )
        other = next((folder for folder, same in result.items() if same == candidates[0]), None)
        if other:
            raise errors.UserError(
                f"{escape(other)}/ and {name}/ both stand for the class "
                f"{escape(candidates[0])}. Move the files of one into the other."
            )
        result[kind.folder] = candidates[0]
    return result


def _named_otherwise(kind: ClassFolder, known: set[str]) -> list[str]:
    """Returns the folders directly in that of a class that have the name of another, or a part."""
    names = known - {class_names.fold(kind.name)}
    return [
        name for name in kind.inner
        if class_names.fold(name) in names or folder_layout.is_taken(name)
    ]  # fmt: skip


def _holds_classes(kind: ClassFolder) -> bool:
    """Whether there are folders in the folders in it, as in a data set."""
    depth = kind.folder.count("/") + 1
    return any(file.count("/") > depth + 1 for file in kind.files)


def _above(folder: str) -> str:
    return escape(folder.rpartition("/")[0] + "/") if "/" in folder else ""


def _last(folder: str) -> str:
    return folder.rpartition("/")[2]
