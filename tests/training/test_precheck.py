"""What is checked before TensorFlow is imported: flags of every run, names, data and folders."""

import json
import os
import pathlib

import numpy as np
import pytest
from support import image_folders

from tf_ssgan.common import errors
from tf_ssgan.training import config, precheck


@pytest.mark.parametrize("old", precheck.RENAMED)
def test_old_names_of_flags_are_refused_by_one_sentence(old):
    precheck.refuse_old_names({"seed": 3})
    sentence = f"^--{old} is now called --{precheck.RENAMED[old]}; its values are the same.$"
    with pytest.raises(errors.UserError, match=sentence):
        precheck.refuse_old_names({"seed": 3, old: 1})


def test_an_old_name_is_not_also_a_flag_of_every_run():
    assert not set(precheck.RENAMED) & {field.name for field in config.run_fields()}


def test_good_flags_pass_and_leave_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    precheck.check_run({"method": "frgan", "dataset": "digits", "labels": 20})
    assert not list(tmp_path.iterdir())


def test_the_data_set_is_returned_and_one_that_is_given_is_used():
    source = precheck.check_run({"dataset": "digits", "labels": 20})
    assert source.name == "digits" and source.train_count == 1297
    again = precheck.check_run({"dataset": "digits", "seed": 1}, source)
    assert again is source


@pytest.mark.parametrize("given", [{"method": 3}, {"dataset": [1]}, {"seed": None}])
def test_values_of_another_type_are_refused_before_they_are_used(given):
    with pytest.raises(errors.UserError, match=f"^--{next(iter(given))}: expected a .*, got "):
        precheck.check_run(given)


