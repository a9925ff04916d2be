"""A run's classifier, and its generator if there is one, as a SavedModel.

The exported networks compute in float32 whatever the run trained in: they are built anew from the
same layers and given the same weights, which are float32 in every number format. CPUs without
bfloat16 units would be slow otherwise, and a server's answers would hang on its hardware.
"""

import dataclasses
import importlib.metadata
import json
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import export
from export import graph_image_decoding
from tf_ssgan.common import version
from tf_ssgan.data import datasets
from tf_ssgan.methods.bases import gan
from tf_ssgan.metrics import calibration
from tf_ssgan.nn import inference, precision
from tf_ssgan.training import build

MODEL_INFO_FILE = "model_info.json"
CLASSES = "classes.txt"


@dataclasses.dataclass(frozen=True)
class Networks:
    """What is exported, in float32.

    Attributes:
        card: The images' shape, how pictures become such images, and the classes' names.
        classifier: float32 [n, h, w, c] in [-1, 1] -> {"logits": [n, K], ...}.
        generator: Latents float32 [n, latent_size] (and what else it is conditioned on) -> images
            float32 [n, h, w, c] in [-1, 1]; None where the method has none.
        temperature: What logits are divided by, see `calibration`.
    """

    info: datasets.DatasetInfo
    classifier: keras.Model
    generator: keras.Model | None
    temperature: float = 1.0

    def probabilities(self, images: tf.Tensor) -> tf.Tensor:
        """uint8 [n, h, w, c] -> float32 [n, K]."""
        scaled = (tf.cast(_never_empty(images), tf.float32) - 127.5) / 127.5
        logits = self.classifier(scaled, training=False)["logits"]
        return tf.nn.softmax(logits / self.temperature)[: tf.shape(images)[0]]

    def generated(self, *inputs: tf.Tensor) -> tf.Tensor:
        """The generator's inputs, in its order -> uint8 [n, h, w, c]."""
        rows = [_never_empty(given) for given in inputs]
        packed = keras.tree.pack_sequence_as(self.generator.input, rows)
        images = self.generator(packed, training=False)[: tf.shape(inputs[0])[0]]
        return tf.cast(tf.clip_by_value(tf.round(images * 127.5 + 127.5), 0, 255), tf.uint8)


def networks(run: build.Run) -> Networks:
    """The shipped classifier and the generator of a run, as they will be exported."""
    generator = run.method.generator if isinstance(run.method, gan.GAN) else None
    return Networks(
        run.arrays.info,
        in_float32(run.method.exported_classifier),
        generator and in_float32(generator),
    )


def calibrate(made: Networks, run: build.Run) -> calibration.Calibration:
    """Fits the temperature of exported networks on the run's validation images."""
    ids, size = run.protocol.validation_ids, inference.BATCH_SIZE
    predict, images = inference.predictor(made.classifier), run.arrays.train_images
    logits = [predict(images[ids[at : at + size]]) for at in range(0, len(ids), size)]
    none = np.zeros((0, len(made.info.classes)), np.float32)
    return calibration.calibrate(np.concatenate([none, *logits]), run.arrays.train_labels[ids])


