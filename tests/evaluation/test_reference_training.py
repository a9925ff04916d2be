"""The learning rate of the reference classifier, and the end of its training."""

import itertools

import pytest

from tf_ssgan.evaluation import reference_training


def test_the_learning_rate_rises_and_falls():
    shares = (0, 0.05, 0.1, 0.55, 1, 1.2)
    factors = [reference_training.rate_factor(share) for share in shares]
    assert factors == pytest.approx([0, 0.5, 1, 0.5, 0, 0])


class _Model:
    stop_training = False
    optimizer = type("Optimizer", (), {"learning_rate": None})()


def last_step(steps, seconds, clock, monkeypatch):
    """The step at which training stops, and its learning rate; each step reads the clock once."""
    monkeypatch.setattr(reference_training.time, "perf_counter", clock)
    schedule = reference_training.TimedSchedule(steps, seconds)
    schedule.set_model(_Model())
    for step in itertools.count(1):
        schedule.on_train_batch_begin(step)
        schedule.on_train_batch_end(step)
        if schedule.model.stop_training:
            return step, schedule.model.optimizer.learning_rate


def test_training_ends_with_the_steps(monkeypatch):
    steps, rate = last_step(20, 1e9, lambda: 1.0, monkeypatch)
    assert steps == 20 and rate == pytest.approx(
        reference_training.LEARNING_RATE * reference_training.rate_factor(0.95)
    )


def test_training_ends_with_the_minutes(monkeypatch):
    """The clock goes on by a second each time it is read, twice a step: 60 seconds, 30 steps."""
    steps, rate = last_step(10**6, 60.0, itertools.count(1.0).__next__, monkeypatch)
    assert 28 <= steps <= 33 and rate < 0.1 * reference_training.LEARNING_RATE
