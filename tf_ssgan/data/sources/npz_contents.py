"""What the archives of a data set hold: labels and images, compared before pixels are read.

In all functions, `known` is None for `npz:DIR`, about which nothing is known.
"""

import dataclasses
import io
import math
import pathlib
from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, memory_limit
from tf_ssgan.data.sources import npz_archive, npz_cache
from tf_ssgan.data.sources.npy_arrays import Header

# Decoding fewer images takes less than half a second, so they are not cached.
_MIN_CACHED = 5_000
_SIZES = (8, 4_096)  # smallest and largest height and width of images, in pixels
_LARGEST_LABEL = 2**63 - 1  # that labels can hold; how many classes there may be is asked later
_FEWER = "make smaller archives, of fewer or smaller images"


@dataclasses.dataclass(frozen=True)
class Contents:
    """What an archive holds, by the descriptions of its arrays.

    Attributes:
        path: the archive.
        count: number of images and of labels.
        shape: (height, width, channels) of its images; None before encoded images are decoded.
        encoded: bytes of the encoded images and of what tells them apart; 0 for pixels.
    """

    path: pathlib.Path
    count: int
    shape: tuple[int, ...] | None
    encoded: int = 0

    @property
    def memory(self) -> int:
        """Bytes that its labels and images take, as far as that is known without decoding."""
        pixels = memory_limit.needed(self.count, 1, math.prod(self.shape)) if self.shape else 0
        return pixels + self.encoded + 2 * 8 * self.count


def check(paths: Sequence[pathlib.Path], known: dataset_info.KnownDataset | None) -> None:
    """Refuses archives whose arrays cannot be labels and images, by their descriptions alone.

    Raises:
        UserError: An array is missing, damaged, or of another type or shape; or numbers or sizes
            do not agree; or there is too little memory.
    """
    contents = [_read_contents(path, known) for path in paths]
    first, last = contents[0], contents[-1]
    if first.shape and last.shape:
        _check_same(last.path, last.shape, first.path, first.shape)
    _check_memory(contents)


def read_labels(
    path: pathlib.Path, known: dataset_info.KnownDataset | None, classes: int
) -> np.ndarray:
    """Reads the labels of an archive.

    Args:
        path: the archive.
        known: what is known about the data set.
        classes: number of classes; 0 if the labels determine it.

    Returns:
        int64 [n], within the range of the classes, one label per image.

    Raises:
        UserError: as `check`, or a label is out of range.
    """
    _check_memory([_read_contents(path, known)])
    values = npz_archive.read_array(path, "label")
    low, high = int(values.min()), int(values.max())  # before they become int64, which could wrap
    # Only training images may be unlabeled, and the known data sets have no unlabeled images.
    minimum = -1 if known is None and path.name == "train.npz" else 0
    if low < minimum or high > (classes - 1 if classes else _LARGEST_LABEL):
        expected = f"0..{classes - 1}" if classes else "0 or more"
        expected += ", or -1 for images without a label" if minimum else ""
        wrong = low if low < minimum else high
        raise errors.UserError(f"{path}: labels must be {expected}, got {wrong}.")
    return values.astype(np.int64)


def read_images(
    paths: Sequence[pathlib.Path], known: dataset_info.KnownDataset | None
) -> list[np.ndarray]:
    """Reads the images of archives, and decodes them if necessary.

    Returns:
        uint8 [n, h, w, c] for each archive, of one size.

    Raises:
        UserError: as `check`, or an image cannot be decoded.
    """
    check(paths, known)
    images = [_read_images(path, known) for path in paths]
    _check_same(paths[-1], images[-1].shape[1:], paths[0], images[0].shape[1:])
    return images


