"""Data sets from TensorFlow Datasets: found where it prepared them, else downloaded."""

import contextlib
import os
import pathlib
import re
import socket
import threading
from typing import Any
from urllib import parse, request

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.sources import cifar10_1


def root_folder(data_dir: str | None) -> pathlib.Path:
    """Returns the folder of TensorFlow Datasets, by the rule of that library."""
    root = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return pathlib.Path(root).expanduser()


def check(name: str, known: dataset_info.KnownDataset, root: pathlib.Path) -> None:
    """Refuses a data set that is neither prepared nor, as far as one can see, to be downloaded."""
    if not _prepared(known, root):
        _require_network(name, known, root)


def labels(known: dataset_info.KnownDataset, root: pathlib.Path) -> np.ndarray | None:
    """Returns the training labels of prepared data; None where only `load` can know them."""
    prepared = _prepared(known, root)
    return _record_labels(prepared) if prepared else None


def load(name: str, known: dataset_info.KnownDataset, root: pathlib.Path) -> dataset_info.Arrays:
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
    made = dataset_info.known_info(name, known, known.classes, source(known))
    return dataset_info.Arrays(made, train_images, train_labels, test_images, test_labels)


def source(known: dataset_info.KnownDataset) -> str:
    """Returns what a card says about the place its images came from."""
    return f"TensorFlow Datasets {known.tfds}"


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


def _prepared(known: dataset_info.KnownDataset, root: pathlib.Path) -> pathlib.Path | None:
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


def _require_network(name: str, known: dataset_info.KnownDataset, root: pathlib.Path) -> None:
    """Refuses at once a download that would fail only after minutes of retries."""
    if not _reachable(known.url):
        raise errors.UserError(
            f"{name} (TensorFlow Datasets {known.tfds} {known.version}) is not in {root}, and "
            f"{parse.urlsplit(known.url).hostname} cannot be reached.\n{_remedy(name, known)}"
        )


def _remedy(name: str, known: dataset_info.KnownDataset) -> str:
    """Says which files to put where."""
    folder, shape = f"DIR/{name}", ", ".join(map(str, known.shape))
    files = f"{folder}/train.npz and {folder}/test.npz" if known.training else f"{folder}/test.npz"
    raw = "" if known.training else f" or {folder}/{cifar10_1.RAW[0]} with {cifar10_1.RAW[1]}"
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
