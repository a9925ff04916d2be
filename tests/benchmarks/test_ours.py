"""The methods that are measured take the steps that the benchmark lists."""

import pytest


def test_a_method_whose_step_is_not_the_listed_one_is_refused(benchmarks, monkeypatch):
    steps, ours = benchmarks("steps"), benchmarks("ours")
    monkeypatch.setitem(steps.STEPS, "acgan_trunc", steps.STEPS["acgan"])
    with pytest.raises(ValueError, match="acgan_trunc is .*truncated=True"):
        ours.build("acgan_trunc", steps.TOY)
    monkeypatch.setitem(steps.STEPS, "e_i2gan", steps.STEPS["i2gan"])
    with pytest.raises(ValueError, match="e_i2gan is .*fake_ratio=1"):
        ours.build("e_i2gan", steps.TOY)
    monkeypatch.setitem(steps.STEPS, "mean_teacher", steps.STEPS["ict"])
    with pytest.raises(ValueError, match="mean_teacher is .*mixing=False"):
        ours.build("mean_teacher", steps.TOY)
    monkeypatch.setitem(steps.STEPS, "fixmatch", steps.STEPS["flexmatch"])
    with pytest.raises(ValueError, match="fixmatch is .*class_thresholds=False"):
        ours.build("fixmatch", steps.TOY)
