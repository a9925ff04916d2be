"""The signatures of an exported classifier, called in the SavedModel alone."""

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import textwrap
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import toy_methods
from tensorflow.core.protobuf import saved_model_pb2

import export
import tf_ssgan
from export import servable, verify, warmup
from tf_ssgan import methods
from tf_ssgan.common import checkout, errors
from tf_ssgan.data import image_decoding
from tf_ssgan.methods.bases import gan, local_generator, triple_players
from tf_ssgan.metrics import calibration
from tf_ssgan.nn import layers, precision
from tf_ssgan.training import build, config, results

OUTPUTS = {
    "probabilities": ([None, 10], tf.float32),
    "label": ([None], tf.int64),
    "name": ([None], tf.string),
}


def forms(specs):
    return {name: (spec.shape.as_list(), spec.dtype) for name, spec in specs.items()}


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [
        ("serving_default", {"image": ([None, 16, 16, 1], tf.uint8)}, OUTPUTS),
        ("predict_bytes", {"image_bytes": ([None], tf.string)}, OUTPUTS),
        ("classify", {"inputs": ([None], tf.string)},
         {"classes": ([None, 10], tf.string), "scores": ([None, 10], tf.float32)}),
        ("generate", {"latents": ([None, 8], tf.float32)},
         {"image": ([None, 16, 16, 1], tf.uint8)}),
    ],
)  # fmt: skip
def test_signatures_have_the_documented_names_shapes_and_types(signatures, name, inputs, outputs):
    assert forms(signatures[name].structured_input_signature[1]) == inputs
    assert forms(signatures[name].structured_outputs) == outputs


def test_there_are_four_signatures(signatures):
    assert set(signatures) == {"serving_default", "predict_bytes", "classify", "generate"}


@pytest.mark.parametrize("size", [0, 1, 2, 7, 64])
def test_outputs_are_those_of_the_live_network_at_the_temperature(live, exported, signatures, size):
    images = live.arrays.test_images[:size]
    outputs = signatures["serving_default"](image=tf.constant(images))
    padded = live.arrays.test_images[: max(size, 1)]
    logits = live.method((padded.astype("float32") - 127.5) / 127.5)
    expected = tf.nn.softmax(logits / exported.calibration.temperature).numpy()[:size]
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    np.testing.assert_allclose(outputs["probabilities"].numpy().sum(-1), 1.0, atol=1e-6)
    assert outputs["label"].numpy().tolist() == expected.argmax(-1).tolist()
    names = [live.arrays.info.classes[k].encode() for k in expected.argmax(-1)]
    assert outputs["name"].numpy().tolist() == names


def test_a_png_of_the_training_size_is_classified_as_its_pixels(signatures, digits, encode):
    files = tf.constant([encode(image) for image in digits])
    by_file = signatures["predict_bytes"](image_bytes=files)
    by_pixel = signatures["serving_default"](image=tf.constant(digits))
    for name in OUTPUTS:
        assert by_file[name].numpy().tolist() == by_pixel[name].numpy().tolist()


def test_classify_scores_all_classes_of_tf_examples(signatures, digits, encode):
    examples = []
    for image in digits:
        value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encode(image)]))
        features = tf.train.Features(feature={"image/encoded": value})
        examples.append(tf.train.Example(features=features).SerializeToString())
    outputs = signatures["classify"](inputs=tf.constant(examples))
    expected = signatures["serving_default"](image=tf.constant(digits))["probabilities"]
    np.testing.assert_array_equal(outputs["scores"], expected)
    assert outputs["classes"].numpy().tolist() == [[str(k).encode() for k in range(10)]] * 7


def test_classify_has_the_method_name_that_tensorflow_serving_requires(exported):
    content = (exported.folder / "saved_model.pb").read_bytes()
    definitions = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def
    assert definitions["classify"].method_name == "tensorflow/serving/classify"
    assert definitions["serving_default"].method_name == "tensorflow/serving/predict"


