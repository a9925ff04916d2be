"""Data sets in NumPy files: archives in both forms, decoded pictures kept, CIFAR-10.1's arrays.

An archive holds `label` (integers [n]) and either `image` (uint8 [n, h, w, c]) or picture files one
after another: `encoded` (uint8) and `offset` (integers [n + 1]), picture i being the PNG, JPEG or
WebP file encoded[offset[i]:offset[i + 1]]. Its folder may have a `classes.txt`, one name a line. In
the train.npz of `npz:DIR` the label -1 says that nobody knows it.

Where a function takes `known`, None stands for `npz:DIR`, of which nothing is known.
"""

import contextlib
import io
import pathlib
import re
import zipfile
import zlib

import numpy as np

from tf_ssgan.common import cache, errors
from tf_ssgan.data import dataset_info

# Decoding fewer pictures than this takes less than half a second: not worth a file.
_KEEP_FROM = 5_000


def check(known: dataset_info.KnownDataset | None, folder: pathlib.Path) -> None:
    """Refuses what `load` could not serve, as far as that shows without decoding pictures."""
    classes = class_names(known, folder)
    for path in _paths(known, folder):
        _check_images(path, known)
        classes = _named(path, classes, _read_labels(path, known, classes))


def labels(
    known: dataset_info.KnownDataset | None, folder: pathlib.Path
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns the training labels, int64 [n], and the class names; images are not read."""
    classes = class_names(known, folder)
    path = folder / "train.npz"
    found = _read_labels(path, known, classes)
    return found, _named(path, classes, found)


def load(
    name: str, known: dataset_info.KnownDataset | None, folder: pathlib.Path
) -> dataset_info.Arrays:
    """Reads `train.npz` and `test.npz`; of an evaluation set only the latter."""
    paths = _paths(known, folder)
    classes = class_names(known, folder)
    images, found = [], []
    for path in paths:
        found.append(_read_labels(path, known, classes))
        classes = _named(path, classes, found[0])  # those of the training labels
        images.append(_read_images(path, known))
    if images[0].shape[1:] != images[-1].shape[1:]:
        raise errors.UserError(
            f"{paths[1]}: images are {_size(images[1].shape[1:])}, those of train.npz "
            f"{_size(images[0].shape[1:])}; make them equal."
        )
    if len(paths) == 1:
        images.insert(0, images[0][:0])
        found.insert(0, found[0][:0])
    contents = source(known, folder)
    if known:
        made = dataset_info.known_info(name, known, classes, contents)
    else:
        mean, std = dataset_info.channel_statistics(images[0])
        made = dataset_info.DatasetInfo(
            name, *images[0].shape[1:], classes, mean, std, False, contents
        )
    return dataset_info.Arrays(made, images[0], found[0], images[1], found[1])


def source(known: dataset_info.KnownDataset | None, folder: pathlib.Path) -> str:
    """Names archives by contents, from the checksums in their directories; paths may move."""
    sums = []
    for path in _paths(known, folder):
        with _archive(path) as archive:
            crc = 0
            for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                crc = zlib.crc32(entry.CRC.to_bytes(4, "little"), crc)
        sums.append(f"{path.name} {crc:08x}")
    return "archives " + ", ".join(sums)


def class_names(
    known: dataset_info.KnownDataset | None, folder: pathlib.Path
) -> tuple[str, ...] | None:
    """Returns the names in classes.txt, else the known ones, else None."""
    path = folder / "classes.txt"
    if not path.exists():
        return known.classes if known else None
    try:
        found = tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise errors.UserError(f"{path}: not a UTF-8 text file ({error}).") from error
    if not found or len(set(found)) < len(found) or not all(name.strip() for name in found):
        raise errors.UserError(f"{path}: expected one class name a line, none empty, none twice.")
    if known and len(found) != len(known.classes):
        raise errors.UserError(
            f"{path}: expected {len(known.classes)} class names, got {len(found)}."
        )
    return found


def _paths(known: dataset_info.KnownDataset | None, folder: pathlib.Path) -> list[pathlib.Path]:
    """Returns the archives a data set needs, or says which is missing."""
    splits = ["train", "test"] if known is None or known.training else ["test"]
    paths = [folder / f"{split}.npz" for split in splits]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise errors.UserError(
            f"{folder} lacks {' and '.join(missing)}: expected the arrays image (uint8 "
            "[n, h, w, c]) and label (int64 [n]) there."
        )
    return paths


def _named(
    path: pathlib.Path, classes: tuple[str, ...] | None, found: np.ndarray
) -> tuple[str, ...]:
    """Returns the class names; where there are none, the numbers of the training labels."""
    named = classes or tuple(str(label) for label in range(int(found.max()) + 1))
    if len(named) < 2:
        raise errors.UserError(
            f"{path}: a classifier tells at least two classes apart, the labels name {len(named)}. "
            "Number the classes from 0, and give the label -1 to images without one."
        )
    return named


@contextlib.contextmanager
def _archive(path: pathlib.Path):
    """Opens an archive; whatever breaks while it is read is told with the file's name."""
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
            f"{path}: not a complete npz archive ({error}). Copy or make it anew."
        ) from error


def _header(path: pathlib.Path, key: str) -> tuple[tuple[int, ...], np.dtype]:
    """Returns shape and type of an array without reading it."""
    with _archive(path) as archive, archive.open(f"{key}.npy") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        return shape, dtype


