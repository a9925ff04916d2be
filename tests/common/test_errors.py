"""Suggested names and the messages of errors."""

import pytest

from tf_ssgan.common import errors


def test_a_similar_name_is_suggested():
    assert errors.nearest("frgn", ["vat", "frgan"]) == "Did you mean 'frgan'? Known: vat, frgan."


def test_case_does_not_matter():
    assert errors.nearest("FRGAN", ["frgan"]).startswith("Did you mean 'frgan'?")


def test_the_beginning_of_a_name_wins_over_a_similar_name():
    assert errors.nearest("cifar10_1", ["cifar10", "cifar10_1/v6"]).startswith(
        "Did you mean 'cifar10_1/v6'?"
    )


def test_without_a_similar_name_the_known_names_are_listed():
    assert errors.nearest("qqqq", (name for name in ("a", "b"))) == "Known: a, b."


def test_an_empty_name_suggests_nothing():
    assert errors.nearest("", ["a", "b"]) == "Known: a, b."


def test_the_closest_name_alone_or_none():
    assert errors.closest("unlabled", ["labeled", "unlabeled"]) == "unlabeled"
    assert errors.closest("qqqq", ["a", "b"]) is None


def test_the_first_line_of_an_error_is_its_message_or_its_type():
    assert errors.first_line(ValueError("\nNo such file.\n  at line 3")) == "No such file"
    assert errors.first_line(IndexError()) == "IndexError"


def test_a_user_error_prints_its_sentence():
    with pytest.raises(errors.UserError, match="^expected 1, got 2$"):
        raise errors.UserError("expected 1, got 2")


def test_a_diverged_run_ends_with_status_3_and_names_the_step_and_the_scalar():
    error = errors.Diverged(7, "supervised", float("nan"))
    assert error.status == 3 and str(error).startswith("Stopped at step 7: supervised is nan. ")


def test_an_interrupted_run_ends_with_the_status_of_the_shell():
    assert errors.Interrupted(15).status == 143 and errors.UserError.status == 2


def test_an_error_of_tensorflow_is_said_without_its_operations():
    for text, reason in {
        "{{function_node x}} /a/b; No space left on device [Op:SaveV2]": "No space left on device",
        "{{function_node x}} Not a directory [Op:Create]": "Not a directory",
        "No such file.": "No such file",
    }.items():
        assert errors.tensorflow_reason(OSError(text)) == reason
