"""Frozen statistics and initialization: contexts of one thread."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers
from tf_ssgan.nn.layers import pass_modes

MODES = pytest.mark.parametrize(
    ("context", "is_on"),
    [
        (pass_modes.frozen_statistics, pass_modes.statistics_are_frozen),
        (pass_modes.initialization, pass_modes.is_initializing),
    ],
    ids=["frozen", "initializing"],
)


@pytest.mark.parametrize("kind", [layers.BatchNorm, layers.MeanOnlyBatchNorm])
def test_frozen_statistics_use_the_batch_and_record_nothing(kind):
    layer = kind(momentum=0.5)
    x = tf.random.stateless_normal([16, 3], [4, 2]) + 5
    usual = layer(x, training=True)
    before = layer.moving_mean.numpy()
    with layers.frozen_statistics():
        np.testing.assert_allclose(layer(x, training=True), usual, atol=1e-6)
    np.testing.assert_array_equal(layer.moving_mean, before)


@MODES
def test_a_mode_holds_until_its_outermost_context_ends(context, is_on):
    assert not is_on()
    with context():
        with context():
            assert is_on()
        assert is_on()
    assert not is_on()


@MODES
def test_a_mode_ends_with_an_exception(context, is_on):
    with pytest.raises(KeyError), context():
        raise KeyError
    assert not is_on()


@MODES
def test_a_mode_holds_for_its_own_thread_alone(context, is_on):
    results = []
    with context():
        other = threading.Thread(target=lambda: results.append(is_on()))
        other.start()
        other.join()
    assert results == [False]


def test_recalibration_gives_its_momentum_to_this_thread_until_it_ends():
    results = []
    with layers.recalibration(tf.constant(0.5)):
        other = threading.Thread(target=lambda: results.append(pass_modes.recording_momentum(0.9)))
        other.start()
        other.join()
        assert float(pass_modes.recording_momentum(0.9)) == 0.5
        with layers.recalibration(tf.constant(0.0)):  # 0 counts too
            assert float(pass_modes.recording_momentum(0.9)) == 0
    assert results == [0.9] and pass_modes.recording_momentum(0.9) == 0.9
