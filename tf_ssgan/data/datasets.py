"""Data sets by name: arrays of images and labels, and a card that describes them.

A data set comes from the first of these places that has it:

1. scikit-learn's package folder (`digits`), or the folder DIR of `npz:DIR`;
2. `<data_dir>/<dataset>/train.npz` and `test.npz`, with an optional `classes.txt`, one name a line;
3. TensorFlow Datasets with `data_dir` (by default its own), downloaded at the first use.

An archive holds `label` (integers [n]) and either `image` (uint8 [n, h, w, c]) or picture files one
after another: `encoded` (uint8) and `offset` (integers [n + 1]), picture i being the PNG, JPEG or
WebP file encoded[offset[i]:offset[i + 1]].

Neither TensorFlow nor TensorFlow Datasets is imported before `load` needs them, so that `check` and
`labels` answer at once.
"""

import contextlib
import dataclasses
import gzip
import importlib.util
import io
import os
import pathlib
import re
import socket
import tempfile
import threading
import zipfile
import zlib
from typing import Any
from urllib import parse, request

import numpy as np

from tf_ssgan import errors
from tf_ssgan.data import corruption


@dataclasses.dataclass(frozen=True)
class Card:
    """What a classifier has to know about its images.

    Attributes:
        name: the data set's name on the command line.
        height: pixels.
        width: pixels.
        channels: 1 or 3.
        classes: names; label k is classes[k].
        mean: per channel, of intensities in [0, 1].
        std: per channel, of intensities in [0, 1].
        flip: whether a mirrored image keeps its class.
        source: where these very images came from.
    """

    name: str
    height: int
    width: int
    channels: int
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    flip: bool
    source: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.height, self.width, self.channels

    def as_json(self) -> dict[str, Any]:
        """Returns a dictionary for `json.dump`."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Card":
        """Rebuilds what `as_json` gave."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})


@dataclasses.dataclass
class Arrays:
    """A data set in memory: images uint8 [n, h, w, c], labels int64 [n].

    An evaluation set has no training images: its training arrays have length 0.
    """

    card: Card
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Known:
    """What is known about a named data set before reading it."""

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    flip: bool = False
    tfds: str = ""  # its name, and config, in TensorFlow Datasets
    version: str = ""
    url: str = ""  # whence TensorFlow Datasets downloads it
    training: bool = True


_DIGITS = tuple("0123456789")
_CIFAR10 = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
_CIFAR100 = tuple(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
    lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
    oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
    possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
    spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
    train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()
)
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