def test_folds_are_checked_by_the_labels_alone(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", labeled=6, unlabeled=2, test=0)
    own = {"dataset": name, "folds": 6, "validation": 0}
    precheck.check_run(own | {"labels": 10})  # without folds, 10 labels are all that there are
    for given, message in (
        ({"labels": 11}, "11 labels were requested, but only 10 training images"),
        ({"folds": 13}, "--folds=13 needs as many labeled images, and there are 12."),
    ):
        with pytest.raises(errors.UserError, match=message):
            precheck.check_run(own | given)
    image_folders.save_image(tmp_path / "d/labeled/owl/1.png", 2, 1)
    with pytest.raises(errors.UserError, match="--folds=6: class 'owl' has only one labeled image"):
        precheck.check_run(own)


def test_noise_is_not_refused_for_folds_because_of_the_order_of_checked_labels(tmp_path):
    """Three of ten labels of each class are not checked, and come first: folds leave some of them."""
    labels = np.repeat([0, 1], 10)
    checked = np.tile(np.arange(10) >= 3, 2)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), np.uint8)
    np.savez(tmp_path / "train.npz", image=images, label=labels, checked=checked)
    np.savez(tmp_path / "test.npz", image=images[:4] // 2, label=labels[[0, 1, 10, 11]])
    own = {"dataset": f"npz:{tmp_path}", "noise": "pair", "noise_rate": 0.5, "labels": -1}
    for folds in (0, 2, 5):
        precheck.check_run(own | {"folds": folds})


def test_groups_that_cannot_be_divided_into_folds_are_refused_before_images_are_read(tmp_path):
    for patients, folds, message in (
        ((0, 0, 0, 1, 1, 2, 2), 2, "images of class 'cat' are equal or of one group, so they stay"),
        ((0, 0, 1, 0, 0, 1, 1), 3, "1 of the folds would have no image to test.* Give --folds=2"),
        ((0, 0, 1, 0, 0, 1, 1), 2, ""),
    ):
        names = [f"{number}.png" for number in range(7)]
        kinds = ["cat"] * 3 + ["dog"] * 4
        rows = [",".join(map(str, row)) for row in zip(names, kinds, patients, strict=True)]
        (tmp_path / "t.csv").write_text("\n".join(["path,label,patient", *rows]))
        for name in names:
            (tmp_path / name).touch()
        own = {"dataset": f"csv:{tmp_path}/t.csv", "group_by": "patient", "folds": folds}
        if message:
            with pytest.raises(errors.UserError, match=message):
                precheck.check_run(own)
        else:
            precheck.check_run(own)


def test_the_default_of_held_out_images_is_that_of_the_smallest_fold(tmp_path):
    table = tmp_path / "t.csv"
    for labeled, most in ((1_111, 1_000), (1_112, 901)):  # as many as the largest fold may have
        rows = [f"{number}.png,{number % 3}" for number in range(labeled)]
        for number in range(labeled):
            (tmp_path / f"{number}.png").touch()
        table.write_text("\n".join(["path,label", *rows]))
        own = {"dataset": f"csv:{table}", "folds": 10}
        precheck.check_run(own | {"labels": most})
        with pytest.raises(errors.UserError, match=f"but only {most} training images"):
            precheck.check_run(own | {"labels": most + 1})


def test_a_folder_of_folds_and_a_cluster_are_refused(tmp_path, monkeypatch):
    (tmp_path / "fold-0").mkdir()
    (tmp_path / "fold-0/config.json").touch()
    with pytest.raises(errors.UserError, match="holds the runs of folds. Give another --workdir"):
        precheck.check_run({"workdir": str(tmp_path)})
    worker = {"worker": ["a:1", "b:1"]}
    cluster = {"cluster": worker, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    with pytest.raises(errors.UserError, match="on one machine. On several .*, give --fold=0"):
        precheck.check_run({"folds": 3})
    precheck.check_run({"folds": 3, "fold": 1})


def test_only_names_numbers_and_places_are_checked_for_help(tmp_path):
    given = {"dataset": "digits", "labels": 5000}
    assert precheck.check_for_help(given).name == "digits"
    with pytest.raises(errors.UserError, match="labels"):
        precheck.check_run(given)
    for given, message in (
        ({"method": "frgn"}, "Did you mean 'frgan'"), ({"dataset": "digit"}, "mean 'digits'"),
        ({"labels": -5}, "at least -2"), ({"dataset": "folder:nowhere"}, "not a folder"),
        ({"dataset": "svhn", "data_dir": f"{tmp_path}/nowhere"}, "is not a folder"),
        ({"dataset": "cifar10_1/v6"}, "test images only"),
    ):  # fmt: skip
        with pytest.raises(errors.UserError, match=message):
            precheck.check_for_help(given)


def test_a_workdir_that_is_a_file_or_below_one(tmp_path):
    (tmp_path / "file").write_text("")
    for workdir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(errors.UserError, match="is a file"):
            precheck.check_run({"workdir": str(workdir)})


def test_a_workdir_that_is_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(errors.UserError, match="not writable"):
        precheck.check_run({"workdir": str(tmp_path / "run")})


def test_a_folder_need_not_exist_and_is_not_made(tmp_path):
    precheck.check_writable(tmp_path / "a" / "b", "to")
    assert not os.listdir(tmp_path)


def test_the_message_names_the_flag_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.UserError, match=f"^--runs={tmp_path}/file: "):
        precheck.check_writable(pathlib.Path(tmp_path / "file"), "runs")


def test_a_workdir_whose_files_would_have_too_long_paths_is_refused_before_training(tmp_path):
    with pytest.raises(errors.UserError, match="path is longer than 3,800 bytes, and its files"):
        precheck.check_writable(tmp_path.joinpath(*["a" * 99] * 39))


def test_a_workdir_whose_path_is_not_utf8_is_refused_before_training(tmp_path):
    with pytest.raises(errors.UserError, match=r"run\\udce4: the folder's path holds bytes"):
        precheck.check_run({"workdir": f"{tmp_path}/run\udce4"})


def test_checked_labels_exclude_labels_that_are_chosen_to_be_right(tmp_path):
    name = image_folders.make_folder(tmp_path / "d", labeled=6, unlabeled=2, test=1)
    (tmp_path / "d/labeled").rename(tmp_path / "d/checked")
    image_folders.save_image(tmp_path / "d/labeled/cat/1.png", 0, 700)
    own = {"dataset": name, "validation": 0}
    for more in ({}, {"folds": 2}):
        assert precheck.check_run(own | more).train_checked.sum() >= 12
        with pytest.raises(errors.UserError, match="^--clean_fraction=0.5 takes labels at random"):
            precheck.check_run(own | more | {"clean_fraction": 0.5})
    noise = {"noise": "pair", "noise_rate": 0.5}
    precheck.check_run(own | noise)
    (tmp_path / "d/labeled/cat/1.png").unlink()
    with pytest.raises(errors.UserError, match="all 12 labels are checked: leave --noise out"):
        precheck.check_run(own | noise)
