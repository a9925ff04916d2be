"""Data sets in NumPy archives, with arrays of pixels or encoded image files.

An archive holds `label` (integers [n]) and either `image` (uint8 [n, h, w, c]) or encoded images,
concatenated: `encoded` (uint8) and `offset` (integers [n + 1]), where image i is the PNG, JPEG or
WebP file encoded[offset[i]:offset[i + 1]]. The folder may have a `classes.txt`, with one class name
per line. In the train.npz of `npz:DIR`, the label -1 stands for an unknown label.

In all functions, `known` is None for `npz:DIR`, about which nothing is known.
"""

import contextlib
import functools
import io
import os
import pathlib
import re
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, judging
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources import name_lists, npz_cache
from tf_ssgan.data.sources.data_source import DataSource, require_folder

# Decoding fewer images takes less than half a second, so they are not cached.
_MIN_CACHED = 5_000


class NpzSource(DataSource):
    """A folder with `train.npz` and `test.npz`; for an evaluation set only `test.npz`.

    For judging a classifier, `test.npz` is enough; and so is `train.npz`, if nothing is
    known about the data set.

    Args:
        name: name on the command line.
        data_dir: folder that was given with the name.
        known: what is known about the data set.
        folder: folder with the archives.
        splits: the archives that it needs; None for those of training.
    """

    def __init__(
        self,
        name: str,
        data_dir: str,
        known: dataset_info.KnownDataset | None,
        folder: pathlib.Path,
        splits: tuple[str, ...] | None = None,
    ):
        super().__init__(name, data_dir, known)
        self.folder, self.place = folder, os.path.realpath(folder)
        self.splits = splits or (("test",) if known and not known.training else ("train", "test"))
        self._labels: dict[pathlib.Path, np.ndarray] = {}  # archive -> its labels

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names; if there are none, the numbers of the training labels."""
        if self._given_names:
            return self._given_names
        path = self._archives[0]
        names = tuple(str(label) for label in range(int(self._read_labels(path).max()) + 1))
        if len(names) < min(2, len(self.splits)):
            raise errors.UserError(
                f"{path}: a classifier needs at least two classes, but the labels have "
                f"{len(names)}. Number the classes from 0, and give the label -1 to images without "
                "a label."
            )
        return names

    @property
    def train_count(self) -> int:
        """Number of training images."""
        return len(self.train_labels)

    def check_location(self, training: bool = True) -> None:
        """Refuses a folder that does not exist, see `DataSource`."""
        super().check_location(training)
        if self.known is None:
            require_folder(self.name.removeprefix("npz:"), f"--dataset={self.name}")

    def _check_data(self) -> None:
        for path in self._archives:
            _check_images(path, self.known)
            self._read_labels(path)
            _ = self.classes

    @functools.cached_property
    def _judging(self) -> "NpzSource":
        """The archive that judges: that of test images, or the only one there is."""
        test, train = (self.folder / f"{split}.npz" for split in ("test", "train"))
        only_train = self.known is None and train.is_file() and not test.exists()
        split = "train" if only_train else "test"
        return NpzSource(self.name, self.data_dir, self.known, self.folder, (split,))

    def _check_judging_data(self) -> None:
        self._judging._check_data()

    def _read_judging(self, spec: ImageSpec, classes: tuple[str, ...]) -> judging.JudgedImages:
        part = judging.LABELED if "train" in self._judging.splits else judging.TEST
        return judging.from_arrays(self._judging._read(spec), classes, part)

    def _read_train_labels(self) -> np.ndarray:
        return self._read_labels(self._archives[0])

    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        images = [_read_images(path, self.known) for path in self._archives]
        labels = [self._read_labels(path) for path in self._archives]
        if images[0].shape[1:] != images[-1].shape[1:]:
            raise errors.UserError(
                f"{self._archives[1]}: images are {_size(images[1].shape[1:])}, but those of "
                f"train.npz are {_size(images[0].shape[1:])}; make them equal."
            )
        if len(images) == 1:
            images.insert(0, images[0][:0])
            labels.insert(0, labels[0][:0])
        info = self._make_info(images[-1] if len(self.splits) == 1 else images[0])
        return dataset_info.Arrays(info, images[0], labels[0], images[1], labels[1])

    def _make_info(self, train_images: np.ndarray) -> dataset_info.DatasetInfo:
        contents = checksums(self._archives)
        if self.known:
            return dataset_info.known_info(self.name, self.known, self.classes, contents)
        mean, std = dataset_info.channel_statistics(train_images)
        return dataset_info.DatasetInfo(
            self.name, *train_images.shape[1:], self.classes, mean, std, False, contents
        )

    @functools.cached_property
    def _archives(self) -> list[pathlib.Path]:
        """The archives that the data set needs, or a UserError if one is missing."""
        paths = [self.folder / f"{split}.npz" for split in self.splits]
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            raise errors.UserError(
                f"{self.folder} lacks {' and '.join(missing)}: expected the arrays image (uint8 "
                "[n, h, w, c]) and label (int64 [n]) there."
            )
        return paths

    @functools.cached_property
    def _given_names(self) -> tuple[str, ...] | None:
        """The names in classes.txt, otherwise the known ones, otherwise None."""
        path, known = self.folder / "classes.txt", self.known
        if not path.exists():
            return known.classes if known else None
        names = name_lists.read_names(path)
        if known and len(names) != len(known.classes):
            raise errors.UserError(
                f"{path}: expected {len(known.classes)} class names, got {len(names)}."
            )
        return names

    def _read_labels(self, path: pathlib.Path) -> np.ndarray:
        """Returns the labels of an archive, int64 [n]; the file is read once."""
        if path not in self._labels:
            # The training labels are read first, because they may determine the classes.
            names = self._given_names if path == self._archives[0] else self.classes
            self._labels[path] = _read_labels(path, self.known, names)
        return self._labels[path]


def checksums(paths: Sequence[pathlib.Path]) -> str:
    """Identifies archives by the checksums of their contents, not by their paths."""
    sums = []
    for path in paths:
        with _open_archive(path) as archive:
            crc = 0
            for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                crc = zlib.crc32(entry.CRC.to_bytes(4, "little"), crc)
        sums.append(f"{path.name} {crc:08x}")
    return "archives " + ", ".join(sums)


@contextlib.contextmanager
def _open_archive(path: pathlib.Path):
    """Opens an archive; errors while it is read become UserErrors with the name of the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except errors.UserError:
        raise
    except KeyError as error:
        key = re.sub(r".*'(\w+)\.npy'.*", r"\1", str(error.args[0]))
        raise errors.UserError(
            f"{path}: there is no array {key!r}. Expected label with image, or label with encoded "
            "and offset."
        ) from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, MemoryError,
            NotImplementedError) as error:  # fmt: skip
        raise errors.UserError(
            f"{path}: not a complete npz archive ({getattr(error, 'strerror', None) or error}). "
            "Copy or make it again."
        ) from error


