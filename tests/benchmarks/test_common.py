"""The timer of the benchmarks, and the choice of the fastest variant."""

import time


def test_warm_up_calls_are_not_timed(benchmarks):
    common, calls = benchmarks("common"), []
    seconds = common.time_calls(lambda: calls.append(1), repeats=3, warm_ups=4)
    assert len(calls) == 7 and len(seconds) == 3


def test_times_are_seconds_of_each_call(benchmarks):
    common = benchmarks("common")
    seconds = common.time_calls(lambda: time.sleep(0.01), repeats=2, warm_ups=0)
    assert all(0.01 <= value < 5 for value in seconds)


def test_the_fastest_of_several_variants_is_measured(benchmarks):
    common, calls = benchmarks("common"), []
    variants = {"slow": lambda: time.sleep(0.02), "fast": lambda: calls.append(1)}
    prepared = common.Prepared(variants, device="CPU", parameters={"discriminator": 5}, images=8)
    measured = common.measure(prepared, repeats=3)
    assert (measured["format"], len(measured["seconds"])) == ("fast", 3)
    assert measured["trials"]["fast"] < 0.02 <= measured["trials"]["slow"]
    assert len(calls) == (1 + 2) + (common.WARM_UPS + 3)
    assert (measured["device"], measured["images"]) == ("CPU", 8)
    assert measured["parameters"] == {"discriminator": 5}


def test_a_single_variant_is_not_tried_first(benchmarks):
    common, calls = benchmarks("common"), []
    prepared = common.Prepared({"float32": lambda: calls.append(1)}, "CPU", {})
    measured = common.measure(prepared, repeats=1)
    assert (measured["format"], measured["trials"]) == ("float32", {})
    assert len(calls) == common.WARM_UPS + 1
