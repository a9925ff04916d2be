"""The progress bar: stages, scalars and the time estimate."""

import pytest

from tf_ssgan.training import progress


class StagedModel:
    """The attributes of a method with stages that a bar reads."""

    trained = ("backbone", "projector")

    def __init__(self, **stages):
        self.first_steps = stages
        self.stage = next(iter(stages))

    def stages(self):
        return self.first_steps


def make_progress(first, steps, model):
    bar = progress.Progress(first, steps, lambda: 8)
    bar.set_model(model)
    return bar


def test_the_bar_names_the_stages_and_their_steps(capsys):
    model = StagedModel(contrast=0, generate=1200, train=5000)
    shown = make_progress(0, 6000, model)
    for stage in model.first_steps:
        model.stage = stage
        shown.on_train_begin()
        shown.on_train_begin()  # fit is called for each segment; a stage is printed once
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Stage")]
    assert lines == [
        "Stage contrast (1 of 3): steps 0 to 1,200; trains backbone, projector",
        "Stage generate (2 of 3): steps 1,200 to 5,000; trains backbone, projector",
        "Stage train (3 of 3): steps 5,000 to 6,000; trains backbone, projector",
    ]
    assert shown.bar.unit_name == "step of train (3 of 3)"


def test_a_continued_run_names_its_current_stage(capsys):
    model = StagedModel(contrast=0, train=10)
    model.stage = "train"
    shown = make_progress(12, 20, model)
    shown.on_train_begin()
    assert (
        "Stage train (2 of 2): steps 10 to 20; trains backbone, projector\n"
        in capsys.readouterr().out
    )
    assert shown.bar.first == 12


def test_a_method_of_one_stage_names_none(capsys):
    shown = make_progress(0, 20, StagedModel(train=0))
    shown.on_train_begin()
    assert capsys.readouterr().out == ""
    shown.on_train_batch_end(0, {"loss": 2.0})
    text = capsys.readouterr().out
    assert "1/20" in text and "step" in text and "loss: 2" in text


def test_a_new_stage_estimates_by_its_own_steps_and_shows_its_own_scalars(monkeypatch, capsys):
    """Ten steps took 100 s, and two of the next stage 2 s: a step takes one second, not 8.5."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    model = StagedModel(contrast=0, train=10)
    shown = make_progress(0, 20, model)
    shown.bar.interval = 0.0
    shown.on_train_begin()
    for batch in range(10):
        now[0] += 10.0
        shown.on_train_batch_end(batch, {"contrastive": 3.0})
    model.stage = "train"
    shown.on_train_begin()
    capsys.readouterr()
    for batch in range(3):
        now[0] += 1.0
        shown.on_train_batch_end(batch, {"noisy": 2.0})
    assert shown.bar._estimate_step_duration(13, now[0]) == pytest.approx(1.0)
    text = capsys.readouterr().out
    assert "noisy: 2.0" in text and "contrastive" not in text and "13/20" in text
    assert "step of train (2 of 2)" in text


def test_images_per_second_leave_out_the_first_step(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    shown = make_progress(0, 20, StagedModel(train=0))
    shown.on_train_begin()
    now[0] += 100.0  # the first step traces the function
    shown.on_train_batch_end(0, {})
    assert shown.images_per_second() == 0.0
    for batch in (1, 2):
        now[0] += 2.0
        shown.on_train_batch_end(batch, {})
    assert shown.images_per_second() == pytest.approx(8 / 2)
