"""Data sets: contents, archives in both forms, TensorFlow Datasets offline, and each refusal."""

import hashlib
import io
import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tf_ssgan import errors
from tf_ssgan.data import datasets

ROOT = pathlib.Path(datasets.__file__).parents[2]


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """No network, no prepared data and no kept pictures of this machine."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "_reachable", lambda url: False)


def pictures(n=20, size=32, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, channels), np.uint8)


def encode(images, form="PNG"):
    files = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(
            buffer, form, lossless=True
        )
        files.append(buffer.getvalue())
    offset = np.cumsum([0, *map(len, files)])
    return {"encoded": np.frombuffer(b"".join(files), np.uint8), "offset": offset}


def write(folder, train=None, test=None, classes=None):
    """Writes two archives; `train` and `test` replace or, being None, remove arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (split, changes) in enumerate([("train", train), ("test", test)]):
        arrays = {"image": pictures(seed=seed), "label": np.arange(20) % 10} | (changes or {})
        arrays = {key: value for key, value in arrays.items() if value is not None}
        np.savez_compressed(folder / f"{split}.npz", **arrays)
    if classes is not None:
        (folder / "classes.txt").write_text(classes)
    return str(folder.parent)


def refused(message, name="svhn", data_dir=None, act=datasets.check):
    with pytest.raises(errors.UserError, match=message) as caught:
        act(name, data_dir)
    assert str(caught.value).count("\n") <= 1


# --- Names and cards


def test_names_are_those_of_the_command_line():
    assert datasets.names() == (
        "digits", "svhn", "cifar10", "cifar100", "fashion_mnist", "cifar10_1/v6",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name, shape, classes, flip",
    [
        ("digits", (16, 16, 1), 10, False),
        ("svhn", (32, 32, 3), 10, False),
        ("cifar10", (32, 32, 3), 10, True),
        ("cifar100", (32, 32, 3), 100, True),
        ("fashion_mnist", (28, 28, 1), 10, True),
        ("cifar10_1/v6", (32, 32, 3), 10, True),
    ],
)
def test_cards_need_no_data(name, shape, classes, flip):
    card = datasets.card(name)
    assert (card.shape, len(card.classes), card.flip) == (shape, classes, flip)
    assert len(set(card.classes)) == classes
    assert len(card.mean) == len(card.std) == shape[2]


def test_card_round_trip_through_json():
    card = datasets.card("svhn")
    assert datasets.Card.from_json(json.loads(json.dumps(card.as_json()))) == card


@pytest.mark.parametrize(
    "name, near", [("digit", "digits"), ("CIFAR10", "cifar10"), ("cifar10_1", "cifar10_1/v6")]
)
def test_unknown_names_are_answered_with_near_ones(name, near):
    refused(f"no dataset '{name}'. Did you mean '{near}'. Known: digits, .*npz:DIR", name)


