"""Predictions for arrays of images, batch by batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import inference, pixels

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 2, 2, 1), np.uint8)


def network():
    x = keras.Input((2, 2, 1))
    return keras.Model(x, {"logits": keras.layers.Dense(3)(keras.layers.Flatten()(x))})


def test_a_predictor_scales_bytes_and_returns_logits():
    classifier = network()
    expected = classifier(pixels.to_float32(IMAGES))["logits"]
    logits = inference.predictor(classifier)(IMAGES)
    assert isinstance(logits, np.ndarray)
    np.testing.assert_allclose(logits, expected, atol=1e-6)


def test_a_cached_predictor_is_made_once_and_reads_current_weights():
    classifier = network()
    predict = inference.cached_predictor(classifier)
    before = predict(IMAGES)
    assert inference.cached_predictor(classifier) is predict
    for weight in classifier.weights:
        weight.assign(2.0 * weight)
    np.testing.assert_allclose(inference.cached_predictor(classifier)(IMAGES), 2.0 * before)
    assert inference.cached_predictor(network()) is not predict


def first_pixels(images):
    return images[:, 0, 0]


def test_batches_hold_all_ids_in_order_and_the_last_batch_is_smaller():
    count = 2 * inference.BATCH_SIZE + 3
    images = np.arange(2 * count)[:, None, None, None]
    ids = np.arange(2 * count)[::-2]
    batches = list(inference.predict_batches(first_pixels, images, ids))
    assert [len(batch) for batch in batches] == [inference.BATCH_SIZE, inference.BATCH_SIZE, 3]
    np.testing.assert_array_equal(np.concatenate(batches)[:, 0], ids)


def test_without_ids_there_is_no_batch():
    assert list(inference.predict_batches(first_pixels, IMAGES, np.zeros(0, int))) == []


def test_a_pause_after_each_batch_can_interrupt():
    calls = []

    def pause():
        calls.append(len(calls))
        if len(calls) == 2:
            raise KeyboardInterrupt

    ids = np.zeros(3 * inference.BATCH_SIZE, int)
    with pytest.raises(KeyboardInterrupt):
        list(inference.predict_batches(first_pixels, IMAGES, ids, pause))
    assert calls == [0, 1]


def test_predictions_are_float32_whatever_the_shape_of_the_batch():
    predict = inference.predictor(network())
    assert [predict(IMAGES[:n]).shape for n in (7, 3, 1)] == [(7, 3), (3, 3), (1, 3)]
    assert predict(IMAGES).dtype == tf.float32.as_numpy_dtype
