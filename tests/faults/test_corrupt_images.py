"""Images that are empty, cut, other files or texts: left out and named, whoever reads them."""

import pytest
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import datasets, image_decoding, splits
from tf_ssgan.diagnostics import dataset_checks
from tf_ssgan.methods import frgan
from tf_ssgan.training import build, config

SPEC = image_decoding.ImageSpec(8)
# Kind -> what becomes of the bytes of a PNG.
KINDS = {
    "empty": lambda png: b"",
    "text": lambda png: b"these are notes, not pixels\n",
    "cut": lambda png: png[:60],
    "zeros": lambda png: png[:8] + bytes(len(png) - 8),
    "no end": lambda png: png[: len(png) // 2],
}


def corrupt(folder, pattern):
    """Makes each file that fits a pattern one of `KINDS`; returns the number of files."""
    paths = sorted(folder.glob(pattern))
    for number, path in enumerate(paths):
        path.write_bytes(list(KINDS.values())[number % len(KINDS)](path.read_bytes()))
    return len(paths)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Eight labeled pictures a class, ten unlabeled ones, and four a class for the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "pets"
    return root, image_folders.make_folder(root, 8, 10, 4)


def refusal(do, *args):
    with pytest.raises(errors.UserError) as caught:
        do(*args)
    assert caught.value.status == 2 and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["1.png", "1.jpg", "1.bmp", "1.webp", "1.tif", "1.gif"])
def test_each_kind_is_left_out_under_every_name(pictures, capsys, kind, name):
    root, dataset = pictures
    path = root / "labeled" / "cat" / "1.png"
    path.write_bytes(KINDS[kind](path.read_bytes()))
    path.rename(path.with_name(name))
    arrays = datasets.find(dataset).load(SPEC)
    said = capsys.readouterr().err
    assert len(arrays.train_labels) == 16 + 10 - 1 and len(arrays.test_labels) == 8
    assert "1 of 34 files are left out: " in said and f"labeled/cat/{name} " in said


def test_a_format_that_the_name_does_not_say_is_read(pictures):
    root, dataset = pictures
    for number, name in enumerate(["0.jpg", "1.txt", "2.bmp", "3"]):
        (root / "labeled" / "cat" / f"{number}.png").rename(root / "labeled" / "cat" / name)
    assert len(datasets.find(dataset).load(SPEC).train_labels) == 16 + 10


@pytest.mark.parametrize(
    "pattern, text",
    [
        ("**/*.png", "no image of cat, dog can be read. Repair or remove the files"),
        ("labeled/cat/*.png", "no image of cat can be read. Repair or remove the files"),
        ("test/*/*.png", "none of the test images can be read. Repair them, or remove test/"),
    ],
)
def test_what_leaves_nothing_to_learn_or_to_test_is_refused(pictures, capsys, pattern, text):
    """In training and by the doctor."""
    root, dataset = pictures
    corrupt(root, pattern)
    settings = config.configure("frgan", dataset, image_size=8, max_steps=2, width=4)
    assert text in refusal(build.build, settings)
    assert " files are left out: " in capsys.readouterr().err
    findings, arrays = dataset_checks.check_dataset(datasets.find(dataset), SPEC)
    assert arrays is None and text in findings[-1].text and findings[-1].level == "error"


def test_without_unlabeled_images_the_labeled_ones_are_used(pictures):
    root, dataset = pictures
    assert corrupt(root, "unlabeled/*.png") == 10
    settings = config.configure(
        "frgan", dataset, image_size=8, max_steps=2, width=4, latent_size=4, validation=0
    )
    run = build.build(settings)
    assert isinstance(run.method, frgan.Method)
    assert (run.method.task.labeled, run.method.task.unlabeled) == (16, 16)


def test_as_many_labels_as_files_are_too_many_if_one_is_corrupt(pictures):
    root, dataset = pictures
    corrupt(root, "labeled/cat/0.png")
    arrays = datasets.find(dataset).load(SPEC)
    args = dataset, arrays.train_labels, arrays.info.classes
    with pytest.raises(errors.UserError, match="at most 15"):
        splits.make(*args, 16, validation=0)
    assert len(splits.make(*args, 15, validation=0).labeled_ids) == 15


def test_images_that_judge_are_counted_without_the_corrupt_ones(pictures, capsys):
    root, dataset = pictures
    corrupt(root, "test/cat/[01].png")
    judged = datasets.find(dataset).load_judging(SPEC, ("cat", "dog"))
    assert len(judged.labels) == len(judged.images) == 6
    assert "2 of 34 files are left out: test/cat/0.png" in capsys.readouterr().err
    corrupt(root, "test/*/*.png")
    said = refusal(datasets.find(dataset).load_judging, SPEC, ("cat", "dog"))
    assert "no test image that can be read" in said
