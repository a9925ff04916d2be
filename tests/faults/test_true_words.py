"""Odd data sets: what training's first lines, the doctor, the result and the export say is true."""

import json
import signal

import pytest
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.data import datasets, splits
from tf_ssgan.diagnostics import dataset_checks, findings
from tf_ssgan.training import build, callbacks, config, loop, summary

OPTIONS = {"width": 4, "batch_size": 4, "max_steps": 2, "precision": "float32", "image_size": 8}


def make(root, size=(8, 8), **counts):
    """A folder with so many images in each subfolder; "test__cat" stands for test/cat."""
    for label, (place, count) in enumerate(counts.items()):
        for number in range(count):
            path = root / place.replace("__", "/") / f"{number}.png"
            image_folders.save_image(path, label % 4, number, size)
    return f"folder:{root}"


def settings(name, **given):
    return config.configure("supervised", name, **OPTIONS | given)


def doctor(name, **given):
    """What the doctor says of the data and of the split of a run."""
    own = settings(name, **given)
    found, arrays = dataset_checks.check_dataset(datasets.find(name), own.image_spec)
    found += dataset_checks.check_protocol(own, arrays)
    return findings.format_section("Data", found)


def test_two_labels_for_three_classes_and_photos(tmp_path, capsys):
    name = make(tmp_path / "d", (300, 200), labeled__bird=1, labeled__cat=6, labeled__dog=6)
    own = {"labels": 2, "workdir": str(tmp_path / "run")}
    loop.run(settings(name, **own))
    printed = capsys.readouterr()
    protocol = json.loads((tmp_path / "run/protocol.json").read_text())
    (k,) = {0, 1, 2} - {*protocol["labels"]}
    missing = ("bird", "cat", "dog")[k]
    split = f"2 labeled (0 to 1 of each of 3 classes; none of {missing}), 11 in the unlabeled pool, 0 held out"
    remarks = [
        f"no labeled training image of {missing}: the classifier will not know it",
        "no test image of bird: no test error says anything about it",
        "there are only 2 test images: each moves the test error by 50 points",
        "no images are held out: a tenth of the 11 labeled ones would be too few to choose anything "
        "by; --validation=N holds out N",
    ]
    said = doctor(name, labels=2)
    assert split in printed.out and split in said and "; 2 test images\n" in printed.out
    for remark in remarks:
        assert f"{remark[0].upper()}{remark[1:]}.\n" in printed.out and remark in said
    for remark in (
        "the images are 8 x 8 pixels, the files 31 times larger (median 300 x 200): what is smaller "
        "than 31 pixels in a file is gone",
        "no test images are named: one in 5 of each class's labeled ones is set aside, and none of "
        "a class with fewer than 5",
    ):
        assert printed.err.count(remark) == said.count(remark) == 1
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["classes_without_labels"] == [missing]
    assert result["classes_without_test_images"] == ["bird"]
    assert result["validation_images"] == 0 and result["validation_error"] is None
    text = summary.format_summary(result, "run")
    for remark in remarks[:2]:
        assert f"  {remark[0].upper()}{remark[1:]}.\n" in text


def test_a_class_of_three_beside_classes_of_twenty_two(tmp_path):
    said = doctor(make(tmp_path, labeled__bird=3, labeled__cat=22, labeled__dog=22))
    assert (
        ": 39 labeled (3 to 18 of each of 3 classes; 3 of bird), 39 in the unlabeled pool" in said
    )
    assert "1 class has fewer than 5 labeled images: bird (3)" in said


def test_one_test_image(tmp_path):
    said = doctor(make(tmp_path, labeled__bird=5, labeled__cat=6, test__cat=1))
    assert "12 files, 12 images: 11 labeled, 0 unlabeled, 1 test" in said
    assert "all test images are of cat: a classifier that always answers cat makes no err" in said
    assert "there is only 1 test image: the test error is 0 % or 100 %" in said


def test_one_held_out_image(tmp_path):
    said = doctor(make(tmp_path, labeled__bird=5, labeled__cat=6, validation__cat=1))
    assert "1 held-out image is too few to choose a step or to fit a temperature" in said
    assert "no held-out image of bird: no validation error says anything about it" in said


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_class_with_an_empty_labeled_folder(tmp_path, part):
    name = make(tmp_path, labeled__bird=5, labeled__cat=6, **{f"{part}__emu": 2})
    (tmp_path / "labeled/emu").mkdir()
    with pytest.raises(errors.UserError, match=f"{part}/ has images of emu, but labeled/ has none"):
        datasets.find(name).check()


def test_many_classes_in_a_sentence_are_cut(tmp_path):
    tests = {f"test__k{k:02}": 1 for k in range(40)}
    with pytest.raises(errors.UserError, match="of k00, .*, k09 and 30 more, but labeled/ has"):
        datasets.find(make(tmp_path, labeled__bird=5, labeled__cat=6, **tests)).check()


def test_a_run_from_before_keeps_the_images_that_it_holds_out(tmp_path, monkeypatch, capsys):
    name = image_folders.make_folder(tmp_path / "d", labeled=10)
    own = settings(name, workdir=str(tmp_path / "run"), max_steps=6)
    on_step = callbacks.DivergenceGuard.on_train_batch_end

    def interrupted(guard, batch, logs=None):
        if batch == 2:
            signal.raise_signal(signal.SIGTERM)
        on_step(guard, batch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(splits, "default_validation", lambda dataset, pool: pool // 10)
        patch.setattr(callbacks.DivergenceGuard, "on_train_batch_end", interrupted)
        with pytest.raises(errors.Interrupted):
            loop.run(own)
    began = json.loads((tmp_path / "run/protocol.json").read_text())
    assert len(began["validation_ids"]) == 2
    assert build.make_protocol(own, build.reopen(tmp_path / "run").arrays).sha256 != began["sha256"]
    loop.run(own)
    assert "Continuing from step 3 of 6." in capsys.readouterr().out
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["split_sha256"] == began["sha256"] and result["validation_images"] == 2
    longer = settings(name, workdir=str(tmp_path / "run"), max_steps=7)
    assert loop.run(longer)["split_sha256"] == began["sha256"]
