"""Archives of pixels and of encoded images, the cache of decoded images, and each error."""

import os

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.data.sources import npz_archive, npz_contents

BLANK, SMALL = (np.zeros((20, size, size, 3), np.uint8) for size in (32, 16))


def test_archives_of_pixels_are_read(tmp_path, write, random_images):
    data_dir = write(tmp_path / "svhn")
    source = datasets.find("svhn", data_dir)
    source.check()
    arrays = source.load()
    assert (arrays.train_images == random_images(seed=0)).all()
    assert (arrays.test_images == random_images(seed=1)).all()
    assert arrays.test_labels.tolist() == list(range(10)) * 2
    known = dataset_info.KNOWN["svhn"]
    sums = npz_archive.checksums(
        [tmp_path / "svhn" / f"{split}.npz" for split in ("train", "test")]
    )
    assert arrays.info == dataset_info.known_info("svhn", known, known.classes, sums)
    assert arrays.info.mean == (0.4380, 0.4440, 0.4730)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_encoded_archives_give_the_same_pixels(tmp_path, write, random_images, encode, file_format):
    train, test = (encode(random_images(seed=s), file_format) for s in (0, 1))
    data_dir = write(tmp_path / "cifar10", train, test)
    arrays = datasets.find("cifar10", data_dir).load()
    assert (arrays.train_images == random_images(seed=0)).all()
    assert (arrays.test_images == random_images(seed=1)).all()


def test_gray_images_have_one_channel(tmp_path, write, random_images, encode):
    images = random_images(size=28, channels=1)
    gray = encode(images)
    arrays = datasets.find("fashion_mnist", write(tmp_path / "fashion_mnist", gray, gray)).load()
    assert (arrays.train_images == images).all()


def test_decoded_images_are_cached(tmp_path, monkeypatch, write, random_images, encode):
    monkeypatch.setattr(npz_contents, "_MIN_CACHED", 1)
    encoded = encode(random_images())
    data_dir = write(tmp_path / "svhn", encoded, encoded)
    first = datasets.find("svhn", data_dir).load()
    monkeypatch.setattr(npz_contents, "_decode", lambda *_: pytest.fail("decoded twice"))
    assert (datasets.find("svhn", data_dir).load().train_images == first.train_images).all()


def test_a_damaged_cache_file_is_replaced(tmp_path, monkeypatch, write, random_images, encode):
    monkeypatch.setattr(npz_contents, "_MIN_CACHED", 1)
    encoded = encode(random_images())
    data_dir = write(tmp_path / "svhn", encoded, encoded)
    datasets.find("svhn", data_dir).load()
    for path in (tmp_path / "cache" / "tf_ssgan").iterdir():
        path.write_bytes(path.read_bytes()[:500])
    assert (datasets.find("svhn", data_dir).load().train_images == random_images()).all()


def test_labels_are_read_without_images(tmp_path, monkeypatch, write):
    mark = "\ufeff"  # which Windows writes at the beginning
    data_dir = write(tmp_path / "svhn", classes=mark + "\n".join("abcdefghij"))
    monkeypatch.setattr(npz_contents, "_read_images", lambda *_: pytest.fail("read images"))
    source = datasets.find("svhn", data_dir)
    assert source.train_labels.tolist() == list(range(10)) * 2 and source.train_count == 20
    assert source.classes == tuple("abcdefghij")


def test_the_labels_of_each_archive_are_read_once(tmp_path, monkeypatch, write):
    write(tmp_path / "own")
    read, keys = npz_archive.read_array, []
    monkeypatch.setattr(
        npz_archive,
        "read_array",
        lambda path, key: keys.append((path.name, key)) or read(path, key),
    )
    source = datasets.find(f"npz:{tmp_path / 'own'}")
    source.check()
    assert source.train_count == 20 and len(source.classes) == 10
    assert source.load().train_labels is source.train_labels
    assert sorted(keys) == [
        (f"{split}.npz", key) for split in ("test", "train") for key in ("image", "label")
    ]


