"""The reference classifier of a data set: kept from one evaluation to the next, or trained now.

A data set has one reference classifier, whatever the run. It learns from all labels but those of a
validation split of its own (the data set's usual size, split seed 0), on which only its temperature
is fitted. It does not use the run's split: runs of different seeds would then have different
reference classifiers, and scores of different ones are never compared.
"""

import hashlib
import json
import math
import pathlib
from typing import Any

import keras
import numpy as np

from tf_ssgan.common import cache, few_images
from tf_ssgan.data import content_hash, dataset_info, protocol, splits
from tf_ssgan.evaluation import reference_cnn, reference_network, reference_training
from tf_ssgan.metrics import calibration
from tf_ssgan.nn import precision

DIGITS = 16  # hexadecimal digits of a hash in a fingerprint


def reference_classifier(
    arrays: dataset_info.Arrays, dataset: str, minutes: float
) -> reference_network.ReferenceNetwork:
    """Reads the reference classifier from the cache folder, or trains it and keeps it there.

    Args:
        arrays: The data, ordered by content (`content_hash.sort_by_content`).
        dataset: Their name, for the fingerprint of a new one.
        minutes: Training takes about this long at most.
    """
    folder = cache.trusted_folder("reference_classifiers")
    path = folder and folder / classifier_identity(arrays)[:DIGITS]
    kept = _read_kept(arrays, path) if path else None
    if kept is not None:
        print(f"The reference classifier is kept in {path}.npy.", flush=True)
        return kept
    protocol = splits.make(
        dataset, arrays.train_labels, arrays.info.classes, -1, keys=arrays.train_keys,
        held_out=arrays.train_held_out, image_groups=arrays.train_groups,
    )  # fmt: skip
    print(
        f"Training the reference classifier on {len(protocol.labeled_ids):,} images, for up to "
        f"{minutes:g} minutes; it is {f'kept in {folder}' if folder else 'not kept'}.",
        flush=True,
    )
    network = reference_training.train(arrays, protocol, minutes)
    weights, fingerprint = _flat(network), _fingerprint(network, arrays, protocol)
    if path and cache.write_array(weights, path.with_suffix(".npy")):
        cache.write_json(fingerprint, path.with_suffix(".json"))
    return reference_network.ReferenceNetwork(network, fingerprint, fingerprint["temperature"])


def classifier_identity(arrays: dataset_info.Arrays) -> str:
    """SHA-256 of what determines the classifier: its network, and the contents of the data."""
    info = arrays.info
    digest = hashlib.sha256(json.dumps([reference_cnn.NAME, info.shape, info.classes]).encode())
    test_keys = content_hash.keys(arrays.test_images)
    parts = [arrays.train_keys, arrays.train_labels, test_keys, arrays.test_labels]
    # Only if the data set names them, so that the folder of others does not depend on this.
    parts += [] if arrays.train_held_out is None else [arrays.train_held_out]
    parts += [] if arrays.train_groups is None else [arrays.train_groups.view(np.uint64)]
    for part in parts:
        digest.update(part.astype("<u8").tobytes())
    return digest.hexdigest()


def _read_kept(
    arrays: dataset_info.Arrays, path: pathlib.Path
) -> reference_network.ReferenceNetwork | None:
    """The classifier in the cache folder; None, with a word, if it is damaged; None if missing."""
    try:
        fingerprint = cache.read_json(path.with_suffix(".json"))
        if fingerprint is None:
            return None
        temperature = float(fingerprint["temperature"])
        if not 0 < temperature < math.inf:
            raise cache.DamagedError("the temperature is out of range")
        with precision.policy("float32"):
            network = reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))
        size = sum(int(np.prod(v.shape)) for v in network.variables)
        weights = cache.read_array(path.with_suffix(".npy"), (size,), "<f4")
        if weights is None:
            return None
        if fingerprint["weights_sha256"] != _sha256(weights):
            raise cache.DamagedError("the weights have another hash")
    except (ValueError, KeyError, TypeError):  # a DamagedError is a ValueError
        cache.say(f"{path}.npy cannot be used any more: the reference classifier is trained anew.")
        return None
    _fill(network, weights)
    return reference_network.ReferenceNetwork(network, fingerprint, temperature)


def _fingerprint(
    network: keras.Model, arrays: dataset_info.Arrays, protocol: protocol.Protocol
) -> dict[str, Any]:
    """Measures a new classifier, and returns what identifies it."""
    held_out = protocol.validation_ids
    temperature = 1.0
    if few_images.may_choose(len(held_out)):
        logits = reference_network.outputs(network, arrays.train_images[held_out])["logits"]
        temperature = calibration.fit_temperature(logits, arrays.train_labels[held_out])
    predicted = reference_network.outputs(network, arrays.test_images)["logits"].argmax(axis=-1)
    return {
        "network": reference_cnn.NAME,
        "dataset": protocol.dataset,
        "classes": list(arrays.info.classes),
        "trained_on": len(protocol.labeled_ids),
        "test_accuracy": round(100 * float(np.mean(predicted == arrays.test_labels)), 2),
        "weights_sha256": _sha256(_flat(network)),
        "temperature": temperature,
    }


def _flat(network: keras.Model) -> np.ndarray:
    """All variables as one vector, float32."""
    return np.concatenate([np.ravel(v.numpy()) for v in network.variables]).astype("<f4")


def _fill(network: keras.Model, weights: np.ndarray) -> None:
    """Sets the variables from a vector that `_flat` made."""
    sizes = [int(np.prod(v.shape)) for v in network.variables]
    parts = np.split(weights, np.cumsum(sizes)[:-1])
    for variable, part in zip(network.variables, parts, strict=True):
        variable.assign(part.reshape(variable.shape))


def _sha256(weights: np.ndarray) -> str:
    return hashlib.sha256(weights.tobytes()).hexdigest()[:DIGITS]
