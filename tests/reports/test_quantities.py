"""Quantities of a run, from its result and its evaluation."""

import pytest
from support import finished_run_folders
from support.file_contents import clusters, errors_on, older_clusters, scores

from tf_ssgan import papers
from tf_ssgan.reports import finished_runs, quantities

EVALUATION = {
    "generator_scores": [scores(3.25), scores(9.0, "b" * 16)],
    "clusters": clusters(12.5, 2.5),
    "test_sets": [errors_on("cifar10_1/v6", 40.0)],
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
        ("tau", "test_error_raw", 1.25),
        ("tau", "test_error_at_best_validation", 0.75),
        ("tau", "test_error_raw_at_best_validation", 0.5),
        ("inception_score", "test_error", 3.25),
        ("cluster_distance", "test_error", 12.5),
        ("cluster_stddev", "test_error", 2.5),
        ("accuracy_on_cifar10_1", "test_error", 60.0),
    ],
)
def test_a_quantity(quantity, measure, number, value):
    result = quantity(measure, number, EVALUATION, searched={"tau": 1.25},
                     searched_at_best_validation={"tau": 0.75},
                     searched_raw_at_best_validation={"tau": 0.5})  # fmt: skip
    assert result == value


def test_a_run_that_did_not_note_tau_of_its_best_raw_weights_has_none(tmp_path):
    run = finished_run_folders.make_run(folder=tmp_path, outcome={"searched": {"tau": 1.25}})
    del run.result["searched_raw_at_best_validation"]
    assert quantities.run_quantity(run, "tau", "test_error_raw_at_best_validation") is None


@pytest.mark.parametrize("measure", papers.QUANTITIES)
def test_a_quantity_that_a_run_does_not_have_is_none(quantity, measure):
    number = "test_error_at_best_validation"
    assert quantity(measure, number, test_error_at_best_validation=None) is None


@pytest.mark.parametrize("measure", papers.QUANTITIES)
def test_a_run_without_a_folder_has_no_evaluation(measure):
    number = "test_error_at_best_validation"
    run = finished_run_folders.make_run(5.0, folder="/nowhere", outcome={number: None})
    assert quantities.run_quantity(run, measure, number) is None


def without(content, name):
    return {key: value for key, value in content.items() if key != name}


DAMAGED = [
    {}, {"generator_scores": []}, {"generator_scores": [{}]}, {"clusters": clusters(sets={})},
    {"clusters": None}, {"generator_scores": ["a", "b"]}, {"generator_scores": "abc"},
    {"generator_scores": {"a": 1}}, {"clusters": ["a"]}, {"clusters": clusters(sets=["a"])},
    {"generator_scores": [scores("3.0")]}, {"generator_scores": [scores(float("nan"))]},
    {"generator_scores": [without(scores(), "inception_score")]}, {"generator_scores": None},
]  # fmt: skip


@pytest.mark.parametrize("evaluation", DAMAGED)
@pytest.mark.parametrize("measure", ["inception_score", "cluster_distance"])
def test_a_score_that_is_missing_or_damaged_is_none(tmp_path, measure, evaluation):
    finished_run_folders.write_evaluation(tmp_path, **evaluation)
    run = finished_run_folders.make_run(folder=tmp_path)
    assert quantities.run_quantity(run, measure, "test_error") is None


@pytest.mark.parametrize("measure", papers.QUANTITIES)
def test_a_run_without_an_evaluation_has_no_fingerprint(tmp_path, measure):
    finished_run_folders.write_evaluation(tmp_path)
    for folder in (tmp_path, tmp_path / "none"):
        run = finished_run_folders.make_run(folder=folder)
        assert quantities.score_fingerprint(run, measure) is None


def test_a_network_without_classes_gives_no_inception_score(quantity):
    inception = scores(fingerprint=scores()["fingerprint"] | {"file": "a.h5", "top": False})
    inception["real"] = without(inception["real"], "inception_score")
    evaluation = {"generator_scores": [without(inception, "inception_score")]}
    assert quantity("inception_score", evaluation=evaluation) is None


def test_without_a_generator_the_distances_are_those_of_real_images(quantity):
    real = {"sets": without(clusters()["sets"], "generated")}
    assert quantity("cluster_distance", evaluation={"clusters": clusters(**real)}) == 20.0


def test_distances_in_a_t_sne_are_not_read(tmp_path):
    """They depend on what was evaluated beside the run."""
    finished_run_folders.write_evaluation(tmp_path, clusters=older_clusters())
    run = finished_run_folders.make_run(folder=tmp_path)
    assert run.evaluation["clusters"] == older_clusters() and run.damage == []
    for measure in ("cluster_distance", "cluster_stddev"):
        assert quantities.run_quantity(run, measure, "test_error") is None
        assert quantities.score_fingerprint(run, measure) is None


