"""A changed, damaged or incomplete export is refused."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from export import servable, verify


@pytest.fixture
def networks(live, exported):
    """The networks behind the export."""
    temperature = exported.calibration.temperature
    return dataclasses.replace(servable.networks_in_float32(live), temperature=temperature)


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of the export, to be damaged."""
    shutil.copytree(exported.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_sound_export_is_measured(live, networks, exported):
    measured = verify.verify(exported.folder, networks, live)
    assert measured.difference < 1e-5
    assert measured.rounding < 1e-6  # this run is in float32
    assert 0 < measured.request_ms < 1000
    line = measured.signatures["serving_default"]
    assert "image uint8 [n, 16, 16, 1] ->" in line and "probabilities float32 [n, 10]" in line


def test_the_error_of_the_exported_model_is_that_of_the_run(live, exported, signatures):
    images = tf.constant(live.arrays.test_images)
    labels = signatures["serving_default"](image=images)["label"].numpy()
    expected = 100 * np.mean(labels != live.arrays.test_labels)
    assert exported.test_error == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (33, 20, 3)])
def test_the_images_are_the_same_each_time_and_differ_from_each_other(shape):
    images = verify.made_images(shape)
    assert images.shape == (verify.IMAGES, *shape) and images.dtype == np.uint8
    np.testing.assert_array_equal(images, verify.made_images(shape))
    assert len({image.tobytes() for image in images}) == verify.IMAGES
    assert (images[1][:2, :2] == images[1][0, 0]).all()  # squares of two pixels


def test_other_weights_are_refused(live, networks, exported):
    bias = networks.classifier.get_layer("logits").bias
    bias.assign_add(tf.one_hot(0, 10))
    live_bias = live.method.exported_classifier.get_layer("logits").bias
    before = live_bias.value.numpy()
    live_bias.assign(bias.value)
    try:
        with pytest.raises(verify.Mismatch, match="probabilities that differ by .*Nothing was pub"):
            verify.verify(exported.folder, networks, live)
    finally:
        live_bias.assign(before)


def test_another_temperature_is_refused(live, networks, exported):
    with pytest.raises(verify.Mismatch, match="probabilities that differ by"):
        verify.verify(exported.folder, dataclasses.replace(networks, temperature=1.0), live)


def test_another_generator_is_refused(live, networks, exported):
    for weight in networks.generator.trainable_variables:
        weight.assign(weight.value + 0.5)
    with pytest.raises(verify.Mismatch, match="generate of 1 images gives other images"):
        verify.verify(exported.folder, networks, live)


def join(latents, other):
    """A generator of gray images from the first of the latents and another input, half each."""
    x = (latents[:, :1] + other) / 2
    gray = keras.layers.Reshape((16, 16, 1))(keras.layers.RepeatVector(256)(x))
    return gray


def joined_generators():
    """Other input -> a generator that it is half of, and one to which it is nothing."""
    z = keras.Input((8,), name="z")
    label = keras.Input((), name="label", dtype="int64")
    image = keras.Input((16, 16, 1), name="image")
    parts = {
        "label": (label, keras.ops.cast(label[:, None], "float32") / 10),
        "image": (image, image[:, 0, :1, 0]),
    }
    return {
        name: [keras.Model([z, other], join(z, k * part)) for k in (1, 0)]
        for name, (other, part) in parts.items()
    }


@pytest.mark.parametrize("name", ["label", "image"])
def test_what_a_generator_has_beside_latents_is_compared_too(networks, name):
    own, deaf = joined_generators()[name]
    sound, other = (dataclasses.replace(networks, generator=one) for one in (own, deaf))
    served = lambda **inputs: {"image": sound.generate(*inputs.values())}  # noqa: E731
    verify._compare_generated(served, sound)
    with pytest.raises(verify.Mismatch, match="generate of 1 images gives other images"):
        verify._compare_generated(served, other)


def test_weights_that_are_not_numbers_are_refused(live, networks, tmp_path):
    networks.classifier.get_layer("logits").bias.assign(np.full(10, np.nan, np.float32))
    servable.write_saved_model(networks, tmp_path / "model")
    with pytest.raises(verify.Mismatch, match="differ by nan"):
        verify.verify(tmp_path / "model", networks, live)


def test_other_class_names_are_refused(live, networks, tmp_path):
    info = dataclasses.replace(networks.info, classes=networks.info.classes[::-1])
    servable.write_saved_model(dataclasses.replace(networks, info=info), tmp_path / "model")
    with pytest.raises(verify.Mismatch, match="names do not fit"):
        verify.verify(tmp_path / "model", networks, live)


def test_a_missing_signature_is_refused(live, networks, tmp_path):
    servable.write_saved_model(dataclasses.replace(networks, generator=None), tmp_path / "model")
    with pytest.raises(verify.Mismatch, match="as signatures"):
        verify.verify(tmp_path / "model", networks, live)


def test_another_image_size_is_refused(live, networks, exported):
    other = dataclasses.replace(networks, info=dataclasses.replace(networks.info, height=8))
    with pytest.raises(
        verify.Mismatch, match="serving_default takes .*16, 16, 1.* instead of .*8, 16"
    ):
        verify.verify(exported.folder, other, live)


@pytest.mark.parametrize(
    "name",
    ["saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"],
)
@pytest.mark.parametrize("damage", ["cut", "remove"])
def test_damaged_files_are_refused(live, networks, copy, name, damage):
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(verify.Mismatch, match="cannot be loaded|fails to answer"):
        verify.verify(copy, networks, live)


def test_labels_may_differ_only_between_equally_likely_classes():
    expected = np.array([[0.5, 0.5], [0.9, 0.1]], np.float32)
    nudged = expected + np.array([[-1e-7, 1e-7], [0, 0]], np.float32)

    def output(probabilities, label):
        names = tf.constant([b"a", b"b"])
        label = tf.constant(label, tf.int64)
        return {"probabilities": tf.constant(probabilities), "label": label,
                "name": tf.gather(names, label)}  # fmt: skip

    assert verify._check_output("it", output(nudged, [1, 0]), expected, ("a", "b")) < 1e-6
    with pytest.raises(verify.Mismatch, match="not the best"):
        verify._check_output("it", output(expected, [0, 1]), expected, ("a", "b"))
