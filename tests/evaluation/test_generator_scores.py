"""Scores of generated images beside those of real ones."""

import dataclasses
import json

import numpy as np
import pytest

from tf_ssgan.evaluation import generator_scores, reference_network


@pytest.fixture(scope="module")
def measured(bright, arrays):
    """Images of one class, judged."""
    dark = arrays.train_images[arrays.train_labels == 0]
    return generator_scores.measure(bright, generator_scores.gather(dark, arrays, seed=0), seed=0)


def test_images_of_one_class_score_about_one_and_real_ones_about_three(measured):
    assert measured["inception_score"]["mean"] < 1.3
    assert 2.3 < measured["real"]["inception_score"]["mean"] <= 3


def test_images_of_one_class_are_farther_from_the_test_images_than_training_images(measured):
    for name in ("frechet_distance", "kernel_distance"):
        found = (
            generator_scores.numbers(measured)[name],
            generator_scores.numbers(measured["real"])[name],
        )
        assert found[0] > 10 * abs(found[1])


def test_what_is_said_goes_into_json_with_its_stamp(measured, bright, arrays):
    assert json.loads(json.dumps(measured)) == measured
    assert measured["stamp"] == bright.stamp
    dark = int((arrays.train_labels == 0).sum())
    assert measured["images"] == {"generated": dark, "test": 60, "training": dark}


def test_the_test_images_themselves_have_no_distance(bright, arrays):
    pictures = generator_scores.gather(arrays.test_images, arrays, seed=0)
    found = generator_scores.measure(bright, pictures, seed=0)
    assert found["frechet_distance"] == pytest.approx(0, abs=1e-9)
    assert found["kernel_distance"]["mean"] < found["real"]["kernel_distance"]["mean"] + 1e-3


def test_test_images_sorted_by_class_have_the_score_of_shuffled_ones(bright, arrays):
    order = np.argsort(arrays.test_labels, kind="stable")
    turned = dataclasses.replace(arrays, test_images=arrays.test_images[order])
    pictures = generator_scores.gather(arrays.train_images[:50], turned, seed=0)
    found = generator_scores.measure(bright, pictures, seed=0)["real"]["inception_score"]
    assert 2.3 < found["mean"] <= 3


def test_a_judge_that_names_no_classes_gives_distances_alone(bright, arrays):
    import keras

    network = bright.network
    silent = keras.Model(network.input, {"features": network.output["features"]})
    judge = reference_network.ReferenceNetwork(silent, bright.stamp)
    found = generator_scores.measure(
        judge, generator_scores.gather(arrays.train_images, arrays, 0), 0
    )
    assert set(generator_scores.numbers(found)) == {"frechet_distance", "kernel_distance"}
    assert "inception_score" not in found["real"]