def test_the_test_images_of_a_share(tmp_path):
    """A quantity that is no share of test images, or that a run lacks, has none."""
    finished_run_folders.write_evaluation(tmp_path, **EVALUATION)
    run = finished_run_folders.make_run(folder=tmp_path, outcome={"test_images": 501})
    images = {name: quantities.images_measured(run, name) for name in papers.QUANTITIES}
    assert {name: count for name, count in images.items() if count} == {
        "test_error": 501, "accuracy": 501, "accuracy_on_cifar10_1": 2000
    }  # fmt: skip
    unknown = finished_run_folders.make_run(folder=tmp_path / "none")
    assert quantities.images_measured(unknown, "accuracy_on_cifar10_1") == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"step": null}'])
def test_a_damaged_file_is_no_evaluation(tmp_path, text):
    (tmp_path / "evaluation.json").write_text(text)
    run = finished_run_folders.make_run(folder=tmp_path)
    assert run.evaluation == {}
    assert quantities.run_quantity(run, "inception_score", "test_error") is None


@pytest.mark.parametrize("value", ["1.25", [], None, float("nan"), float("inf")])
def test_a_run_whose_quantity_is_no_number_is_left_out(tmp_path, value):
    finished_run_folders.write(tmp_path, outcome={"searched": {"tau": value}})
    finished = finished_runs.read_runs([tmp_path])
    ((_, reason),) = finished.left_out
    assert "result.json is damaged: searched.tau: expected " in reason


def test_the_fingerprint_of_a_score(tmp_path):
    """Runs with different ones share no mean."""
    first = scores(seed=1)
    finished_run_folders.write_evaluation(
        tmp_path, generator_scores=[first, scores(weights="b")], clusters=clusters(seed=2)
    )
    run = finished_run_folders.make_run(folder=tmp_path)
    fingerprints = {name: quantities.score_fingerprint(run, name) for name in papers.QUANTITIES}
    assert {name: value for name, value in fingerprints.items() if value is not None} == {
        "inception_score": {name: first[name] for name in ("fingerprint", "images", "seed")},
        **dict.fromkeys(
            ("cluster_distance", "cluster_stddev"),
            {"features": "the features of reference_cnn/1", "seed": 2, "points": 500},
        ),
    }


def test_the_fingerprint_of_distances_has_the_number_of_the_images_measured(tmp_path):
    """Of the generated ones; of the real ones if there is no generator."""
    sets = clusters()["sets"]
    few = {"generated": sets["generated"] | {"points": 190}, "real": sets["real"]}
    for own, points in ((few, 190), (without(few, "generated"), 500)):
        finished_run_folders.write_evaluation(tmp_path, clusters=clusters(sets=own))
        run = finished_run_folders.make_run(folder=tmp_path)
        assert quantities.score_fingerprint(run, "cluster_distance")["points"] == points


@pytest.mark.parametrize(
    "test_sets, step, value",
    [
        ([errors_on("cifar10_1/v6", 40.0)], 300, 60.0),
        (
            [errors_on("cifar10_1/v6", 40.0), errors_on("cifar10_1/v6", 45.0)],
            300,
            55.0,
        ),  # the latest
        ([errors_on("cifar10_1/v6", 40.0), errors_on("svhn", 45.0)], 300, 60.0),
        ([errors_on("cifar10_1/v6", 40.0)], 200, None),  # of earlier weights
        ([errors_on("svhn", 40.0)], 300, None),
        ([], 300, None),
    ],
)
def test_accuracy_on_another_data_set(tmp_path, test_sets, step, value):
    finished_run_folders.write_evaluation(tmp_path, step, test_sets=test_sets)
    run = finished_run_folders.make_run(folder=tmp_path)
    assert quantities.run_quantity(run, "accuracy_on_cifar10_1", "test_error") == value


@pytest.mark.parametrize(
    "damaged",
    [
        None, {}, [1], 7, "a", errors_on("cifar10_1/v6", None), errors_on("cifar10_1/v6", "40"),
        errors_on("cifar10_1/v6", float("nan")), {"dataset": "cifar10_1/v6"},
    ],
)  # fmt: skip
def test_a_file_with_a_damaged_entry_has_no_accuracy(tmp_path, damaged):
    """The field is named, and nothing else of the file is believed."""
    finished_run_folders.write_evaluation(
        tmp_path, test_sets=[errors_on("cifar10_1/v6", 40.0), damaged]
    )
    run = finished_run_folders.make_run(folder=tmp_path)
    assert quantities.run_quantity(run, "accuracy_on_cifar10_1", "test_error") is None
    (sentence,) = run.damage
    assert "evaluation.json is damaged: test_sets.1" in sentence
