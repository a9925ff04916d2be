"""Inception-v3 from a file: with a small network in its place, and the real one."""

import hashlib

import keras
import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.evaluation import inception

SHAPE = (8, 8, 1)


def small(include_top=True, weights=None, classifier_activation="softmax", pooling=None):
    """As `keras.applications.InceptionV3`, with one convolution."""
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(images)
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = keras.layers.Dense(6, activation=classifier_activation, name="predictions")(x)
    elif pooling == "avg":
        x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(images, x)
    if weights:
        network.load_weights(weights)
    return network


@pytest.fixture
def small_inception(monkeypatch):
    monkeypatch.setattr(keras.applications, "InceptionV3", small)


def save_small(path, top):
    keras.utils.set_random_seed(1)
    network = small(top)
    network.save_weights(path)
    return network


@pytest.mark.parametrize("top", [True, False])
def test_the_file_decides_whether_there_are_classes(small_inception, tmp_path, top):
    path = tmp_path / "own.weights.h5"
    save_small(path, top)
    reference = inception.inception_network(str(path), SHAPE)
    outputs = reference.predict(np.zeros((3, *SHAPE), np.uint8))
    assert outputs.features.shape == (3, 4) and reference.fingerprint["top"] is top
    assert (outputs.probabilities is not None) is top
    if top:
        assert outputs.probabilities.shape == (3, 6)
        assert outputs.probabilities.sum(axis=1) == pytest.approx(1)


def test_the_fingerprint_has_the_files_hash(small_inception, tmp_path):
    path = tmp_path / "own.weights.h5"
    save_small(path, True)
    fingerprint = inception.inception_network(str(path), SHAPE).fingerprint
    assert fingerprint["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert fingerprint["network"] == "keras InceptionV3" and fingerprint["file"] == "own.weights.h5"


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_enlarged_and_gray_is_repeated(small_inception, tmp_path, channels):
    """A constant image stays constant, so its features are those of a constant image of 299."""
    path = tmp_path / "own.weights.h5"
    network = save_small(path, True)
    reference = inception.inception_network(str(path), (8, 8, channels))
    outputs = reference.predict(np.full((1, 8, 8, channels), 255, np.uint8))
    expected = network(np.ones((1, inception.SIZE, inception.SIZE, 3), np.float32)).numpy()
    assert outputs.probabilities == pytest.approx(expected, abs=1e-5)


def test_other_weights_are_refused(small_inception, tmp_path):
    path = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]).save_weights(path)
    with pytest.raises(errors.UserError, match="does not hold the weights of keras.applications"):
        inception.inception_network(str(path), SHAPE)


@pytest.mark.slow
@pytest.mark.parametrize("top", [True, False])
def test_the_real_inception(tmp_path, top):
    path = tmp_path / "random.weights.h5"
    options = {} if top else {"include_top": False, "pooling": "avg"}
    keras.applications.InceptionV3(weights=None, **options).save_weights(path)
    reference = inception.inception_network(str(path), (32, 32, 3))
    outputs = reference.predict(np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8))
    assert outputs.features.shape == (2, 2048)
    assert (outputs.probabilities.shape == (2, 1000)) if top else outputs.probabilities is None
