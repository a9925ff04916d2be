"""Comparing an exported classifier with the live one; none leaves the house without it.

The exported model is loaded from disk as a server would load it and asked through all of its
signatures, in batches of several sizes. Its answers are compared with those of the run's own
network, its logits divided by the same temperature. After a run in bfloat16 that network rounds to
8 bits, so the comparison is with the same weights in float32; how far the run's own answers lie
from that is told, and refuses nothing.
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
from tf_ssgan.metrics import classification
from tf_ssgan.nn import inference
from tf_ssgan.training import build

TOLERANCE = 1e-5  # of a probability; float32 sums in another order differ by about 1e-7
SIZES = (0, 1, 2, 7)  # images a request, besides all at once
IMAGES = 64
_TIMED = 20  # requests
_LATENTS_SEED = (7, 11)


class Mismatch(errors.UserError):
    """An exported classifier is not the live one."""

    status = 3

    def __init__(self, found: str):
        """Says what was found."""
        super().__init__(f"The exported classifier is not the trained one: {found}. "
                         "Nothing was published.")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Findings:
    """What was measured on an exported classifier.

    Attributes:
        difference: Largest difference from the live network's probabilities.
        rounding: Largest difference from the run's own network, in the run's number format.
        test_error: Percent, over the whole test set, through the exported model.
        request_ms: Median time of a request of one image in this process.
        signatures: Signature -> a line that describes it.
    """

    difference: float
    rounding: float
    test_error: float
    request_ms: float
    signatures: dict[str, str]


def verify(folder: pathlib.Path, made: servable.Networks, run: build.Run) -> Findings:
    """Loads an exported classifier and compares it with the run's.

    Args:
        folder: The SavedModel.
        made: The networks it was written from.
        run: The run they come from.

    Raises:
        Mismatch: It cannot be loaded, lacks a signature, or answers otherwise.
    """
    try:
        return _verified(folder, made, run)
    except tf.errors.OpError as error:
        raise Mismatch(f"it fails to answer ({_first_line(error)})") from error


def compare(
    signatures: dict[str, Callable],
    reference: np.ndarray,
    images: np.ndarray,
    classes: tuple[str, ...],
) -> float:
    """Asks the three classifying signatures for the same images, in batches of several sizes.

    Args:
        signatures: Those of a loaded SavedModel.
        reference: float32 [n, K], the right probabilities.
        images: uint8 [n, h, w, c].
        classes: The names of the K classes.

    Returns:
        The largest difference in a probability.

    Raises:
        Mismatch: An answer is wrong.
    """
    files = np.array([tf.io.encode_png(image).numpy() for image in images], object)
    worst = 0.0
    for size in dict.fromkeys([*SIZES, len(images)]):
        right, some = reference[:size], tf.constant(files[:size], tf.string)
        answers = {
            export.DEFAULT: signatures[export.DEFAULT](image=tf.constant(images[:size])),
            export.BYTES: signatures[export.BYTES](image_bytes=some),
        }
        for name, answer in answers.items():
            worst = max(worst, _check_answer(f"{name} of {size} images", answer, right, classes))
        examples = tf.constant([_example(file) for file in files[:size]], tf.string)
        answer = signatures[export.CLASSIFY](inputs=examples)
        what = f"{export.CLASSIFY} of {size} images"
        worst = max(worst, _check_scores(what, answer["scores"].numpy(), right))
        _require((answer["classes"].numpy() == np.array(_encoded(classes))).all(),
                 f"{what} names other classes")  # fmt: skip
    return worst


def _verified(folder: pathlib.Path, made: servable.Networks, run: build.Run) -> Findings:
    signatures = _load(folder)
    _check_signatures(signatures, made)
    _check_method_name(folder)
    images = run.arrays.test_images[:IMAGES]
    with _full_float32():
        live = _live(run, made.temperature)(images)
        # A graph, like the exported one: its fused kernels round otherwise than single operations.
        in_float32 = tf.function(made.probabilities)
        reference = live if run.precision == "float32" else in_float32(tf.constant(images)).numpy()
        difference = compare(signatures, reference, images, made.info.classes)
        if made.generator is not None:
            _compare_generated(signatures[export.GENERATE], made)
    return Findings(
        difference=difference,
        rounding=_distance(live, reference),
        test_error=_error(signatures, run),
        request_ms=_request_ms(signatures[export.DEFAULT], images[:1]),
        signatures={name: _described(signature) for name, signature in signatures.items()},
    )


@contextlib.contextmanager
def _full_float32() -> Iterator[None]:
    """Within it a GPU does not round factors to 10 bits, with kernels chosen by batch size."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def _load(folder: pathlib.Path) -> dict[str, Callable]:
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # a file that is cut short gives an IndexError, and so on
        raise Mismatch(f"it cannot be loaded ({_first_line(error)})") from error
    # A signature dies with the object it was loaded with.
    signatures = dict(loaded.signatures)
    for signature in signatures.values():
        signature.owner = loaded
    return signatures


