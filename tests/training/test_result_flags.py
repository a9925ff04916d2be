"""A result that is not that of a run with some flags is named by the first difference."""

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan.training import result_flags

FLAGS = finished_run_folders.flags(method="supervised", dataset="digits")


def test_a_whole_result_is_that_of_its_flags():
    assert result_flags.differing(file_contents.result(FLAGS), FLAGS) == ""


@pytest.mark.parametrize("changed", [{"max_steps": 900}, {"max_steps": 0, "epochs": 9}])
def test_a_longer_run_may_have_been_begun_since(changed):
    assert result_flags.differing(file_contents.result(FLAGS), FLAGS | changed) == ""


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"seed": 5}, "seed is 5, and 0"),
        ({"hparams": {"width": 33}}, "width is 33, and 32"),
        ({"hparams": {"unknown": 1}}, "unknown is 1, and None"),
        ({"labels": 51}, "labels is 51, and labels is 50"),
        ({"steps": 301}, "steps is 301, and max_steps is 300"),
        ({"folds": 5, "fold": 2}, "folds is 5, and 0"),
    ],
)
def test_the_first_difference_is_named(changed, reason):
    assert result_flags.differing(file_contents.result(FLAGS) | changed, FLAGS) == reason


def test_numbers_of_images_that_flags_ask_for():
    flags = FLAGS | {"validation": 100}
    result = file_contents.result(FLAGS)
    reason = "validation_images is 129, and validation is 100"
    assert result_flags.differing(result, flags) == reason


def test_whole_groups_hold_out_about_as_many_images_as_asked():
    flags = finished_run_folders.flags() | {"validation": 5}
    result = file_contents.result(flags) | {"validation_images": 10}
    assert "validation_images is 10" in result_flags.differing(result, flags)
    assert result_flags.differing(result, flags | {"group_by": "patient"}) == ""


def test_the_fraction_of_checked_labels_follows_from_the_data():
    result = file_contents.result(FLAGS) | {"clean_fraction": 0.4}
    assert result_flags.differing(result, FLAGS) == "clean_fraction is 0.4, and 0.0"
    assert result_flags.differing(result | {"checked_labels": 20}, FLAGS) == ""
    reason = "clean_fraction is 0.0, and 0.4"
    assert (
        result_flags.differing(result | {"checked_labels": 20}, FLAGS | {"clean_fraction": 0.4})
        == reason
    )