def _read_header(path: pathlib.Path, key: str) -> tuple[tuple[int, ...], np.dtype]:
    """Returns shape and type of an array without reading it."""
    with _open_archive(path) as archive, archive.open(f"{key}.npy") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        return shape, dtype


def _read_array(path: pathlib.Path, key: str) -> np.ndarray:
    """Reads one array; pickled objects are refused."""
    with _open_archive(path) as archive, archive.open(f"{key}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_labels(
    path: pathlib.Path, known: dataset_info.KnownDataset | None, classes: tuple[str, ...] | None
) -> np.ndarray:
    """Returns int64 [n], within the range of the classes, one label per image."""
    shape, dtype = _read_header(path, "label")
    if dtype.kind not in "iu" or len(shape) != 1:
        raise errors.UserError(f"{path}: label must be integers [n], got {dtype} {list(shape)}.")
    values = _read_array(path, "label").astype(np.int64)
    if not len(values):
        raise errors.UserError(f"{path}: there are no images in it.")
    low, high = int(values.min()), int(values.max())
    # Only training images may be unlabeled, and the known data sets have no unlabeled images.
    minimum = -1 if known is None and path.name == "train.npz" else 0
    if low < minimum or classes and high >= len(classes):
        expected = f"0..{len(classes) - 1}" if classes else "0 or more"
        expected += ", or -1 for images without a label" if minimum else ""
        wrong = low if low < minimum else high
        raise errors.UserError(f"{path}: labels must be {expected}, got {wrong}.")
    count = _check_images(path, None)
    if count != len(values):
        raise errors.UserError(f"{path}: {count} images but {len(values)} labels; make them equal.")
    return values