def _array(path: pathlib.Path, key: str) -> np.ndarray:
    """Reads one array; pickled objects are refused."""
    with _archive(path) as archive, archive.open(f"{key}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_labels(
    path: pathlib.Path, known: dataset_info.KnownDataset | None, classes: tuple[str, ...] | None
) -> np.ndarray:
    """Returns int64 [n] within the classes, as many as there are images."""
    shape, dtype = _header(path, "label")
    if dtype.kind not in "iu" or len(shape) != 1:
        raise errors.UserError(f"{path}: label must be integers [n], got {dtype} {list(shape)}.")
    found = _array(path, "label").astype(np.int64)
    if not len(found):
        raise errors.UserError(f"{path}: there are no images in it.")
    low, high = int(found.min()), int(found.max())
    # Unlabeled images are for training on, and the known data sets have none.
    least = -1 if known is None and path.name == "train.npz" else 0
    if low < least or classes and high >= len(classes):
        expected = f"0..{len(classes) - 1}" if classes else "0 or more"
        expected += ", or -1 for images without one" if least else ""
        wrong = low if low < least else high
        raise errors.UserError(f"{path}: labels must be {expected}, got {wrong}.")
    count = _check_images(path, None)
    if count != len(found):
        raise errors.UserError(f"{path}: {count} images but {len(found)} labels; make them equal.")
    return found


def _check_images(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> int:
    """Checks what can be known of the images without reading them, and returns their number."""
    if not _has(path, "image"):
        shape, dtype = _header(path, "encoded")
        if dtype != np.uint8 or len(shape) != 1:
            raise errors.UserError(f"{path}: encoded must be uint8 [bytes], got {dtype} {shape}.")
        offset_shape, dtype = _header(path, "offset")
        if dtype.kind not in "iu" or len(offset_shape) != 1:
            raise errors.UserError(f"{path}: offset must be integers [n + 1], got {dtype}.")
        return offset_shape[0] - 1
    shape, dtype = _header(path, "image")
    if dtype != np.uint8 or len(shape) != 4:
        raise errors.UserError(
            f"{path}: image must be uint8 [n, h, w, c], got {dtype} {list(shape)}."
        )
    _check_size(path, shape[1:], known)
    return shape[0]


def _check_size(
    path: pathlib.Path, shape: tuple[int, ...], known: dataset_info.KnownDataset | None
) -> None:
    """Refuses images of another size than the data set's, or than any network takes."""
    if known and shape != known.shape:
        raise errors.UserError(
            f"{path}: expected images of {_size(known.shape)}, got {_size(shape)}."
        )
    if shape[0] != shape[1] or shape[0] < 8 or shape[2] not in (1, 3):
        raise errors.UserError(
            f"{path}: images must be square, at least 8x8, with 1 or 3 channels, got "
            f"{_size(shape)}. Crop or resize them before packing."
        )


def _has(path: pathlib.Path, key: str) -> bool:
    with _archive(path) as archive:
        return f"{key}.npy" in archive.namelist()


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(length) for length in shape)


def _read_images(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> np.ndarray:
    """Returns uint8 [n, h, w, c] of an archive in either form."""
    if _has(path, "image"):
        _check_images(path, known)
        return _array(path, "image")
    place = _kept_path(path, known)
    images = cache.array(place)
    if images is None:
        images = _decode(path, known)
        if len(images) >= _KEEP_FROM:
            cache.keep_array(images, place)
    return images


def _decode(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> np.ndarray:
    """Decodes the picture files of an archive, about 9,000 a second.

    One thread: at this size Pillow's work is mostly Python, and two threads were not faster.
    """
    encoded, offset = _array(path, "encoded"), _array(path, "offset").astype(np.int64)
    if not len(offset) or offset[0] < 0 or offset[-1] > len(encoded) or (np.diff(offset) < 0).any():
        raise errors.UserError(
            f"{path}: offset must rise from 0 to at most the {len(encoded)} bytes of encoded."
        )
    picture = _picture(path, encoded, offset, 0, known and known.shape[2])
    _check_size(path, picture.shape, known)
    images = np.empty((len(offset) - 1, *picture.shape), np.uint8)
    for index in range(len(images)):
        picture = _picture(path, encoded, offset, index, images.shape[3])
        if picture.shape != images.shape[1:]:
            raise errors.UserError(
                f"{path}: picture {index} is {_size(picture.shape)}, picture 0 is "
                f"{_size(images.shape[1:])}; make all equal."
            )
        images[index] = picture
    return images


def _picture(
    path: pathlib.Path, encoded: np.ndarray, offset: np.ndarray, index: int, channels: int | None
) -> np.ndarray:
    """Decodes one picture to uint8 [h, w, c]; without `channels`, gray files stay gray."""
    from PIL import Image

    content = io.BytesIO(encoded[offset[index] : offset[index + 1]])
    try:
        with Image.open(content, formats=("PNG", "JPEG", "WEBP")) as image:
            gray = channels == 1 if channels else image.mode in ("1", "L")
            mode = "L" if gray else "RGB"
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise errors.UserError(
            f"{path}: picture {index} cannot be decoded as PNG, JPEG or WebP. Make the file anew."
        ) from error
    return pixels[..., None] if gray else pixels


def _kept_path(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> pathlib.Path:
    """Returns where decoded pictures are kept, named by the checksum of the encoded ones."""
    with _archive(path) as archive:
        entry = archive.getinfo("encoded.npy")
        offset = archive.getinfo("offset.npy")
    channels = known.shape[2] if known else "any"
    name = f"{entry.CRC:08x}-{entry.file_size}-{offset.CRC:08x}-{channels}.npy"
    return cache.folder() / name


# --- CIFAR-10.1 as its authors publish it ---------------------------------------------------------
