"""Scores of generated images beside those of real ones."""

import dataclasses
import json

import numpy as np
import pytest

from tf_ssgan.evaluation import generator_scores, reference_network


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
    assert scores["images"] == {"generated": dark, "test": 60, "training": dark}


def test_the_test_images_themselves_have_no_distance(bright, arrays):
    images = generator_scores.add_real_images(arrays.test_images, arrays, seed=0)
    scores = generator_scores.measure(bright, images, seed=0)
    assert scores["frechet_distance"] == pytest.approx(0, abs=1e-9)
    assert scores["kernel_distance"]["mean"] < scores["real"]["kernel_distance"]["mean"] + 1e-3


def test_test_images_sorted_by_class_have_the_score_of_shuffled_ones(bright, arrays):
    order = np.argsort(arrays.test_labels, kind="stable")
    by_class = dataclasses.replace(arrays, test_images=arrays.test_images[order])
    images = generator_scores.add_real_images(arrays.train_images[:50], by_class, seed=0)
    score = generator_scores.measure(bright, images, seed=0)["real"]["inception_score"]
    assert 2.3 < score["mean"] <= 3


def test_a_network_without_classes_gives_distances_alone(bright, arrays):
    import keras

    network = bright.network
    headless = keras.Model(network.input, {"features": network.output["features"]})
    reference = reference_network.ReferenceNetwork(headless, bright.fingerprint)
    images = generator_scores.add_real_images(arrays.train_images, arrays, 0)
    scores = generator_scores.measure(reference, images, 0)
    assert set(generator_scores.means(scores)) == {"frechet_distance", "kernel_distance"}
    assert "inception_score" not in scores["real"]