def _check_images(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> int:
    """Checks type and shape of the images without reading them, and returns their number."""
    if not _has_array(path, "image"):
        shape, dtype = _read_header(path, "encoded")
        if dtype != np.uint8 or len(shape) != 1:
            raise errors.UserError(f"{path}: encoded must be uint8 [bytes], got {dtype} {shape}.")
        offset_shape, dtype = _read_header(path, "offset")
        if dtype.kind not in "iu" or len(offset_shape) != 1:
            raise errors.UserError(f"{path}: offset must be integers [n + 1], got {dtype}.")
        return offset_shape[0] - 1
    shape, dtype = _read_header(path, "image")
    if dtype != np.uint8 or len(shape) != 4:
        raise errors.UserError(
            f"{path}: image must be uint8 [n, h, w, c], got {dtype} {list(shape)}."
        )
    _check_size(path, shape[1:], known)
    return shape[0]


def _check_size(
    path: pathlib.Path, shape: tuple[int, ...], known: dataset_info.KnownDataset | None
) -> None:
    """Refuses images whose size differs from the data set's, or that no network accepts."""
    if known and shape != known.shape:
        raise errors.UserError(
            f"{path}: expected images of {_size(known.shape)}, got {_size(shape)}."
        )
    if shape[0] != shape[1] or shape[0] < 8 or shape[2] not in (1, 3):
        raise errors.UserError(
            f"{path}: images must be square, at least 8x8, with 1 or 3 channels, got "
            f"{_size(shape)}. Crop or resize them before making the archive."
        )


def _has_array(path: pathlib.Path, key: str) -> bool:
    with _open_archive(path) as archive:
        return f"{key}.npy" in archive.namelist()


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(length) for length in shape)


def _read_images(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> np.ndarray:
    """Returns the images of an archive, uint8 [n, h, w, c]; decodes them if necessary."""
    if _has_array(path, "image"):
        _check_images(path, known)
        return _read_array(path, "image")
    name = _cache_name(path, known)
    images = npz_cache.read(name)
    if images is None:
        images = _decode(path, known)
        if len(images) >= _MIN_CACHED:
            npz_cache.write(images, name)
    return images


def _decode(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> np.ndarray:
    """Decodes the encoded images of an archive, about 9,000 per second.

    It uses one thread: for images this small Pillow spends most of its time in Python code, and two
    threads were not faster.
    """
    encoded, offset = _read_array(path, "encoded"), _read_array(path, "offset").astype(np.int64)
    if not len(offset) or offset[0] < 0 or offset[-1] > len(encoded) or (np.diff(offset) < 0).any():
        raise errors.UserError(
            f"{path}: offset must rise from 0 to at most the {len(encoded)} bytes of encoded."
        )
    image = _decode_image(path, encoded, offset, 0, known and known.shape[2])
    _check_size(path, image.shape, known)
    images = np.empty((len(offset) - 1, *image.shape), np.uint8)
    for index in range(len(images)):
        image = _decode_image(path, encoded, offset, index, images.shape[3])
        if image.shape != images.shape[1:]:
            raise errors.UserError(
                f"{path}: image {index} is {_size(image.shape)}, but image 0 is "
                f"{_size(images.shape[1:])}; make all equal."
            )
        images[index] = image
    return images


def _decode_image(
    path: pathlib.Path, encoded: np.ndarray, offset: np.ndarray, index: int, channels: int | None
) -> np.ndarray:
    """Decodes one image to uint8 [h, w, c]; without `channels`, gray images stay gray."""
    from PIL import Image

    content = io.BytesIO(encoded[offset[index] : offset[index + 1]])
    try:
        with Image.open(content, formats=("PNG", "JPEG", "WEBP")) as image:
            gray = channels == 1 if channels else image.mode in ("1", "L")
            mode = "L" if gray else "RGB"
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except Exception as error:  # damaged images provoke most exceptions in Pillow
        raise errors.UserError(
            f"{path}: image {index} cannot be decoded as PNG, JPEG or WebP. Make the archive again."
        ) from error
    return pixels[..., None] if gray else pixels


def _cache_name(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> str:
    """Returns the name of decoded images in the cache: the checksum of the encoded ones."""
    with _open_archive(path) as archive:
        entry = archive.getinfo("encoded.npy")
        offset = archive.getinfo("offset.npy")
    channels = known.shape[2] if known else "any"
    return f"{entry.CRC:08x}-{entry.file_size}-{offset.CRC:08x}-{channels}"
