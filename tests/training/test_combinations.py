"""The table of flags that do not go together; tests/faults/test_incompatible_flags.py asks it all."""

import pytest

from tf_ssgan.common import errors
from tf_ssgan.methods import acgan, frgan
from tf_ssgan.training import combinations, config


def test_a_combination_is_refused_with_the_values_of_its_flags():
    settings = config.configure("acgan", labels=20, max_steps=2)
    combinations.check(settings, acgan.Method)
    for changed, method, sentence in (
        ({"labels": 0}, acgan.Method, "^--method=acgan learns from labels, and --labels=0 leaves"),
        (
            {"class_weight": "balanced", "labels": 0},
            frgan.Method,
            "^--class_weight=balanced weighs labels, and --labels=0 leaves none",
        ),
        ({"devices": 3}, acgan.Method, "^--batch_size=50 cannot be shared by 3 replicas"),
        ({"max_steps": 0}, frgan.Method, "leave no steps"),
    ):
        with pytest.raises(errors.UserError, match=sentence):
            combinations.check(config.dataclasses.replace(settings, **changed), method)


def test_remarks_are_sentences():
    settings = config.configure("frgan", labels=0, max_steps=2)
    (line,) = combinations.remarks(settings, frgan.Method)
    assert line.startswith("No image is labeled: ") and line.endswith(".")
