"""The judging classifier of a data set: kept from one judgment to the next, or trained now.

One data set has one judge, whatever the run: it learns from all labels but those of a validation
split of its own (the data set's usual size, split seed 0), on which just its temperature is fitted.
Was it the run's split, runs of different seeds would have different judges, and scores of different
judges are never compared.
"""

import hashlib
import json
import pathlib

import keras
import numpy as np

from tf_ssgan.common import cache
from tf_ssgan.data import content_hash, dataset_info, protocol, splits
from tf_ssgan.evaluation import reference_cnn, reference_network, reference_training
from tf_ssgan.metrics import calibration
from tf_ssgan.nn import precision

DIGITS = 16  # hexadecimal, of a hash that stands in a stamp


def reference_classifier(
    arrays: dataset_info.Arrays, dataset: str, minutes: float
) -> reference_network.ReferenceNetwork:
    """Finds the judge of a data set in the cache folder, or trains it and keeps it there.

    Args:
        arrays: The data, by content (`contents.ordered`).
        dataset: Their name, for the stamp of a new one.
        minutes: Training takes about so many at most.
    """
    path = cache.folder() / "judges" / classifier_identity(arrays)[:DIGITS]
    found = _kept(arrays, path)
    if found is not None:
        print(f"The judging classifier is kept in {path}.npy.", flush=True)
        return found
    protocol = splits.make(
        dataset, arrays.train_labels, arrays.info.classes, -1, keys=arrays.train_keys
    )
    print(
        f"Training the judging classifier on {len(protocol.labeled_ids):,} images, for up to "
        f"{minutes:g} minutes; it is kept in {path.parent}.",
        flush=True,
    )
    network = reference_training.train(arrays, protocol, minutes)
    weights, stamp = _flat(network), _stamp(network, arrays, protocol)
    cache.keep_array(weights, path.with_suffix(".npy"))
    cache.keep_text(json.dumps(stamp, indent=1), path.with_suffix(".json"))
    return reference_network.ReferenceNetwork(network, stamp, stamp["temperature"])


def classifier_identity(arrays: dataset_info.Arrays) -> str:
    """SHA-256 of what decides on the judge: its network, and the contents of the data."""
    card = arrays.info
    digest = hashlib.sha256(json.dumps([reference_cnn.NAME, card.shape, card.classes]).encode())
    test_keys = content_hash.keys(arrays.test_images)
    for part in (arrays.train_keys, arrays.train_labels, test_keys, arrays.test_labels):
        digest.update(part.astype("<u8").tobytes())
    return digest.hexdigest()


def _kept(
    arrays: dataset_info.Arrays, path: pathlib.Path
) -> reference_network.ReferenceNetwork | None:
    """The judge that lies in the cache folder, or None where it is missing or damaged."""
    weights = cache.array(path.with_suffix(".npy"))
    try:
        stamp = json.loads(path.with_suffix(".json").read_text())
        temperature = float(stamp["temperature"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if weights is None or stamp.get("weights_sha256") != _sha256(weights):
        return None
    with precision.policy("float32"):
        network = reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))
    _fill(network, weights)
    return reference_network.ReferenceNetwork(network, stamp, temperature)


def _stamp(network: keras.Model, arrays: dataset_info.Arrays, protocol: protocol.Protocol) -> dict:
    """Measures a new judge, and says what identifies it."""
    held = protocol.validation_ids
    temperature = 1.0
    if len(held):
        logits = reference_network.outputs(network, arrays.train_images[held])["logits"]
        temperature = calibration.fit_temperature(logits, arrays.train_labels[held])
    answers = reference_network.outputs(network, arrays.test_images)["logits"].argmax(axis=-1)
    return {
        "judge": reference_cnn.NAME,
        "dataset": protocol.dataset,
        "classes": list(arrays.info.classes),
        "trained_on": len(protocol.labeled_ids),
        "test_accuracy": round(100 * float(np.mean(answers == arrays.test_labels)), 2),
        "weights_sha256": _sha256(_flat(network)),
        "temperature": temperature,
    }


def _flat(network: keras.Model) -> np.ndarray:
    """All variables as one vector."""
    return np.concatenate([np.ravel(v.numpy()) for v in network.variables]).astype("<f4")


def _fill(network: keras.Model, weights: np.ndarray) -> None:
    """Undoes `_flat`."""
    sizes = [int(np.prod(v.shape)) for v in network.variables]
    parts = np.split(weights, np.cumsum(sizes)[:-1])
    for variable, part in zip(network.variables, parts, strict=True):
        variable.assign(part.reshape(variable.shape))


def _sha256(weights: np.ndarray) -> str:
    return hashlib.sha256(weights.tobytes()).hexdigest()[:DIGITS]
