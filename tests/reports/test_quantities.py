"""Quantities of a run, from its result and its evaluation."""

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import quantities

EVALUATION = {
    "generator_scores": [
        {"inception_score": {"mean": 3.25, "std": 0.1}},
        {"inception_score": {"mean": 9.0, "std": 0.1}},
    ],
    "clusters": {"sets": {"generated": {"tsne": {"mean": 12.5, "std": 2.5}}, "real": {}}},
    "test_sets": [{"dataset": "cifar10_1/v6", "test_error": 40.0}],
}


@pytest.fixture
def quantity(tmp_path):
    """A function measure, number, evaluation, **result -> the quantity of such a run."""

    def read(measure, number="test_error", evaluation=None, **result):
        finished_run_folders.write_evaluation(tmp_path, **evaluation or {})
        run = finished_run_folders.make_run(5.0, folder=tmp_path, outcome=result)
        return quantities.run_quantity(run, measure, number)

    return read


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
        ("cluster_stddev", "test_error", 2.5),
        ("accuracy_on_cifar10_1", "test_error", 60.0),
    ],
)
def test_a_quantity(quantity, measure, number, value):
    result = quantity(measure, number, EVALUATION, searched={"tau": 1.25},
                     searched_at_best_validation={"tau": 0.75})  # fmt: skip
    assert result == value


@pytest.mark.parametrize("measure", papers.QUANTITIES)
def test_a_quantity_that_a_run_does_not_have_is_none(quantity, measure):
    number = "test_error_at_best_validation"
    assert quantity(measure, number, test_error_at_best_validation=None) is None


@pytest.mark.parametrize("measure", papers.QUANTITIES)
def test_a_run_without_a_folder_has_no_evaluation(measure):
    run = finished_run_folders.make_run(5.0, folder="/nowhere", outcome={"test_error": None})
    assert quantities.run_quantity(run, measure, "test_error") is None


DAMAGED = [
    {}, {"generator_scores": []}, {"generator_scores": [{}]}, {"clusters": {"sets": {}}},
    {"clusters": None}, {"generator_scores": ["a", "b"]}, {"generator_scores": "abc"},
    {"generator_scores": {"a": 1}}, {"clusters": ["a"]}, {"clusters": {"sets": ["a"]}},
    {"generator_scores": [{"inception_score": {"mean": "3.0"}}]},
    {"generator_scores": [{"inception_score": {"mean": float("nan")}}]},
    {"generator_scores": None},
]  # fmt: skip


@pytest.mark.parametrize("evaluation", DAMAGED)
@pytest.mark.parametrize("measure", ["inception_score", "cluster_distance"])
def test_a_score_that_is_missing_or_damaged_is_none(tmp_path, measure, evaluation):
    finished_run_folders.write_evaluation(tmp_path, **evaluation)
    run = finished_run_folders.make_run(folder=tmp_path)
    assert quantities.run_quantity(run, measure, "test_error") is None
    assert quantities.score_fingerprint(run, measure) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"step": null}'])
def test_a_damaged_file_is_no_evaluation(tmp_path, text):
    (tmp_path / "evaluation.json").write_text(text)
    run = finished_run_folders.make_run(folder=tmp_path)
    assert run.evaluation == {}
    assert quantities.run_quantity(run, "inception_score", "test_error") is None


@pytest.mark.parametrize("value", ["1.25", [], None, float("nan"), float("inf")])
def test_a_quantity_that_is_no_number_is_none(quantity, value):
    assert quantity("tau", searched={"tau": value}) is None


def test_null_instead_of_searched_hyperparameters_is_none(quantity):
    assert quantity("tau", searched=None) is None


def test_the_fingerprint_of_a_score(tmp_path):
    """Runs with different ones share no mean."""
    score = {"fingerprint": "f", "images": 5000, "seed": 1, "inception_score": {"mean": 3.0}}
    clusters = {"features": "own", "seed": 2}
    finished_run_folders.write_evaluation(
        tmp_path, generator_scores=[score, {}], clusters=clusters | {"sets": {}}
    )
    run = finished_run_folders.make_run(folder=tmp_path)
    fingerprints = {name: quantities.score_fingerprint(run, name) for name in papers.QUANTITIES}
    assert {name: value for name, value in fingerprints.items() if value is not None} == {
        "inception_score": {"fingerprint": "f", "images": 5000, "seed": 1},
        "cluster_distance": clusters, "cluster_stddev": clusters,
    }  # fmt: skip


def entry(dataset, error):
    return {"dataset": dataset, "test_error": error}


@pytest.mark.parametrize(
    "test_sets, step, value",
    [
        ([entry("cifar10_1/v6", 40.0)], 300, 60.0),
        ([entry("cifar10_1/v6", 40.0), entry("cifar10_1/v6", 45.0)], 300, 55.0),  # the latest
        ([entry("cifar10_1/v6", 40.0), entry("svhn", 45.0)], 300, 60.0),
        ([entry("cifar10_1/v6", 40.0)], 200, None),  # of earlier weights
        ([entry("svhn", 40.0)], 300, None),
        ([], 300, None),
    ],
)
def test_accuracy_on_another_data_set(tmp_path, test_sets, step, value):
    finished_run_folders.write_evaluation(tmp_path, step, test_sets=test_sets)
    run = finished_run_folders.make_run(folder=tmp_path)
    assert quantities.run_quantity(run, "accuracy_on_cifar10_1", "test_error") == value


@pytest.mark.parametrize(
    "damaged", [None, {}, [1], 7, "a", entry("cifar10_1/v6", None), entry("cifar10_1/v6", "40")]
)
def test_a_damaged_entry_is_no_accuracy(quantity, damaged):
    assert quantity("accuracy_on_cifar10_1", evaluation={"test_sets": [damaged]}) is None
    nan = {"test_sets": [entry("cifar10_1/v6", float("nan"))]}
    assert quantity("accuracy_on_cifar10_1", evaluation=nan) is None


@pytest.mark.parametrize("damaged", [[1], None, {"dataset": "cifar10_1/v6"}])
def test_a_damaged_entry_hides_no_other(quantity, damaged):
    test_sets = [entry("cifar10_1/v6", 40.0), damaged]
    assert quantity("accuracy_on_cifar10_1", evaluation={"test_sets": test_sets}) == 60.0