def test_mistakes_are_answered_without_tensorflow():
    code = (
        "import sys\n"
        "from tf_ssgan import errors\n"
        "from tf_ssgan.data import datasets, splits, corruption\n"
        "try: datasets.check('svnh')\n"
        "except errors.UserError as error: print(error)\n"
        "datasets.check('digits'); datasets.labels('digits')\n"
        "heavy = {'tensorflow', 'tensorflow_datasets', 'sklearn', 'keras'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Did you mean 'svhn'?" in done.stdout
    assert time.monotonic() - start < 2


# --- Digits


def test_digits_are_split_once_and_for_all():
    arrays = datasets.load("digits")
    assert arrays.train_images.shape == (1297, 16, 16, 1)
    assert arrays.test_images.shape == (500, 16, 16, 1)
    assert arrays.train_images.dtype == np.uint8 and arrays.train_labels.dtype == np.int64
    assert np.bincount(arrays.test_labels).tolist() == [50] * 10
    content = arrays.test_images.tobytes() + arrays.test_labels.astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == "b0dac3f31bb1aba7"


def test_digits_are_the_numbers_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets")
    arrays = datasets.load("digits")
    ours = np.concatenate([arrays.train_labels, arrays.test_labels])
    assert np.bincount(ours).tolist() == np.bincount(sklearn.load_digits().target).tolist()


def test_digits_card_is_measured():
    arrays = datasets.load("digits")
    assert datasets._statistics(arrays.train_images) == (arrays.card.mean, arrays.card.std)


def test_doubling_is_pillows_bilinear_resize():
    small = np.random.default_rng(0).uniform(0, 255, (8, 8)).astype(np.float32)
    pillow = np.asarray(Image.fromarray(small).resize((16, 16), Image.Resampling.BILINEAR))
    assert np.abs(datasets._double(small[None])[0] - pillow).max() <= 0.51


def test_digits_labels_are_those_of_load():
    labels, classes = datasets.labels("digits")
    assert (labels == datasets.load("digits").train_labels).all()
    assert classes == tuple("0123456789")


# --- Archives


def test_image_archives_round_trip(tmp_path):
    data_dir = write(tmp_path / "svhn")
    datasets.check("svhn", data_dir)
    arrays = datasets.load("svhn", data_dir)
    assert (arrays.train_images == pictures(seed=0)).all()
    assert (arrays.test_images == pictures(seed=1)).all()
    assert arrays.test_labels.tolist() == list(range(10)) * 2
    assert arrays.card == datasets.card("svhn", data_dir)
    assert arrays.card.mean == (0.4380, 0.4440, 0.4730)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_encoded_archives_give_the_same_pixels(tmp_path, form):
    train, test = (encode(pictures(seed=s), form) | {"image": None} for s in (0, 1))
    data_dir = write(tmp_path / "cifar10", train, test)
    datasets.check("cifar10", data_dir)
    arrays = datasets.load("cifar10", data_dir)
    assert (arrays.train_images == pictures(seed=0)).all()
    assert (arrays.test_images == pictures(seed=1)).all()


def test_gray_pictures(tmp_path):
    images = pictures(size=28, channels=1)
    gray = encode(images) | {"image": None}
    arrays = datasets.load("fashion_mnist", write(tmp_path / "fashion_mnist", gray, gray))
    assert (arrays.train_images == images).all()


def test_decoded_pictures_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "_KEEP_FROM", 1)
    encoded = encode(pictures()) | {"image": None}
    data_dir = write(tmp_path / "svhn", encoded, encoded)
    first = datasets.load("svhn", data_dir)
    monkeypatch.setattr(datasets, "_decode", lambda *_: pytest.fail("decoded twice"))
    assert (datasets.load("svhn", data_dir).train_images == first.train_images).all()


def test_a_broken_kept_file_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "_KEEP_FROM", 1)
    encoded = encode(pictures()) | {"image": None}
    data_dir = write(tmp_path / "svhn", encoded, encoded)
    datasets.load("svhn", data_dir)
    for kept in (tmp_path / "cache" / "tf_ssgan").iterdir():
        kept.write_bytes(kept.read_bytes()[:500])
    assert (datasets.load("svhn", data_dir).train_images == pictures()).all()


def test_labels_are_read_without_images(tmp_path, monkeypatch):
    data_dir = write(tmp_path / "svhn", classes="\n".join("abcdefghij"))
    monkeypatch.setattr(datasets, "_read_images", lambda *_: pytest.fail("read images"))
    labels, classes = datasets.labels("svhn", data_dir)
    assert labels.tolist() == list(range(10)) * 2 and classes == tuple("abcdefghij")


def test_npz_of_any_size(tmp_path):
    half = {"image": np.repeat([0, 255], 10).astype(np.uint8)[:, None, None, None]
            * np.ones((1, 12, 12, 1), np.uint8), "label": np.arange(20) % 3}  # fmt: skip
    write(tmp_path / "own", half, half)
    arrays = datasets.load(f"npz:{tmp_path / 'own'}")
    assert arrays.card.shape == (12, 12, 1)
    assert arrays.card.classes == ("0", "1", "2")
    assert (arrays.card.mean, arrays.card.std) == ((0.5,), (0.5,))
    assert not arrays.card.flip and str(tmp_path) not in arrays.card.source


