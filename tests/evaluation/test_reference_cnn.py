"""The network of the reference classifier."""

import numpy as np
import pytest

from tf_ssgan.evaluation import reference_cnn, reference_network


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (50, 130, 3)])
def test_the_network_takes_any_size(shape):
    network = reference_cnn.classifier(shape, 5)
    outputs = reference_network.outputs(network, np.zeros((2, *shape), np.uint8))
    assert outputs["features"].shape == (2, 128) and outputs["logits"].shape == (2, 5)
    # 2 x 2 pixels of the larger image are one here: at most 48 a side.
    assert max(network.layers[2].output.shape[1:3]) <= 48
