"""What `evaluation.json` holds: what is measured is accepted, odd values are refused."""

import pytest
from support import file_contents

from tf_ssgan.training import evaluation_contents, run_files


def without(content, *names):
    return {name: value for name, value in content.items() if name not in names}


INCEPTION = {"network": "keras InceptionV3", "file": "a.h5", "top": False,
             "weights_sha256": "a" * 16, "temperature": 1.0}  # fmt: skip
SCORES = file_contents.scores()
NO_CLASSES = without(SCORES, "inception_score") | {
    "fingerprint": INCEPTION, "real": without(SCORES["real"], "inception_score")
}  # fmt: skip
SETS = [
    file_contents.errors_on("digits", against=file_contents.against()),
    file_contents.errors_on("cifar10_1/v6", drop=-1.5, test_error_raw=3.0, temperature=1.5),
]
JUDGED = file_contents.judged_by("cifar10_1/v6")


def test_whole_evaluations_are_accepted():
    run_files.check(evaluation_contents.Evaluation, file_contents.evaluation())
    whole = file_contents.evaluation(
        generator_scores=[SCORES, NO_CLASSES], clusters=file_contents.clusters(), test_sets=SETS
    )
    run_files.check(evaluation_contents.Evaluation, whole)
    judged = file_contents.evaluation(test_sets=[JUDGED, without(JUDGED, "linear", "against")])
    run_files.check(evaluation_contents.Evaluation, judged)


def test_older_evaluations_are_accepted():
    """Their distances are in a t-SNE, their scores of other numbers of images, and errors alone."""
    images = {"generated": 5000, "test": 500, "training": 1297}
    scores = [file_contents.scores(images=images)]
    older = file_contents.evaluation(
        generator_scores=scores,
        clusters=file_contents.older_clusters(),
        test_sets=[SETS[0] | {"training_images": 12, "not_used": 3}],
    )
    run_files.check(evaluation_contents.Evaluation, older)


@pytest.mark.parametrize(
    "content, message",
    [
        ({"clusters": None}, "clusters: expected a JSON object, got null"),
        ({"test_sets": [SETS[0] | {"against": None}]}, "test_sets.0.against: expected a JSON"),
        ({"test_sets": [SETS[1] | {"drop": None}]}, "test_sets.0.drop: expected a valid number"),
        ({"test_sets": [JUDGED | {"interval": None}]}, "test_sets.0.interval: expected a"),
        ({"test_sets": [JUDGED | {"drop_interval": [1.0]}]}, "drop_interval: List should have"),
        ({"test_sets": [without(JUDGED, "own_images")]}, "own_images beside drop_interval"),
        ({"test_sets": [without(JUDGED, "left_out")]}, "expected left_out beside relabeled"),
        ({"generator_scores": [without(SCORES, "inception_score")]}, "an inception_score if the"),
        ({"generator_scores": [NO_CLASSES | {"real": SCORES["real"]}]}, "an inception_score if"),
        ({"generator_scores": [SCORES | {"inception_score": None}]}, "0.inception_score: expected"),
        ({"generator_scores": [file_contents.scores(frechet_distance=-1.0)]}, "greater than or"),
        ({"clusters": file_contents.clusters(std=-0.5)}, "distance.std: expected greater than"),
        ({"clusters": file_contents.clusters(sets={"real": {"points": 9, "tsne": None}})},
         "clusters.sets.real.tsne: expected a JSON object, got null"),
        ({"generator_scores": [NO_CLASSES | {"fingerprint": without(INCEPTION, "file")}]},
         "expected file, or dataset and test_accuracy"),
    ],
)  # fmt: skip
def test_what_an_evaluation_lacks_is_missing_and_not_null(content, message):
    with pytest.raises(ValueError, match=message):
        run_files.check(evaluation_contents.Evaluation, file_contents.evaluation(**content))