def test_source_names_contents_not_paths(tmp_path):
    here, there = write(tmp_path / "a" / "svhn"), write(tmp_path / "b" / "svhn")
    other = write(tmp_path / "c" / "svhn", {"label": np.zeros(20, int)})
    cards = [datasets.card("svhn", data_dir) for data_dir in (here, there, other)]
    assert cards[0] == cards[1] != cards[2]


SMALL = {"image": pictures(size=16)}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"label": None}, "train.npz: there is no array 'label'"),
        ({"image": None}, "train.npz: there is no array 'encoded'"),
        ({"image": None, "encoded": np.zeros(9, np.uint8)}, "no array 'offset'"),
        ({"image": pictures().astype(float)}, "image must be uint8 .* got float64"),
        ({"image": pictures()[0]}, r"image must be uint8 \[n, h, w, c\], got uint8 \[32, 32, 3\]"),
        ({"label": np.arange(20.0)}, "label must be integers .* got float64"),
        ({"label": np.array([None] * 20)}, "label must be integers .* got object"),
        ({"label": np.zeros((20, 1), int)}, r"got int64 \[20, 1\]"),
        ({"label": np.arange(19) % 10}, "20 images but 19 labels"),
        ({"label": np.arange(20)}, r"labels must be 0\.\.9, got 19"),
        ({"label": np.arange(20) % 10 - 1}, r"labels must be 0\.\.9, got -1"),
        ({"image": pictures(0), "label": np.arange(0)}, "no images"),
        (SMALL, "expected images of 32x32x3, got 16x16x3"),
    ],
)
@pytest.mark.parametrize("split", ["train", "test"])
def test_inconsistent_archives_are_refused(tmp_path, changes, message, split):
    data_dir = write(tmp_path / "svhn", **{split: changes})
    refused(message.replace("train.npz", f"{split}.npz"), data_dir=data_dir)


@pytest.mark.parametrize(
    "image, message",
    [
        (pictures(size=32)[:, :20], "square.* got 20x32x3"),
        (pictures(channels=2), "1 or 3 channels, got 32x32x2"),
        (pictures(size=7), "at least 8x8.* got 7x7x3"),
    ],
)
def test_images_no_network_takes_are_refused(tmp_path, image, message):
    write(tmp_path / "own", {"image": image})
    refused(message, f"npz:{tmp_path / 'own'}")


def test_test_labels_beyond_the_training_classes_are_refused(tmp_path):
    write(tmp_path / "own", {"label": np.arange(20) % 3})
    refused(r"test.npz: labels must be 0\.\.2, got 9", f"npz:{tmp_path / 'own'}")


def test_unequal_sizes_of_train_and_test_are_refused(tmp_path):
    write(tmp_path / "own", test=SMALL)
    refused("test.npz: images are 16x16x3", f"npz:{tmp_path / 'own'}", act=datasets.load)


@pytest.mark.parametrize("keep", [0, 100, -3000])
def test_truncated_archives_are_refused(tmp_path, keep):
    data_dir = write(tmp_path / "svhn")
    path = tmp_path / "svhn" / "test.npz"
    path.write_bytes(path.read_bytes()[:keep])
    refused("test.npz: not a complete npz archive", data_dir=data_dir)


def test_a_flipped_byte_is_noticed(tmp_path):
    data_dir = write(tmp_path / "svhn")
    path = tmp_path / "svhn" / "train.npz"
    content = bytearray(path.read_bytes())
    content[20_000] ^= 255
    path.write_bytes(content)
    refused("train.npz: not a complete npz archive", data_dir=data_dir, act=datasets.load)


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda a: a["encoded"].__setitem__(slice(a["offset"][3], a["offset"][4]), 0),
         "train.npz: picture 3 cannot be decoded"),
        (lambda a: a["offset"].__setitem__(-1, 10**6), "train.npz: offset must rise"),
        (lambda a: a["offset"].__setitem__(3, 0), "train.npz: offset must rise"),
        (lambda a: a.update(encode([*pictures(19), pictures(1, 16)[0]])),
         "train.npz: picture 19 is 16x16x3, picture 0 is 32x32x3"),
        (lambda a: a.update(encode(pictures(size=16))), "expected images of 32x32x3, got 16x16x3"),
    ],
)  # fmt: skip
def test_broken_pictures_are_refused(tmp_path, spoil, message):
    arrays = encode(pictures()) | {"image": None}
    arrays["encoded"] = arrays["encoded"].copy()
    spoil(arrays)
    refused(message, data_dir=write(tmp_path / "svhn", arrays), act=datasets.load)


