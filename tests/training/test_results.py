"""The end of a run: what is measured, and which files are written."""

import dataclasses
import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from support.file_contents import data_record, metrics_line
from tensorboard.backend.event_processing import event_accumulator

from tf_ssgan.common import checkout, cpu
from tf_ssgan.data import content_hash
from tf_ssgan.metrics import calibration, classification, intervals, ranking
from tf_ssgan.nn import inference, weights
from tf_ssgan.training import results, summary
from tf_ssgan.training.workdir import Workdir

LINE = metrics_line(2, 40.0, test_error_raw=45.0)
del LINE["validation_error"], LINE["validation_error_raw"]
FIGURES = ("confusion", "reliability", "top3")


@dataclasses.dataclass(frozen=True)
class HParams:
    """Hyperparameters of no method."""

    width: int = 4


def network(classes):
    """A linear classifier with fixed weights."""
    images = keras.Input((8, 8, 1))
    kernel = keras.initializers.RandomNormal(stddev=0.5, seed=0)
    logits = keras.layers.Dense(classes, kernel_initializer=kernel)(keras.layers.Flatten()(images))
    return keras.Model(images, {"logits": logits})


def finished_run(workdir, classes, held=100):
    """A run at its end, without what only training steps need; no test image has the last class."""
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (170, 8, 8, 1), np.uint8)
    labels = chance.integers(0, classes - 1, 170)
    names = tuple(f"clåss {k}" for k in range(classes))
    validated = {"validation_error": 20.0, "validation_error_raw": 30.0} if held else {}
    (workdir / "metrics.jsonl").write_text(json.dumps(LINE | validated) + "\n")
    exported = network(classes)
    return types.SimpleNamespace(
        workdir=Workdir(workdir),
        config=types.SimpleNamespace(
            method="none", dataset="noise", labels=10, seed=0, split_seed=0, noise="none",
            label_split="balanced", noise_rate=0.0, folds=0, fold=-1,
            class_weight="none", hparams=HParams(),
        ),
        arrays=types.SimpleNamespace(
            train_images=images[:130], train_labels=labels[:130], test_images=images[130:],
            test_labels=labels[130:], train_keys=content_hash.keys(images[:130]),
        ),
        data_record=data_record(),
        info=types.SimpleNamespace(classes=names),
        protocol=types.SimpleNamespace(
            labeled_ids=np.arange(10), validation_ids=np.arange(30, 30 + held), sha256="0" * 64,
            clean_fraction=0.0, wrong=0, pool=130, labels=labels[:10], classes_without_labels=[],
            unlabeled_ids=np.arange(30), checked=False, clean_ids=np.arange(0),
        ),
        classes_without=lambda labels: [names[k] for k in range(classes) if k not in labels],
        method=types.SimpleNamespace(
            exported_classifier=exported, networks=lambda: {"classifier": exported}, searched=(),
            stages=lambda: {"train": 0}, tunes_on_held_out=False,
            task=types.SimpleNamespace(classes=classes, steps=2, steps_per_epoch=1),
        ),
        strategy=types.SimpleNamespace(num_replicas_in_sync=1),
        precision="float32",
    )  # fmt: skip