def in_float32(network: keras.Model) -> keras.Model:
    """A functional network built anew in float32, with the same weights."""

    def layer_in_float32(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config(_without_bfloat16(layer.get_config()))

    with precision.policy("float32"):
        twin = keras.models.clone_model(network, clone_function=layer_in_float32, recursive=True)
    for new, old in zip(twin.variables, network.variables, strict=True):
        new.assign(old.value)
    return twin


def model_info(run: build.Run, calibrated: calibration.Calibration) -> dict[str, Any]:
    """What a person must know about an exported classifier; for `json.dump`."""
    result = run.workdir / "result.json"
    images = run.arrays.info
    packages = ("tensorflow", "keras", "numpy")
    return {
        "method": run.config.method,
        "dataset": run.config.dataset,
        "classes": list(images.classes),
        "image_shape": list(images.shape),
        "fit": images.fit,
        "step": int(run.method.step.numpy()),
        "protocol": run.protocol.as_json(),
        "trained_in": run.precision,
        "exported_in": "float32",
        "calibration": dataclasses.asdict(calibrated),
        "config": run.config.identity(),
        "result": json.loads(result.read_text()) if result.exists() else None,
        "source": images.source,
        "versions": {name: importlib.metadata.version(name) for name in packages}
        | {"tf_ssgan": version.__version__},
    }


def write(made: Networks, folder: pathlib.Path) -> None:
    """Writes the SavedModel.

    Args:
        made: The networks.
        folder: Where; empty or not there.
    """
    archive = keras.export.ExportArchive()
    for network in filter(None, (made.classifier, made.generator)):
        archive.track(network)
    for name, (function, inputs) in endpoints(made).items():
        archive.add_endpoint(name, function, inputs)
    archive.write_out(str(folder), verbose=False)
    _name_classify(folder)


def write_assets(about: dict[str, Any], folder: pathlib.Path) -> None:
    """Lays the card and the classes' names, one a line, into `assets` of a SavedModel."""
    assets = folder / "assets"
    assets.mkdir(exist_ok=True)
    (assets / MODEL_INFO_FILE).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    names = "".join(f"{name}\n" for name in about["classes"])
    (assets / CLASSES).write_text(names, encoding="utf-8")


def endpoints(made: Networks) -> dict[str, tuple[Callable, list[tf.TensorSpec]]]:
    """Signature -> the function behind it, and its inputs."""
    shape, fit = made.info.shape, made.info.fit

    def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        # A signature's shape is not checked when it is called, and some networks take any size.
        probabilities = made.probabilities(tf.ensure_shape(image, (None, *shape)))
        label = tf.argmax(probabilities, axis=-1)
        name = tf.gather(tf.constant(made.info.classes), label)
        return {"probabilities": probabilities, "label": label, "name": name}

    def predict_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(graph_image_decoding.decode(image_bytes, shape, fit))

    def classify(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = {export.FEATURE: tf.io.FixedLenFeature([], tf.string)}
        files = tf.io.parse_example(inputs, feature)[export.FEATURE]
        scores = made.probabilities(graph_image_decoding.decode(files, shape, fit))
        classes = tf.tile(tf.constant([made.info.classes]), [tf.shape(scores)[0], 1])
        return {"classes": classes, "scores": scores}

    strings = ((None,), tf.string)
    found = {
        export.DEFAULT: (answer, [tf.TensorSpec((None, *shape), tf.uint8, "image")]),
        export.BYTES: (predict_bytes, [tf.TensorSpec(*strings, "image_bytes")]),
        export.CLASSIFY: (classify, [tf.TensorSpec(*strings, "inputs")]),
    }
    if made.generator is not None:
        found[export.GENERATE] = (
            lambda *inputs: {"image": made.generated(*inputs)},
            generator_inputs(made.generator),
        )
    return found


def generator_inputs(generator: keras.Model) -> list[tf.TensorSpec]:
    """`latents`, and whatever else the generator is given, by its own name."""
    first, *others = (tf.TensorSpec(t.shape, t.dtype, t.name) for t in generator.inputs)
    return [tf.TensorSpec(first.shape, first.dtype, "latents"), *others]


def _never_empty(batch: tf.Tensor) -> tf.Tensor:
    """The batch [n, ...], or one row of zeros where n is 0.

    oneDNN's convolution gives an empty batch the channels of its input, and the next layer fails.
    """
    missing = tf.maximum(1 - tf.shape(batch)[0], 0)
    return tf.pad(batch, [[0, missing]] + [[0, 0]] * (len(batch.shape) - 1))


def _without_bfloat16(config: Any) -> Any:
    """A layer's configuration, wrapped layers included, with every mixed policy made float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return config | {"config": {"name": "float32"}}
        return {name: _without_bfloat16(value) for name, value in config.items()}
    return [_without_bfloat16(c) for c in config] if isinstance(config, list) else config


def _name_classify(folder: pathlib.Path) -> None:
    """Gives `classify` TF Serving's method name; TensorFlow 2 writes .../predict everywhere.

    In place: the updater cannot save to a folder that does not yet exist.
    """
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(folder))
    updater.replace_method_name(export.CLASSIFY, export.CLASSIFY_METHOD, tags="serve")
    updater.save(str(folder))
