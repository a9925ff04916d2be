"""The function that `fit` calls, and the time that it measures."""

import time

import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core import train_function


def test_the_waiting_is_a_percentage_of_all_the_time():
    assert train_function.StepTimes().waiting_percent() == 0.0
    assert train_function.StepTimes(waiting=1.0, total=8.0).waiting_percent() == 12.5


def test_each_call_takes_one_step_on_the_next_batch_and_traces_once():
    traces = []

    def one_step(batch):
        traces.append(batch)
        return {"double": 2.0 * batch}

    times = train_function.StepTimes()
    train = train_function.traced_train_function(
        one_step, tf.distribute.get_strategy(), False, times
    )
    batches = iter([tf.constant(1.0), tf.constant(2.0), tf.constant(3.0)])
    assert [float(train(batches)["double"]) for _ in range(3)] == [2.0, 4.0, 6.0]
    assert len(traces) == 1 and 0 < times.waiting < times.total
    with pytest.raises(StopIteration):
        train(batches)


def test_waiting_is_measured_in_steps_that_do_not_trace():
    toy = toy_methods.Toy("supervised")
    assert toy.method.waiting_percent() == 0.0
    toy.run(1)
    assert toy.method.step_times.waiting == 0.0
    before = time.perf_counter()
    step, batches = toy.method.make_train_function(), toy.batches(1)
    for _ in range(4):
        step(batches)
    elapsed = time.perf_counter() - before
    assert 0 < toy.method.step_times.waiting < toy.method.step_times.total < elapsed
    share = 100 * toy.method.step_times.waiting / toy.method.step_times.total
    assert toy.method.waiting_percent() == pytest.approx(share)
