"""What the files hold: ranges of their fields, and what a real run writes is accepted."""

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan.training import run_file_contents as contents
from tf_ssgan.training import run_files


def test_whole_contents_are_accepted():
    own = finished_run_folders.flags()
    run_files.check(contents.Result, file_contents.result(own))
    run_files.check(contents.MetricsLine, file_contents.metrics_line(3, source=-0.5, right=None))
    run_files.check(contents.Flags, own | {"version": "0.2.0"})
    manifest = file_contents.manifest_metadata() | {
        "step": 0, "files": {"state.index": "0" * 64}, "sha256": "0" * 64
    }  # fmt: skip
    run_files.check(contents.Manifest, manifest)


def without(content, *names):
    return {name: value for name, value in content.items() if name not in names}


def test_a_run_without_validation_images_has_no_validation_errors():
    names = "validation_error", "validation_error_raw"
    run_files.check(contents.MetricsLine, without(file_contents.metrics_line(3), *names))
    for line in (
        without(file_contents.metrics_line(3), names[0]),
        file_contents.metrics_line(3, validation_error=None),
        file_contents.metrics_line(3, validation_error=None, validation_error_raw=None),
    ):
        with pytest.raises(ValueError, match="validation"):
            run_files.check(contents.MetricsLine, line)


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


def test_whole_evaluations_are_accepted():
    run_files.check(contents.Evaluation, file_contents.evaluation())
    whole = file_contents.evaluation(
        generator_scores=[SCORES, NO_CLASSES], clusters=file_contents.clusters(), test_sets=SETS
    )
    run_files.check(contents.Evaluation, whole)


def test_older_evaluations_are_accepted():
    """Their distances are in a t-SNE, and their scores are of other numbers of images."""
    images = {"generated": 5000, "test": 500, "training": 1297}
    scores = [file_contents.scores(images=images)]
    older = file_contents.evaluation(
        generator_scores=scores, clusters=file_contents.older_clusters()
    )
    run_files.check(contents.Evaluation, older)


@pytest.mark.parametrize(
    "content, message",
    [
        ({"clusters": None}, "clusters: expected a JSON object, got null"),
        ({"test_sets": [SETS[0] | {"against": None}]}, "test_sets.0.against: expected a JSON"),
        ({"test_sets": [SETS[1] | {"drop": None}]}, "test_sets.0.drop: expected a valid number"),
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
        run_files.check(contents.Evaluation, file_contents.evaluation(**content))


def test_a_data_set_has_numbers_for_each_channel():
    info = file_contents.manifest_metadata()["dataset_info"]
    run_files.check(contents.SavedDatasetInfo, info)
    with pytest.raises(ValueError, match="expected as many numbers in mean as channels"):
        run_files.check(contents.SavedDatasetInfo, info | {"channels": 3})


def test_names_need_not_be_unicode():
    """Data sets are named by their paths."""
    flags = finished_run_folders.flags(dataset="csv:caf\udce9")
    run_files.check(contents.Flags, flags | {"version": "0.2.0", "data_dir": "caf\udce9"})
    run_files.check(contents.Result, file_contents.result(flags))


@pytest.mark.parametrize(
    "name, value",
    [
        ("test_error", 100.1), ("test_error", -0.1), ("epochs", -1.0), ("noise_rate", 1.5),
        ("temperature", 0.0), ("split_sha256", "A" * 64), ("dataset", ""), ("dataset", "a\0"),
        ("searched", {"tau": float("nan")}), ("hparams", {"width": None}), ("steps", 0),
        ("seconds", 1e300), ("parameters", {"classifier": -1}), ("versions", {"keras": 3}),
        ("code", {"tf_ssgan": None, "commit": "abc", "changed": None}),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(name, value):
    result = file_contents.result(finished_run_folders.flags()) | {name: value}
    with pytest.raises(ValueError, match=name):
        run_files.check(contents.Result, result)


@pytest.mark.parametrize("value", [True, 3, -2.5, "text", "", float("inf")])
def test_flags_are_numbers_texts_and_truth_values(value):
    flags = {"version": "0.2.0", "method": "vat", "dataset": "digits", "flag": value}
    run_files.check(contents.Flags, flags)


@pytest.mark.parametrize("value", [None, [], {}, "a\0", float("nan"), 10**105])
def test_other_values_are_no_flags(value):
    flags = {"version": "0.2.0", "method": "vat", "dataset": "digits", "flag": value}
    with pytest.raises(ValueError, match="flag: expected "):
        run_files.check(contents.Flags, flags)