@pytest.mark.parametrize(
    "classes, message",
    [
        ("a\nb\n", "expected 10 class names, got 2"),
        ("a\n" * 10, "none twice"),
        ("", "one class name a line"),
        ("a\n\nb\n", "none empty"),
    ],
)
def test_wrong_class_names_are_refused(tmp_path, classes, message):
    refused(f"classes.txt: .*{message}", data_dir=write(tmp_path / "svhn", classes=classes))


def test_missing_files_are_named(tmp_path):
    data_dir = write(tmp_path / "svhn")
    (tmp_path / "svhn" / "test.npz").unlink()
    refused("svhn lacks test.npz", data_dir=data_dir)
    refused("lacks train.npz and test.npz", f"npz:{tmp_path}")


@pytest.mark.parametrize("act", [datasets.check, datasets.load, datasets.labels])
def test_missing_folders_are_named(tmp_path, act):
    refused("--data_dir=.*nowhere' is not a folder", data_dir=str(tmp_path / "nowhere"), act=act)
    refused("--dataset=npz:.*nowhere' is not a folder", f"npz:{tmp_path / 'nowhere'}", act=act)
    refused("--dataset=npz:: '' is not a folder", "npz:", act=act)


# --- CIFAR-10.1


def test_cifar10_1_is_not_for_training():
    refused("cifar10_1/v6 has test images only", "cifar10_1/v6")
    refused("cifar10_1/v6 has test images only", "cifar10_1/v6", act=datasets.labels)


@pytest.mark.parametrize("folder", ["cifar10_1", "cifar10_1/v6"])
@pytest.mark.parametrize("raw", [True, False])
def test_cifar10_1_archives_and_arrays(tmp_path, folder, raw):
    path = tmp_path / folder
    if raw:
        path.mkdir(parents=True)
        np.save(path / "cifar10.1_v6_data.npy", pictures(seed=1))
        np.save(path / "cifar10.1_v6_labels.npy", np.arange(20, dtype=np.int32) % 10)
    else:
        write(path)
        (path / "train.npz").unlink()
    datasets.check("cifar10_1/v6", str(tmp_path), training=False)
    arrays = datasets.load("cifar10_1/v6", str(tmp_path))
    assert (arrays.test_images == pictures(seed=1)).all()
    assert arrays.test_labels.dtype == np.int64
    assert arrays.train_images.shape == (0, 32, 32, 3) and arrays.train_labels.shape == (0,)
    assert arrays.card.classes == datasets.card("cifar10").classes


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (pictures(), None, "expected the arrays"),
        (pictures(size=16), np.arange(20) % 10, r"expected uint8 \[n, 32, 32, 3\]"),
        (pictures(), np.arange(19) % 10, "expected 20 labels"),
        (pictures(), np.arange(20), r"labels in 0\.\.9"),
    ],
)
def test_wrong_cifar10_1_arrays_are_refused(tmp_path, images, labels, message):
    (tmp_path / "cifar10_1").mkdir()
    np.save(tmp_path / "cifar10_1" / "cifar10.1_v6_data.npy", images)
    if labels is not None:
        np.save(tmp_path / "cifar10_1" / "cifar10.1_v6_labels.npy", labels)
    refused(message, "cifar10_1/v6", str(tmp_path), lambda *a: datasets.check(*a, training=False))


# --- TensorFlow Datasets


@pytest.mark.parametrize("act", [datasets.check, datasets.load, datasets.labels])
def test_without_data_and_network_the_files_are_named(tmp_path, act):
    place = r"DIR/svhn/train.npz and DIR/svhn/test.npz .*DIR/svhn_cropped/3\.1\.0"
    refused(
        rf"svhn_cropped 3\.1\.0\) is not in {tmp_path}/tfds, and ufldl\.stanford\.edu cannot be "
        rf"reached\.\nGive --data_dir=DIR with {place}",
        act=act,
    )


