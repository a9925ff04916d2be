"""The methods that are measured take the steps that the benchmark lists."""

import types

import pytest

from tf_ssgan import methods


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


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ali", dict(units="maxout")),
        ("triple_gan", dict(norm="mean_only")),
        ("triple_gan", dict(consistency_weight=1.0)),
        ("triple_gan", dict(generated_weight=0.0)),
    ],
)
def test_other_settings_make_another_step(benchmarks, name, other):
    steps, hparams = benchmarks("steps"), methods.find(name).HParams
    describe = benchmarks("ours")._DESCRIBE[type(steps.STEPS[name])]
    assert describe(types.SimpleNamespace(hp=hparams())) == steps.STEPS[name]
    assert describe(types.SimpleNamespace(hp=hparams(**other))) is None


def test_a_localized_gan_begins_with_the_listed_number_of_tangents(benchmarks, monkeypatch):
    steps, ours = benchmarks("steps"), benchmarks("ours")
    monkeypatch.setitem(steps.STEPS, "local_gan", steps.LocalStep(tangents=3))
    method = ours.build("local_gan", steps.TOY)
    assert (method.stage, method.hp.tangents) == ("train", 3)
    assert method.stages() == {"train": 0}
