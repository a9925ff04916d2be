"""User images become a data set like any other."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets, image_decoding, image_files
from tf_ssgan.data.sources import image_entries, image_listing, image_reader, user_images

SPEC = image_decoding.ImageSpec(8)


def load(name, spec=SPEC):
    return datasets.find(name).load(spec)


def test_parts_become_train_and_test(tmp_path):
    arrays = load(image_folders.make_folder(tmp_path / "d"))
    assert arrays.train_images.shape == (26, 8, 8, 3) and arrays.test_images.shape == (8, 8, 8, 3)
    assert np.bincount(arrays.train_labels + 1).tolist() == [6, 10, 10]
    assert np.bincount(arrays.test_labels).tolist() == [4, 4]
    assert arrays.info.classes == ("cat", "dog") and arrays.info.fit == "resize"
    assert arrays.train_files[0] == "labeled/cat/0.png" and len(arrays.train_files) == 26
    assert arrays.train_images[10:20].mean() > arrays.train_images[:10].mean() + 40


def name_for_validation(listing, names):
    """The same listing, in which the user names images for validation."""
    entries = (
        dataclasses.replace(entry, part=image_entries.VALIDATION) if entry.name in names else entry
        for entry in listing.entries
    )
    return dataclasses.replace(listing, entries=tuple(entries))


def test_images_that_are_named_for_validation_are_held_out(tmp_path, monkeypatch):
    name = image_folders.make_folder(tmp_path / "d")
    chosen = [f"labeled/{kind}/{number}.png" for kind in ("cat", "dog") for number in (2, 5, 7)]
    listing = name_for_validation(image_listing.list_images(name), chosen)
    arrays = user_images.make_arrays(name, image_reader.read(listing, SPEC), SPEC)
    assert len(arrays.train_images) == 26 and len(arrays.test_images) == 8
    held_out = [arrays.train_files[at] for at in np.flatnonzero(arrays.train_held_out)]
    assert held_out == chosen
    ordered = content_hash.sort_by_content(arrays)
    ids = np.flatnonzero(ordered.train_held_out)
    assert sorted(content_hash.image_sources(ordered, ids)) == chosen
    monkeypatch.setattr(image_listing, "list_images", lambda *args: listing)
    source = datasets.find(name)
    assert source.train_held_out.tolist() == arrays.train_held_out.tolist()
    assert source.train_labels.tolist() == arrays.train_labels.tolist()


def test_a_class_needs_labeled_images_besides_those_for_validation(tmp_path):
    name = image_folders.make_folder(tmp_path / "d")
    chosen = [f"labeled/cat/{number}.png" for number in range(10)]
    listing = name_for_validation(image_listing.list_images(name), chosen)
    with pytest.raises(errors.UserError, match="no image of cat can be read"):
        user_images.make_arrays(name, image_reader.read(listing, SPEC), SPEC)


def test_labels_are_read_without_opening_image_files(tmp_path, monkeypatch):
    name = image_folders.make_folder(tmp_path / "d")
    expected = load(name).train_labels
    monkeypatch.setattr(image_files, "open_image", lambda file: pytest.fail("a file was opened"))
    source = datasets.find(name)
    source.check()
    assert sorted(source.train_labels) == sorted(expected) and source.train_count == 26
    assert source.classes == ("cat", "dog")


def test_files_are_listed_once(tmp_path, monkeypatch):
    name = image_folders.make_folder(tmp_path / "d")
    list_images, listed = image_listing.list_images, []
    monkeypatch.setattr(
        image_listing, "list_images", lambda *args: listed.append(args) or list_images(*args)
    )
    source = datasets.find(name)
    source.check()
    assert source.train_count == 26 and source.image_size == 32
    assert len(source.load(SPEC).train_images) == 26
    assert listed == [(name, "", True, "", True)]


def test_a_folder_that_does_not_exist_is_refused_and_another_one_is_not_listed(tmp_path):
    (tmp_path / "empty").mkdir()
    datasets.find(f"folder:{tmp_path}/empty").check_location()
    for name in ("folder:", f"folder:{tmp_path}/nowhere", f"csv:{tmp_path}/nowhere.csv"):
        with pytest.raises(errors.UserError, match="is not a folder|cannot be read"):
            datasets.find(name).check_location()


def test_without_test_images_a_fifth_is_chosen_whatever_the_names_and_the_size(tmp_path):
    arrays = load(image_folders.make_folder(tmp_path / "d", test=0))
    assert np.bincount(arrays.test_labels).tolist() == [2, 2]
    assert np.bincount(arrays.train_labels + 1).tolist() == [6, 8, 8]
    larger = load(f"folder:{tmp_path}/d", image_decoding.ImageSpec(16))
    assert larger.train_files == arrays.train_files
    shutil.move(tmp_path / "d/labeled/cat/0.png", tmp_path / "d/labeled/cat/zzz.png")
    assert set(content_hash.keys(load(f"folder:{tmp_path}/d").test_images)) == set(
        content_hash.keys(arrays.test_images)
    )


def test_a_table_gives_the_same_data_as_the_folder(tmp_path):
    one = load(image_folders.make_folder(tmp_path / "d"))
    lines = ["path,label,split"]
    for path in sorted((tmp_path / "d").rglob("*.png")):
        part, *above = path.relative_to(tmp_path / "d").parts
        kind, split = above[0] if len(above) > 1 else "", {"test": "test"}.get(part, "")
        lines.append(f"d/{path.relative_to(tmp_path / 'd')},{kind},{split}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    two = load(f"csv:{tmp_path}/t.csv")
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert (getattr(one, name) == getattr(two, name)).all()


def test_files_that_are_left_out_are_printed(tmp_path, capsys):
    name = image_folders.make_folder(tmp_path / "d")
    for number in range(5):
        (tmp_path / f"d/labeled/cat/{number}.png").write_text("words")
    arrays = load(name)
    text = capsys.readouterr().err
    assert text.count("is not an image") == 3 and "5 of 34 files" in text and "2 more" in text
    assert len(arrays.train_images) == 21


def test_a_class_with_bad_files_only_is_refused(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", labeled=2)
    for path in (tmp_path / "d/labeled/cat").iterdir():
        path.write_text("words")
    with pytest.raises(errors.UserError, match="no image of cat can be read.*doctor"):
        load(name)


def test_a_test_set_with_bad_files_only_is_refused(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", test=1)
    for path in (tmp_path / "d/test").rglob("*.png"):
        path.write_text("words")
    with pytest.raises(errors.UserError, match="none of the test images can be read"):
        load(name)


def test_too_few_images_to_set_any_aside_are_refused(tmp_path):
    with pytest.raises(errors.UserError, match="no class has the 5 labeled images"):
        load(image_folders.make_folder(tmp_path / "d", labeled=4, test=0))


def test_digits_saved_as_files_give_the_same_data(tmp_path):
    digits = datasets.find("digits").load()
    for part, images, labels in (
        ("labeled", digits.train_images[:300], digits.train_labels[:300]),
        ("test", digits.test_images[:50], digits.test_labels[:50]),
    ):
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = tmp_path / part / str(label) / f"{number * 7919 % 1000}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(path)
    arrays = content_hash.sort_by_content(load(f"folder:{tmp_path}", image_decoding.ImageSpec()))
    assert arrays.info.shape == (16, 16, 1) and arrays.info.classes == digits.info.classes
    keys = content_hash.keys(digits.train_images[:300])
    assert (arrays.train_keys == np.sort(keys)).all()
    assert (arrays.train_labels == digits.train_labels[:300][np.argsort(keys)]).all()


def test_training_says_that_labeled_images_become_test_images(tmp_path, capsys):
    name = image_folders.make_folder(tmp_path / "d", test=0)
    load(name)
    assert capsys.readouterr().err == (
        f"{name}: no test images are named: one in 5 of each class's labeled ones is set aside, "
        "and none of a class with fewer than 5. (name some: test/<class>/, or split=test in a "
        "table)\n"
    )
    load(image_folders.make_folder(tmp_path / "e"))
    assert capsys.readouterr().err == ""


def test_a_name_of_any_length_is_a_part_of_a_line(tmp_path, capsys):
    name = image_folders.make_folder(tmp_path / "d")
    (tmp_path / "d" / "labeled" / "cat" / ("x" * 250)).write_text("notes")
    load(name)
    assert "x" * 180 in (text := capsys.readouterr().err) and "x" * 200 not in text


def test_training_names_a_test_image_that_it_learns_from(tmp_path, capsys):
    name = image_folders.make_folder(tmp_path / "d")
    shutil.copy(tmp_path / "d/labeled/cat/3.png", tmp_path / "d/test/cat/again.png")
    load(name)
    text = "1 test image has the same pixels as a training image"
    pair = "test/cat/again.png = labeled/cat/3.png"
    assert f"{name}: {text}: {pair}. (remove them from training" in capsys.readouterr().err


def make_checked_folder(root):
    """Ten images of each class and a test; those with an even number are checked."""
    for label, kind in enumerate(("cat", "dog")):
        for number in range(10):
            part = "labeled" if number % 2 else "checked"
            image_folders.save_image(root / part / kind / f"{number}.png", label, number)
        image_folders.save_image(root / "test" / kind / "t.png", label, 500)
    image_folders.save_image(root / "unlabeled/u.png", 0, 900)
    return f"folder:{root}"


def checked_files(arrays):
    return {arrays.train_files[at] for at in np.flatnonzero(arrays.train_checked)}


def test_checked_images_are_known_before_and_after_they_are_read(tmp_path):
    source = datasets.find(make_checked_folder(tmp_path / "d"))
    early = source.train_checked
    arrays = source.load(SPEC)
    assert early.tolist() == arrays.train_checked.tolist() and early.sum() == 10
    assert all(file.startswith("checked/") for file in checked_files(arrays))
    plain = datasets.find(image_folders.make_folder(tmp_path / "e"))
    assert plain.train_checked is None and plain.load(SPEC).train_checked is None


def test_all_copies_of_a_checked_image_are_checked(tmp_path):
    name = make_checked_folder(tmp_path / "d")
    shutil.copy(tmp_path / "d/checked/cat/2.png", tmp_path / "d/labeled/cat/copy.png")
    shutil.copy(tmp_path / "d/checked/cat/2.png", tmp_path / "d/unlabeled/copy.png")
    assert checked_files(load(name)) - {f"checked/{kind}/{number}.png" for kind in ("cat", "dog")
                                        for number in range(10)} == {"labeled/cat/copy.png"}  # fmt: skip


@pytest.mark.parametrize(
    "place, said", [("labeled", "not checked"), ("checked", "checked"), ("test", "not checked"),
                    ("validation", "not checked")],
)  # fmt: skip
def test_another_class_for_a_checked_picture_is_refused_by_name(tmp_path, capsys, place, said):
    name = make_checked_folder(tmp_path / "d")
    (tmp_path / f"d/{place}/dog").mkdir(parents=True, exist_ok=True)
    shutil.copy(tmp_path / "d/checked/cat/2.png", tmp_path / f"d/{place}/dog/copy.png")
    with pytest.raises(errors.UserError) as caught:
        load(name)
    assert str(caught.value) == (
        f"--dataset={name}: checked/cat/2.png and {place}/dog/copy.png have the same pixels, but "
        f"the first is checked to be 'cat' and the second is 'dog', {said}. Correct one of them, "
        "or remove it."
    )


def test_with_folds_a_test_image_contradicts_nothing(tmp_path):
    name = make_checked_folder(tmp_path / "d")
    shutil.copy(tmp_path / "d/checked/cat/2.png", tmp_path / "d/test/dog/copy.png")
    arrays = datasets.find(name, set_aside=False).load(SPEC)
    assert arrays.train_checked.sum() == 10


def test_checked_images_that_become_test_images_leave_their_copies_checked(tmp_path):
    name = make_checked_folder(tmp_path / "d")
    shutil.rmtree(tmp_path / "d/test")
    for path in (tmp_path / "d/checked").rglob("*.png"):
        shutil.copy(path, tmp_path / "d/labeled" / path.parent.name / f"copy{path.name}")
    arrays = load(name)
    assert not {*arrays.test_files} & {*arrays.train_files} and len(arrays.test_files) == 6
    copies = {file for file in arrays.train_files if "copy" in file}
    assert checked_files(arrays) == copies | {f for f in arrays.train_files if "checked/" in f}
    assert any("checked/" in file for file in arrays.test_files)
