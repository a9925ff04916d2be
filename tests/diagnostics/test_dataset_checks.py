"""Findings about data: counts, classes, the cache, and the split of a run."""

import numpy as np
import pytest
from PIL import Image
from support import image_folders, toy_methods

from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.data.sources import image_listing, image_reader
from tf_ssgan.diagnostics import dataset_checks, file_checks
from tf_ssgan.training import config

SPEC = image_decoding.ImageSpec(8)


def check(name, spec=SPEC):
    return dataset_checks.check_dataset(datasets.find(name), spec)


def test_a_good_folder(tmp_path, texts):
    findings, arrays = check(image_folders.make_folder(tmp_path / "d"))
    text = texts(findings)
    assert {finding.level for finding in findings} == {"ok", "note"}
    assert text.count("note:") == text.count("note: there are only 8 test images: each moves") == 1
    assert "34 files, 34 images: 20 labeled, 6 unlabeled, 8 test" in text
    assert "class  labeled  test\ncat         10     4\ndog         10     4" in text
    assert "no two images have the same pixels" in text
    assert "no test image nearly equals a training image" in text
    assert arrays.train_images.shape == (26, 8, 8, 3) and len(arrays.test_labels) == 8


def test_checked_labels_are_counted(tmp_path, texts):
    name = image_folders.make_folder(tmp_path / "d")
    for number in range(3):
        image_folders.save_image(tmp_path / f"d/checked/cat/{number}.png", 0, 300 + number)
    assert "23 labeled (3 checked), 6 unlabeled, 8 test" in texts(check(name)[0])
    images, labels = toy_methods.images(12, 8, 0)
    for part in ("train", "test"):
        pixels = images if part == "train" else 255 - images
        np.savez(tmp_path / f"{part}.npz", image=pixels, label=labels, checked=np.arange(12) < 5)
    assert "12 test images, 5 labels checked, 8 x 8 x 1" in texts(check(f"npz:{tmp_path}")[0])


def test_training_finds_the_cached_images(tmp_path, texts):
    name = image_folders.make_folder(tmp_path / "d")
    text = texts(check(name)[0])
    folder = tmp_path / "cache" / "tf_ssgan" / "pictures"
    assert f"34 images, 34 decoded now; cached in {folder}, where training finds them" in text
    assert image_reader.read(image_listing.list_images(name), SPEC).decoded == 0


def test_without_test_images_a_fifth_is_set_aside(tmp_path, texts, finding_with):
    findings, arrays = check(image_folders.make_folder(tmp_path / "d", test=0))
    assert (
        finding_with(findings, "one in 5 of each class's labeled ones is set aside").level == "note"
    )
    assert "cat          8     2\ndog          8     2" in texts(findings)
    assert len(arrays.test_labels) == 4


def test_small_and_uneven_classes(tmp_path, finding_with):
    name = image_folders.make_folder(tmp_path / "d", labeled=45)
    for number in range(4):
        image_folders.save_image(tmp_path / "d/labeled/emu" / f"{number}.png", 2, number)
    findings, _ = check(name)
    few = finding_with(findings, "fewer than 5 labeled")
    assert few.level == "warning" and few.names == ("emu (4)",)
    uneven = finding_with(findings, "classes are uneven")
    assert uneven.level == "note" and "cat has 45 labeled images, emu 4" in uneven.text
    untested = finding_with(findings, "no test image of emu: no test error says anything about it")
    assert untested.level == "warning" and untested.names == ()


def test_five_images_per_class_and_a_ratio_of_ten_are_enough(tmp_path, texts):
    name = image_folders.make_folder(tmp_path / "d", labeled=5)
    for number in range(45):
        image_folders.save_image(tmp_path / "d/labeled/cat" / f"more{number}.png", 0, 100 + number)
    text = texts(check(name)[0])
    assert "fewer than" not in text and "uneven" not in text


def test_the_table_is_cut_for_many_classes(tmp_path, texts):
    for kind in range(25):
        for number in range(5):
            path = tmp_path / f"d/kind{kind:02}/{number}.png"
            image_folders.save_image(path, kind % 4, 10 * kind + number)
    text = texts(check(f"folder:{tmp_path}/d")[0])
    assert "kind19" in text and "kind20" not in text and "and 5 more classes" in text


def test_a_class_without_usable_images_is_an_error(tmp_path, finding_with):
    name = image_folders.make_folder(tmp_path / "d")
    for path in (tmp_path / "d/labeled/dog").iterdir():
        path.write_bytes(b"no image")
    findings, arrays = check(name)
    bad = finding_with(findings, "10 of 34 files are left out")
    assert bad.level == "warning" and len(bad.names) == 10 and arrays is None
    assert finding_with(findings, "no labeled image is left of dog").level == "error"
    assert finding_with(findings, "no image of dog can be read").level == "error"


def test_only_bad_files(tmp_path, texts):
    name = image_folders.make_folder(tmp_path / "d", unlabeled=0)
    for path in (tmp_path / "d").rglob("*.png"):
        path.write_bytes(b"")
    findings, arrays = check(name)
    assert arrays is None and "no labeled image is left of cat, dog" in texts(findings)
    assert "could not be checked" not in texts(findings)


