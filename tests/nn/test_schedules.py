"""Schedules at their ends and in between."""

import pytest

from tf_ssgan.nn import schedules


@pytest.mark.parametrize(
    ("epoch", "value"),
    [(0, 0.006738), (20, 0.060055), (40, 0.286505), (79, 0.999219), (80, 1.0), (200, 1.0)],
)
def test_sigmoid_ramp_of_80_epochs(epoch, value):
    assert float(schedules.sigmoid_ramp(epoch / 80)) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("t", "value"), [(-1, 0), (0, 0), (0.25, 0.25), (1, 1), (2, 1)])
def test_linear_ramp(t, value):
    assert float(schedules.linear_ramp(t)) == value


@pytest.mark.parametrize(("epoch", "rate"), [(0, 300.0), (600, 300.0), (750, 150.0), (899, 1.0)])
def test_hold_then_linear_decay_as_in_900_epochs_of_improved_gan(epoch, rate):
    assert 300 * float(schedules.hold_then_linear_decay(epoch / 900, 2 / 3)) == pytest.approx(
        rate, abs=1e-3
    )


@pytest.mark.parametrize(
    ("t", "rate"), [(-1, 0.03), (0, 0.03), (0.5, 0.02319), (1, 0.005853), (2, 0.005853)]
)
def test_cosine_decay_as_in_fixmatch(t, rate):
    assert 0.03 * float(schedules.cosine_decay(t)) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize(
    ("epoch", "rate"), [(0, 1000), (5, 510), (10, 20), (15, 510), (20, 1000), (30, 20)]
)
def test_cosine_annealing_of_10_epochs_to_a_fiftieth(epoch, rate):
    factor = float(schedules.cosine_annealing(epoch / 10, 1 / 50))
    assert 1000 * factor == pytest.approx(rate, abs=1e-3)


def test_the_decay_of_the_ema_warms_up():
    assert float(schedules.ema_decay(0, 0.999)) == pytest.approx(0.1)
    assert float(schedules.ema_decay(90, 0.999)) == pytest.approx(0.91)
    assert float(schedules.ema_decay(10**6, 0.999)) == pytest.approx(0.999)
    assert float(schedules.ema_decay(10**6, 0.0)) == 0.0