def test_images_may_have_any_size(tmp_path, write):
    half = {"image": np.repeat([0, 255], 10).astype(np.uint8)[:, None, None, None]
            * np.ones((1, 12, 12, 1), np.uint8), "label": np.arange(20) % 3}  # fmt: skip
    write(tmp_path / "own", half, half)
    arrays = datasets.find(f"npz:{tmp_path / 'own'}").load()
    assert arrays.info.shape == (12, 12, 1)
    assert arrays.info.classes == ("0", "1", "2")
    assert (arrays.info.mean, arrays.info.std) == ((0.5,), (0.5,))
    assert not arrays.info.flip and str(tmp_path) not in arrays.info.source


def test_the_source_identifies_contents_and_not_paths(tmp_path, write):
    here, there = write(tmp_path / "a" / "svhn"), write(tmp_path / "b" / "svhn")
    other = write(tmp_path / "c" / "svhn", {"label": np.zeros(20, int)})
    infos = [datasets.find("svhn", data_dir).load().info for data_dir in (here, there, other)]
    assert infos[0] == infos[1] != infos[2]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"label": None}, "train.npz: there is no array 'label'"),
        ({"image": None}, "train.npz: there is no array 'encoded'"),
        ({"image": None, "encoded": np.zeros(9, np.uint8)}, "no array 'offset'"),
        ({"image": BLANK.astype(float)}, "image must be uint8 .* got float64"),
        ({"image": BLANK[0]}, r"image must be uint8 \[n, h, w, c\], got uint8 \[32, 32, 3\]"),
        ({"label": np.arange(20.0)}, "label must be integers .* got float64"),
        ({"label": np.array([None] * 20)}, "label must be integers .* got object"),
        ({"label": np.zeros((20, 1), int)}, r"got int64 \[20, 1\]"),
        ({"label": np.arange(19) % 10}, "20 images but 19 labels"),
        ({"label": np.arange(20)}, r"labels must be 0\.\.9, got 19"),
        ({"label": np.arange(20) % 10 - 1}, r"labels must be 0\.\.9, got -1"),
        ({"image": BLANK[:0], "label": np.arange(0)}, "no images"),
        ({"image": SMALL}, "expected images of 32x32x3, got 16x16x3"),
    ],
)
@pytest.mark.parametrize("split", ["train", "test"])
def test_inconsistent_archives_are_refused(tmp_path, write, refused, changes, message, split):
    data_dir = write(tmp_path / "svhn", **{split: changes})
    refused(message.replace("train.npz", f"{split}.npz"), data_dir=data_dir)


@pytest.mark.parametrize(
    "image, message",
    [
        (BLANK[:, :20], "square.* got 20x32x3"),
        (BLANK[..., :2], "1 or 3 channels, got 32x32x2"),
        (BLANK[:, :7, :7], "at least 8x8.* got 7x7x3"),
    ],
)
def test_images_that_no_network_accepts_are_refused(tmp_path, write, refused, image, message):
    write(tmp_path / "own", {"image": image})
    refused(message, f"npz:{tmp_path / 'own'}")


@pytest.mark.parametrize("labels", [np.zeros(20, int), np.full(20, -1)])
def test_fewer_than_two_classes_are_refused(tmp_path, write, refused, labels):
    write(tmp_path / "own", {"label": labels}, {"label": labels})
    message = "train.npz: a classifier needs at least two classes, but the labels have [01]"
    refused(message, f"npz:{tmp_path / 'own'}")


def test_the_label_minus_one_stands_for_an_unknown_label(tmp_path, write, refused):
    some = np.where(np.arange(20) < 8, np.arange(20) % 2, -1)
    write(tmp_path / "own", {"label": some}, {"label": np.arange(20) % 2})
    assert datasets.find(f"npz:{tmp_path / 'own'}").load().train_labels.tolist() == some.tolist()
    write(tmp_path / "test", {"label": some}, {"label": some})
    refused(r"test.npz: labels must be 0\.\.1, got -1", f"npz:{tmp_path / 'test'}")
    write(tmp_path / "below", {"label": some - 1})
    refused(r"labels must be 0 or more, or -1 for .* got -2", f"npz:{tmp_path / 'below'}")


