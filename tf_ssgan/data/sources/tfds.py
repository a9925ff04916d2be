"""Data sets from TensorFlow Datasets: read if they are prepared, otherwise downloaded."""

import contextlib
import functools
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
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources import cifar10_1, tfds_files
from tf_ssgan.data.sources.data_source import DataSource, require_folder


class TfdsSource(DataSource):
    """A data set of TensorFlow Datasets, with its labels as they are published.

    Args:
        name: name on the command line.
        data_dir: folder that was given with the name; empty for the folder that TensorFlow Datasets
            would choose.
        known: what is known about the data set.
    """

    def __init__(
        self, name: str, data_dir: str, known: dataset_info.KnownDataset, set_aside: bool = True
    ):
        super().__init__(name, data_dir, known, set_aside=set_aside)
        root = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        self.root = pathlib.Path(root).expanduser()

    def check_location(self, training: bool = True) -> None:
        """Refuses a given folder that does not exist, see `DataSource`."""
        super().check_location(training)
        if self.data_dir:
            require_folder(self.data_dir, f"--data_dir={self.data_dir}")

    def _check_data(self) -> None:
        """Refuses damaged files, or a host that cannot be reached if there are none."""
        if self._prepared:
            tfds_files.check(self.name, self._prepared, self.known)
        else:
            _require_network(self.name, self.known, self.root)

    def _read_train_labels(self) -> np.ndarray:
        folder = self._prepared
        labels = tfds_files.read_train_labels(self.name, folder) if folder else None
        return super()._read_train_labels() if labels is None else labels

    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        """Reads a data set; if it is not prepared, downloads and prepares it first."""
        known = self.known
        builder = None if self._prepared else self._download()
        try:
            builder = builder or _open(self._prepared)
            parts = {split: _read_split(builder, split) for split in ("train", "test") if
                     split == "test" or known.training}  # fmt: skip
        except Exception as error:
            raise errors.UserError(
                f"{self.name} in {self._prepared or self.root} cannot be read: "
                f"{type(error).__name__}: {errors.first_line(error)[:200]}\n"
                "Move that folder away, and it will be prepared again."
            ) from error
        for images, labels in parts.values():
            tfds_files.check_arrays(self.name, self._prepared or self.root, known, images, labels)
        test_images, test_labels = parts["test"]
        train_images, train_labels = parts.get("train", (test_images[:0], test_labels[:0]))
        info = dataset_info.known_info(self.name, known, known.classes, source(known))
        return dataset_info.Arrays(info, train_images, train_labels, test_images, test_labels)

    def _download(self) -> Any:
        """Downloads and prepares the data; returns their builder."""
        import tensorflow_datasets as tfds

        builder = tfds.builder(self.known.tfds, data_dir=str(self.root))
        try:
            builder.download_and_prepare()
        # Many things can fail here: network, checksum, disk, a missing package.
        except Exception as error:
            raise errors.UserError(
                f"{self.name} could not be downloaded to {self.root}: {type(error).__name__}: "
                f"{errors.first_line(error)[:200]}\n{_remedy(self.name, self.known)}"
            ) from error
        return builder

    @functools.cached_property
    def _prepared(self) -> pathlib.Path | None:
        """The folder of the newest version that is prepared, or None."""
        files = (self.root / self.known.tfds).glob("*/dataset_info.json")
        versions = [
            path.parent for path in files if re.fullmatch(r"\d+\.\d+\.\d+", path.parent.name)
        ]
        return max(versions, key=lambda p: [int(part) for part in p.name.split(".")], default=None)


def source(known: dataset_info.KnownDataset) -> str:
    """Returns the source that `DatasetInfo` names."""
    return f"TensorFlow Datasets {known.tfds}"


def _open(folder: pathlib.Path) -> Any:
    """Returns the builder of prepared data."""
    import tensorflow_datasets as tfds

    return tfds.builder_from_directory(folder)


def _read_split(builder: Any, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns images and labels of one split, in the order of its files, without their ids."""
    import tensorflow_datasets as tfds

    examples = builder.as_dataset(
        split=split,
        shuffle_files=False,
        # One file after the other, as in `read_train_labels`, so that indices mean the same images.
        read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
    )
    # In batches, because batch_size=-1 reserves memory for all splits together.
    batches = [(batch["image"], batch["label"]) for batch in tfds.as_numpy(examples.batch(1000))]
    images, split_labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return images, split_labels.astype(np.int64)


def _require_network(name: str, known: dataset_info.KnownDataset, root: pathlib.Path) -> None:
    """Refuses a download from an unreachable host, which would fail only after minutes."""
    if not _reachable(known.url):
        raise errors.UserError(
            f"{name} (TensorFlow Datasets {known.tfds} {known.version}) is not in {root}, and "
            f"{parse.urlsplit(known.url).hostname} cannot be reached.\n{_remedy(name, known)}"
        )


def _remedy(name: str, known: dataset_info.KnownDataset) -> str:
    """Returns which files to put where."""
    folder, shape = f"DIR/{name}", ", ".join(map(str, known.shape))
    files = f"{folder}/train.npz and {folder}/test.npz" if known.training else f"{folder}/test.npz"
    raw = "" if known.training else f" or {folder}/{cifar10_1.FILES[0]} with {cifar10_1.FILES[1]}"
    return (
        f"Give --data_dir=DIR with {files} (arrays image uint8 [n, {shape}] and label int64 [n])"
        f"{raw}, or with the folder DIR/{known.tfds}/{known.version} that "
        f"tfds.load({known.tfds!r}) prepared on another machine."
    )


def _reachable(url: str, seconds: float = 1.0) -> bool:
    """Returns whether a host, or the proxy in front of it, accepts a connection in time.

    It runs in a thread, because resolving a host name has no timeout.
    """
    parts = parse.urlsplit(url)
    proxy = request.getproxies().get(parts.scheme)
    if proxy and not request.proxy_bypass(parts.hostname):
        parts = parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    connected = threading.Event()

    def connect() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((parts.hostname, port), seconds).close()
            connected.set()

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    return connected.is_set()
