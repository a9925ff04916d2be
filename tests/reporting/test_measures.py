"""Quantities of a run, from what it and the programs after it have left."""

import json

import pytest
from reporting import runs

from tf_ssgan import tables
from tf_ssgan.reporting import measures

JUDGED = {
    "scores": [
        {"inception_score": {"mean": 3.25, "std": 0.1}},
        {"inception_score": {"mean": 9.0, "std": 0.1}},
    ],
    "clusters": {"sets": {"generated": {"tsne": {"mean": 12.5, "std": 2.5}}, "real": {}}},
}


def of(measure, number="test_error", **outcome):
    return measures.of(runs.record(5.0, outcome=outcome), measure, number)


@pytest.mark.parametrize(
    "measure, number, value",
    [
        ("test_error", "test_error", 5.0),
        ("test_error", "test_error_raw", 7.0),
        ("accuracy", "test_error", 95.0),
        ("accuracy", "test_error_at_best_validation", 94.5),
        ("tau", "test_error", 1.25),
        ("tau", "test_error_at_best_validation", 0.75),
        ("inception_score", "test_error", 3.25),
        ("cluster_distance", "test_error", 12.5),
        ("cluster_deviation", "test_error", 2.5),
    ],
)
def test_a_quantity(measure, number, value):
    found = of(measure, number, judged=JUDGED, found={"tau": 1.25},
               found_at_best_validation={"tau": 0.75})  # fmt: skip
    assert found == value


@pytest.mark.parametrize("measure", tables.MEASURES)
def test_what_a_run_has_not_is_none(measure):
    number = "test_error_at_best_validation"
    assert of(measure, number, test_error_at_best_validation=None) is None


@pytest.mark.parametrize(
    "judged", [{}, {"scores": []}, {"scores": [{}]}, {"clusters": {"sets": {}}}, {"clusters": None}]
)
@pytest.mark.parametrize("measure", ["inception_score", "cluster_distance"])
def test_what_was_judged_in_part_is_none(measure, judged):
    assert of(measure, judged=judged) is None


@pytest.mark.parametrize("null", ["found", "judged"])
def test_null_is_none(null):
    assert of("tau" if null == "found" else "inception_score", **{null: None}) is None


@pytest.mark.parametrize(
    "lines, value",
    [
        ([("cifar10_1/v6", 300, 40.0)], 60.0),
        ([("cifar10_1/v6", 300, 40.0), ("cifar10_1/v6", 300, 45.0)], 55.0),  # the latest
        ([("cifar10_1/v6", 300, 40.0), ("cifar10_1/v6", 200, 45.0)], 60.0),  # of the last step
        ([("cifar10_1/v6", 200, 40.0)], None),
        ([("svhn", 300, 40.0)], None),
        ([], None),
    ],
)
def test_accuracy_on_another_set(tmp_path, lines, value):
    keys = ("dataset", "step", "test_error")
    text = "".join(json.dumps(dict(zip(keys, line, strict=True))) + "\n" for line in lines)
    (tmp_path / "evaluations.jsonl").write_text(text)
    run = runs.record(folder=tmp_path)
    assert measures.of(run, "accuracy_on_cifar10_1", "test_error") == value


@pytest.mark.parametrize("text", ['{"dataset": "cif', "{}\n", "\n\n"])
def test_damaged_evaluations_are_none(tmp_path, text):
    (tmp_path / "evaluations.jsonl").write_text(text)
    run = runs.record(folder=tmp_path)
    assert measures.of(run, "accuracy_on_cifar10_1", "test_error") is None
