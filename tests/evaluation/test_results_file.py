"""Which results are kept beside which, and how they are printed."""

import json

import pytest
from support import finished_run_folders

from tf_ssgan.evaluation import results_file

FINGERPRINT = {
    "network": "small_cnn/1", "dataset": "digits", "classes": ["0", "1"], "test_accuracy": 98.6,
    "weights_sha256": "a" * 16, "temperature": 1.25,
}  # fmt: skip
IMAGES = {"generated": 5000, "test": 500, "inception_score": 500, "distances": 1297}


def scored(distance=3.0, **given):
    numbers = {"inception_score": {"mean": 1.5, "std": 0.1}, "frechet_distance": distance}
    numbers |= {"kernel_distance": {"mean": 0.25, "std": 0.01}}
    scores = {"fingerprint": FINGERPRINT, "images": IMAGES, "seed": 0}
    return scores | numbers | {"real": numbers} | given


def measured(step=7, scores=(), test_sets=(), **given):
    return {"step": step, "generator_scores": list(scores), "test_sets": list(test_sets)} | given


def errors_on(dataset="digits", against=None, error=5.0):
    errors = {"test_error": error, "standard_error": 1.0}
    judged = {"images": 500, "part": "test", "classes_without_test_images": []}
    entry = {"dataset": dataset} | judged | errors
    if against:
        counts = {"both": 450, "only_first": 20, "only_second": 5, "neither": 25, "p": 0.00408}
        entry["against"] = {"run": against} | errors | counts
    return entry


OTHER = scored(9.0, fingerprint=FINGERPRINT | {"weights_sha256": "c" * 16})


def test_a_first_evaluation_is_kept_as_it_is():
    assert results_file.merged(None, measured()) == measured()


def test_scores_by_other_networks_are_kept_and_those_by_this_one_replaced():
    merged = results_file.merged(
        measured(scores=[scored(1.0), OTHER]), measured(scores=[scored(2.0)])
    )
    assert merged["generator_scores"] == [OTHER, scored(2.0)]


def test_errors_on_other_data_sets_and_against_other_runs_are_kept():
    before = measured(
        test_sets=[errors_on(), errors_on("cifar10_1/v6"), errors_on(against="b"),
                   errors_on(against="c")]
    )  # fmt: skip
    merged = results_file.merged(
        before, measured(test_sets=[errors_on(error=4.0), errors_on(against="b", error=3.0)])
    )
    kept = [errors_on("cifar10_1/v6"), errors_on(against="c")]
    replaced = [errors_on(error=4.0), errors_on(against="b", error=3.0)]
    assert merged["test_sets"] == [*kept, *replaced]


def test_clusters_are_the_last_ones():
    merged = results_file.merged(measured(clusters={"a": 1}), measured())
    assert merged["clusters"] == {"a": 1}
    assert results_file.merged(merged, measured(clusters={"b": 1}))["clusters"] == {"b": 1}


def test_an_evaluation_of_other_weights_replaces_everything():
    before = measured(step=6, scores=[OTHER], test_sets=[errors_on()], clusters={})
    assert results_file.merged(before, measured()) == measured()


@pytest.fixture
def against(tmp_path):
    """A function *scores, steps -> folder of a run of so many steps, evaluated after 7."""

    def write(*scores, steps=7):
        own = finished_run_folders.flags(max_steps=steps)
        (tmp_path / "result.json").write_text(json.dumps(finished_run_folders.result(own)))
        if scores:
            content = json.dumps(measured(scores=scores))
            (tmp_path / "evaluation.json").write_text(content)
        return tmp_path

    return write


def test_scores_with_the_same_fingerprint_stand_beside_each_other(against):
    folder = against(OTHER, scored(4.5))
    assert results_file.comparable(folder, scored()) == scored(4.5)
    text = results_file.format_results(measured(scores=[scored()]), folder)
    assert "against" in text and "4.5" in text


@pytest.mark.parametrize("theirs", [
    (), (OTHER,), (scored(4.5, seed=1),),
    (scored(4.5, fingerprint=FINGERPRINT | {"temperature": 1.0}),),
    (scored(4.5, images=IMAGES | {"distances": 1000}),),
    (scored(4.5, images=IMAGES | {"inception_score": 400}),),
    (scored(4.5, images={"generated": 5000, "test": 500, "training": 1297}),),  # an older one
])  # fmt: skip
def test_scores_that_are_not_alike_are_never_compared(against, theirs):
    folder = against(*theirs)
    assert results_file.comparable(folder, scored()) is None
    text = results_file.format_results(measured(scores=[scored()]), folder)
    assert (
        "4.5" not in text and "9" not in text.split("images were generated")[0].split("weights")[2:]
    )
    command = f"python -m tf_ssgan.evaluate --run={folder} --generator"
    assert f"nothing to compare. Evaluate it too: {command}" in text


def test_scores_of_earlier_weights_of_the_other_run_are_not_compared(against):
    assert results_file.comparable(against(scored(4.5), steps=9), scored()) is None


def test_the_summary_has_the_fingerprint_the_scores_and_their_numbers_of_images():
    text = results_file.format_results(measured(scores=[scored()]), None)
    assert (
        "reference network small_cnn/1, weights aaaaaaaaaaaaaaaa: trained on digits, test accuracy "
        "98.6 %, temperature 1.25"
    ) in text
    assert "inception_score" in text and "1.5 ± 0.1" in text and "0.25 ± 0.01" in text
    assert (
        "5,000 images were generated. As many real ones stand beside those that are used:\n"
        "  the Inception Score is of 500 generated and of 500 test images; the distances are of "
        "1,297\n  generated and of 1,297 training images to 500 test images"
    ) in text
    assert "mean little" not in text


def test_a_reference_classifier_of_low_accuracy_is_warned_of():
    poor = scored(fingerprint=FINGERPRINT | {"test_accuracy": 70.0})
    text = results_file.format_results(measured(scores=[poor]), None)
    assert "its scores mean little" in text


def test_inception_is_named_by_its_file():
    fingerprint = {"network": "keras InceptionV3", "file": "w.h5", "weights_sha256": "d" * 16}
    scores = scored(fingerprint=fingerprint)
    text = results_file.format_results(measured(scores=[scores]), None)
    assert "from w.h5; not the network of published distances" in text


def test_the_summary_has_mcnemars_test():
    entry = errors_on("cifar10_1/v6", "runs/b") | {"drop": 12.5}
    text = results_file.format_results(measured(test_sets=[entry]), None)
    assert "test_error 5.00 % (25 wrong of 500 images; 3.4 to 7.3 %)\n" in text
    assert "+12.50 points compared with its own test images\n" in text
    assert "only one is right on 25 images: this run on 20, the other on 5; p = 0.00408" in text
    assert "of runs/b" in text


def test_the_summary_has_the_error_of_the_raw_weights():
    entry = errors_on("cifar10_1/v6") | {"test_error_raw": 6.25}
    text = results_file.format_results(measured(test_sets=[entry]), None)
    assert "test_error_raw 6.25 % (31 wrong of 500 images; " in text


def test_the_summary_has_the_clusters():
    metrics = {"points": 490, "distance": {"mean": 7.83, "std": 4.71}}
    text = results_file.format_results(
        measured(clusters={"features": "the features", "sets": {"real": metrics}}), None
    )
    assert "7.83 ± 4.7" in text and "490" in text
