"""What is told of data: counts, classes, what is kept, and what a run would learn from."""

import numpy as np
import pytest
from PIL import Image
from support import image_folders, toy_methods

from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.data.sources import image_listing, image_reader
from tf_ssgan.diagnostics import dataset_checks, file_checks
from tf_ssgan.training import config

FORM = image_decoding.Form(8)


def examined(name, form=FORM):
    return dataset_checks.examine(name, None, form)


def test_a_good_folder(tmp_path, texts):
    found, arrays = examined(image_folders.folder(tmp_path / "d"))
    told = texts(found)
    assert {finding.level for finding in found} == {"ok"}
    assert "34 files, 34 pictures: 20 labeled, 6 unlabeled, 8 to test" in told
    assert "class  labeled  test\ncat         10     4\ndog         10     4" in told
    assert "no two pictures have the same pixels" in told
    assert "no test picture nearly equals one to learn from" in told
    assert arrays.train_images.shape == (26, 8, 8, 3) and len(arrays.test_labels) == 8


def test_training_finds_the_images_kept(tmp_path, texts):
    name = image_folders.folder(tmp_path / "d")
    told = texts(examined(name)[0])
    folder = tmp_path / "cache" / "tf_ssgan" / "pictures"
    assert f"34 images, 34 decoded now; kept in {folder}, where training finds them" in told
    assert image_reader.read(image_listing.list_images(name), FORM).decoded == 0


def test_without_test_pictures_a_fifth_is_set_aside(tmp_path, texts, the):
    found, arrays = examined(image_folders.folder(tmp_path / "d", test=0))
    assert the(found, "one in 5 of each class's labeled ones is set aside").level == "note"
    assert "cat          8     2\ndog          8     2" in texts(found)
    assert len(arrays.test_labels) == 4


def test_small_and_uneven_classes(tmp_path, the):
    name = image_folders.folder(tmp_path / "d", labeled=45)
    for number in range(4):
        image_folders.picture(tmp_path / "d/labeled/emu" / f"{number}.png", 2, number)
    found, _ = examined(name)
    few = the(found, "fewer than 5 labeled")
    assert few.level == "warning" and few.names == ("emu (4)",)
    uneven = the(found, "classes are uneven")
    assert uneven.level == "note" and "cat has 45 labeled pictures, emu 4" in uneven.text
    assert the(found, "have no test pictures").names == ("emu",)


def test_five_pictures_a_class_and_one_in_ten_are_enough(tmp_path, texts):
    name = image_folders.folder(tmp_path / "d", labeled=5)
    for number in range(45):
        image_folders.picture(tmp_path / "d/labeled/cat" / f"more{number}.png", 0, 100 + number)
    told = texts(examined(name)[0])
    assert "fewer than" not in told and "uneven" not in told


def test_many_classes_are_cut_in_the_table(tmp_path, texts):
    for kind in range(25):
        for number in range(5):
            path = tmp_path / f"d/kind{kind:02}/{number}.png"
            image_folders.picture(path, kind % 4, 10 * kind + number)
    told = texts(examined(f"folder:{tmp_path}/d")[0])
    assert "kind19" in told and "kind20" not in told and "and 5 more classes" in told


def test_a_class_with_no_picture_left_is_an_error(tmp_path, the):
    name = image_folders.folder(tmp_path / "d")
    for path in (tmp_path / "d/labeled/dog").iterdir():
        path.write_bytes(b"no picture")
    found, arrays = examined(name)
    bad = the(found, "10 of 34 files are left out; nothing is left of dog")
    assert bad.level == "error" and len(bad.names) == 10 and arrays is None
    assert the(found, "no picture can be read").level == "error"


def test_nothing_but_bad_files(tmp_path, texts):
    name = image_folders.folder(tmp_path / "d", unlabeled=0)
    for path in (tmp_path / "d").rglob("*.png"):
        path.write_bytes(b"")
    found, arrays = examined(name)
    assert arrays is None and "nothing is left of cat, dog" in texts(found)
    assert "could not be looked at" not in texts(found)


def test_a_layout_that_will_not_do(tmp_path):
    image_folders.picture(tmp_path / "d/only/1.png", 0, 0)
    (found,), arrays = examined(f"folder:{tmp_path}/d")
    assert arrays is None and found.level == "error" and "found 1 classes" in found.text


