"""Images, archives and expected errors for the tests of data sets, independent of the machine."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.data.sources import tfds


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """Hides the network, the prepared data and the cached images of this machine."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tfds, "_reachable", lambda url: False)


@pytest.fixture(scope="session")
def random_images():
    """A function that makes random images, uint8 [n, size, size, channels]."""

    def make(n=20, size=32, channels=3, seed=0):
        return np.random.default_rng(seed).integers(0, 256, (n, size, size, channels), np.uint8)

    return make


@pytest.fixture(scope="session")
def encode():
    """A function that makes the arrays of an archive with encoded images, without `image`."""

    def make(images, file_format="PNG"):
        files = []
        for image in images:
            buffer = io.BytesIO()
            Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(
                buffer, file_format, lossless=True, method=0
            )
            files.append(buffer.getvalue())
        offset = np.cumsum([0, *map(len, files)])
        encoded = np.frombuffer(bytearray(b"".join(files)), np.uint8)  # writable
        return {"encoded": encoded, "offset": offset, "image": None}

    return make


@pytest.fixture(scope="session")
def write(random_images):
    """A function that writes two archives to a folder and returns the parent of that folder.

    The arguments `train` and `test` replace arrays, or remove them if they are None.
    """

    def make(folder, train=None, test=None, classes=None):
        folder.mkdir(parents=True, exist_ok=True)
        for seed, (split, changes) in enumerate([("train", train), ("test", test)]):
            arrays = {"image": random_images(seed=seed), "label": np.arange(20) % 10} | (
                changes or {}
            )
            arrays = {key: value for key, value in arrays.items() if value is not None}
            np.savez_compressed(folder / f"{split}.npz", **arrays)
        if classes is not None:
            (folder / "classes.txt").write_text(classes)
        return str(folder.parent)

    return make


@pytest.fixture(scope="session")
def refused():
    """A function that expects a UserError with a message of at most two lines."""

    def expect(message, name="svhn", data_dir="", act="check", **options):
        with pytest.raises(errors.UserError, match=message) as caught:
            done = getattr(datasets.find(name, data_dir), act)
            done(**options)  # a property has raised already
        assert str(caught.value).count("\n") <= 1

    return expect


@pytest.fixture
def prepared(tmp_path, monkeypatch, random_images):
    """The folder of 30 images that TensorFlow Datasets itself prepared as CIFAR-10."""
    tfds = pytest.importorskip("tensorflow_datasets")
    builder = tfds.builder("cifar10", data_dir=tmp_path)
    rows = [
        {"id": f"{i:03}", "image": random_images(30)[i], "label": i * 7 % 10} for i in range(30)
    ]
    kinds = {"train": rows[:20], "test": rows[20:]}
    monkeypatch.setattr(
        type(builder), "_split_generators",
        lambda *_: {split: ((row["id"], row) for row in kinds[split]) for split in kinds},
    )  # fmt: skip
    builder.download_and_prepare()
    (folder,) = tmp_path.glob("cifar10/*")
    return folder
