"""Scores of generated images beside those of real ones."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from tf_ssgan.data import datasets
from tf_ssgan.evaluation import generator_scores, reference_network
from tf_ssgan.metrics import generative


@pytest.fixture(scope="module")
def scores(bright, arrays):
    """Scores of images of one class."""
    dark = arrays.train_images[arrays.train_labels == 0]
    images = generator_scores.add_real_images(dark, arrays, seed=0)
    return generator_scores.measure(bright, images, seed=0)


def test_images_of_one_class_score_about_one_and_real_ones_about_three(scores):
    assert scores["inception_score"]["mean"] < 1.3
    assert 2.3 < scores["real"]["inception_score"]["mean"] <= 3


def test_images_of_one_class_are_farther_from_the_test_images_than_training_images(scores):
    for name in ("frechet_distance", "kernel_distance"):
        distances = (
            generator_scores.means(scores)[name],
            generator_scores.means(scores["real"])[name],
        )
        assert distances[0] > 10 * abs(distances[1])


def test_scores_are_json_with_the_fingerprint_of_the_network(scores, bright, arrays):
    assert json.loads(json.dumps(scores)) == scores
    assert scores["fingerprint"] == bright.fingerprint
    dark = int((arrays.train_labels == 0).sum())
    assert scores["images"] == {
        "generated": dark, "test": 60, "inception_score": 60, "distances": dark
    }  # fmt: skip


def test_the_test_images_themselves_have_no_distance(bright, arrays):
    images = generator_scores.add_real_images(arrays.test_images, arrays, seed=0)
    scores = generator_scores.measure(bright, images, seed=0)
    assert scores["frechet_distance"] == pytest.approx(0, abs=1e-9)
    assert scores["kernel_distance"]["mean"] < scores["real"]["kernel_distance"]["mean"] + 1e-3


@pytest.fixture(scope="module")
def digits():
    """Scanned digits, and a network that is fit to half of the training images by least squares."""
    arrays = datasets.find("digits", "").load(datasets.ImageSpec())
    pixels = arrays.train_images[::2].reshape(-1, 256).astype(np.float64) / 127.5 - 1
    penalty = 30 * np.eye(256)
    weights = np.linalg.solve(
        pixels.T @ pixels + penalty, pixels.T @ np.eye(10)[arrays.train_labels[::2]]
    )
    images = keras.Input((16, 16, 1))
    features = keras.layers.Dense(10, use_bias=False)(keras.layers.Flatten()(images))
    network = keras.Model(images, {"features": features, "logits": features})
    network.layers[-1].set_weights([weights])
    return arrays, reference_network.ReferenceNetwork(network, {"network": "linear"}, 0.1)


@pytest.mark.parametrize("count", [200, 5000])
def test_a_perfect_generator_scores_what_real_images_do(digits, count):
    """Its images are real ones that the network has not seen, each drawn at random."""
    arrays, linear = digits
    random = np.random.default_rng(1)
    generated = arrays.train_images[1::2][random.integers(0, len(arrays.train_images) // 2, count)]
    scores = generator_scores.measure(
        linear, generator_scores.add_real_images(generated, arrays, 0), 0
    )
    perfect, real = (generator_scores.means(one) for one in (scores, scores["real"]))
    assert perfect["inception_score"] == pytest.approx(real["inception_score"], rel=0.05)
    assert perfect["frechet_distance"] == pytest.approx(real["frechet_distance"], abs=0.005)
    assert perfect["kernel_distance"] == pytest.approx(real["kernel_distance"], abs=0.002)
    used = scores["images"]
    assert used["inception_score"] == min(count, 500) and used["distances"] == min(count, 1297)
    # Of all images, the score of the same generator is another.
    if count == 5000:
        larger, _ = generative.inception_score(linear.predict(generated).probabilities)
        assert larger > 1.05 * real["inception_score"]


def test_generated_and_real_images_are_of_equal_number(arrays):
    """Of 5, 60 test and 300 training images; those of a run are as many as the fewest allow."""
    for count, scored, compared in ((5, 5, 5), (100, 60, 100), (1000, 60, 300)):
        generated = np.zeros((count, 8, 8, 1), np.uint8)
        images = generator_scores.add_real_images(generated, arrays, 0)
        assert (images.scored, images.compared) == (scored, compared)
        assert len(images.training) == compared


def test_test_images_sorted_by_class_have_the_score_of_shuffled_ones(bright, arrays):
    order = np.argsort(arrays.test_labels, kind="stable")
    by_class = dataclasses.replace(arrays, test_images=arrays.test_images[order])
    images = generator_scores.add_real_images(arrays.train_images[:50], by_class, seed=0)
    score = generator_scores.measure(bright, images, seed=0)["real"]["inception_score"]
    assert 2.3 < score["mean"] <= 3


def test_a_network_without_classes_gives_distances_alone(bright, arrays):
    network = bright.network
    headless = keras.Model(network.input, {"features": network.output["features"]})
    reference = reference_network.ReferenceNetwork(headless, bright.fingerprint)
    images = generator_scores.add_real_images(arrays.train_images, arrays, 0)
    scores = generator_scores.measure(reference, images, 0)
    assert set(generator_scores.means(scores)) == {"frechet_distance", "kernel_distance"}
    assert "inception_score" not in scores["real"]
