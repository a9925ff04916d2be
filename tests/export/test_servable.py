"""What an exported classifier promises, asked of the SavedModel alone."""

import dataclasses
import json
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from export import servable, verify, warmup
from tf_ssgan.data import image_decoding
from tf_ssgan.metrics import calibration
from tf_ssgan.training import build, config

ANSWER = {
    "probabilities": ([None, 10], tf.float32),
    "label": ([None], tf.int64),
    "name": ([None], tf.string),
}


def forms(specs):
    return {name: (spec.shape.as_list(), spec.dtype) for name, spec in specs.items()}


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [
        ("serving_default", {"image": ([None, 16, 16, 1], tf.uint8)}, ANSWER),
        ("predict_bytes", {"image_bytes": ([None], tf.string)}, ANSWER),
        ("classify", {"inputs": ([None], tf.string)},
         {"classes": ([None, 10], tf.string), "scores": ([None, 10], tf.float32)}),
        ("generate", {"latents": ([None, 8], tf.float32)},
         {"image": ([None, 16, 16, 1], tf.uint8)}),
    ],
)  # fmt: skip
def test_signatures_have_the_promised_names_shapes_and_types(signatures, name, inputs, outputs):
    assert forms(signatures[name].structured_input_signature[1]) == inputs
    assert forms(signatures[name].structured_outputs) == outputs


def test_there_are_four_signatures(signatures):
    assert set(signatures) == {"serving_default", "predict_bytes", "classify", "generate"}


@pytest.mark.parametrize("size", [0, 1, 2, 7, 64])
def test_answers_are_the_live_networks_at_the_temperature(live, exported, signatures, size):
    images = live.arrays.test_images[:size]
    answer = signatures["serving_default"](image=tf.constant(images))
    padded = live.arrays.test_images[: max(size, 1)]
    logits = live.method((padded.astype("float32") - 127.5) / 127.5)
    right = tf.nn.softmax(logits / exported.calibrated.temperature).numpy()[:size]
    np.testing.assert_allclose(answer["probabilities"], right, atol=1e-5)
    np.testing.assert_allclose(answer["probabilities"].numpy().sum(-1), 1.0, atol=1e-6)
    assert answer["label"].numpy().tolist() == right.argmax(-1).tolist()
    names = [live.arrays.info.classes[k].encode() for k in right.argmax(-1)]
    assert answer["name"].numpy().tolist() == names


def test_a_png_of_the_training_size_is_answered_as_its_pixels(signatures, digits, encode):
    files = tf.constant([encode(image) for image in digits])
    by_file = signatures["predict_bytes"](image_bytes=files)
    by_pixel = signatures["serving_default"](image=tf.constant(digits))
    for name in ANSWER:
        assert by_file[name].numpy().tolist() == by_pixel[name].numpy().tolist()


def test_classify_scores_all_classes_of_tf_examples(signatures, digits, encode):
    examples = []
    for image in digits:
        value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encode(image)]))
        features = tf.train.Features(feature={"image/encoded": value})
        examples.append(tf.train.Example(features=features).SerializeToString())
    answer = signatures["classify"](inputs=tf.constant(examples))
    right = signatures["serving_default"](image=tf.constant(digits))["probabilities"]
    np.testing.assert_array_equal(answer["scores"], right)
    assert answer["classes"].numpy().tolist() == [[str(k).encode() for k in range(10)]] * 7


def test_classify_has_the_method_name_that_serving_asks_for(exported):
    content = (exported.folder / "saved_model.pb").read_bytes()
    definitions = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def
    assert definitions["classify"].method_name == "tensorflow/serving/classify"
    assert definitions["serving_default"].method_name == "tensorflow/serving/predict"


def test_generate_draws_the_live_generators_pictures_every_time(live, signatures):
    latents = tf.random.stateless_uniform([3, 8], (1, 2), -1.0, 1.0)
    images = live.method.generator(latents, training=False).numpy()
    first, again = (signatures["generate"](latents=latents)["image"].numpy() for _ in range(2))
    assert first.dtype == np.uint8 and first.shape == (3, 16, 16, 1)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, images * 127.5 + 127.5, atol=0.51)
    assert signatures["generate"](latents=latents[:0])["image"].shape == (0, 16, 16, 1)


def test_one_bad_file_fails_the_whole_request(signatures, digits, encode):
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures["predict_bytes"](image_bytes=tf.constant([encode(digits[0]), b"no picture"]))