def test_generate_gives_the_images_of_the_live_generator_every_time(live, signatures):
    latents = tf.random.stateless_uniform([3, 8], (1, 2), -1.0, 1.0)
    images = live.method.generator(latents, training=False).numpy()
    first, again = (signatures["generate"](latents=latents)["image"].numpy() for _ in range(2))
    assert first.dtype == np.uint8 and first.shape == (3, 16, 16, 1)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, images * 127.5 + 127.5, atol=0.51)
    assert signatures["generate"](latents=latents[:0])["image"].shape == (0, 16, 16, 1)


def test_one_bad_file_fails_the_whole_request(signatures, digits, encode):
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures["predict_bytes"](image_bytes=tf.constant([encode(digits[0]), b"no image"]))


def test_images_of_another_size_are_refused(signatures, digits):
    for wrong in (digits[:, :8], digits[:, :, :8], np.repeat(digits, 3, axis=-1)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            signatures["serving_default"](image=tf.constant(wrong))


# --- images -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photo():
    """A smooth color image, uint8 [70, 90, 3]."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 14, 3), np.uint8)
    return np.asarray(Image.fromarray(noise).resize((90, 70), Image.Resampling.BICUBIC))


def test_other_sizes_are_classified(signatures, encode, photo):
    outputs = signatures["predict_bytes"](
        image_bytes=tf.constant([encode(photo), encode(photo, "JPEG")])
    )
    np.testing.assert_allclose(outputs["probabilities"].numpy().sum(-1), 1.0, atol=1e-6)


@pytest.mark.parametrize("fit", image_decoding.FITS)
def test_files_are_fitted_as_the_dataset_info_says(live, photo, encode, fit):
    networks = servable.networks_in_float32(live)
    networks = dataclasses.replace(networks, info=dataclasses.replace(networks.info, fit=fit))
    predict, _ = servable.endpoints(networks)["predict_bytes"]
    probabilities = predict(tf.constant([encode(photo)]))["probabilities"].numpy()
    images = np.stack([image_decoding.decode(encode(photo), 16, 1, f) for f in image_decoding.FITS])
    by_fit = networks.probabilities(tf.constant(images)).numpy()
    differences = np.abs(by_fit - probabilities).max(axis=-1)
    assert image_decoding.FITS[differences.argmin()] == fit


@pytest.mark.parametrize("bits", [8, 12])
def test_16_bits_are_scaled_as_the_dataset_info_says(live, encode, bits):
    networks = servable.networks_in_float32(live)
    networks = dataclasses.replace(networks, info=dataclasses.replace(networks.info, bits=bits))
    eight = live.arrays.test_images[:1]
    wide = encode(eight[0, ..., 0].astype(np.uint16) << (bits - 8))
    expected = networks.probabilities(tf.constant(eight)).numpy()
    predict, _ = servable.endpoints(networks)["predict_bytes"]
    outputs = predict(tf.constant([wide]))["probabilities"].numpy()
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


# --- calibration ----------------------------------------------------------------------------------


def test_the_temperature_is_fitted_on_the_validation_images(live, exported):
    ids = live.protocol.validation_ids
    logits = live.method((live.arrays.train_images[ids].astype("float32") - 127.5) / 127.5).numpy()
    labels = live.arrays.train_labels[ids]
    fitted = exported.calibration
    assert fitted.images == len(ids) == 129
    expected = calibration.fit_temperature(logits, labels)
    assert fitted.temperature == pytest.approx(expected, rel=1e-3) and expected != 1.0
    before = tf.nn.softmax(logits).numpy()
    assert fitted.ece_before == pytest.approx(
        calibration.expected_calibration_error(before, labels), abs=1e-4
    )
    assert fitted.nll_after < fitted.nll_before


def test_a_temperature_changes_probabilities_but_no_label(live):
    plain = servable.networks_in_float32(live)
    cold = dataclasses.replace(plain, temperature=0.1)
    images = tf.constant(live.arrays.test_images[:64])
    before, after = plain.probabilities(images).numpy(), cold.probabilities(images).numpy()
    assert (after.max(-1) > before.max(-1)).all()
    assert (after.argmax(-1) == before.argmax(-1)).all()


def test_without_validation_images_probabilities_stay_as_they_are(tmp_path, make_run):
    run = build.reopen(make_run(tmp_path / "run", "supervised", validation=0))
    fitted = results.saved_calibration(run)
    assert fitted == calibration.Calibration(temperature=1.0, images=0)
    assert servable.model_info(run, fitted)["calibration"] == {
        "temperature": 1.0, "images": 0, "ece_before": None, "ece_after": None,
        "nll_before": None, "nll_after": None,
        "note": "no temperature: no images are held out to fit one; 100 are needed",
    }  # fmt: skip


def test_odd_names_of_classes_are_exported_as_a_line_each(live):
    names = ("猫", "two\nlines", "Gr\udcf6", *"3456789")
    odd = dataclasses.replace(live, info=dataclasses.replace(live.info, classes=names))
    fitted = calibration.Calibration(temperature=1.0, images=0)
    expected = ["猫", r"two\nlines", r"Gr\udcf6", *"3456789"]
    assert servable.model_info(odd, fitted)["classes"] == expected
    networks = servable.networks_in_float32(odd)
    assert list(networks.info.classes) == expected
    function, _ = servable.endpoints(networks)["serving_default"]
    given = function(tf.constant(live.arrays.test_images[:64]))["name"].numpy()
    assert set(given) <= {name.encode() for name in expected}


# --- the folder -----------------------------------------------------------------------------------


def test_assets_describe_what_was_exported(exported, live):
    info = json.loads((exported.folder / "assets" / "model_info.json").read_text())
    assert info["classes"] == [str(k) for k in range(10)]
    assert info["image_shape"] == [16, 16, 1] and info["fit"] == "resize"
    assert info["bits"] == 16
    assert (info["method"], info["dataset"], info["step"]) == ("frgan", "digits", 2)
    assert info["protocol"] == live.protocol.as_json()
    assert info["calibration"] == dataclasses.asdict(exported.calibration)
    assert info["config"]["width"] == 4 and "workdir" not in info["config"]
    assert info["test_error"] == pytest.approx(info["result"]["test_error"])
    assert info["test_images"] == info["result"]["test_images"]
    low, high = info["test_error_interval"]
    assert 0 <= low <= info["test_error"] <= high <= 100
    assert {"tensorflow", "keras", "tf_ssgan"} <= set(info["versions"])
    ours = checkout.code_version()
    assert info["code"] == {"trained": ours, "exported": ours} and info["result"]["code"] == ours
    assert (exported.folder / "assets" / "classes.txt").read_text().split() == info["classes"]
    assert str(live.workdir) not in json.dumps(info)


def test_it_works_without_this_project(exported, signatures, digits, tmp_path):
    program = textwrap.dedent("""
        import json, sys
        for name in ("tf_ssgan", "export", "flags"):
            sys.modules[name] = None  # importing it fails, installed or not
        import numpy as np, tensorflow as tf
        model = tf.saved_model.load(sys.argv[1])
        outputs = model.signatures["serving_default"](image=tf.constant(np.load(sys.argv[2])))
        latents = tf.zeros([2, 8])
        print(json.dumps({
            "probabilities": outputs["probabilities"].numpy().tolist(),
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
    printed = json.loads(done.stdout)
    expected = signatures["serving_default"](image=tf.constant(digits))["probabilities"].numpy()
    np.testing.assert_allclose(printed["probabilities"], expected, atol=1e-6)
    assert printed["generated"] == [2, 16, 16, 1]


# --- other runs -----------------------------------------------------------------------------------


def build_run(tmp_path, method, **given):
    """A run that is built but not trained."""
    given = {"batch_size": 8, "max_steps": 2} | given
    return build.build(config.configure(method, "digits", workdir=str(tmp_path / "run"), **given))


def test_a_method_without_a_generator_has_three_signatures(tmp_path):
    run = build_run(tmp_path, "supervised", precision="float32")
    servable.write_saved_model(servable.networks_in_float32(run), tmp_path / "model")
    signatures = tf.saved_model.load(str(tmp_path / "model")).signatures
    assert set(signatures) == {"serving_default", "predict_bytes", "classify"}


def test_after_bfloat16_the_same_weights_are_exported_in_float32(tmp_path):
    run = build_run(tmp_path, "frgan", width=4, latent_size=8, precision="mixed_bfloat16")
    for weight in run.method.exported_classifier.variables:
        weight.assign(
            3.0 * weight.value
        )  # the outputs of initial weights are too similar to distinguish formats
    networks = servable.networks_in_float32(run)
    for new, old in (
        (networks.classifier, run.method.exported_classifier),
        (networks.generator, run.method.generator),
    ):
        for a, b in zip(new.variables, old.variables, strict=True):
            np.testing.assert_array_equal(a.value, b.value)
        assert {layer.compute_dtype for layer in new.layers} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in run.method.exported_classifier.layers}
    servable.write_saved_model(networks, tmp_path / "model")
    measured = verify.verify(tmp_path / "model", networks, run)
    assert measured.difference < 1e-5 < measured.rounding < 0.5
    assert keras.config.dtype_policy().name == "float32"


def test_a_conditional_generator_has_its_other_inputs_by_name(live, tmp_path):
    latents, label = keras.Input((8,), name="z"), keras.Input((), name="label", dtype="int64")
    x = keras.layers.Concatenate()([latents, keras.layers.Embedding(10, 4)(label)])
    x = keras.layers.Dense(256, activation="tanh")(x)
    generator = keras.Model([latents, label], keras.layers.Reshape((16, 16, 1))(x))
    plain = servable.networks_in_float32(live)
    networks = servable.ExportedNetworks(
        plain.info, plain.classifier, precision.rebuild_in_float32(generator)
    )
    servable.write_saved_model(networks, tmp_path / "model")
    warmup_file = tmp_path / "model" / warmup.FILE
    if warmup.is_available():
        warmup.write_requests(networks, tmp_path / "model", "digits")
        assert warmup_file.exists()
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["generate"]
    inputs = signature.structured_input_signature[1]
    assert forms(inputs) == {"latents": ([None, 8], tf.float32), "label": ([None], tf.int64)}
    z, y = (
        tf.random.stateless_uniform([4, 8], (0, 1), -1.0, 1.0),
        tf.constant([0, 1, 2, 3], tf.int64),
    )
    expected = generator([z, y]).numpy() * 127.5 + 127.5
    np.testing.assert_allclose(signature(latents=z, label=y)["image"], expected, atol=0.51)


@pytest.mark.parametrize(
    ("method", "others"),
    [("ali", {}), ("triple_gan", {"label": ([None], tf.int64)}),
     ("local_gan", {"image": ([None, 8, 8, 1], tf.float32)})],
)  # fmt: skip
def test_inputs_of_generators_have_the_documented_names(method, others):
    network = toy_methods.Toy(method).method.sampler().network
    inputs = {spec.name: spec for spec in servable.generator_inputs(network)}
    assert forms(inputs) == {"latents": ([None, 8], tf.float32)} | others


def test_the_table_of_latents_is_that_of_the_methods():
    """In the README; the first row is for all methods with latents that no other row names."""
    text = (pathlib.Path(export.__file__).parent / "README.md").read_text()
    table = text.split("| methods | `latents` |")[1].split("\n\n")[0].split("\n")[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    named = {name: row[1:] for row in rows[1:] for name in re.findall(r"`(\w+)`", row[0])}
    kinds = {
        gan.GAN.latents: ("U[-1, 1]", "none"),
        gan.NormalGAN.latents: ("N(0, I)", "none"),
        gan.ConditionalGAN.latents: ("N(0, I)", "`label`"),
        triple_players.TripleMethod.latents: ("U[-1, 1]", "`label`"),
        local_generator.LocalGeneratorMethod.latents: ("U[0, 1]", "`image`"),
    }
    drawing = {
        name: methods.find(name).Method.latents
        for name in methods.names()
        if hasattr(methods.find(name).Method, "latents")
    }
    assert named.keys() < drawing.keys()
    for name, function in drawing.items():
        latents, other = named.get(name, rows[0][1:])
        assert (latents, other.split()[0]) == kinds[function], name


def test_a_generator_near_images_takes_them_as_networks_do(live, tmp_path):
    """Images in [-1, 1], not bytes; here it adds a half of the first of the latents to them."""
    latents, image = keras.Input((8,), name="z"), keras.Input((16, 16, 1), name="image")
    shift = keras.layers.Reshape((1, 1, 1))(latents[:, :1])
    generator = keras.Model([latents, image], image + shift / 2)
    networks = dataclasses.replace(servable.networks_in_float32(live), generator=generator)
    servable.write_saved_model(networks, tmp_path / "model")
    if warmup.is_available():
        warmup.write_requests(networks, tmp_path / "model", "digits")
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["generate"]
    inputs = signature.structured_input_signature[1]
    assert forms(inputs) == {
        "latents": ([None, 8], tf.float32), "image": ([None, 16, 16, 1], tf.float32)
    }  # fmt: skip
    z, black = tf.reshape(tf.range(24.0) / 8, [3, 8]), tf.fill([3, 16, 16, 1], -1.0)
    drawn = signature(latents=z, image=black)["image"].numpy()
    assert drawn.shape == (3, 16, 16, 1)
    assert drawn[:, 0, 0, 0].tolist() == [0, 64, 128]  # 127.5 (z / 2), rounded half to even
    assert signature(latents=z[:0], image=black[:0])["image"].shape == (0, 16, 16, 1)
    np.testing.assert_array_equal(signature(latents=z, image=black[:1])["image"], drawn)
    with pytest.raises(tf.errors.InvalidArgumentError, match="1 row, or as many as latents"):
        signature(latents=z, image=black[:2])


def test_labels_that_no_class_has_are_refused(live, tmp_path):
    """A one-hot vector of none of the classes would draw an image of none."""
    latents, label = keras.Input((8,), name="z"), keras.Input((), name="label", dtype="int64")
    joined = layers.JoinClass(10)(latents, label)
    image = keras.layers.Reshape((16, 16, 1))(keras.layers.Dense(256)(joined))
    generator = keras.Model([latents, label], image)
    networks = dataclasses.replace(servable.networks_in_float32(live), generator=generator)
    servable.write_saved_model(networks, tmp_path / "model")
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["generate"]
    z = tf.ones([2, 8])
    both = signature(latents=z, label=tf.constant([9, 9], tf.int64))["image"]
    np.testing.assert_array_equal(
        signature(latents=z, label=tf.constant([9], tf.int64))["image"], both
    )
    for wrong in (10, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected labels from 0 to 9"):
            signature(latents=z, label=tf.constant([0, wrong], tf.int64))


def test_predictions_from_python_are_those_of_the_exported_model(workdir, digits, expected):
    classifier = tf_ssgan.load(workdir)
    assert classifier.temperature != 1.0
    np.testing.assert_allclose(classifier.predict(digits), expected["probabilities"], atol=1e-6)


def test_a_full_disk_is_a_sentence():
    message = "{{function_node x}} /a/.1.partial/b; No space left on device [Op:SaveV2]"
    with pytest.raises(
        errors.UserError, match=r"--to=a cannot be written \(No space left on device"
    ):
        with servable.errors_of_writing(pathlib.Path("a")):
            raise tf.errors.ResourceExhaustedError(None, None, message)


@pytest.mark.parametrize(
    ("estimated", "evaluated", "said"), [(True, False, True), (True, True, False), (False,) * 3]
)
def test_batch_statistics_of_an_earlier_evaluation_are_said(estimated, evaluated, said):
    """An average of weights has those of the last evaluation if the run was stopped after it."""
    run = types.SimpleNamespace(
        workdir=types.SimpleNamespace(read_result=lambda: None),
        protocol=types.SimpleNamespace(classes_without_labels=[]),
        method=types.SimpleNamespace(recalibrates=lambda: object() if estimated else None),
    )
    remarks = servable._remarks(run, evaluated)
    assert [text for text in remarks if "between two evaluations" in text] == remarks
    assert bool(remarks) == said
