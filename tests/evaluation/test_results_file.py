"""What is kept beside what, and how it is told."""

import json

import pytest

from tf_ssgan.evaluation import results_file

STAMP = {
    "judge": "small_cnn/1", "dataset": "digits", "classes": ["0", "1"], "test_accuracy": 98.6,
    "weights_sha256": "a" * 16, "temperature": 1.25,
}  # fmt: skip


def scored(distance=3.0, **given):
    numbers = {"inception_score": {"mean": 1.5, "std": 0.1}, "frechet_distance": distance}
    numbers |= {"kernel_distance": {"mean": 0.25, "std": 0.01}}
    images = {"generated": 5000, "test": 500, "training": 1297}
    return {"stamp": STAMP, "images": images, "seed": 0, **numbers, "real": numbers} | given


def judged(step=7, scores=(), answers=(), **given):
    return {"step": step, "scores": list(scores), "answers": list(answers)} | given


def answer(dataset="digits", against=None, error=5.0):
    line = {"test_error": error, "standard_error": 1.0}
    entry = {"dataset": dataset, "images": 500} | line
    if against:
        counts = {"both": 450, "only_first": 20, "only_second": 5, "neither": 25, "p": 0.00408}
        entry["against"] = {"run": against} | line | counts
    return entry


OTHER = scored(9.0, stamp=STAMP | {"weights_sha256": "c" * 16})


def test_a_first_judgment_is_kept_as_it_is():
    assert results_file.merged(None, judged()) == judged()


def test_scores_of_other_judges_are_kept_and_those_of_this_one_replaced():
    merged = results_file.merged(judged(scores=[scored(1.0), OTHER]), judged(scores=[scored(2.0)]))
    assert merged["scores"] == [OTHER, scored(2.0)]


def test_answers_on_other_data_sets_and_against_other_runs_are_kept():
    before = judged(
        answers=[answer(), answer("cifar10_1/v6"), answer(against="b"), answer(against="c")]
    )
    merged = results_file.merged(
        before, judged(answers=[answer(error=4.0), answer(against="b", error=3.0)])
    )
    kept = [answer("cifar10_1/v6"), answer(against="c")]
    assert merged["answers"] == [*kept, answer(error=4.0), answer(against="b", error=3.0)]


def test_clusters_are_the_last_ones():
    merged = results_file.merged(judged(clusters={"a": 1}), judged())
    assert merged["clusters"] == {"a": 1}
    assert results_file.merged(merged, judged(clusters={"b": 1}))["clusters"] == {"b": 1}


def test_a_judgment_of_other_weights_replaces_everything():
    before = judged(step=6, scores=[OTHER], answers=[answer()], clusters={})
    assert results_file.merged(before, judged()) == judged()


@pytest.fixture
def against(tmp_path):
    def write(*scores, **given):
        content = {"method": "ssgan"} | given
        if scores:
            content["judged"] = judged(scores=scores)
        (tmp_path / "result.json").write_text(json.dumps(content))
        return tmp_path

    return write


def test_scores_with_the_same_stamp_stand_beside_each_other(against):
    folder = against(OTHER, scored(4.5))
    assert results_file.comparable(folder, scored()) == scored(4.5)
    text = results_file.format_results(judged(scores=[scored()]), folder)
    assert "against" in text and "4.5" in text


@pytest.mark.parametrize("theirs", [
    (), (OTHER,), (scored(4.5, seed=1),), (scored(4.5, stamp=STAMP | {"temperature": 1.0}),),
    (scored(4.5, images={"generated": 1000, "test": 500, "training": 1000}),),
])  # fmt: skip
def test_scores_that_are_not_alike_are_never_compared(against, theirs):
    folder = against(*theirs)
    assert results_file.comparable(folder, scored()) is None
    text = results_file.format_results(judged(scores=[scored()]), folder)
    assert "4.5" not in text and "9" not in text.split("real: the score")[0].split("weights")[2:]
    assert f"nothing to compare. Judge it too: python -m tf_ssgan.judge --run={folder}" in text


def test_the_summary_tells_the_stamp_the_scores_and_their_ceiling():
    text = results_file.format_results(judged(scores=[scored()]), None)
    assert (
        "judge small_cnn/1, weights aaaaaaaaaaaaaaaa: learned digits, right for 98.6 % of its test "
        "images, temperature 1.25"
    ) in text
    assert "inception_score" in text and "1.5 ± 0.1" in text and "0.25 ± 0.01" in text
    assert "5,000 generated images" in text and "500 test images" in text
    assert "say little" not in text


def test_a_poor_judge_is_warned_of():
    poor = scored(stamp=STAMP | {"test_accuracy": 70.0})
    assert "its scores say little" in results_file.format_results(judged(scores=[poor]), None)


def test_inception_is_told_by_its_file():
    stamp = {"judge": "keras InceptionV3", "file": "w.h5", "weights_sha256": "d" * 16}
    text = results_file.format_results(judged(scores=[scored(stamp=stamp)]), None)
    assert "from w.h5; not the network of published distances" in text


def test_the_summary_tells_what_mcnemar_says():
    drop = answer("cifar10_1/v6", "runs/b") | {"drop": 12.5}
    text = results_file.format_results(judged(answers=[drop]), None)
    assert "test_error 5.00 ± 1.00 %, +12.50 to its own test images" in text
    assert "just one is right on 25: this run on 20, the other on 5; p = 0.00408" in text
    assert "of runs/b" in text


def test_the_summary_tells_the_clusters():
    found = {"points": 490, "tsne": {"mean": 7.83, "std": 4.71}, "pca": {"mean": 1.0, "std": 0.5}}
    text = results_file.format_results(
        judged(clusters={"features": "the features", "sets": {"real": found}}), None
    )
    assert "7.83 ± 4.7" in text and "490" in text
