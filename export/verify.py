"""Compares an exported classifier with the live one; every export is verified.

The exported model is loaded from disk as a server would load it, and all of its signatures are
called with batches of several sizes. Its outputs are compared with those of the run's own network,
whose logits are divided by the same temperature. The images are made from random numbers, so an
export needs no data. After a run in bfloat16 that network rounds to
8 bits, so the comparison is with the same weights in float32. How far the run's own outputs are
from those in float32 is reported, and is never a reason to refuse.
"""

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import export
from export import servable
from tf_ssgan.common import errors
from tf_ssgan.nn import inference
from tf_ssgan.training import build

TOLERANCE = 1e-5  # of a probability; float32 sums in another order differ by about 1e-7
SIZES = (0, 1, 2, 7)  # images in a request, besides all at once
IMAGES = 64
_TIMED = 20  # requests
_LATENTS_SEED = (7, 11)
_IMAGES_SEED = 5


class Mismatch(errors.UserError):
    """An exported classifier differs from the live one."""

    status = 3

    def __init__(self, difference: str):
        """Takes the difference."""
        super().__init__(f"The exported classifier is not the trained one: {difference}. "
                         "Nothing was published.")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Verification:
    """Measurements on an exported classifier.

    Attributes:
        difference: Largest difference from the live network's probabilities.
        rounding: Largest difference between the live network in float32 and in the run's own
            number format.
        request_ms: Median time of a request of one image in this process.
        signatures: Signature -> a line that describes it.
    """

    difference: float
    rounding: float
    request_ms: float
    signatures: dict[str, str]


def verify(
    folder: pathlib.Path, networks: servable.ExportedNetworks, run: build.Run
) -> Verification:
    """Loads an exported classifier and compares it with the run's.

    Args:
        folder: The SavedModel.
        networks: The networks it was written from.
        run: The run they come from.

    Raises:
        Mismatch: It cannot be loaded, lacks a signature, or gives other outputs.
    """
    try:
        return _verify(folder, networks, run)
    except tf.errors.OpError as error:
        raise Mismatch(f"it fails to answer ({errors.first_line(error)})") from error


def compare_signatures(
    signatures: dict[str, Callable],
    reference: np.ndarray,
    images: np.ndarray,
    classes: tuple[str, ...],
) -> float:
    """Calls the three classifying signatures with the same images, in batches of several sizes.

    Args:
        signatures: Those of a loaded SavedModel.
        reference: float32 [n, K], the correct probabilities.
        images: uint8 [n, h, w, c].
        classes: The names of the K classes.

    Returns:
        The largest difference in a probability.

    Raises:
        Mismatch: An output is wrong.
    """
    files = np.array([tf.io.encode_png(image).numpy() for image in images], object)
    worst = 0.0
    for size in dict.fromkeys([*SIZES, len(images)]):
        expected, some = reference[:size], tf.constant(files[:size], tf.string)
        outputs = {
            export.DEFAULT: signatures[export.DEFAULT](image=tf.constant(images[:size])),
            export.BYTES: signatures[export.BYTES](image_bytes=some),
        }
        for name, output in outputs.items():
            worst = max(worst, _check_output(f"{name} of {size} images", output, expected, classes))
        examples = tf.constant([_example(file) for file in files[:size]], tf.string)
        output = signatures[export.CLASSIFY](inputs=examples)
        what = f"{export.CLASSIFY} of {size} images"
        worst = max(worst, _check_scores(what, output["scores"].numpy(), expected))
        _require((output["classes"].numpy() == np.array(_encoded(classes))).all(),
                 f"{what} names other classes")  # fmt: skip
    return worst


