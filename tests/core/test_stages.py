"""Stages of a run: first steps from fractions of the run, and warm-ups."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.core import stages


@pytest.mark.parametrize(
    ("steps", "fractions", "expected"),
    [
        (100, {}, {"train": 0}),
        (100, {"contrast": 0.5}, {"contrast": 0, "train": 50}),
        (100, {"contrast": 0.25, "generate": 0.25}, {"contrast": 0, "generate": 25, "train": 50}),
        (1000, {"contrast": 0.3, "generate": 0.3}, {"contrast": 0, "generate": 300, "train": 600}),
        (160, {"contrast": 10 / 160, "generate": 100 / 160},
         {"contrast": 0, "generate": 10, "train": 110}),
        (7, {"contrast": 1 / 7, "generate": 1 / 7}, {"contrast": 0, "generate": 1, "train": 2}),
        (10, {"contrast": 0.35}, {"contrast": 0, "train": 3}),
        (100, {"contrast": 0.0, "generate": 0.25}, {"generate": 0, "train": 25}),
        (100, {"contrast": 0.25, "generate": 0.0}, {"contrast": 0, "train": 25}),
        (10, {"contrast": 0.05, "generate": 0.3}, {"generate": 0, "train": 3}),
        (10, {"contrast": 0.05, "generate": 0.05}, {"generate": 0, "train": 1}),
        (1, {"contrast": 0.5}, {"train": 0}),
    ],
)  # fmt: skip
def test_fractions_become_first_steps(steps, fractions, expected):
    assert stages.consecutive_stages(steps, fractions) == expected


@pytest.mark.parametrize("steps", [3, 12, 160, 997])
def test_fractions_of_whole_steps_are_not_rounded_down(steps):
    for first in range(1, steps):
        first_steps = stages.consecutive_stages(steps, {"contrast": first / steps})
        assert first_steps == {"contrast": 0, "train": first}


@pytest.mark.parametrize(
    ("steps", "fractions"),
    [(100, {"contrast": 0.5, "generate": 0.5}), (100, {"contrast": 0.9, "generate": 0.25}),
     (3, {"contrast": 0.9, "generate": 0.9})],
)  # fmt: skip
def test_stages_that_leave_no_step_are_refused(steps, fractions):
    flags = f"--contrast_fraction={fractions['contrast']:g} and --generate_fraction="
    with pytest.raises(errors.UserError, match=f"{flags}.* leave none of {steps} steps"):
        stages.consecutive_stages(steps, fractions)


def test_a_warm_up_has_the_steps_that_it_asks_for():
    assert stages.warm_up_stages(0, 100) == {"train": 0}
    for begin in range(1, 51):
        assert stages.warm_up_stages(begin, 100) == {"warm_up": 0, "train": begin}


@pytest.mark.parametrize(
    ("steps", "begin"), [(100, 50), (20, 10), (13, 6), (10, 5), (3, 1), (2, 1)]
)
def test_a_warm_up_takes_at_most_half_of_the_run(steps, begin):
    assert stages.warm_up_stages(steps, steps) == {"warm_up": 0, "train": begin}
    assert stages.warm_up_stages(10**9, steps) == {"warm_up": 0, "train": begin}


def test_a_run_of_one_step_has_no_warm_up():
    assert stages.warm_up_stages(10, 1) == {"train": 0}
