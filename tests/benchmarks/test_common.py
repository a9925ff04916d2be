"""The timer of the benchmarks."""

import time


def test_warm_up_calls_are_not_timed(benchmarks):
    common, calls = benchmarks("common"), []
    seconds = common.time_calls(lambda: calls.append(1), repeats=3, warm_ups=4)
    assert len(calls) == 7 and len(seconds) == 3


def test_times_are_seconds_of_each_call(benchmarks):
    common = benchmarks("common")
    seconds = common.time_calls(lambda: time.sleep(0.01), repeats=2, warm_ups=0)
    assert all(0.01 <= value < 5 for value in seconds)
