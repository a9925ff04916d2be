"""Schedules at their ends and in between."""

import pytest

from tf_ssgan.nn import schedules


@pytest.mark.parametrize(
    ("epoch", "value"),
    [(0, 0.006738), (20, 0.060055), (40, 0.286505), (79, 0.999219), (80, 1.0), (200, 1.0)],
)
def test_sigmoid_ramp_of_80_epochs(epoch, value):
    assert float(schedules.sigmoid_ramp(epoch / 80)) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("epoch", "value"), [(0, 1.0), (249, 1.0), (260, 0.606531), (280, 0.011109), (299, 6e-6)]
)
def test_sigmoid_ramp_down_of_the_last_50_of_300_epochs(epoch, value):
    """Laine and Aila write it exp(-(e / 2)^2 / 50), e the epochs since the 250th."""
    assert float(schedules.sigmoid_ramp_down((epoch - 250) / 50)) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("step", "value"), [(100_000, 1.0), (130_000, 0.606531), (145_000, 0.000335), (150_000, 4e-6)]
)
def test_sigmoid_ramp_down_of_the_last_25_000_of_150_000_steps(step, value):
    factor = float(schedules.sigmoid_ramp_down((step - 125_000) / 25_000))
    assert factor == pytest.approx(value, abs=1e-6)
    assert float(schedules.sigmoid_ramp_down(2.0)) == pytest.approx(4e-6, abs=1e-6)


@pytest.mark.parametrize(("t", "value"), [(-1, 0), (0, 0), (0.25, 0.25), (1, 1), (2, 1)])
def test_linear_ramp(t, value):
    assert float(schedules.linear_ramp(t)) == value


@pytest.mark.parametrize(("epoch", "rate"), [(0, 300.0), (600, 300.0), (750, 150.0), (899, 1.0)])
def test_hold_then_linear_decay_as_in_900_epochs_of_improved_gan(epoch, rate):
    assert 300 * float(schedules.hold_then_linear_decay(epoch / 900, 2 / 3)) == pytest.approx(
        rate, abs=1e-3
    )


# Every epoch from the 300th of 1,000 on multiplies by .995.
@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(-5, 1.0), (0, 1.0), (299, 1.0), (300, 1.0), (301, 0.995), (310, 0.951110),
     (650, 0.173011), (1000, 0.029933), (1200, 0.029933)],
)  # fmt: skip
def test_hold_then_exponential_decay_as_in_1000_epochs_of_triple_gan(epoch, factor):
    made = float(schedules.hold_then_exponential_decay(epoch / 1000, 0.3, 0.995**700))
    assert made == pytest.approx(factor, abs=2e-6)


def test_halfway_an_exponential_decay_is_at_the_root_of_its_last_factor():
    for start, last in ((0.0, 0.25), (0.5, 0.01), (0.9, 1.0)):
        half = float(schedules.hold_then_exponential_decay((1 + start) / 2, start, last))
        assert half == pytest.approx(last**0.5, rel=1e-5)


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


@pytest.mark.parametrize(
    ("epoch", "factor"), [(0, 1.0), (90, 0.61126), (180, 0.049516), (210, 0.0), (300, 0.0)]
)
def test_half_a_cosine_of_210_epochs_without_cycles(epoch, factor):
    made = float(schedules.cosine_cycles(epoch, 210, first=180, cycle=0))
    assert made == pytest.approx(factor, abs=1e-6)


# (1 + cos(5 pi / 7)) / 2 at epoch 150 of 210, (1 + cos(11 pi / 14)) / 2 at 165.
@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(90, 0.61126), (150, 0.188255), (165, 0.109084), (180, 0.188255), (195, 0.109084),
     (210, 0.188255), (1185, 0.109084)],
)  # fmt: skip
def test_cycles_repeat_the_last_30_epochs_before_the_first(epoch, factor):
    made = float(schedules.cosine_cycles(epoch, 210, first=180, cycle=30))
    assert made == pytest.approx(factor, abs=1e-6)


def test_a_cycle_ends_where_the_epochs_before_the_first_do():
    last, again = (float(schedules.cosine_cycles(e, 210, first=180, cycle=30)) for e in (179, 209))
    assert last == again == pytest.approx(0.052811, abs=1e-6)


def test_the_decay_of_the_ema_warms_up():
    assert float(schedules.ema_decay(0, 0.999)) == pytest.approx(0.1)
    assert float(schedules.ema_decay(90, 0.999)) == pytest.approx(0.91)
    assert float(schedules.ema_decay(10**6, 0.999)) == pytest.approx(0.999)
    assert float(schedules.ema_decay(10**6, 0.0)) == 0.0


@pytest.mark.parametrize(
    ("step", "decay"), [(0, 1 / 2), (1, 2 / 3), (8, 0.9), (98, 0.99), (99, 0.99), (10**6, 0.99)]
)
def test_the_decay_of_an_ema_that_begins_as_a_mean(step, decay):
    assert float(schedules.true_mean_decay(step, 0.99)) == pytest.approx(decay)


def test_cycles_that_are_as_long_as_the_cosine_are_restarts():
    """1, 1/2 and almost 0, then 1 again (Loshchilov and Hutter 2017)."""
    found = [float(schedules.cosine_cycles(t, 10, 10, 10)) for t in (0, 5, 10, 15, 20, 35)]
    assert found == pytest.approx([1.0, 0.5, 1.0, 0.5, 1.0, 0.5], abs=1e-6)