def _read_contents(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> Contents:
    """Checks the descriptions of all arrays that are needed from an archive."""
    label = npz_archive.read_header(path, "label")
    if label.dtype.kind not in "iu" or len(label.shape) != 1:
        raise errors.UserError(
            f"{path}: label must be integers [n], got {label.words}{_label_hint(label)}."
        )
    if npz_archive.has_array(path, "image"):
        contents = _check_pixels(path, known)
    else:
        contents = _check_encoded(path)
    if contents.count != label.shape[0]:
        raise errors.UserError(
            f"{path}: {contents.count:,} images but {label.shape[0]:,} labels; make them equal."
        )
    if not contents.count:
        raise errors.UserError(f"{path}: there are no images in it.")
    return contents


def _label_hint(label: Header) -> str:
    """What to do about labels of another form."""
    if label.dtype.kind not in "iufb":
        return ""
    if len(label.shape) == 2:
        column = label.shape[1] == 1
        return f"; save {'label[:, 0]' if column else 'label.argmax(1), the numbers of classes'}"
    return "" if len(label.shape) != 1 else "; save label.astype(int), the numbers of classes"


def _check_pixels(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> Contents:
    image = npz_archive.read_header(path, "image")
    if image.dtype != np.uint8 or len(image.shape) != 4:
        hint = "; save image[..., None]" if len(image.shape) == 3 else ""
        if image.dtype != np.uint8:
            hint = "; save whole numbers from 0 to 255 as uint8"
        raise errors.UserError(
            f"{path}: image must be uint8 [n, h, w, c], got {image.words}{hint}."
        )
    if image.shape[0]:
        _check_size(path, image.shape[1:], known)
    return Contents(path, image.shape[0], image.shape[1:])


def _check_encoded(path: pathlib.Path) -> Contents:
    encoded = npz_archive.read_header(path, "encoded")
    if encoded.dtype != np.uint8 or len(encoded.shape) != 1:
        raise errors.UserError(f"{path}: encoded must be uint8 [bytes], got {encoded.words}.")
    offset = npz_archive.read_header(path, "offset")
    if offset.dtype.kind not in "iu" or len(offset.shape) != 1 or not offset.shape[0]:
        raise errors.UserError(f"{path}: offset must be integers [n + 1], got {offset.words}.")
    count = offset.shape[0] - 1
    if count > encoded.size:
        raise errors.UserError(
            f"{path}: offset stands for {count:,} images, but encoded has only {encoded.size:,} "
            "bytes. Make the archive again."
        )
    return Contents(path, count, None, encoded.size + offset.size + 8 * offset.shape[0])


def _check_size(
    path: pathlib.Path, shape: tuple[int, ...], known: dataset_info.KnownDataset | None
) -> None:
    """Refuses images whose size differs from the data set's, or that no network accepts."""
    if known and shape != known.shape:
        raise errors.UserError(
            f"{path}: expected images of {_size(known.shape)}, got {_size(shape)}."
        )
    smallest, largest = _SIZES
    if shape[0] != shape[1] or not smallest <= shape[0] <= largest or shape[2] not in (1, 3):
        raise errors.UserError(
            f"{path}: images must be square, at least {smallest}x{smallest} and at most "
            f"{largest}x{largest}, with 1 or 3 channels, got {_size(shape)}. Crop or resize them "
            "before making the archive."
        )


def _check_same(
    path: pathlib.Path, shape: tuple[int, ...], other: pathlib.Path, expected: tuple[int, ...]
) -> None:
    if shape != expected:
        raise errors.UserError(
            f"{path}: images are {_size(shape)}, but those of {other.name} are {_size(expected)}; "
            "make them equal."
        )


def _check_memory(contents: Sequence[Contents]) -> None:
    """Refuses archives whose labels and images do not fit into memory."""
    count = sum(each.count for each in contents)
    what = f"{' and '.join(str(each.path) for each in contents)}: {count:,} images"
    memory_limit.check_bytes(sum(each.memory for each in contents), what, _FEWER)


def _size(shape: Sequence[int]) -> str:
    return "x".join(str(length) for length in shape)


def _read_images(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> np.ndarray:
    """Returns the images of an archive that `check` accepts, uint8 [n, h, w, c]."""
    if npz_archive.has_array(path, "image"):
        return npz_archive.read_array(path, "image")
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
    encoded, offset = npz_archive.read_array(path, "encoded"), _read_offset(path)
    channels = known and known.shape[2]
    first = _decode_image(path, encoded, offset, 0, channels, known and known.shape)
    shape = first.shape
    whole = Contents(path, len(offset) - 1, shape)
    _check_memory([whole])
    images = np.empty((whole.count, *shape), np.uint8)
    images[0] = first
    for index in range(1, len(images)):
        images[index] = _decode_image(path, encoded, offset, index, shape[2], shape)
    return images


def _read_offset(path: pathlib.Path) -> np.ndarray:
    """Returns int64 [n + 1], where image i is at [i] to [i + 1]; each has a byte at least."""
    (length,) = npz_archive.read_header(path, "encoded").shape
    values = npz_archive.read_array(path, "offset")
    # Before they become int64, which could wrap; and differences of unsigned numbers always do.
    inside = 0 <= int(values.min()) <= int(values.max()) <= length
    offset = values.astype(np.int64)
    if not inside or (np.diff(offset) <= 0).any():
        raise errors.UserError(
            f"{path}: offset must rise from 0 to at most the {length:,} bytes of encoded, with "
            "a byte or more for each image."
        )
    return offset


def _decode_image(
    path: pathlib.Path,
    encoded: np.ndarray,
    offset: np.ndarray,
    index: int,
    channels: int | None,
    expected: tuple[int, ...] | None,
) -> np.ndarray:
    """Decodes one image to uint8 [h, w, c]; without `channels`, gray images stay gray.

    Its size is checked before its pixels are decoded. That of the first one may be free.
    """
    from PIL import Image

    content = io.BytesIO(encoded[offset[index] : offset[index + 1]])
    try:
        with Image.open(content, formats=("PNG", "JPEG", "WEBP")) as image:
            gray = channels == 1 if channels else image.mode in ("1", "L")
            shape = (image.height, image.width, 1 if gray else 3)
            if shape != expected or not index:  # not a call for each image
                _check_image(path, index, shape, expected)
            mode = "L" if gray else "RGB"
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except errors.UserError:
        raise
    except Exception as error:  # damaged images provoke most exceptions in Pillow
        raise errors.UserError(
            f"{path}: image {index} cannot be decoded as PNG, JPEG or WebP. Make the archive again."
        ) from error
    return pixels[..., None] if gray else pixels


def _check_image(
    path: pathlib.Path, index: int, shape: tuple[int, ...], expected: tuple[int, ...] | None
) -> None:
    if not index:
        _check_size(path, shape, None)
    if expected and shape != expected:
        if not index:
            raise errors.UserError(
                f"{path}: expected images of {_size(expected)}, got {_size(shape)}."
            )
        raise errors.UserError(
            f"{path}: image {index} is {_size(shape)}, but image 0 is {_size(expected)}; make all "
            "equal."
        )


def _cache_name(path: pathlib.Path, known: dataset_info.KnownDataset | None) -> str:
    """Returns the name of decoded images in the cache: the checksum of the encoded ones."""
    encoded, size = npz_archive.identity(path, "encoded")
    offset, _ = npz_archive.identity(path, "offset")
    channels = known.shape[2] if known else "any"
    return f"{encoded:08x}-{size}-{offset:08x}-{channels}"
