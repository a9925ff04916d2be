"""CIFAR-10.1 is read from archives and from the arrays that its authors publish."""

import numpy as np
import pytest
from support.crafted_archives import described, npy

from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.data.sources import cifar10_1

BLANK, SMALL = (np.zeros((20, size, size, 3), np.uint8) for size in (32, 16))


@pytest.mark.parametrize("folder", ["cifar10_1", "cifar10_1/v6"])
@pytest.mark.parametrize("authors_files", [True, False])
def test_archives_and_the_authors_files_give_the_same_arrays(
    tmp_path, write, random_images, folder, authors_files
):
    path = tmp_path / folder
    if authors_files:
        path.mkdir(parents=True)
        np.save(path / "cifar10.1_v6_data.npy", random_images(seed=1))
        np.save(path / "cifar10.1_v6_labels.npy", np.arange(20, dtype=np.int32) % 10)
    else:
        write(path)
        (path / "train.npz").unlink()
    source = datasets.find("cifar10_1/v6", str(tmp_path))
    source.check(training=False)
    arrays = source.load()
    assert (arrays.test_images == random_images(seed=1)).all()
    assert arrays.test_labels.dtype == np.int64
    assert arrays.train_images.shape == (0, 32, 32, 3) and arrays.train_labels.shape == (0,)
    assert source.classes == arrays.info.classes == dataset_info.KNOWN["cifar10"].classes


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (BLANK, None, r"expected the arrays .*labels\.npy: No such file"),
        (BLANK / 1.0, np.arange(20) % 10, "expected uint8 .* got float64"),
        (BLANK, np.arange(20) % 10 == 0, r"labels in 0\.\.9, got bool"),
        (BLANK, np.array([None] * 20), "labels .* got object .*pickled"),
        (BLANK, np.full(20, 2**64 - 1, np.uint64), r"0\.\.9, got 18446744073709551615 to"),
        (BLANK[:0], np.arange(0), r"got uint8 \[0, 32, 32, 3\]"),
        (SMALL, np.arange(20) % 10, r"expected uint8 \[n, 32, 32, 3\]"),
        (BLANK, np.arange(19) % 10, "expected 20 labels"),
        (BLANK, np.arange(20), r"labels in 0\.\.9"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, refused, images, labels, message):
    (tmp_path / "cifar10_1").mkdir()
    np.save(tmp_path / "cifar10_1" / "cifar10.1_v6_data.npy", images)
    if labels is not None:
        np.save(tmp_path / "cifar10_1" / "cifar10.1_v6_labels.npy", labels)
    refused(message, "cifar10_1/v6", str(tmp_path), training=False)


@pytest.mark.parametrize("file", cifar10_1.FILES)
@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "does not begin as a NumPy array"),
        (npy(described("(1000000000000, 32, 32, 3)"), b"x" * 99), "needs 3,072,000,000,000,000 by"),
        (npy(described("(True, 32, 32, 3)"), b"x" * 3072), "no array can have the shape"),
    ],
)
def test_damaged_arrays_are_refused(tmp_path, refused, file, content, message):
    (tmp_path / "cifar10_1").mkdir()
    np.save(tmp_path / "cifar10_1" / "cifar10.1_v6_data.npy", BLANK)
    np.save(tmp_path / "cifar10_1" / "cifar10.1_v6_labels.npy", np.arange(20) % 10)
    (tmp_path / "cifar10_1" / file).write_bytes(content)
    refused(f"{file}: .*{message}", "cifar10_1/v6", str(tmp_path), training=False)
