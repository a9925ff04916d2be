"""Quantities of a run, from what it and the programs after it have left."""

import json

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import quantities

JUDGED = {
    "scores": [
        {"inception_score": {"mean": 3.25, "std": 0.1}},
        {"inception_score": {"mean": 9.0, "std": 0.1}},
    ],
    "clusters": {"sets": {"generated": {"tsne": {"mean": 12.5, "std": 2.5}}, "real": {}}},
}


def of(measure, number="test_error", **outcome):
    return quantities.of(finished_run_folders.record(5.0, outcome=outcome), measure, number)


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


@pytest.mark.parametrize("measure", papers.QUANTITIES)
def test_what_a_run_has_not_is_none(measure):
    number = "test_error_at_best_validation"
    assert of(measure, number, test_error_at_best_validation=None) is None


@pytest.mark.parametrize(
    "judged",
    [
        {}, {"scores": []}, {"scores": [{}]}, {"clusters": {"sets": {}}}, {"clusters": None},
        {"scores": ["a", "b"]}, {"scores": "abc"}, {"scores": {"a": 1}}, {"clusters": ["a"]},
        {"scores": [{"inception_score": {"mean": "3.0"}}]},
        {"scores": [{"inception_score": {"mean": float("nan")}}]}, {"clusters": {"sets": ["a"]}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("measure", ["inception_score", "cluster_distance"])
def test_what_was_judged_in_part_is_none(measure, judged):
    assert of(measure, judged=judged) is None
    assert (
        quantities.judge(finished_run_folders.record(outcome={"judged": judged}), measure) is None
    )


@pytest.mark.parametrize("value", ["1.25", [], None, float("nan"), float("inf")])
def test_a_quantity_that_is_no_number_is_none(value):
    assert of("tau", found={"tau": value}) is None


def test_who_judged():
    """Runs whose answers differ share no mean."""
    score = {"stamp": "s", "images": 5000, "seed": 1, "inception_score": {"mean": 3.0}}
    judged = {"scores": [score, {}], "clusters": {"features": "own", "seed": 2, "sets": {}}}
    run = finished_run_folders.record(outcome={"judged": judged})
    found = {measure: quantities.judge(run, measure) for measure in papers.QUANTITIES}
    clusters = {"features": "own", "seed": 2}
    assert {measure: judge for measure, judge in found.items() if judge is not None} == {
        "inception_score": {"stamp": "s", "images": 5000, "seed": 1},
        "cluster_distance": clusters, "cluster_deviation": clusters,
    }  # fmt: skip


@pytest.mark.parametrize("null", ["searched", "judged"])
def test_null_is_none(null):
    assert of("tau" if null == "searched" else "inception_score", **{null: None}) is None


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
    run = finished_run_folders.record(folder=tmp_path)
    assert quantities.of(run, "accuracy_on_cifar10_1", "test_error") == value


EVALUATED = b'{"dataset": "cifar10_1/v6", "step": 300, "test_error": %s}\n'
DAMAGED = [b'{"dataset": "cif', b"{}\n", b"\n\n", b"[1]\n", b"null\n", b"7\n", b"\xff\xfe\n",
           EVALUATED % b"null", EVALUATED % b'"40"', EVALUATED % b"NaN"]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_evaluations_are_none(tmp_path, text):
    (tmp_path / "evaluations.jsonl").write_bytes(text)
    run = finished_run_folders.record(folder=tmp_path)
    assert quantities.of(run, "accuracy_on_cifar10_1", "test_error") is None


@pytest.mark.parametrize("line", [b"[1]\n", b"null\n", b'{"dataset": "cifar10_1/v6"}\n'])
def test_a_damaged_line_hides_no_evaluation(tmp_path, line):
    (tmp_path / "evaluations.jsonl").write_bytes(EVALUATED % b"40.0" + line)
    run = finished_run_folders.record(folder=tmp_path)
    assert quantities.of(run, "accuracy_on_cifar10_1", "test_error") == 60.0