def test_an_unreachable_host_is_noticed_at_once(monkeypatch):
    monkeypatch.undo()
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    start = time.monotonic()
    assert not datasets._reachable("http://host.invalid")
    assert not datasets._reachable("http://127.0.0.1:9")
    assert time.monotonic() - start < 2.5


def test_a_slow_name_server_does_not_hold_up(monkeypatch):
    monkeypatch.undo()

    def slow(*_):
        time.sleep(2)
        raise OSError

    monkeypatch.setattr(datasets.socket, "create_connection", slow)
    start = time.monotonic()
    assert not datasets._reachable("http://host.invalid", seconds=0.2)
    assert time.monotonic() - start < 1


@pytest.fixture
def tfds(monkeypatch):
    """TensorFlow Datasets, with every host answering."""
    monkeypatch.setattr(datasets, "_reachable", lambda url: True)
    return pytest.importorskip("tensorflow_datasets")


@pytest.mark.parametrize("name", ["svhn", "cifar100", "fashion_mnist", "cifar10_1/v6"])
def test_tensorflow_datasets_become_arrays(tfds, name):
    with tfds.testing.mock_data(num_examples=4, policy=tfds.testing.MockPolicy.USE_CODE):
        arrays = datasets.load(name)
    training = 0 if name == "cifar10_1/v6" else 4
    assert arrays.train_images.shape == (training, *arrays.card.shape)
    assert arrays.test_images.shape == (4, *arrays.card.shape)
    assert arrays.test_images.dtype == np.uint8 and arrays.test_labels.dtype == np.int64
    assert arrays.card == datasets.card(name)


@pytest.mark.parametrize("problem", [AssertionError, ConnectionError, OSError])
def test_a_failed_download_names_the_files(tfds, monkeypatch, problem):
    def fail(*_, **__):
        raise problem("no route\nto host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    refused(
        f"svhn could not be downloaded to .*: {problem.__name__}: no route\nGive --data_dir=DIR",
        act=datasets.load,
    )


@pytest.fixture
def prepared(tfds, tmp_path, monkeypatch):
    """A folder with 30 pictures that TensorFlow Datasets itself prepared as CIFAR-10."""
    builder = tfds.builder("cifar10", data_dir=tmp_path)
    rows = [{"id": f"{i:03}", "image": pictures(30)[i], "label": i * 7 % 10} for i in range(30)]
    kinds = {"train": rows[:20], "test": rows[20:]}
    monkeypatch.setattr(
        type(builder), "_split_generators",
        lambda *_: {split: ((row["id"], row) for row in kinds[split]) for split in kinds},
    )  # fmt: skip
    builder.download_and_prepare()
    monkeypatch.setattr(datasets, "_reachable", lambda url: False)
    return str(tmp_path)


def test_prepared_data_need_no_network(prepared, monkeypatch):
    datasets.check("cifar10", prepared)
    arrays = datasets.load("cifar10", prepared)
    assert len(arrays.train_labels) == 20 and len(arrays.test_labels) == 10
    for image, label in zip(arrays.train_images, arrays.train_labels, strict=True):
        original = np.flatnonzero((pictures(30) == image).all((1, 2, 3)))
        assert original.size == 1 and original[0] * 7 % 10 == label
    # The labels alone come from the same files in the same order, without that library.
    monkeypatch.setattr(datasets, "load", lambda *_: pytest.fail("loaded images"))
    labels, classes = datasets.labels("cifar10", prepared)
    assert (labels == arrays.train_labels).all() and classes[0] == "airplane"


def test_broken_prepared_data_are_refused(prepared):
    for path in pathlib.Path(prepared).glob("cifar10/*/*-train.tfrecord*"):
        path.write_bytes(path.read_bytes()[:-10])
    refused(
        "cifar10 in .* cannot be read: .*\nMove that folder", "cifar10", prepared, datasets.load
    )
    refused("cifar10 in .* cannot be read", "cifar10", prepared, datasets.labels)