# Means and deviations of the training images: CIFAR as in Sohn et al. 2020 and its followers, SVHN
# as in TorchSSL (Zhang et al. 2021, FlexMatch); Fashion-MNIST and digits were measured.
_KNOWN = {
    "digits": _Known((16, 16, 1), _DIGITS, (0.3053,), (0.3185,)),
    "svhn": _Known(
        (32, 32, 3), _DIGITS, (0.4380, 0.4440, 0.4730), (0.1751, 0.1771, 0.1744),
        tfds="svhn_cropped", version="3.1.0", url="http://ufldl.stanford.edu",
    ),
    "cifar10": _Known(
        (32, 32, 3), _CIFAR10, (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616),
        flip=True, tfds="cifar10", version="3.0.2", url="https://www.cs.toronto.edu",
    ),
    "cifar100": _Known(
        (32, 32, 3), _CIFAR100, (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761),
        flip=True, tfds="cifar100", version="3.0.2", url="https://www.cs.toronto.edu",
    ),
    "fashion_mnist": _Known(
        (28, 28, 1), _FASHION, (0.2860,), (0.3530,),
        flip=True, tfds="fashion_mnist", version="3.0.1",
        url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    # Recht et al. 2018: new test images for CIFAR-10, so its classes and its statistics.
    "cifar10_1/v6": _Known(
        (32, 32, 3), _CIFAR10, (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616),
        flip=True, tfds="cifar10_1/v6", version="1.1.0", url="https://github.com", training=False,
    ),
}  # fmt: skip


def names() -> tuple[str, ...]:
    """Returns the data sets with a name of their own; `npz:DIR` takes any other."""
    return tuple(_KNOWN)


def check(name: str, data_dir: str | None = None, training: bool = True) -> None:
    """Refuses, within about a second, what `load` could not serve.

    Pictures are not decoded here, and nothing is downloaded.

    Args:
        name: "digits", "svhn", ..., or "npz:DIR".
        data_dir: folder with `<dataset>/train.npz` and `test.npz`, or that of TensorFlow Datasets.
        training: whether it is meant for training; an evaluation set is refused then.

    Raises:
        UserError: unknown name, no such folder, files missing or inconsistent, or data neither
            here nor reachable through the network.
    """
    known = _known(name)
    if known and training and not known.training:
        raise errors.UserError(
            f"{name} has test images only and serves evaluation: train on cifar10, then name it "
            "when evaluating the run."
        )
    place = _locate(name, data_dir)
    if place.kind == "archives":
        classes = _class_names(place.path, known)
        for path in _archive_paths(place.path, known):
            _check_images(path, known)
            classes = _named(classes, _read_labels(path, classes))
    elif place.kind == "raw":
        _load_raw(name, known, place.path)
    elif place.kind == "tfds" and not _prepared(known, place.path):
        _require_network(name, known, place.path)


def labels(name: str, data_dir: str | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Reads the training labels only, without TensorFlow wherever the data are at hand.

    Returns:
        int64 [n], the `train_labels` of `load`, and the class names.

    Raises:
        UserError: as `check` and `load`.
    """
    check(name, data_dir)
    known, place = _known(name), _locate(name, data_dir)
    if place.kind == "archives":
        path = place.path / "train.npz"
        found = _read_labels(path, _class_names(place.path, known))
        return found, _named(_class_names(place.path, known), found)
    if place.kind == "tfds":
        prepared = _prepared(known, place.path)
        found = _record_labels(prepared) if prepared else None
        if found is not None:
            return found, known.classes
    arrays = load(name, data_dir)
    return arrays.train_labels, arrays.card.classes


def load(name: str, data_dir: str | None = None) -> Arrays:
    """Reads, and if need be downloads, a data set.

    Args:
        name: "digits", "svhn", ..., or "npz:DIR".
        data_dir: as for `check`.

    Returns:
        All images and labels, in the order of their source.

    Raises:
        UserError: as `check`, and for broken pictures or a failed download.
    """
    known, place = _known(name), _locate(name, data_dir)
    if place.kind == "digits":
        return _load_digits()
    if place.kind == "archives":
        return _load_archives(name, known, place.path)
    if place.kind == "raw":
        return _load_raw(name, known, place.path)
    return _load_tfds(name, known, place.path)


def card(name: str, data_dir: str | None = None) -> Card:
    """Returns the card of `load` without reading images, except for `npz:DIR`, which is measured.

    Raises:
        UserError: as `check` and `load`.
    """
    known, place = _known(name), _locate(name, data_dir)
    if known is None:
        return load(name, data_dir).card
    if place.kind == "archives":
        source = _archive_source(_archive_paths(place.path, known))
        return _known_card(name, known, _class_names(place.path, known), source)
    source = {"digits": _DIGITS_SOURCE, "raw": _RAW_SOURCE}.get(place.kind, _tfds_source(known))
    return _known_card(name, known, known.classes, source)


# --- Where a data set lies ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Place:
    kind: str  # "digits", "archives", "raw" (CIFAR-10.1's own arrays), "tfds"
    path: pathlib.Path


def _known(name: str) -> _Known | None:
    """Returns what is known of a name, None for `npz:DIR`."""
    if name.startswith("npz:"):
        return None
    if name not in _KNOWN:
        raise errors.UserError(
            f"There is no dataset {name!r}. {errors.nearest(name, [*names(), 'npz:DIR'])}"
        )
    return _KNOWN[name]


def _locate(name: str, data_dir: str | None) -> _Place:
    """Returns the place a data set is read from; see the module's list."""
    if name.startswith("npz:"):
        return _Place("archives", _existing(name.removeprefix("npz:"), f"--dataset={name}"))
    if name == "digits":
        return _Place("digits", pathlib.Path())
    root = _tfds_root(data_dir)
    if data_dir:
        _existing(data_dir, f"--data_dir={data_dir}")
        # CIFAR-10.1 is asked for with its version, and found with or without it.
        for folder in dict.fromkeys([root / name, root / name.split("/")[0]]):
            if (folder / "train.npz").exists() or (folder / "test.npz").exists():
                return _Place("archives", folder)
            if name == "cifar10_1/v6" and (folder / _RAW[0]).exists():
                return _Place("raw", folder)
    return _Place("tfds", root)


def _existing(folder: str, flag: str) -> pathlib.Path:
    """Returns the folder, or says that there is none."""
    path = pathlib.Path(folder).expanduser()
    if not folder or not path.is_dir():
        raise errors.UserError(f"{flag}: {folder!r} is not a folder. Give the path of one.")
    return path


def _tfds_root(data_dir: str | None) -> pathlib.Path:
    """Returns the folder of TensorFlow Datasets, by the rule of that library."""
    root = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return pathlib.Path(root).expanduser()


# --- scikit-learn's digits ------------------------------------------------------------------------

_DIGITS_SOURCE = "scikit-learn digits (UCI optdigits test set)"
_DIGITS_TEST = 50  # images of each class
_DIGITS_SEED = 0  # never to be changed: published numbers hang on this test set


def _load_digits() -> Arrays:
    """Returns 1,297 training and 500 test images, [16, 16, 1].

    The file is read without importing scikit-learn, which alone takes more than a second.
    """
    spec = importlib.util.find_spec("sklearn")
    path = (
        spec
        and spec.origin
        and pathlib.Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    )
    if not path or not path.exists():
        raise errors.UserError(
            "The digits come with scikit-learn, which is not installed: pip install scikit-learn."
        )
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",")
    images = _double(table[:, :64].reshape(-1, 8, 8) * (255 / 16))
    images, found = images[..., None], table[:, 64].astype(np.int64)
    shuffled = corruption.permutation(len(found), _DIGITS_SEED)
    test = [shuffled[found[shuffled] == digit][:_DIGITS_TEST] for digit in range(10)]
    in_test = np.isin(np.arange(len(found)), np.concatenate(test))
    known = _KNOWN["digits"]
    return Arrays(
        _known_card("digits", known, known.classes, _DIGITS_SOURCE),
        images[~in_test], found[~in_test], images[in_test], found[in_test],
    )  # fmt: skip


def _double(images: np.ndarray) -> np.ndarray:
    """Resizes floats [n, s, s] bilinearly to uint8 [n, 2s, 2s], with half-pixel centers.

    Each new pixel is 3/4 the old one it lies in and 1/4 that one's neighbor, edges repeated: exact
    in binary, hence the same bits everywhere.
    """
    for axis in (1, 2):
        padding = [(0, 0)] * axis + [(1, 1)] + [(0, 0)] * (2 - axis)
        padded = np.moveaxis(np.pad(images, padding, mode="edge"), axis, 0)
        before, here, after = padded[:-2], padded[1:-1], padded[2:]
        pair = np.stack([0.75 * here + 0.25 * before, 0.75 * here + 0.25 * after], axis=1)
        images = np.moveaxis(pair.reshape(-1, *here.shape[1:]), 0, axis)
    return np.round(images).astype(np.uint8)


# --- Archives -------------------------------------------------------------------------------------

# Decoding fewer pictures than this takes less than half a second: not worth a file.
_KEEP_FROM = 5_000


def _load_archives(name: str, known: _Known | None, folder: pathlib.Path) -> Arrays:
    """Reads `train.npz` and `test.npz`; of an evaluation set only the latter."""
    paths = _archive_paths(folder, known)
    classes = _class_names(folder, known)
    images, found = [], []
    for path in paths:
        found.append(_read_labels(path, classes))
        classes = _named(classes, found[0])  # those of the training labels
        images.append(_read_images(path, known))
    if images[0].shape[1:] != images[-1].shape[1:]:
        raise errors.UserError(
            f"{paths[1]}: images are {_size(images[1].shape[1:])}, those of train.npz "
            f"{_size(images[0].shape[1:])}; make them equal."
        )
    if len(paths) == 1:
        images.insert(0, images[0][:0])
        found.insert(0, found[0][:0])
    source = _archive_source(paths)
    if known:
        made = _known_card(name, known, classes, source)
    else:
        mean, std = _statistics(images[0])
        made = Card(name, *images[0].shape[1:], classes, mean, std, flip=False, source=source)
    return Arrays(made, images[0], found[0], images[1], found[1])


def _archive_paths(folder: pathlib.Path, known: _Known | None) -> list[pathlib.Path]:
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


def _archive_source(paths: list[pathlib.Path]) -> str:
    """Names archives by contents, from the checksums in their directories; paths may move."""
    sums = []
    for path in paths:
        with _archive(path) as archive:
            crc = 0
            for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                crc = zlib.crc32(entry.CRC.to_bytes(4, "little"), crc)
        sums.append(f"{path.name} {crc:08x}")
    return "archives " + ", ".join(sums)


def _class_names(folder: pathlib.Path, known: _Known | None) -> tuple[str, ...] | None:
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


def _named(classes: tuple[str, ...] | None, found: np.ndarray) -> tuple[str, ...]:
    """Returns the class names; where there are none, the numbers of the training labels."""
    return classes or tuple(str(label) for label in range(int(found.max()) + 1))


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


def _read_labels(path: pathlib.Path, classes: tuple[str, ...] | None) -> np.ndarray:
    """Returns int64 [n] within the classes, as many as there are images."""
    shape, dtype = _header(path, "label")
    if dtype.kind not in "iu" or len(shape) != 1:
        raise errors.UserError(f"{path}: label must be integers [n], got {dtype} {list(shape)}.")
    found = _array(path, "label").astype(np.int64)
    if not len(found):
        raise errors.UserError(f"{path}: there are no images in it.")
    low, high = int(found.min()), int(found.max())
    if low < 0 or classes and high >= len(classes):
        expected = f"0..{len(classes) - 1}" if classes else "0 or more"
        wrong = low if low < 0 else high
        raise errors.UserError(f"{path}: labels must be {expected}, got {wrong}.")
    count = _check_images(path, None)
    if count != len(found):
        raise errors.UserError(f"{path}: {count} images but {len(found)} labels; make them equal.")
    return found


def _check_images(path: pathlib.Path, known: _Known | None) -> int:
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


def _check_size(path: pathlib.Path, shape: tuple[int, ...], known: _Known | None) -> None:
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


def _read_images(path: pathlib.Path, known: _Known | None) -> np.ndarray:
    """Returns uint8 [n, h, w, c] of an archive in either form."""
    if _has(path, "image"):
        _check_images(path, known)
        return _array(path, "image")
    kept = _kept_path(path, known)
    with contextlib.suppress(OSError, ValueError, EOFError):
        return np.load(kept, allow_pickle=False)
    images = _decode(path, known)
    if len(images) >= _KEEP_FROM:
        _keep(images, kept)
    return images


def _decode(path: pathlib.Path, known: _Known | None) -> np.ndarray:
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


def _kept_path(path: pathlib.Path, known: _Known | None) -> pathlib.Path:
    """Returns where decoded pictures are kept, named by the checksum of the encoded ones."""
    with _archive(path) as archive:
        entry = archive.getinfo("encoded.npy")
        offset = archive.getinfo("offset.npy")
    channels = known.shape[2] if known else "any"
    root = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    name = f"{entry.CRC:08x}-{entry.file_size}-{offset.CRC:08x}-{channels}.npy"
    return root / "tf_ssgan" / name


def _keep(images: np.ndarray, path: pathlib.Path) -> None:
    """Writes decoded pictures whole or not at all; without room or permission they are not kept."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            np.save(pathlib.Path(folder, path.name), images)
            os.replace(pathlib.Path(folder, path.name), path)


def _statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and deviation per channel in [0, 1], from integer counts, so exact anywhere."""
    mean, std = [], []
    for channel in range(images.shape[3]):
        counts = np.bincount(images[..., channel].ravel(), minlength=256)
        values = np.arange(256) / 255
        center = float((counts * values).sum() / counts.sum())
        mean.append(round(center, 4))
        deviation = float(np.sqrt((counts * (values - center) ** 2).sum() / counts.sum()))
        # A constant channel would divide by zero; one gray level is the least visible deviation.
        std.append(max(round(deviation, 4), 0.0039))
    return tuple(mean), tuple(std)


def _known_card(name: str, known: _Known, classes: tuple[str, ...], source: str) -> Card:
    return Card(name, *known.shape, classes, known.mean, known.std, known.flip, source)


# --- CIFAR-10.1 as its authors publish it ---------------------------------------------------------

_RAW = ("cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")
_RAW_SOURCE = "CIFAR-10.1 v6 arrays (Recht et al. 2018)"


def _load_raw(name: str, known: _Known, folder: pathlib.Path) -> Arrays:
    """Reads the two arrays of the CIFAR-10.1 repository."""
    try:
        images, found = (np.load(folder / file, allow_pickle=False) for file in _RAW)
    except (OSError, ValueError, EOFError) as error:
        raise errors.UserError(
            f"{folder}: expected the arrays {_RAW[0]} and {_RAW[1]} ({error}). Copy them anew."
        ) from error
    if images.dtype != np.uint8 or images.shape[1:] != known.shape:
        raise errors.UserError(
            f"{folder / _RAW[0]}: expected uint8 [n, 32, 32, 3], got {images.dtype} "
            f"{list(images.shape)}."
        )
    if found.shape != images.shape[:1] or found.dtype.kind not in "iu" or not len(found) \
            or not 0 <= found.min() <= found.max() < 10:  # fmt: skip
        raise errors.UserError(
            f"{folder / _RAW[1]}: expected {len(images)} labels in 0..9, got {found.dtype} "
            f"{list(found.shape)}."
        )
    found = found.astype(np.int64)
    made = _known_card(name, known, known.classes, _RAW_SOURCE)
    return Arrays(made, images[:0], found[:0], images, found)


# --- TensorFlow Datasets --------------------------------------------------------------------------


def _load_tfds(name: str, known: _Known, root: pathlib.Path) -> Arrays:
    """Reads a prepared data set, or downloads and prepares it first."""
    prepared = _prepared(known, root)
    if not prepared:
        _require_network(name, known, root)
    import tensorflow_datasets as tfds

    if prepared:
        builder = tfds.builder_from_directory(prepared)
    else:
        builder = tfds.builder(known.tfds, data_dir=str(root))
        try:
            builder.download_and_prepare()
        # Anything can go wrong here: network, checksum, disk, a missing package.
        except Exception as error:
            raise errors.UserError(
                f"{name} could not be downloaded to {root}: {type(error).__name__}: "
                f"{_first_line(error)}\n{_remedy(name, known)}"
            ) from error
    try:
        parts = {split: _split(builder, split) for split in ("train", "test") if
                 split == "test" or known.training}  # fmt: skip
    except Exception as error:
        raise errors.UserError(
            f"{name} in {prepared or root} cannot be read: {type(error).__name__}: "
            f"{_first_line(error)}\nMove that folder away to have it prepared anew."
        ) from error
    test_images, test_labels = parts["test"]
    train_images, train_labels = parts.get("train", (test_images[:0], test_labels[:0]))
    made = _known_card(name, known, known.classes, _tfds_source(known))
    return Arrays(made, train_images, train_labels, test_images, test_labels)


def _split(builder: Any, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns images and labels of one split in the order of its files; ids are dropped."""
    import tensorflow_datasets as tfds

    examples = builder.as_dataset(
        split=split,
        shuffle_files=False,
        # One file after another, as `_record_labels` reads them: ids must mean the same images.
        read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
    )
    # In pieces: batch_size=-1 reserves room for all splits together.
    pieces = [(piece["image"], piece["label"]) for piece in tfds.as_numpy(examples.batch(1000))]
    images, found = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return images, found.astype(np.int64)


def _prepared(known: _Known, root: pathlib.Path) -> pathlib.Path | None:
    """Returns the newest prepared version's folder, if there is one."""
    found = (root / known.tfds).glob("*/dataset_info.json")
    versions = [path.parent for path in found if re.fullmatch(r"\d+\.\d+\.\d+", path.parent.name)]
    return max(versions, key=lambda p: [int(part) for part in p.name.split(".")], default=None)


# A serialized tf.train.Example writes the feature "label" of one value below 128 in these bytes:
# map entry key (field 1, length 5), value (field 2), int64_list (field 3), packed values (field 1).
_LABEL_FEATURE = b"\n\x05label\x12\x05\x1a\x03\n\x01"


def _record_labels(folder: pathlib.Path) -> np.ndarray | None:
    """Reads training labels out of TFRecord files, which needs no TensorFlow.

    Returns:
        int64 [n] in the order of the files; None where files or records look otherwise, which is
        for TensorFlow Datasets to understand.
    """
    found = []
    for path in sorted(folder.glob("*-train.tfrecord-*-of-*")):
        content, place = path.read_bytes(), 0
        while place < len(content):
            # A record: its length in 8 bytes, 4 of checksum, the record, 4 of checksum.
            start = place + 12
            place = start + int.from_bytes(content[place : place + 8], "little") + 4
            at = content.rfind(_LABEL_FEATURE, start, place)
            if at < 0 or place > len(content):
                return None
            found.append(content[at + len(_LABEL_FEATURE)])
    return np.array(found, np.int64) if found else None


def _tfds_source(known: _Known) -> str:
    return f"TensorFlow Datasets {known.tfds}"


def _require_network(name: str, known: _Known, root: pathlib.Path) -> None:
    """Refuses at once a download that would fail only after minutes of retries."""
    if not _reachable(known.url):
        raise errors.UserError(
            f"{name} (TensorFlow Datasets {known.tfds} {known.version}) is not in {root}, and "
            f"{parse.urlsplit(known.url).hostname} cannot be reached.\n{_remedy(name, known)}"
        )


def _remedy(name: str, known: _Known) -> str:
    """Says which files to put where."""
    folder, shape = f"DIR/{name}", ", ".join(map(str, known.shape))
    files = f"{folder}/train.npz and {folder}/test.npz" if known.training else f"{folder}/test.npz"
    raw = "" if known.training else f" or {folder}/{_RAW[0]} with {_RAW[1]}"
    return (
        f"Give --data_dir=DIR with {files} (arrays image uint8 [n, {shape}] and label int64 [n])"
        f"{raw}, or with the folder DIR/{known.tfds}/{known.version} that "
        f"tfds.load({known.tfds!r}) prepared on another machine."
    )


def _reachable(url: str, seconds: float = 1.0) -> bool:
    """Returns whether a host, or the proxy in front of it, accepts a connection in time.

    In a thread, because looking up a name knows no time limit.
    """
    parts = parse.urlsplit(url)
    proxy = request.getproxies().get(parts.scheme)
    if proxy and not request.proxy_bypass(parts.hostname):
        parts = parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    answered = threading.Event()

    def knock() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((parts.hostname, port), seconds).close()
            answered.set()

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]
