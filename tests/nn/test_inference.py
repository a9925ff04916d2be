"""Predictions for arrays of images, batch by batch."""

import gc
import weakref

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


def test_a_predictor_reads_current_weights():
    classifier = network()
    before = inference.predictor(classifier)(IMAGES)
    for weight in classifier.weights:
        weight.assign(2.0 * weight)
    np.testing.assert_allclose(inference.predictor(classifier)(IMAGES), 2.0 * before)


def scaled(net, images):
    return 3.0 * net(images, training=False)["logits"]


def plain(net, images):
    return net(images, training=False)["logits"]


def test_each_forward_pass_of_a_network_is_traced_once():
    one, two, images = network(), network(), pixels.to_float32(IMAGES)
    passes = [inference.traced(net, forward) for net in (one, two) for forward in (scaled, plain)]
    assert len({id(made.function) for made in passes}) == 4
    for made, expected in zip(passes, (3 * plain(one, images), plain(one, images),
                                       3 * plain(two, images), plain(two, images)), strict=True):  # fmt: skip
        np.testing.assert_allclose(made(images), expected, rtol=1e-5)
    again = inference.traced(one, scaled)
    again(images)
    assert again.function.experimental_get_tracing_count() == 1


def test_tracing_adds_no_attribute_to_a_network():
    classifier = network()
    before = set(vars(classifier))
    inference.predictor(classifier)(IMAGES)
    assert set(vars(classifier)) == before


def test_a_traced_network_is_freed_and_its_functions_with_it():
    gc.collect()
    classifier, functions = network(), len(inference._TRACED)
    inference.predictor(classifier)(IMAGES)
    function = weakref.ref(inference.traced(classifier, scaled).function)
    freed = [weakref.ref(x) for x in (classifier, classifier.layers[-1].kernel)]
    assert len(inference._TRACED) == functions + 1
    del classifier
    gc.collect()
    assert [reference() for reference in freed] == [None, None] and function() is None
    assert len(inference._TRACED) == functions


def test_a_predictor_keeps_its_network():
    predict = inference.predictor(network())
    gc.collect()
    assert [predict(IMAGES[:n]).shape for n in (7, 3)] == [(7, 3), (3, 3)]


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