def test_test_labels_beyond_the_training_classes_are_refused(tmp_path, write, refused):
    write(tmp_path / "own", {"label": np.arange(20) % 3})
    refused(r"test.npz: labels must be 0\.\.2, got 9", f"npz:{tmp_path / 'own'}")


def test_different_sizes_of_train_and_test_are_refused(tmp_path, write, refused):
    write(tmp_path / "own", test={"image": SMALL})
    refused("test.npz: images are 16x16x3", f"npz:{tmp_path / 'own'}", act="load")


@pytest.mark.parametrize("keep", [0, 100, -3000])
def test_truncated_archives_are_refused(tmp_path, write, refused, keep):
    data_dir = write(tmp_path / "svhn")
    path = tmp_path / "svhn" / "test.npz"
    path.write_bytes(path.read_bytes()[:keep])
    refused("test.npz: it is no npz archive, or was cut short", data_dir=data_dir)


def test_a_changed_byte_is_noticed(tmp_path, write, refused):
    data_dir = write(tmp_path / "svhn")
    path = tmp_path / "svhn" / "train.npz"
    content = bytearray(path.read_bytes())
    content[20_000] ^= 255
    path.write_bytes(content)
    refused("train.npz: not a complete npz archive", data_dir=data_dir, act="load")


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda a, _: a["encoded"].__setitem__(slice(a["offset"][3], a["offset"][4]), 0),
         "train.npz: image 3 cannot be decoded"),
        (lambda a, _: a["offset"].__setitem__(-1, 10**6), "train.npz: offset must rise"),
        (lambda a, _: a["offset"].__setitem__(3, 0), "train.npz: offset must rise"),
        (lambda a, encode: a.update(encode([*BLANK[:19], SMALL[0]])),
         "train.npz: image 19 is 16x16x3, but image 0 is 32x32x3"),
        (lambda a, encode: a.update(encode(SMALL)), "expected images of 32x32x3, got 16x16x3"),
    ],
)  # fmt: skip
def test_broken_encoded_images_are_refused(
    tmp_path, write, random_images, encode, refused, damage, message
):
    arrays = encode(random_images())
    damage(arrays, encode)
    refused(message, data_dir=write(tmp_path / "svhn", arrays), act="load")


@pytest.mark.parametrize(
    "classes, message",
    [
        ("a\nb\n", "expected 10 class names, got 2"),
        ("a\n" * 10, "none twice"),
        ("", "is empty. Expected one class name per line"),
        ("a\n\nb\n", "line 2 is empty"),
    ],
)
def test_wrong_class_names_are_refused(tmp_path, write, refused, classes, message):
    refused(f"classes.txt.*{message}", data_dir=write(tmp_path / "svhn", classes=classes))


def test_messages_name_missing_files(tmp_path, write, refused):
    data_dir = write(tmp_path / "svhn")
    (tmp_path / "svhn" / "test.npz").unlink()
    refused("svhn lacks test.npz", data_dir=data_dir)
    refused("lacks train.npz and test.npz", f"npz:{tmp_path}")


def test_folds_need_no_test_images(tmp_path, write, refused):
    write(tmp_path / "x")
    name = f"npz:{tmp_path / 'x'}"
    whole = datasets.find(name, set_aside=False).load()
    assert len(whole.test_labels) == 20, "folds leave them out later"
    (tmp_path / "x/test.npz").unlink()
    arrays = datasets.find(name, set_aside=False).load()
    assert (arrays.train_images == whole.train_images).all()
    assert arrays.test_images.shape == (0, 32, 32, 3) and arrays.test_labels.shape == (0,)
    refused("x lacks test.npz: .* Training with --folds=K needs none: it tests", name)


def test_a_pipe_in_place_of_an_archive_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "train.npz")
    (tmp_path / "test.npz").write_bytes(b"")
    with pytest.raises(errors.UserError, match="lacks train.npz: expected"):
        datasets.find(f"npz:{tmp_path}").check()
