"""Every part of a server's answer is checked."""

import pytest

from export import server_answers

GOOD = (1, "b", [0.25, 0.75])


def test_rows_that_are_right_are_taken():
    rows = [GOOD, (0, "", [1, 0]), (0, "猫", [1.0000001, 0.0])]
    first, second, third = server_answers.check_predictions(rows, 3)
    assert first == server_answers.ServerPrediction(1, "b", (0.25, 0.75))
    assert second.probabilities == (1.0, 0.0) and third.name == "猫"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((2, "b", [0.5, 0.5]), "the label is no number of a class"),
        ((-1, "b", [0.5, 0.5]), "the label is no number"),
        ((1.0, "b", [0.5, 0.5]), "the label is no number"),
        ((True, "b", [0.5, 0.5]), "the label is no number"),
        (("1", "b", [0.5, 0.5]), "the label is no number"),
        ((10**400, "b", [0.5, 0.5]), "the label is no number"),
        ((1, 5, [0.5, 0.5]), "the name is no text"),
        ((1, None, [0.5, 0.5]), "the name is no text"),
        ((1, "b", [0.5, 0.6]), "do not sum to 1"),
        ((1, "b", [0.5, 1.5]), "no number from 0 to 1"),
        ((1, "b", [-0.5, 1.5]), "no number from 0 to 1"),
        ((1, "b", [float("nan"), 1]), "no number from 0 to 1"),
        ((1, "b", [float("inf"), 1]), "no number from 0 to 1"),
        ((1, "b", [10**400, 1]), "no number from 0 to 1"),
        ((1, "b", ["0.5", 0.5]), "no number from 0 to 1"),
        ((1, "b", [True, False]), "no number from 0 to 1"),
        ((1, "b", [[0.5], 0.5]), "no number from 0 to 1"),
        ((0, "b", []), "are no list"),
        ((0, "b", "01"), "are no list"),
        ((0, "b", {"0": 1}), "are no list"),
    ],
)  # fmt: skip
def test_rows_that_are_wrong_are_refused(row, reason):
    with pytest.raises(ValueError, match=f"in prediction 2 .*{reason}"):
        server_answers.check_predictions([GOOD, row], 2)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_there_is_one_prediction_for_each_file(count):
    with pytest.raises(ValueError, match=f"{count} predictions for 2 files"):
        server_answers.check_predictions([GOOD] * count, 2)


def test_all_predictions_have_the_same_classes():
    with pytest.raises(ValueError, match="differ in their number of classes"):
        server_answers.check_predictions([GOOD, (0, "a", [1.0])], 2)


@pytest.mark.parametrize("names", [[], ["a", 1], [None], 3, None, {}])
def test_names_are_texts(names):
    with pytest.raises(ValueError):
        server_answers.check_names(names)


def test_messages_are_one_short_line():
    assert server_answers.first_line("\x1b[31mbad\x07\nmore") == r"\x1b[31mbad\x07"
    assert len(server_answers.first_line("x" * 10_000)) == 200