def test_images_of_another_size_are_refused(signatures, digits):
    for wrong in (digits[:, :8], digits[:, :, :8], np.repeat(digits, 3, axis=-1)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            signatures["serving_default"](image=tf.constant(wrong))


# --- pictures -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photo():
    """A smooth color picture, uint8 [70, 90, 3]."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 14, 3), np.uint8)
    return np.asarray(Image.fromarray(noise).resize((90, 70), Image.Resampling.BICUBIC))


def test_other_sizes_are_answered(signatures, encode, photo):
    answer = signatures["predict_bytes"](
        image_bytes=tf.constant([encode(photo), encode(photo, "JPEG")])
    )
    np.testing.assert_allclose(answer["probabilities"].numpy().sum(-1), 1.0, atol=1e-6)


@pytest.mark.parametrize("fit", image_decoding.FITS)
def test_files_are_fitted_as_the_card_says(live, photo, encode, fit):
    made = servable.networks(live)
    made = dataclasses.replace(made, card=dataclasses.replace(made.info, fit=fit))
    answer, _ = servable.endpoints(made)["predict_bytes"]
    found = answer(tf.constant([encode(photo)]))["probabilities"].numpy()
    images = np.stack([image_decoding.decode(encode(photo), 16, 1, f) for f in image_decoding.FITS])
    differences = np.abs(made.probabilities(tf.constant(images)).numpy() - found).max(axis=-1)
    assert image_decoding.FITS[differences.argmin()] == fit


# --- calibration ----------------------------------------------------------------------------------


def test_the_temperature_is_fitted_on_the_validation_images(live, exported):
    ids = live.protocol.validation_ids
    logits = live.method((live.arrays.train_images[ids].astype("float32") - 127.5) / 127.5).numpy()
    labels = live.arrays.train_labels[ids]
    found = exported.calibrated
    assert found.images == len(ids) == 129
    right = calibration.fit_temperature(logits, labels)
    assert found.temperature == pytest.approx(right, rel=1e-3) and right != 1.0
    before = tf.nn.softmax(logits).numpy()
    assert found.ece_before == pytest.approx(
        calibration.expected_calibration_error(before, labels), abs=1e-4
    )
    assert found.nll_after < found.nll_before


def test_a_temperature_changes_probabilities_and_no_label(live):
    plain = servable.networks(live)
    cold = dataclasses.replace(plain, temperature=0.1)
    images = tf.constant(live.arrays.test_images[:64])
    before, after = plain.probabilities(images).numpy(), cold.probabilities(images).numpy()
    assert (after.max(-1) > before.max(-1)).all()
    assert (after.argmax(-1) == before.argmax(-1)).all()


def test_without_validation_images_probabilities_stay_as_they_are(tmp_path):
    run = built(tmp_path, "supervised", precision="float32", validation=0)
    found = servable.calibrate(servable.networks(run), run)
    assert found == calibration.Calibration(temperature=1.0, images=0)
    assert servable.model_info(run, found)["calibration"] == {
        "temperature": 1.0, "images": 0, "ece_before": None, "ece_after": None,
        "nll_before": None, "nll_after": None,
    }  # fmt: skip


# --- the folder -----------------------------------------------------------------------------------


def test_assets_tell_what_was_exported(exported, live):
    card = json.loads((exported.folder / "assets" / "model_info.json").read_text())
    assert card["classes"] == [str(k) for k in range(10)]
    assert card["image_shape"] == [16, 16, 1] and card["fit"] == "resize"
    assert (card["method"], card["dataset"], card["step"]) == ("frgan", "digits", 2)
    assert card["protocol"] == live.protocol.as_json()
    assert card["calibration"] == dataclasses.asdict(exported.calibrated)
    assert card["config"]["width"] == 4 and "workdir" not in card["config"]
    assert card["test_error"] == pytest.approx(card["result"]["test_error"])
    assert {"tensorflow", "keras", "tf_ssgan"} <= set(card["versions"])
    assert (exported.folder / "assets" / "classes.txt").read_text().split() == card["classes"]
    assert str(live.workdir) not in json.dumps(card)


def test_warm_up_requests_can_be_replayed(exported, signatures):
    reason = "needs the extra `serving` (tensorflow-serving-api)"
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2", reason=reason)
    asked = []
    for record in tf.data.TFRecordDataset(str(exported.folder / warmup.FILE)):
        log = logs.PredictionLog.FromString(record.numpy())
        request = getattr(log, log.WhichOneof("log_type")).request
        asked.append(request.model_spec.signature_name)
        if asked[-1] == "classify":
            examples = [e.SerializeToString() for e in request.input.example_list.examples]
            given = {"inputs": tf.constant(examples)}
        else:
            given = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        signatures[asked[-1]](**given)
    assert set(asked) == set(signatures)


def test_it_answers_where_this_project_cannot_be_imported(exported, signatures, digits, tmp_path):
    program = textwrap.dedent("""
        import json, sys
        for name in ("tf_ssgan", "export", "flags"):
            sys.modules[name] = None  # importing it fails, installed or not
        import numpy as np, tensorflow as tf
        model = tf.saved_model.load(sys.argv[1])
        answer = model.signatures["serving_default"](image=tf.constant(np.load(sys.argv[2])))
        latents = tf.zeros([2, 8])
        print(json.dumps({
            "probabilities": answer["probabilities"].numpy().tolist(),
            "generated": model.signatures["generate"](latents=latents)["image"].shape.as_list(),
        }))
    """)
    np.save(tmp_path / "digits.npy", digits)
    arguments = [str(exported.folder), str(tmp_path / "digits.npy")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *arguments],
        cwd=tmp_path, env={"TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    right = signatures["serving_default"](image=tf.constant(digits))["probabilities"].numpy()
    np.testing.assert_allclose(found["probabilities"], right, atol=1e-6)
    assert found["generated"] == [2, 16, 16, 1]


# --- other runs -----------------------------------------------------------------------------------


def built(tmp_path, method, **given):
    """A run that is set up and not trained."""
    given = {"batch_size": 8, "max_steps": 2} | given
    return build.build(config.configure(method, "digits", workdir=str(tmp_path / "run"), **given))


def test_a_method_without_a_generator_has_three_signatures(tmp_path):
    run = built(tmp_path, "supervised", precision="float32")
    servable.write(servable.networks(run), tmp_path / "model")
    found = tf.saved_model.load(str(tmp_path / "model")).signatures
    assert set(found) == {"serving_default", "predict_bytes", "classify"}


def test_after_bfloat16_the_same_weights_are_exported_in_float32(tmp_path):
    run = built(tmp_path, "frgan", width=4, latent_size=8, precision="mixed_bfloat16")
    for weight in run.method.exported_classifier.variables:
        weight.assign(3.0 * weight.value)  # fresh weights give answers too alike to tell formats
    made = servable.networks(run)
    for new, old in (
        (made.classifier, run.method.exported_classifier),
        (made.generator, run.method.generator),
    ):
        for a, b in zip(new.variables, old.variables, strict=True):
            np.testing.assert_array_equal(a.value, b.value)
        assert {layer.compute_dtype for layer in new.layers} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in run.method.exported_classifier.layers}
    servable.write(made, tmp_path / "model")
    findings = verify.verify(tmp_path / "model", made, run)
    assert findings.difference < 1e-5 < findings.rounding < 0.5
    assert keras.config.dtype_policy().name == "float32"


def test_a_conditional_generator_has_its_further_inputs_by_name(live, tmp_path):
    latents, label = keras.Input((8,), name="z"), keras.Input((), name="label", dtype="int64")
    x = keras.layers.Concatenate()([latents, keras.layers.Embedding(10, 4)(label)])
    x = keras.layers.Dense(256, activation="tanh")(x)
    generator = keras.Model([latents, label], keras.layers.Reshape((16, 16, 1))(x))
    plain = servable.networks(live)
    made = servable.Networks(plain.info, plain.classifier, servable.in_float32(generator))
    servable.write(made, tmp_path / "model")
    warmup_file = tmp_path / "model" / warmup.FILE
    if warmup.available():
        warmup.write(made, tmp_path / "model", "digits")
        assert warmup_file.exists()
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["generate"]
    inputs = signature.structured_input_signature[1]
    assert forms(inputs) == {"latents": ([None, 8], tf.float32), "label": ([None], tf.int64)}
    z, y = (
        tf.random.stateless_uniform([4, 8], (0, 1), -1.0, 1.0),
        tf.constant([0, 1, 2, 3], tf.int64),
    )
    right = generator([z, y]).numpy() * 127.5 + 127.5
    np.testing.assert_allclose(signature(latents=z, label=y)["image"], right, atol=0.51)
