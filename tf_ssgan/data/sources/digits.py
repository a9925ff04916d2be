"""scikit-learn's digits, read from its package folder and resized from 8x8 to 16x16."""

import gzip
import importlib.util
import io
import pathlib
import zlib

import numpy as np

from tf_ssgan.common import errors, files
from tf_ssgan.data import dataset_info, label_noise
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources.data_source import DataSource

SOURCE = "scikit-learn digits (UCI optdigits test set)"
_SHAPE = 1_797, 65
_LARGEST = 2**20  # bytes, compressed or not; they are 57,523 and 264,712
_TEST = 50  # test images per class
_SEED = 0  # must never change: published numbers depend on this test set


class DigitsSource(DataSource):
    """1,297 training and 500 test images, [16, 16, 1], in one file of scikit-learn.

    The file is read without importing scikit-learn, because the import takes more than a second.
    """

    def _check_data(self) -> None:
        pass  # the file is read as fast as it is checked

    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        table = _read_table(_find_file())
        images = _double(table[:, :64].reshape(-1, 8, 8) * (255 / 16))
        images, labels = images[..., None], table[:, 64].astype(np.int64)
        shuffled = label_noise.permutation(len(labels), _SEED)
        test = [shuffled[labels[shuffled] == digit][:_TEST] for digit in range(10)]
        in_test = np.isin(np.arange(len(labels)), np.concatenate(test))
        return dataset_info.Arrays(
            dataset_info.known_info(self.name, self.known, self.classes, SOURCE),
            images[~in_test], labels[~in_test], images[in_test], labels[in_test],
        )  # fmt: skip


def _find_file() -> pathlib.Path:
    """Returns the path of the file, or raises UserError if scikit-learn is not installed."""
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
    return path


def _read_table(path: pathlib.Path) -> np.ndarray:
    """Returns float64 [1797, 65]: 64 pixels from 0 to 16, and the digit."""
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(files.read_regular(path, _LARGEST)))
        text = content.read(_LARGEST).decode("ascii")
        if not text.strip():
            raise ValueError("it is empty")
        table = np.loadtxt(text.splitlines(), delimiter=",", ndmin=2)
        if table.shape != _SHAPE or not ((table >= 0) & (table <= 16)).all():
            raise ValueError(f"it is a table of {list(table.shape)}")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise errors.UserError(
            f"{path} is damaged ({getattr(error, 'strerror', None) or errors.first_line(error)}). "
            "Install it again: pip install --force-reinstall scikit-learn"
        ) from error
    return table


def _double(images: np.ndarray) -> np.ndarray:
    """Resizes floats [n, s, s] bilinearly to uint8 [n, 2s, 2s], with half-pixel centers.

    Each new pixel is 3/4 of the old pixel it lies in and 1/4 of the nearest neighbor; edges are
    repeated. These factors are exact in binary, so the result is the same on every machine.
    """
    for axis in (1, 2):
        padding = [(0, 0)] * axis + [(1, 1)] + [(0, 0)] * (2 - axis)
        padded = np.moveaxis(np.pad(images, padding, mode="edge"), axis, 0)
        before, here, after = padded[:-2], padded[1:-1], padded[2:]
        pair = np.stack([0.75 * here + 0.25 * before, 0.75 * here + 0.25 * after], axis=1)
        images = np.moveaxis(pair.reshape(-1, *here.shape[1:]), 0, axis)
    return np.round(images).astype(np.uint8)