def made_images(shape: tuple[int, int, int]) -> np.ndarray:
    """Images of colored squares of several sizes, the same for one shape: uint8 [IMAGES, h, w, c].

    Squares from one pixel up to half the image have fine and coarse structure, as photographs do.
    """
    height, width, channels = shape
    random, images = np.random.default_rng(_IMAGES_SEED), []
    for i in range(IMAGES):
        edge = 2 ** (i % max(1, min(height, width).bit_length() - 1))
        rows, columns = -(-height // edge), -(-width // edge)
        squares = random.integers(0, 256, (rows, columns, channels), np.uint8)
        images.append(squares.repeat(edge, 0).repeat(edge, 1)[:height, :width])
    return np.stack(images)


def _verify(
    folder: pathlib.Path, networks: servable.ExportedNetworks, run: build.Run
) -> Verification:
    signatures = _load(folder)
    _check_signatures(signatures, networks)
    _check_method_name(folder)
    images = made_images(networks.info.shape)
    with _full_float32():
        live = _live_predictor(run, networks.temperature)(images)
        # A graph, like the exported one: its fused kernels do not round as single operations do.
        in_float32 = tf.function(networks.probabilities)
        reference = live if run.precision == "float32" else in_float32(tf.constant(images)).numpy()
        difference = compare_signatures(signatures, reference, images, networks.info.classes)
        if networks.generator is not None:
            _compare_generated(signatures[export.GENERATE], networks)
    return Verification(
        difference=difference,
        rounding=_distance(live, reference),
        request_ms=_request_ms(signatures[export.DEFAULT], images[:1]),
        signatures={name: _format_signature(signature) for name, signature in signatures.items()},
    )


@contextlib.contextmanager
def _full_float32() -> Iterator[None]:
    """Turns off TensorFloat-32, in which a GPU rounds factors to 10 bits."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def _load(folder: pathlib.Path) -> dict[str, Callable]:
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # a truncated file gives an IndexError, and so on
        raise Mismatch(f"it cannot be loaded ({errors.first_line(error)})") from error
    # A signature does not keep the model alive that it belongs to.
    signatures = dict(loaded.signatures)
    for signature in signatures.values():
        signature.owner = loaded
    return signatures


def _check_signatures(signatures: dict[str, Callable], networks: servable.ExportedNetworks) -> None:
    endpoints = servable.endpoints(networks)
    _require(set(signatures) == set(endpoints), f"it has {sorted(signatures)} as signatures")
    for name, (_, specs) in endpoints.items():
        inputs = signatures[name].structured_input_signature[1]
        expected = {spec.name: (spec.shape.as_list(), spec.dtype) for spec in specs}
        actual = {key: (spec.shape.as_list(), spec.dtype) for key, spec in inputs.items()}
        _require(actual == expected, f"{name} takes {actual} instead of {expected}")


def _check_method_name(folder: pathlib.Path) -> None:
    content = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    name = content.meta_graphs[0].signature_def[export.CLASSIFY].method_name
    _require(name == export.CLASSIFY_METHOD, f"the method of {export.CLASSIFY} is {name!r}")


def _live_predictor(run: build.Run, temperature: float) -> Callable[[np.ndarray], np.ndarray]:
    """The run's own network, called as in its evaluation: images -> probabilities."""
    logits = inference.predictor(run.method.exported_classifier)
    return lambda images: tf.nn.softmax(logits(images) / temperature).numpy()


def _check_output(what: str, output: dict, expected: np.ndarray, classes: tuple[str, ...]) -> float:
    """Checks probabilities, label and name; returns the largest difference in a probability."""
    probabilities, label = output["probabilities"].numpy(), output["label"].numpy()
    worst = _check_scores(what, probabilities, expected)
    shape = expected.shape[:1]
    _require(label.dtype == np.int64 and label.shape == shape, f"{what}: shape or type of labels")
    _require((label == probabilities.argmax(axis=-1)).all(), f"{what}: labels are not the best")
    # Not label == argmax(expected): two classes may be equally likely within the tolerance.
    chosen = np.take_along_axis(expected, label[:, None], axis=-1)[:, 0]
    _require((chosen >= expected.max(axis=-1) - TOLERANCE).all(), f"{what}: other labels")
    names = [_encoded(classes)[k] for k in label]
    _require(output["name"].numpy().tolist() == names, f"{what}: names do not fit labels")
    return worst


def _check_scores(what: str, scores: np.ndarray, expected: np.ndarray) -> float:
    shape = expected.shape
    _require(scores.shape == shape, f"{what} gives {scores.shape}, not {shape}")
    worst = _distance(scores, expected)
    # Not worst >= TOLERANCE: it may be NaN.
    _require(worst < TOLERANCE, f"{what} gives probabilities that differ by {worst:.2g}")
    return worst


def _compare_generated(signature: Callable, networks: servable.ExportedNetworks) -> None:
    """Compares generated images; rounding may change a value by one level."""
    classes = len(networks.info.classes)
    for size in SIZES[:-1]:
        inputs = {}
        for spec in servable.generator_inputs(networks.generator):
            shape = (size, *spec.shape[1:])
            if spec.dtype.is_integer:  # a class; not the first one for a single image
                inputs[spec.name] = tf.cast(tf.range(1, size + 1) % classes, spec.dtype)
                continue
            inputs[spec.name] = tf.random.stateless_uniform(shape, _LATENTS_SEED, -1.0, 1.0)
        images = signature(**inputs)["image"].numpy()
        expected = networks.generate(*inputs.values()).numpy()
        what = f"{export.GENERATE} of {size} images"
        same_type = images.shape == expected.shape and images.dtype == np.uint8
        _require(same_type, f"{what}: shape or type of images")
        _require(_distance(images.astype(int), expected) <= 1, f"{what} gives other images")


def _request_ms(signature: Callable, image: np.ndarray) -> float:
    seconds = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        signature(image=tf.constant(image))["label"].numpy()
        seconds.append(time.perf_counter() - began)
    return 1000 * float(np.median(seconds))


def _format_signature(signature: Callable) -> str:
    def format_specs(specs: dict) -> str:
        return ", ".join(
            f"{name} {spec.dtype.name} [{', '.join(str(n or 'n') for n in spec.shape)}]"
            for name, spec in specs.items()
        )

    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    return f"{format_specs(inputs)} -> {format_specs(outputs)}"


def _example(file: bytes) -> bytes:
    content = tf.train.Feature(bytes_list=tf.train.BytesList(value=[file]))
    features = tf.train.Features(feature={export.FEATURE: content})
    return tf.train.Example(features=features).SerializeToString()


def _encoded(classes: tuple[str, ...]) -> list[bytes]:
    return [name.encode() for name in classes]


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b), initial=0.0))


def _require(condition: bool, difference: str) -> None:
    if not condition:
        raise Mismatch(difference)