def _check_signatures(signatures: dict[str, Callable], made: servable.Networks) -> None:
    wanted = servable.endpoints(made)
    _require(set(signatures) == set(wanted), f"it has {sorted(signatures)} as signatures")
    for name, (_, specs) in wanted.items():
        given = signatures[name].structured_input_signature[1]
        right = {spec.name: (spec.shape.as_list(), spec.dtype) for spec in specs}
        found = {key: (spec.shape.as_list(), spec.dtype) for key, spec in given.items()}
        _require(found == right, f"{name} takes {found} where {right} was meant")


def _check_method_name(folder: pathlib.Path) -> None:
    content = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    name = content.meta_graphs[0].signature_def[export.CLASSIFY].method_name
    _require(name == export.CLASSIFY_METHOD, f"the method of {export.CLASSIFY} is {name!r}")


def _live(run: build.Run, temperature: float) -> Callable[[np.ndarray], np.ndarray]:
    """The run's own network, as its evaluation asks it: images -> probabilities."""
    logits = inference.predictor(run.method.exported_classifier)
    return lambda images: tf.nn.softmax(logits(images) / temperature).numpy()


def _check_answer(what: str, answer: dict, right: np.ndarray, classes: tuple[str, ...]) -> float:
    """Checks probabilities, label and name; the largest difference in a probability."""
    probabilities, label = answer["probabilities"].numpy(), answer["label"].numpy()
    worst = _check_scores(what, probabilities, right)
    _require(label.dtype == np.int64 and label.shape == right.shape[:1], f"{what}: labels' form")
    _require((label == probabilities.argmax(axis=-1)).all(), f"{what}: labels are not the best")
    # Not label == argmax(right): two classes may be equally likely within the tolerance.
    chosen = np.take_along_axis(right, label[:, None], axis=-1)[:, 0]
    _require((chosen >= right.max(axis=-1) - TOLERANCE).all(), f"{what}: other labels")
    names = [_encoded(classes)[k] for k in label]
    _require(answer["name"].numpy().tolist() == names, f"{what}: names do not fit labels")
    return worst


def _check_scores(what: str, scores: np.ndarray, right: np.ndarray) -> float:
    _require(scores.shape == right.shape, f"{what} gives {scores.shape}, not {right.shape}")
    worst = _distance(scores, right)
    # Not worst >= TOLERANCE: it may be NaN.
    _require(worst < TOLERANCE, f"{what} gives probabilities that differ by {worst:.2g}")
    return worst


def _compare_generated(signature: Callable, made: servable.Networks) -> None:
    """The generator draws the same pictures; rounding may tip a value to the next level."""
    for size in SIZES[:-1]:
        inputs = {}
        for spec in servable.generator_inputs(made.generator):
            shape = (size, *spec.shape[1:])
            noise = tf.random.stateless_uniform(shape, _LATENTS_SEED, -1.0, 1.0)
            inputs[spec.name] = tf.cast(noise, spec.dtype)
        found = signature(**inputs)["image"].numpy()
        right = made.generated(*inputs.values()).numpy()
        what = f"{export.GENERATE} of {size} images"
        _require(found.shape == right.shape and found.dtype == np.uint8, f"{what}: their form")
        _require(_distance(found.astype(int), right) <= 1, f"{what} draws other pictures")


def _error(signatures: dict[str, Callable], run: build.Run) -> float:
    def predict(images: np.ndarray) -> np.ndarray:
        return signatures[export.DEFAULT](image=tf.constant(images))["probabilities"].numpy()

    arrays, classes = run.arrays, len(run.arrays.info.classes)
    return classification.evaluate(predict, arrays.test_images, arrays.test_labels, classes).error


def _request_ms(signature: Callable, image: np.ndarray) -> float:
    seconds = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        signature(image=tf.constant(image))["label"].numpy()
        seconds.append(time.perf_counter() - began)
    return 1000 * float(np.median(seconds))


def _described(signature: Callable) -> str:
    def told(specs: dict) -> str:
        return ", ".join(
            f"{name} {spec.dtype.name} [{', '.join(str(n or 'n') for n in spec.shape)}]"
            for name, spec in specs.items()
        )

    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    return f"{told(inputs)} -> {told(outputs)}"


def _example(file: bytes) -> bytes:
    content = tf.train.Feature(bytes_list=tf.train.BytesList(value=[file]))
    features = tf.train.Features(feature={export.FEATURE: content})
    return tf.train.Example(features=features).SerializeToString()


def _encoded(classes: tuple[str, ...]) -> list[bytes]:
    return [name.encode() for name in classes]


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b), initial=0.0))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _require(true: bool, otherwise: str) -> None:
    if not true:
        raise Mismatch(otherwise)
