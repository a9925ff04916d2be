"""Which images of a folder or a table judge a classifier that was trained on others."""

import pytest
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import datasets

SPEC = datasets.ImageSpec(16, "1", "resize")
CLASSES = ("bird", "cat", "dog")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def judged(name):
    return datasets.find(name).load_judging(SPEC, CLASSES)


def put(folder, count, label=1, first=0):
    for number in range(count):
        image_folders.save_image(folder / f"{number}.png", label, first + number)


def test_declared_test_images_judge_alone(tmp_path):
    result = judged(image_folders.make_folder(tmp_path / "x", labeled=30, unlabeled=6, test=20))
    assert result.images.shape == (40, 16, 16, 1)
    assert (result.part, result.not_used) == ("test", 60)
    assert sorted(set(result.labels.tolist())) == [1, 2]


@pytest.mark.parametrize("above", ["", "labeled/"])
def test_without_declared_test_images_all_labeled_ones_judge(tmp_path, above):
    for label, kind in ((1, "cat"), (2, "dog")):
        put(tmp_path / above / kind, 7, label)
    result = judged(f"folder:{tmp_path}")
    assert (len(result.images), result.part, result.not_used) == (14, "labeled", 0)


def test_held_out_images_are_labeled_ones(tmp_path):
    put(tmp_path / "labeled" / "cat", 5)
    put(tmp_path / "validation" / "dog", 3, 2)
    assert len(judged(f"folder:{tmp_path}").images) == 8


@pytest.mark.parametrize("folder", ["test/dog", "Test/DOG", "labeled/dog", "dog"])
def test_one_class_and_test_images_alone_are_enough(tmp_path, folder):
    put(tmp_path / folder, 5)
    result = judged(f"folder:{tmp_path}")
    assert result.labels.tolist() == [2] * 5


def test_test_images_may_have_classes_that_lie_nowhere_else(tmp_path):
    put(tmp_path / "labeled" / "wolf", 5)
    put(tmp_path / "test" / "dog", 3)
    result = judged(f"folder:{tmp_path}")
    assert result.labels.tolist() == [2] * 3 and result.not_used == 5


def test_for_training_such_folders_stay_refused(tmp_path):
    put(tmp_path / "test" / "dog", 5)
    source = datasets.find(f"folder:{tmp_path}")
    source.check(training=False)
    with pytest.raises(errors.UserError, match="has test/ but no labeled/"):
        source.check()


def test_unlabeled_images_cannot_judge(tmp_path):
    put(tmp_path / "unlabeled", 5)
    with pytest.raises(errors.UserError, match="has unlabeled/ but no labeled/"):
        datasets.find(f"folder:{tmp_path}").check(training=False)
    put(tmp_path / "none" / "labeled", 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.UserError, match="at least one is needed"):
        datasets.find(f"folder:{tmp_path}/empty").check(training=False)


def write_table(folder, rows):
    put(folder, 6)
    (folder / "t.csv").write_text("path,label,split\n" + "".join(f"{row}\n" for row in rows))
    return f"csv:{folder / 't.csv'}"


def test_a_table_is_judged_by_its_test_rows(tmp_path):
    rows = ["0.png,dog,", "1.png,cat,", "2.png,dog,test", "3.png,bird,test", "4.png,,"]
    result = judged(write_table(tmp_path, rows))
    assert sorted(result.labels.tolist()) == [0, 2]
    assert (result.part, result.not_used) == ("test", 2)


def test_a_table_of_test_rows_or_of_one_class_is_enough(tmp_path):
    assert judged(write_table(tmp_path, ["0.png,dog,test"])).labels.tolist() == [2]
    result = judged(write_table(tmp_path, ["0.png,Dog,", "1.png,Dog,"]))
    assert (result.labels.tolist(), result.part) == ([2, 2], "labeled")


def test_files_that_cannot_be_read_do_not_judge(tmp_path):
    put(tmp_path / "test" / "cat", 2)
    (tmp_path / "test" / "cat" / "0.png").write_bytes(b"no image")
    assert len(judged(f"folder:{tmp_path}").images) == 1
    (tmp_path / "test" / "cat" / "1.png").write_bytes(b"none either")
    with pytest.raises(errors.UserError, match="no test image that can be read"):
        judged(f"folder:{tmp_path}")