def test_a_layout_that_cannot_be_used(tmp_path):
    image_folders.save_image(tmp_path / "d/only/1.png", 0, 0)
    (finding,), arrays = check(f"folder:{tmp_path}/d")
    assert arrays is None and finding.level == "error" and "found 1 classes" in finding.text


def test_a_check_that_raises_is_a_finding_beside_the_others(tmp_path, monkeypatch, finding_with):
    def broken(loaded, spec):
        raise ValueError("a shape without corners")

    monkeypatch.setattr(file_checks, "check_sizes", broken)
    findings, arrays = check(image_folders.make_folder(tmp_path / "d"))
    assert finding_with(findings, "a shape without corners").text.startswith(
        "sizes: could not be checked"
    )
    assert finding_with(findings, "no two images") and arrays is not None


def test_leaks_into_images_that_were_set_aside_are_found(tmp_path, finding_with):
    name = image_folders.make_folder(tmp_path / "d", test=0)
    for path in list((tmp_path / "d/labeled").rglob("*.png")):
        with Image.open(path) as image:  # the same pixels in other bytes
            image.save(path.with_name(f"copy{path.name}"), compress_level=0)
    findings, arrays = check(name)
    train = {row.tobytes() for row in arrays.train_images}
    crossing = sum(row.tobytes() in train for row in arrays.test_images)
    leaks = finding_with(
        findings, f"{crossing} test images have the same pixels as a training image"
    )
    assert len(leaks.names) == crossing > 0
    assert finding_with(findings, "training images have the same pixels as another").level == "note"


# --- Tables ---------------------------------------------------------------------------------------


def table(root, *rows):
    image_folders.make_folder(root, labeled=6, unlabeled=0, test=2)
    lines = ["path,label,split"]
    for kind in ("cat", "dog"):
        lines += [f"labeled/{kind}/{n}.png,{kind}," for n in range(6)]
        lines += [f"test/{kind}/{n}.png,{kind},test" for n in range(2)]
    (root / "all.csv").write_text("\n".join([*lines, *rows]))
    return f"csv:{root}/all.csv"


def test_files_in_several_rows(tmp_path, finding_with):
    name = table(tmp_path / "d", "labeled/cat/0.png,cat,", "./labeled/dog/0.png,,")
    repeated = finding_with(check(name)[0], "2 row(s) of the table name a file that another row")
    assert repeated.level == "warning"
    assert repeated.names == (
        "labeled/cat/0.png (line 2 and 18)",
        "./labeled/dog/0.png (line 10 and 19)",
    )


def test_files_of_a_table_that_do_not_exist(tmp_path, finding_with):
    bad = finding_with(
        check(table(tmp_path / "d", "gone.png,cat,"))[0], "1 of 17 files are left out"
    )
    assert bad.level == "warning"
    assert bad.names == ("gone.png cannot be read: No such file or directory",)


# --- Other data sets ------------------------------------------------------------------------------


def test_digits(texts):
    findings, arrays = check("digits", image_decoding.ImageSpec())
    text = texts(findings)
    assert "1,297 training and 500 test images, 16 x 16 x 1" in text
    assert "class  training  test\n0           128    50" in text
    assert {finding.level for finding in findings} == {"ok"} and len(arrays.test_labels) == 500


def archives(folder, test):
    pixels, labels = toy_methods.images(30)
    np.savez(folder / "train.npz", image=pixels, label=labels)
    np.savez(folder / "test.npz", image=test(pixels), label=labels[:6])
    return f"npz:{folder}"


def test_test_images_among_the_training_images_of_an_archive(tmp_path, finding_with):
    name = archives(tmp_path, lambda train: train[[3, 4, 5, 6, 7, 8]])
    findings, _ = check(name, image_decoding.ImageSpec())
    leak = finding_with(findings, "have the same pixels as a training image")
    assert leak.level == "warning" and "test[0] = train[3]" in leak.names


def test_an_archive_that_cannot_be_used(tmp_path):
    (tmp_path / "train.npz").write_bytes(b"no archive")
    (finding,), arrays = check(f"npz:{tmp_path}", image_decoding.ImageSpec())
    assert arrays is None and finding.level == "error"


# --- The split ------------------------------------------------------------------------------------


def test_the_split_of_a_run(tmp_path, texts):
    arrays = datasets.find("digits").load()
    text = texts(dataset_checks.check_protocol(config.configure("frgan", "digits"), arrays))
    assert text.startswith(
        "ok: a run of frgan: digits: 50 labeled (5 of each of 10 classes), 1,168"
    )


@pytest.mark.parametrize("labels, level", [(10, "ok"), (500, "error")])
def test_more_labels_than_exist(tmp_path, labels, level):
    name = image_folders.make_folder(tmp_path / "d")
    _, arrays = check(name)
    settings = config.configure("frgan", name, image_size=8, labels=labels)
    finding, *few = dataset_checks.run_check(
        "Data", "the split", dataset_checks.check_protocol, settings, arrays
    )
    assert finding.level == level
    assert len(few) == (level == "ok") and all(
        note.text.startswith("no images are held out: a tenth of the 20 labeled ones would be too")
        for note in few
    )
