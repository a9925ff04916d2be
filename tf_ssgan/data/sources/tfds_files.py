"""The files of a data set that TensorFlow Datasets has prepared, checked without that library.

It waits for pipes, takes as much memory as a damaged file asks for, and imports the modules that
`features.json` names. So these files are compared with each other before it opens them.
"""

import contextlib
import json
import mmap
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tf_ssgan.common import errors, files
from tf_ssgan.data import dataset_info, memory_limit

INFO = "dataset_info.json"
_FEATURES = "features.json"
_LARGEST_JSON = 2**24  # bytes
_MODULES = "tensorflow_datasets."  # where the classes of features come from
_BEFORE, _AFTER = 12, 4  # bytes around a record: its length and a checksum; a checksum
_SPLITS = ("train", "test")

# A serialized tf.train.Example writes the feature "label" of one value below 128 in these bytes:
# map entry key (field 1, length 5), value (field 2), int64_list (field 3), packed values (field 1).
_LABEL_FEATURE = b"\n\x05label\x12\x05\x1a\x03\n\x01"


class _DamagedError(ValueError):
    """A file is not what TensorFlow Datasets writes."""


def check(name: str, folder: pathlib.Path, known: dataset_info.KnownDataset) -> None:
    """Refuses a prepared data set that is damaged, as far as its descriptions and lengths show.

    Args:
        name: name on the command line.
        folder: folder of the version.
        known: what is known about the data set.

    Raises:
        UserError: A file is missing, damaged or no file; or there is too little memory.
    """
    with _refused(name, folder):
        for path in sorted(folder.iterdir()):
            if not path.is_dir():
                _check_regular(path)
        counts = _counts(_read_json(folder / INFO))
        _check_features(folder / _FEATURES)
        splits = _SPLITS if known.training else ("test",)
        images = sum(counts.get(split, 0) for split in splits)  # SVHN has others too
        needed = memory_limit.needed(images, 1, int(np.prod(known.shape)))
        memory_limit.check_bytes(needed, f"{folder}: {images:,} images", "end other programs")
        for split in splits:
            found = sum(1 for _ in _records(folder, split, counts.get(split)))
            expected = counts.get(split, found)
            if found != expected or not found:
                raise _DamagedError(
                    f"its files of {split} hold {found:,} images, and {INFO} says {expected:,}"
                )


def read_train_labels(name: str, folder: pathlib.Path) -> np.ndarray | None:
    """Reads training labels from TFRecord files without TensorFlow.

    Args:
        name: name on the command line.
        folder: folder of the version, which `check` accepts.

    Returns:
        int64 [n] in the order of the files; None if records have another format, which only
        TensorFlow Datasets can read.

    Raises:
        UserError: A file is damaged.
    """
    values = []
    with _refused(name, folder):
        for content, start, end in _records(folder, "train", None):
            at = content.rfind(_LABEL_FEATURE, start, end)
            if at < 0:
                return None
            values.append(content[at + len(_LABEL_FEATURE)])
    return np.array(values, np.int64) if values else None


def check_arrays(
    name: str,
    folder: pathlib.Path,
    known: dataset_info.KnownDataset,
    images: np.ndarray,
    labels: np.ndarray,
) -> None:
    """Refuses images and labels of a split that are not those of the data set.

    Args:
        name: name on the command line.
        folder: folder of the version.
        known: what is known about the data set.
        images: as they were read.
        labels: as they were read.

    Raises:
        UserError: Another type, size or number, or a label beyond the classes.
    """
    with _refused(name, folder):
        if images.dtype != np.uint8 or images.shape[1:] != known.shape:
            raise _DamagedError(
                f"its images are {images.dtype} {list(images.shape[1:])}, expected uint8 "
                f"{list(known.shape)}"
            )
        classes = len(known.classes)
        if labels.shape != images.shape[:1] or not 0 <= labels.min() <= labels.max() < classes:
            raise _DamagedError(f"its labels are not one of 0..{classes - 1} for each image")


@contextlib.contextmanager
def _refused(name: str, folder: pathlib.Path) -> Iterator[None]:
    """Turns what is damaged into a UserError that names the data set and its folder."""
    try:
        yield
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)[:200]
        raise errors.UserError(
            f"{name} in {folder} cannot be read: {reason}. Move that folder away, and it will be "
            "prepared again."
        ) from error


def _check_regular(path: pathlib.Path) -> None:
    try:
        files.check_regular(path)
    except OSError as error:
        raise _DamagedError(f"{path.name}: {error.strerror}") from error


def _read_json(path: pathlib.Path) -> Any:
    try:
        return json.loads(files.read_regular(path, _LARGEST_JSON))
    except OSError as error:
        raise _DamagedError(f"{path.name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _DamagedError(f"{path.name} is no JSON") from error


def _counts(info: Any) -> dict[str, int]:
    """The number of images of each split; of splits that do not say it, nothing."""
    splits = info.get("splits", []) if isinstance(info, Mapping) else None
    if not isinstance(splits, list) or not all(isinstance(split, Mapping) for split in splits):
        raise _DamagedError(f"{INFO} describes no splits")
    counts = {}
    for split in splits:
        template = split.get("filepathTemplate") or ""
        if not isinstance(template, str) or "/" in template or "\\" in template:
            raise _DamagedError(f"{INFO} names files in another folder")
        lengths = split.get("shardLengths") or []
        texts = [str(length) for length in lengths] if isinstance(lengths, list) else ["-"]
        if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts):
            raise _DamagedError(f"{INFO}: shardLengths are no numbers of images")
        if texts:
            counts[str(split.get("name"))] = sum(map(int, texts))
    return counts


def _check_features(path: pathlib.Path) -> None:
    """Refuses classes of other packages: their modules would be imported."""
    waiting = [_read_json(path)] if path.exists() else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            name = value.get("pythonClassName", _MODULES)
            if not isinstance(name, str) or not name.startswith(_MODULES):
                raise _DamagedError(f"{path.name} names the class {str(name)[:80]!r}")
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _records(
    folder: pathlib.Path, split: str, most: int | None
) -> Iterator[tuple[mmap.mmap, int, int]]:
    """Yields file, start and end of each record of a split, in the order of its files."""
    found = 0
    for path in sorted(folder.glob(f"*-{split}.tfrecord-*-of-*")):
        _check_regular(path)
        if not path.stat().st_size:
            continue  # an empty shard, of a small data set
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as map_:
            position, length = 0, len(map_)
            while position < length:
                # 8 bytes with the length of the record, 4 of checksum, the record, 4 of checksum.
                start = position + _BEFORE
                end = start + int.from_bytes(map_[position : position + 8], "little")
                position = end + _AFTER
                if end == start or position > length:
                    raise _DamagedError(f"{path.name} is cut short or damaged")
                found += 1
                if most is not None and found > most:
                    raise _DamagedError(f"{path.name} holds more images than {INFO} says")
                yield map_, start, end