def test_a_check_that_raises_is_a_finding_beside_the_others(tmp_path, monkeypatch, the):
    def broken(read, form):
        raise ValueError("a shape without corners")

    monkeypatch.setattr(file_checks, "sizes", broken)
    found, arrays = examined(image_folders.folder(tmp_path / "d"))
    assert the(found, "a shape without corners").text.startswith("sizes: could not be looked at")
    assert the(found, "no two pictures") and arrays is not None


def test_leaks_are_seen_among_pictures_set_aside(tmp_path, the):
    name = image_folders.folder(tmp_path / "d", test=0)
    for path in list((tmp_path / "d/labeled").rglob("*.png")):
        with Image.open(path) as picture:  # the same pixels in other bytes
            picture.save(path.with_name(f"copy{path.name}"), compress_level=0)
    found, arrays = examined(name)
    learned = {row.tobytes() for row in arrays.train_images}
    crossing = sum(row.tobytes() in learned for row in arrays.test_images)
    leaks = the(found, f"{crossing} test picture(s) have the pixels of one that is learned from")
    assert len(leaks.names) == crossing > 0
    assert the(found, "are copies of others").level == "note"


# --- Tables ---------------------------------------------------------------------------------------


def table(root, *rows):
    image_folders.folder(root, labeled=6, unlabeled=0, test=2)
    lines = ["path,label,split"]
    for kind in ("cat", "dog"):
        lines += [f"labeled/{kind}/{n}.png,{kind}," for n in range(6)]
        lines += [f"test/{kind}/{n}.png,{kind},test" for n in range(2)]
    (root / "all.csv").write_text("\n".join([*lines, *rows]))
    return f"csv:{root}/all.csv"


def test_files_in_several_rows(tmp_path, the):
    name = table(tmp_path / "d", "labeled/cat/0.png,dog,", "./test/cat/0.png,,")
    twice = the(examined(name)[0], "in several rows")
    assert twice.level == "warning"
    assert sorted(twice.names) == [
        "./test/cat/0.png (unlabeled, test cat)",
        "labeled/cat/0.png (cat, dog)",
    ]


def test_files_that_a_table_has_and_the_folder_not(tmp_path, the):
    bad = the(examined(table(tmp_path / "d", "gone.png,cat,"))[0], "1 of 17 files are left out")
    assert bad.level == "warning"
    assert bad.names == ("gone.png cannot be read: No such file or directory",)


# --- Data sets with arrays of their own -----------------------------------------------------------


def test_the_digits(texts):
    found, arrays = dataset_checks.examine("digits", None, image_decoding.Form())
    told = texts(found)
    assert "1,297 training and 500 test images, 16 x 16 x 1" in told
    assert "class  training  test\n0           128    50" in told
    assert {finding.level for finding in found} == {"ok"} and len(arrays.test_labels) == 500


def archives(folder, test):
    pixels, labels = toy_methods.images(30)
    np.savez(folder / "train.npz", image=pixels, label=labels)
    np.savez(folder / "test.npz", image=test(pixels), label=labels[:6])
    return f"npz:{folder}"


def test_test_images_among_the_training_images_of_an_archive(tmp_path, the):
    name = archives(tmp_path, lambda train: train[[3, 4, 5, 6, 7, 8]])
    found, _ = dataset_checks.examine(name, None, image_decoding.Form())
    leak = the(found, "have the pixels of one that is learned from")
    assert leak.level == "warning" and "test[0] = train[3]" in leak.names


def test_an_archive_that_will_not_do(tmp_path):
    (tmp_path / "train.npz").write_bytes(b"no archive")
    (found,), arrays = dataset_checks.examine(f"npz:{tmp_path}", None, image_decoding.Form())
    assert arrays is None and found.level == "error"


# --- Who is labeled -------------------------------------------------------------------------------


def test_what_a_run_would_learn_from(tmp_path, texts):
    arrays = datasets.load("digits")
    told = texts(dataset_checks.protocol(config.configure("frgan", "digits"), arrays))
    assert told.startswith("ok: a run of frgan: digits: 50 labeled (balanced, 10 classes), 1,168")


@pytest.mark.parametrize("labels, level", [(10, "ok"), (500, "error")])
def test_more_labels_than_there_are(tmp_path, labels, level):
    name = image_folders.folder(tmp_path / "d")
    _, arrays = examined(name)
    settings = config.configure("frgan", name, image_size=8, labels=labels)
    (found,) = dataset_checks.guarded(
        "Data", "the split", dataset_checks.protocol, settings, arrays
    )
    assert found.level == level