def parse_strictly(text):
    """Parses JSON and refuses NaN and infinity."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("classes", [2, 3, 100])
def test_everything_is_measured_and_written(tmp_path, classes):
    run = finished_run(tmp_path, classes)
    result = results.conclude(run, 1.0, 2.0)
    assert parse_strictly((tmp_path / "result.json").read_text()) == result
    assert run.workdir.read_result() == result  # every field is as the readers expect it
    for name in ("average_precision_macro", "average_precision_weighted",
                 "average_precision_pooled", "expected_calibration_error",
                 "expected_calibration_error_calibrated"):  # fmt: skip
        if classes == 2 and name in ("average_precision_macro", "average_precision_weighted"):
            assert result[name] is None  # one class alone has test images
        else:
            assert 0 <= result[name] <= 1
    assert 0 <= result["brier_score_calibrated"] < result["brier_score"] <= 2
    assert 0 <= result["top1_accuracy"] <= result["top3_accuracy"] <= 100
    assert classes > 3 or result["top3_accuracy"] == 100
    missing = result["classes_without_test_images"]
    assert result["classes_with_test_images"] + len(missing) == classes
    assert missing[-1] == f"clåss {classes - 1}"
    of_labels = [result[name] for name in ("clean_fraction", "wrong_labels", "checked_labels")]
    assert of_labels == [0.0, 0, 0] and result["test_error"] == 40.0
    low, high = result["test_error_interval"]
    assert low < 40.0 < high and [low, high] == list(intervals.wilson(16, 40))
    assert result["validation_error_interval"] == list(intervals.wilson(20, 100))
    assert sum(own["images"] for own in result["class_recall"]) == 40
    assert 0 <= result["linear"]["error"] <= 100 and result["guessing"]["name"] in run.info.classes
    counted = [result[name] for name in ("pool", "validation_images", "test_images")]
    assert counted == [130, 100, 40] and result["cores"] == len(cpu.usable())
    assert result["code"] == checkout.code_version()
    assert result["tuned_by_held_out"] is False
    for name in FIGURES:
        assert min(tf.io.decode_png((tmp_path / f"{name}.png").read_bytes()).shape[:2]) > 100
    report = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert f"clåss {classes - 1}" in report and "accuracy" in report


def test_the_numbers_are_those_of_the_exported_weights_on_test_images(tmp_path):
    run = finished_run(tmp_path, 3)
    result = results.conclude(run, 1.0, 2.0)
    logits = inference.predictor(run.method.exported_classifier)(run.arrays.test_images)
    probabilities, labels = special.softmax(logits, axis=-1), run.arrays.test_labels
    precision = ranking.average_precision(probabilities, labels)
    assert result["average_precision_macro"] == pytest.approx(precision.macro)
    assert result["brier_score"] == pytest.approx(calibration.brier_score(probabilities, labels))
    right = 100 * (logits.argmax(axis=-1) == labels).mean()
    assert result["top1_accuracy"] == pytest.approx(right)
    assert result["parameters"] == {
        "classifier": weights.parameter_count(run.method.exported_classifier)
    }


def test_the_temperature_is_fitted_on_validation_images_alone(tmp_path):
    run = finished_run(tmp_path, 3)
    before = results.fitted_calibration(run)
    held, arrays = run.protocol.validation_ids, run.arrays
    logits = inference.predictor(run.method.exported_classifier)(arrays.train_images[held])
    expected = calibration.fit_temperature(logits, arrays.train_labels[held])
    assert before.temperature == pytest.approx(expected) and before.images == 100
    arrays.test_labels = (arrays.test_labels + 1) % 3
    others = np.setdiff1d(np.arange(130), held)
    arrays.train_labels[others] = (arrays.train_labels[others] + 1) % 3
    assert results.fitted_calibration(run) == before
    result = results.conclude(run, 1.0, 2.0)
    assert result["temperature"] == before.temperature
    assert result["calibration"] == dataclasses.asdict(before)


def test_the_calibration_of_a_finished_run_needs_no_images(tmp_path):
    run = finished_run(tmp_path, 3)
    run.method.step = types.SimpleNamespace(numpy=lambda: 2)
    fitted = results.saved_calibration(run)
    results.conclude(run, 1.0, 2.0)
    run.arrays = None
    assert results.saved_calibration(run) == fitted
    run.method.step = types.SimpleNamespace(numpy=lambda: 3)  # a longer run has gone on since
    with pytest.raises(AttributeError):
        results.saved_calibration(run)


def test_evaluations_before_labels_were_learned_do_not_count(tmp_path):
    run = finished_run(tmp_path, 3)
    before = LINE | {"step": 1, "test_error": 90.0, "validation_error": 1.0}
    before |= {"validation_error_raw": 1.0, "test_error_raw": 90.0}
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps(before) + "\n" + path.read_text())
    run.method.stages = lambda: {"contrast": 0, "train": 1}
    result = results.conclude(run, 1.0, 9.0)
    assert result["test_error_median20"] == result["test_error_at_best_validation"] == 40.0
    assert result["test_error_raw_at_best_validation"] == 45.0


@pytest.mark.parametrize("bound", [-87.5, None])
def test_the_bound_is_that_of_the_last_step_if_it_is_a_number(tmp_path, bound):
    run = finished_run(tmp_path, 3)
    lines = [LINE | {"step": k, "test_bound": value} for k, value in ((1, -90.0), (2, bound))]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = results.conclude(run, 1.0, 9.0)
    assert result.get("test_bound") == bound and ("test_bound" in result) == (bound is not None)
    assert run.workdir.read_result() == result


def test_what_a_search_found_is_noted_at_the_step_of_each_number(tmp_path):
    run = finished_run(tmp_path, 3)
    run.method.searched = ("tau",)
    lines = [
        LINE | {"step": k, "validation_error": v, "validation_error_raw": raw, "tau": tau}
        for k, v, raw, tau in ((1, 5.0, 9.0, 0.75), (2, 6.0, 8.0, 0.5), (3, 7.0, 9.0, 1.25))
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = results.conclude(run, 1.0, 9.0)
    assert result["searched"] == {"tau": 1.25}
    assert result["searched_at_best_validation"] == {"tau": 0.75}
    assert result["searched_raw_at_best_validation"] == {"tau": 0.5}


@pytest.mark.parametrize(("held", "error"), [(0, None), (6, 20.0), (99, 20.0)])
def test_few_validation_images_fit_no_temperature_and_choose_no_step(tmp_path, held, error):
    run = finished_run(tmp_path, 3, held=held)
    run.method.searched = ("waiting_percent",)
    result = results.conclude(run, 1.0, 2.0)
    assert result["temperature"] == 1.0 and result["validation_error"] == error
    for name in ("brier_score", "expected_calibration_error"):
        assert result[name] > 0 and result[f"{name}_calibrated"] is None
    for which in ("", "_raw"):
        assert result[f"test_error{which}_at_best_validation"] is None
        assert result[f"searched{which}_at_best_validation"] == {}
    assert result["calibration"] == dataclasses.asdict(calibration.Calibration())
    assert run.workdir.read_result() == result


def test_what_few_images_chose_in_a_run_of_an_older_version_is_left_out(tmp_path):
    """A result of a version in which 6 held-out images fitted a temperature and chose a step."""
    run = finished_run(tmp_path, 3, held=6)
    expected = results.conclude(run, 1.0, 2.0)
    older = dict(expected)
    for name in ("test_error_interval", "validation_error_interval", "class_recall", "guessing",
                 "linear"):  # fmt: skip
        del older[name]
    chosen = dict.fromkeys(("ece_before", "ece_after", "nll_before", "nll_after"), 0.5)
    chosen = {"temperature": 10.0, "images": 6, **chosen}
    older |= {"temperature": 10.0, "calibration": chosen, "brier_score_calibrated": 0.25,
              "expected_calibration_error_calibrated": 0.25, "test_error_at_best_validation": 20.0,
              "test_error_raw_at_best_validation": 20.0, "searched_at_best_validation": {"tau": 1.0}}  # fmt: skip
    (tmp_path / "result.json").write_text(json.dumps(older))
    read = run.workdir.read_result()
    assert read == {name: expected[name] for name in read}
    run.method.step = types.SimpleNamespace(numpy=lambda: 2)
    assert results.saved_calibration(run) == calibration.Calibration()
    assert "best" not in summary.format_summary(read, str(tmp_path))


def test_tensorboard_shows_the_figures_and_what_the_error_is_compared_with(tmp_path):
    result = results.conclude(finished_run(tmp_path, 3), 1.0, 2.0)
    events = event_accumulator.EventAccumulator(
        str(tmp_path / "tensorboard"), size_guidance={event_accumulator.TENSORS: 0}
    ).Reload()
    for name in FIGURES:
        assert [event.step for event in events.Tensors(name)] == [2]
    for name in ("guessing", "linear"):
        (event,) = events.Tensors(f"result/{name}_error")
        value = float(tf.make_ndarray(event.tensor_proto))
        assert value == pytest.approx(result[name]["error"], abs=1e-4)


def test_without_labels_there_is_no_linear_classifier(tmp_path):
    run = finished_run(tmp_path, 3)
    run.protocol.labels = run.protocol.labeled_ids = np.zeros(0, np.int64)
    run.config.labels = 0
    assert results.conclude(run, 1.0, 2.0)["linear"] is None
    assert run.workdir.read_result()["linear"] is None


def test_it_can_be_interrupted_between_batches_and_leaves_no_result(tmp_path):
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 2:  # after the test images, among those of validation
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results.conclude(finished_run(tmp_path, 3), 1.0, 2.0, stop)
    assert not (tmp_path / "result.json").exists()


def test_quality_metrics_by_hand():
    """Two images of class 0 with odds 4 : 1 and 1 : 9; at temperature 2, their square roots.

    They are of one class, which no ranking can miss.
    """
    predictions = classification.Predictions(np.log([[4.0, 1.0], [1.0, 9.0]]), np.array([0, 0]))
    metrics = results.quality_metrics(predictions, calibration.Calibration(2.0, 100))
    assert metrics["average_precision_macro"] is metrics["average_precision_weighted"] is None
    assert metrics["average_precision_pooled"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert (metrics["top1_accuracy"], metrics["top3_accuracy"]) == (50.0, 100.0)
    assert metrics["brier_score"] == pytest.approx((2 * 0.2**2 + 2 * 0.9**2) / 2)
    assert metrics["expected_calibration_error"] == pytest.approx((0.2 + 0.9) / 2)
    assert metrics["brier_score_calibrated"] == pytest.approx((2 / 9 + 2 * 9 / 16) / 2)
    assert metrics["expected_calibration_error_calibrated"] == pytest.approx((1 / 3 + 3 / 4) / 2)
    assert metrics["temperature"] == 2.0


def test_without_images_all_metrics_are_none():
    metrics = results.quality_metrics(
        classification.Predictions(np.zeros((0, 3)), np.zeros(0, int)), calibration.Calibration()
    )
    assert metrics.pop("temperature") == 1.0 and set(metrics.values()) == {None}


def test_test_images_that_are_training_images_too_are_counted(tmp_path):
    run = finished_run(tmp_path, 3)
    record = types.SimpleNamespace(keys=run.arrays.train_keys[[0, 9, 10, 29, 30]])
    run.data_record = types.SimpleNamespace(test=record, sha256=run.data_record.sha256)
    result = results.conclude(run, 1.0, 2.0)
    assert result["known_test_images"] == {"labeled": 2, "unlabeled": 2}  # 30 is held out


def test_a_ranking_of_one_class_is_not_measured():
    scores = np.random.default_rng(0).normal(size=(5, 3))
    test = classification.Predictions(scores, np.full(5, 1))
    metrics = results.quality_metrics(test, calibration.Calibration())
    assert metrics["average_precision_macro"] is metrics["average_precision_weighted"] is None
    assert metrics["expected_calibration_error"] is not None


def test_checked_labels_are_counted(tmp_path):
    run = finished_run(tmp_path, 3)
    run.protocol.checked, run.protocol.clean_ids = True, np.arange(4)
    run.protocol.clean_fraction = 0.4
    result = results.conclude(run, 1.0, 2.0)
    assert (result["checked_labels"], result["clean_fraction"]) == (4, 0.4)
    assert run.workdir.read_result() == result
