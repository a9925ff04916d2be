"""A changed, damaged or incomplete export is refused."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

from export import servable, verify


@pytest.fixture
def made(live, exported):
    """The networks behind the export."""
    temperature = exported.calibrated.temperature
    return dataclasses.replace(servable.networks(live), temperature=temperature)


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of the export, to be damaged."""
    shutil.copytree(exported.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_sound_export_is_measured(live, made, exported):
    found = verify.verify(exported.folder, made, live)
    assert found.difference < 1e-5
    assert found.rounding < 1e-6  # this run is in float32
    assert 0 < found.request_ms < 1000
    line = found.signatures["serving_default"]
    assert "image uint8 [n, 16, 16, 1] ->" in line and "probabilities float32 [n, 10]" in line


def test_the_error_is_that_of_all_test_images(live, exported, signatures):
    images = tf.constant(live.arrays.test_images)
    labels = signatures["serving_default"](image=images)["label"].numpy()
    right = 100 * np.mean(labels != live.arrays.test_labels)
    assert exported.findings.test_error == pytest.approx(right)


def test_other_weights_are_refused(live, made, exported):
    bias = made.classifier.get_layer("logits").bias
    bias.assign_add(tf.one_hot(0, 10))
    live_bias = live.method.exported_classifier.get_layer("logits").bias
    kept = live_bias.value.numpy()
    live_bias.assign(bias.value)
    try:
        with pytest.raises(verify.Mismatch, match="probabilities that differ by .*Nothing was pub"):
            verify.verify(exported.folder, made, live)
    finally:
        live_bias.assign(kept)


def test_another_temperature_is_refused(live, made, exported):
    with pytest.raises(verify.Mismatch, match="probabilities that differ by"):
        verify.verify(exported.folder, dataclasses.replace(made, temperature=1.0), live)


def test_another_generator_is_refused(live, made, exported):
    for weight in made.generator.trainable_variables:
        weight.assign(weight.value + 0.5)
    with pytest.raises(verify.Mismatch, match="generate of 1 images draws other pictures"):
        verify.verify(exported.folder, made, live)


def test_weights_that_are_not_numbers_are_refused(live, made, tmp_path):
    made.classifier.get_layer("logits").bias.assign(np.full(10, np.nan, np.float32))
    servable.write(made, tmp_path / "model")
    with pytest.raises(verify.Mismatch, match="differ by nan"):
        verify.verify(tmp_path / "model", made, live)


def test_other_class_names_are_refused(live, made, tmp_path):
    card = dataclasses.replace(made.info, classes=made.info.classes[::-1])
    servable.write(dataclasses.replace(made, card=card), tmp_path / "model")
    with pytest.raises(verify.Mismatch, match="names do not fit"):
        verify.verify(tmp_path / "model", made, live)


def test_a_missing_signature_is_refused(live, made, tmp_path):
    servable.write(dataclasses.replace(made, generator=None), tmp_path / "model")
    with pytest.raises(verify.Mismatch, match="as signatures"):
        verify.verify(tmp_path / "model", made, live)


def test_another_image_size_is_refused(live, made, exported):
    other = dataclasses.replace(made, card=dataclasses.replace(made.info, height=8))
    with pytest.raises(verify.Mismatch, match="serving_default takes .*16, 16, 1.* where .*8, 16"):
        verify.verify(exported.folder, other, live)


@pytest.mark.parametrize(
    "name",
    ["saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"],
)
@pytest.mark.parametrize("damage", ["cut", "remove"])
def test_damaged_files_are_refused(live, made, copy, name, damage):
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(verify.Mismatch, match="cannot be loaded|fails to answer"):
        verify.verify(copy, made, live)


def test_labels_may_differ_only_between_equally_likely_classes():
    right = np.array([[0.5, 0.5], [0.9, 0.1]], np.float32)
    nudged = right + np.array([[-1e-7, 1e-7], [0, 0]], np.float32)

    def answer(probabilities, label):
        names = tf.constant([b"a", b"b"])
        label = tf.constant(label, tf.int64)
        return {"probabilities": tf.constant(probabilities), "label": label,
                "name": tf.gather(names, label)}  # fmt: skip

    assert verify._check_answer("it", answer(nudged, [1, 0]), right, ("a", "b")) < 1e-6
    with pytest.raises(verify.Mismatch, match="not the best"):
        verify._check_answer("it", answer(right, [0, 1]), right, ("a", "b"))
