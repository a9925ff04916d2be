"""A run's classifier, and its generator if there is one, as a SavedModel.

The exported networks compute in float32, whatever number format the run trained in. They are
rebuilt from the same layers with the same weights, which are float32 in every number format.
Otherwise CPUs without bfloat16 units would be slow, and a server's answers would depend on its
hardware.
"""

import contextlib
import dataclasses
import importlib.metadata
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

import export
from export import graph_image_decoding
from tf_ssgan.common import checkout, errors, few_images, plain_text, version
from tf_ssgan.data import datasets
from tf_ssgan.metrics import calibration, intervals
from tf_ssgan.nn import pixels, precision
from tf_ssgan.training import build

CLASSES_FILE = "assets/classes.txt"


@dataclasses.dataclass(frozen=True)
class ExportedNetworks:
    """The networks that are exported, in float32.

    Attributes:
        info: The images' shape, how files become such images, and the classes' names.
        classifier: float32 [n, h, w, c] in [-1, 1] -> {"logits": [n, K], ...}.
        generator: Latents float32 [n, latent_size] (and other conditions) -> images
            float32 [n, h, w, c] in [-1, 1]; None if the method has no generator.
        temperature: Logits are divided by it, see `calibration`.
    """

    info: datasets.DatasetInfo
    classifier: keras.Model
    generator: keras.Model | None
    temperature: float = 1.0

    def probabilities(self, images: tf.Tensor) -> tf.Tensor:
        """uint8 [n, h, w, c] -> float32 [n, K]."""
        scaled = pixels.to_float32(_never_empty(images))
        logits = self.classifier(scaled, training=False)["logits"]
        return tf.nn.softmax(logits / self.temperature)[: tf.shape(images)[0]]

    def generate(self, *inputs: tf.Tensor) -> tf.Tensor:
        """The generator's inputs, in its order -> uint8 [n, h, w, c].

        Latents come first. One row of another input is repeated for all of them.
        """
        first, *others = inputs
        matched = [first, *(self._matched(other, tf.shape(first)[0]) for other in others)]
        rows = [_never_empty(batch) for batch in matched]
        packed = keras.tree.pack_sequence_as(self.generator.input, rows)
        images = self.generator(packed, training=False)[: tf.shape(inputs[0])[0]]
        return tf.cast(tf.clip_by_value(tf.round(images * 127.5 + 127.5), 0, 255), tf.uint8)

    def _matched(self, rows: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        """Rows of labels or images for each of `count` latents; refuses others in the graph."""
        given = tf.shape(rows)[0]
        tf.debugging.Assert(
            (given == count) | (given == 1),
            ["generate: expected 1 row, or as many as latents, but got", given, "for", count],
        )
        if rows.dtype.is_integer:
            classes = len(self.info.classes)
            tf.debugging.Assert(
                tf.reduce_all((rows >= 0) & (rows < classes)),
                [f"generate: expected labels from 0 to {classes - 1}, but got", rows],
            )
        return tf.repeat(rows, count // tf.maximum(given, 1), axis=0)


def networks_in_float32(run: build.Run) -> ExportedNetworks:
    """The exported classifier and the generator of a run, rebuilt in float32."""
    sampler = run.method.sampler()
    return ExportedNetworks(
        dataclasses.replace(run.info, classes=_class_names(run)),
        precision.rebuild_in_float32(run.method.exported_classifier),
        sampler and precision.rebuild_in_float32(sampler.network),
    )


_STALE = (
    "The run was stopped between two evaluations: its batch statistics are those of the last one. "
    "Continue it before you export it."
)


def model_info(run: build.Run, fitted: calibration.Calibration) -> dict[str, Any]:
    """The content of model_info.json: what a user must know about an exported classifier."""
    images = run.info
    packages = ("tensorflow", "keras", "numpy")
    trained = checkout.saved_code(run.saved.manifest)
    measured = _test_error(run)
    return {
        "method": run.config.method,
        "dataset": run.config.dataset,
        "classes": list(_class_names(run)),
        "image_shape": list(images.shape),
        "fit": images.fit,
        "bits": images.bits,
        "step": int(run.method.step.numpy()),
        "protocol": run.protocol.as_json(),
        "trained_in": run.precision,
        "exported_in": "float32",
        "calibration": dataclasses.asdict(fitted) | _why_no_temperature(run),
        "config": run.config.identity(),
        "result": run.workdir.read_result(),
        **measured,
        "remarks": _remarks(run, measured["test_error"] is not None),
        "source": images.source,
        "versions": {name: importlib.metadata.version(name) for name in packages}
        | {"tf_ssgan": version.__version__},
        "code": {"trained": trained, "exported": checkout.code_version()},
    }


def _class_names(run: build.Run) -> tuple[str, ...]:
    """The names of the classes as a line of text each, which TensorFlow and clients can take."""
    return tuple(map(plain_text.escape, run.info.classes))


def _remarks(run: build.Run, evaluated: bool) -> list[str]:
    """What is missing of some classes, and of weights that training has not evaluated."""
    result = run.workdir.read_result() or {}
    found = [
        _STALE if run.method.recalibrates() and not evaluated else "",
        few_images.not_learned(run.protocol.classes_without_labels),
        few_images.untested(result.get("classes_without_test_images", [])),
    ]
    return [text for text in found if text]


def _why_no_temperature(run: build.Run) -> dict[str, str]:
    """A note if the run's held-out images are too few to fit a temperature."""
    note = few_images.why_no_temperature(len(run.protocol.validation_ids))
    return {"note": note} if note else {}


def _test_error(run: build.Run) -> dict[str, Any]:
    """The error in percent that training measured with these weights on the test images.

    Also how many images these are, and its interval. None if training has not evaluated them.
    """
    step, result = int(run.method.step.numpy()), run.workdir.read_result()
    error = next(
        (line["test_error"] for line in run.workdir.read_metrics().lines if line["step"] == step),
        None,
    )
    if error is None:
        return dict.fromkeys(("test_error", "test_images", "test_error_interval"))
    images = result["test_images"] if result else len(run.arrays.test_labels)
    interval = list(intervals.of_error(error, images))
    return {"test_error": error, "test_images": images, "test_error_interval": interval}


@contextlib.contextmanager
def errors_of_writing(to: pathlib.Path) -> Iterator[None]:
    """Turns errors while something is written, such as that of a full disk, into user errors.

    Args:
        to: The folder that the user gave.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = errors.tensorflow_reason(error)
        raise errors.UserError(
            f"--to={to} cannot be written ({reason}). Nothing was published."
        ) from error


def write_saved_model(networks: ExportedNetworks, folder: pathlib.Path) -> None:
    """Writes the SavedModel.

    Args:
        networks: What is exported.
        folder: The target, which is empty or does not exist.
    """
    archive = keras.export.ExportArchive()
    for network in filter(None, (networks.classifier, networks.generator)):
        archive.track(network)
    for name, (function, inputs) in endpoints(networks).items():
        archive.add_endpoint(name, function, inputs)
    archive.write_out(str(folder), verbose=False)
    _name_classify(folder)


def write_assets(info: dict[str, Any], folder: pathlib.Path) -> None:
    """Writes model_info.json and the classes' names, one a line, into `assets` of a SavedModel."""
    (folder / "assets").mkdir(exist_ok=True)
    text = json.dumps(info, indent=1) + "\n"
    (folder / export.MODEL_INFO_FILE).write_text(text, encoding="utf-8")
    names = "".join(f"{name}\n" for name in info["classes"])
    (folder / CLASSES_FILE).write_text(names, encoding="utf-8")


def endpoints(networks: ExportedNetworks) -> dict[str, tuple[Callable, list[tf.TensorSpec]]]:
    """Name of a signature -> its function and its inputs."""
    form = networks.info.shape, networks.info.fit, networks.info.bits
    shape = networks.info.shape

    def predict(image: tf.Tensor) -> dict[str, tf.Tensor]:
        # A signature does not check the shape of its inputs, and some networks take any size.
        probabilities = networks.probabilities(tf.ensure_shape(image, (None, *shape)))
        label = tf.argmax(probabilities, axis=-1)
        name = tf.gather(tf.constant(networks.info.classes), label)
        return {"probabilities": probabilities, "label": label, "name": name}

    def predict_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return predict(graph_image_decoding.decode(image_bytes, *form))

    def classify(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = {export.FEATURE: tf.io.FixedLenFeature([], tf.string)}
        files = tf.io.parse_example(inputs, feature)[export.FEATURE]
        scores = networks.probabilities(graph_image_decoding.decode(files, *form))
        classes = tf.tile(tf.constant([networks.info.classes]), [tf.shape(scores)[0], 1])
        return {"classes": classes, "scores": scores}

    strings = ((None,), tf.string)
    signatures = {
        export.DEFAULT: (predict, [tf.TensorSpec((None, *shape), tf.uint8, "image")]),
        export.BYTES: (predict_bytes, [tf.TensorSpec(*strings, "image_bytes")]),
        export.CLASSIFY: (classify, [tf.TensorSpec(*strings, "inputs")]),
    }
    if networks.generator is not None:
        signatures[export.GENERATE] = (
            lambda *inputs: {"image": networks.generate(*inputs)},
            generator_inputs(networks.generator),
        )
    return signatures


def generator_inputs(generator: keras.Model) -> list[tf.TensorSpec]:
    """`latents`, and the generator's other inputs by their own names."""
    first, *others = (tf.TensorSpec(t.shape, t.dtype, t.name) for t in generator.inputs)
    return [tf.TensorSpec(first.shape, first.dtype, "latents"), *others]


def _never_empty(batch: tf.Tensor) -> tf.Tensor:
    """The batch [n, ...], or one row of zeros if n is 0.

    oneDNN's convolution gives an empty batch the channels of its input; then the next layer fails.
    """
    missing = tf.maximum(1 - tf.shape(batch)[0], 0)
    return tf.pad(batch, [[0, missing]] + [[0, 0]] * (len(batch.shape) - 1))


def _name_classify(folder: pathlib.Path) -> None:
    """Gives `classify` TF Serving's method name; TensorFlow 2 always writes .../predict.

    The SavedModel is changed in place: the updater cannot save to a folder that does not exist yet.
    """
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(folder))
    updater.replace_method_name(export.CLASSIFY, export.CLASSIFY_METHOD, tags="serve")
    updater.save(str(folder))
