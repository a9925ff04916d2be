"""Outputs of reference networks, batch by batch."""

import numpy as np
import pytest
from scipy import special

from tf_ssgan.evaluation import reference_network


def test_probabilities_are_at_the_temperature(bright, arrays):
    logits = reference_network.outputs(bright.network, arrays.test_images)["logits"]
    outputs = bright.predict(arrays.test_images)
    expected = special.softmax(logits.astype(np.float64) / 2, axis=1)
    np.testing.assert_allclose(outputs.probabilities, expected)
    assert (outputs.probabilities.argmax(axis=1) == arrays.test_labels).mean() > 0.9


def test_outputs_are_in_the_order_of_the_images(bright, make_arrays):
    many = make_arrays(620).train_images
    whole = reference_network.outputs(bright.network, many)["features"]
    one = reference_network.outputs(bright.network, many[601:602])["features"]
    assert len(whole) == 620 and whole[601] == pytest.approx(one[0])


def test_batches_cover_all_images():
    size = reference_network.inference.BATCH_SIZE
    assert list(reference_network.batch_starts(2 * size + 1)) == [0, size, 2 * size]
