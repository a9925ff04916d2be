"""What is special to WSGAN, and whole runs of its three stages, interrupted in each."""

import csv
import dataclasses
import json
import math
import types
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods
from tensorboard.backend.event_processing import event_accumulator

from tf_ssgan.common import errors
from tf_ssgan.core import stages
from tf_ssgan.core.task import Task
from tf_ssgan.methods import wsgan
from tf_ssgan.methods.bases import contrastive, generator_pretraining
from tf_ssgan.nn import layers, losses, step_random
from tf_ssgan.training import build, callbacks, config, loop, results

TIMED = ("seconds", "images_per_second", "waiting_percent")
STEPS = 6


class Tiny:
    """A run of six steps on digits, two a stage; so few take less time than their traces."""

    def __init__(self, folder):
        settings = config.configure(
            "wsgan", "digits", labels=20, max_steps=STEPS, width=4, latent_size=8, batch_size=8,
            contrast_fraction=1 / 3, generate_fraction=1 / 3, workdir=str(folder),
        )  # fmt: skip
        with toy_methods.short():
            self.made = build.build(settings)
        self.method, self.folder = self.made.method, folder
        self.method.begin(build.initial_images(self.made))
        self.start = self.values()
        self.method.make_train_function = self.step_as_it_is

    def step_as_it_is(self, force=False):
        self.method.train_function = lambda batches: self.method.one_step(next(batches))

    def values(self):
        return {k: [v.numpy() for v in owned] for k, owned in self.method.state().items()}

    def load(self, values):
        for owner, variables in self.method.state().items():
            for variable, value in zip(variables, values[owner], strict=True):
                variable.assign(value)
        self.method.set_stage(int(self.method.step.numpy()))

    def at(self, step):
        """The method at its start, but for the clock."""
        self.load(self.start)
        self.method.step.assign(step)
        self.method.set_stage(step)
        return self.method

    def batch(self):
        return next(iter(build.batches(self.made, int(self.method.step.numpy()))))

    def train(self, name, stop=None):
        """A run in a folder of this name; from the start, or from what was saved there."""
        self.load(self.start)
        if (self.folder / name).exists():  # nothing but what was saved is left
            self.load({k: [np.full_like(v, 7) for v in vs] for k, vs in self.start.items()})
            self.method.set_stage(0)
        self.made.config = dataclasses.replace(self.made.config, workdir=str(self.folder / name))
        original = callbacks.DivergenceGuard.on_train_batch_end

        def stopping(guard, batch, logs=None):
            original(guard, batch, logs)
            if int(guard.model.step.numpy()) == stop:
                raise errors.Interrupted(15)

        with (
            mock.patch.object(callbacks.DivergenceGuard, "on_train_batch_end", stopping),
            mock.patch.object(build, "build", lambda settings: self.made),
            mock.patch.object(results, "conclude", lambda *_: {}),  # pictures and measures
        ):
            loop.run(self.made.config)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return Tiny(tmp_path_factory.mktemp("wsgan"))


@pytest.fixture(scope="module")
def whole(tiny):
    """A run that was not interrupted: its folder, its last weights, what it printed."""
    said = []
    with mock.patch("builtins.print", lambda *words, **_: said.append(" ".join(words))):
        tiny.train("whole")
    return tiny.folder / "whole", tiny.values(), said


def lines(folder):
    read = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMED} for line in read]


def weights(tiny, path):
    """What a file of a backbone holds."""
    backbone = tiny.at(0).backbone
    contrastive.load_weights(backbone, path)
    return [v.numpy().tobytes() for v in backbone.variables]


def moved(tiny):
    now = tiny.values()
    return {
        owner.removeprefix("network/")
        for owner, values in tiny.start.items()
        if owner.startswith("network/")
        and any(not np.array_equal(a, b) for a, b in zip(values, now[owner], strict=True))
    }


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, {"classifier", "projector", "decoder"}),  # of the classifier the backbone alone
        (2, {"generator", "critic"}),
        (4, {"classifier", "generator"}),
    ],
)
def test_what_each_stage_moves(tiny, step, expected):
    made = tiny.at(step)
    made.one_step(tiny.batch())
    assert moved(tiny) == expected


def test_the_generator_has_a_sixth_of_its_step_size_in_the_last_stage(tiny):
    rates = {}
    for step in (2, 4):
        made = tiny.at(step)
        made.one_step(tiny.batch())
        rates[step] = float(made.g.optimizer.learning_rate)
    assert rates == pytest.approx({2: 2e-4, 4: 2e-4 / 6}, rel=1e-6)


def test_heads_that_say_nothing(tiny, monkeypatch):
    """A class among ten at random, and real and drawn images at one half each."""
    made = tiny.at(4)
    for layer in made.classifier.layers:
        if getattr(layer, "units", 0) == 11:
            for variable in layer.variables:
                variable.assign(tf.zeros_like(variable))
    found = {}
    monkeypatch.setattr(made.c, "minimize", lambda loss, tape: found.update(loss=float(loss)))
    logs = {name: float(value) for name, value in made.one_step(tiny.batch()).items()}
    expected = {"supervised": np.log(10), "source": 0.5, "generator": 0.25}
    assert logs == pytest.approx(expected, abs=1e-5)
    assert found["loss"] == pytest.approx(np.log(10) + 0.5, abs=1e-5)


def test_the_last_stage_s_losses_by_their_parts(tiny):
    made = tiny.at(4)
    batch = tiny.batch()
    with step_random.at(0, 4):
        z, c = made.latents(8)
        fake = made.generator([z, c], training=True)
    clean = made.classifier(batch["clean"]["image"], training=True)["logits"]
    real = made.classifier(batch["unlabeled"]["image"], training=True)["source"]
    expected = {
        "supervised": float(losses.cross_entropy(batch["clean"]["label"], clean)),
        "source": float(losses.least_squares_critic_loss(real, made.judged(fake))),
    }
    recorded = [v.numpy() for v in made.classifier.non_trainable_variables]
    tiny.at(4)
    logs = {name: float(value) for name, value in made.one_step(batch).items()}
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-5)
    # Drawn images are not recorded.
    for now, alone in zip(made.classifier.non_trainable_variables, recorded, strict=True):
        np.testing.assert_allclose(now, alone, atol=1e-6)


def test_labels_are_read_of_clean_images_alone(tiny):
    found = {}
    for step in (0, 2, 4):
        made = tiny.at(step)
        found[made.stage] = {name: (s.pool, s.examples) for name, s in made.streams().items()}
    both = {"unlabeled": ("unlabeled", 8), "clean": ("clean", 8)}
    assert found == {"contrast": {"unlabeled": ("unlabeled", 8)}, "generate": both, "train": both}


def test_without_contrast_there_is_no_decoder():
    task = Task(3, 8, 8, 1, 6, 40, 12, 5)
    with toy_methods.short():
        made = wsgan.Method(wsgan.HParams(width=1, latent_size=2, backbone_init="random"), task)
    assert made.stages() == {"generate": 0, "train": 3}
    assert list(made.networks()) == ["classifier", "critic", "generator"]
    assert made.state() and not hasattr(made, "decoder")


def test_stages_that_leave_no_step_are_refused_before_anything_is_built():
    hp = wsgan.HParams(contrast_fraction=0.5, generate_fraction=0.5)
    with pytest.raises(errors.UserError, match="leave none of 12 steps to learn labels"):
        wsgan.Method(hp, Task(3, 8, 8, 1, 6, 40, 12, 5))


def test_a_run_interrupted_in_each_stage_ends_as_one_that_was_not(tiny, whole, capsys):
    """And between two: of step 2 the evaluation, and the file of the backbone, are still to do."""
    folder, expected, _ = whole
    for step, stage in ((1, "contrast"), (2, "contrast"), (3, "generate"), (5, "train")):
        with pytest.raises(errors.Interrupted):
            tiny.train("parts", step)
        assert int(tiny.method.step.numpy()) == step and tiny.method.stage == stage
    capsys.readouterr()
    tiny.train("parts")
    now = tiny.values()
    assert now.keys() == expected.keys() and now["clock"] == [STEPS]
    for owner, values in expected.items():
        for resumed, never_stopped in zip(now[owner], values, strict=True):
            np.testing.assert_array_equal(resumed, never_stopped, err_msg=owner)
    assert lines(tiny.folder / "parts") == lines(folder)
    one, two = (f / "backbone.weights.h5" for f in (folder, tiny.folder / "parts"))
    assert weights(tiny, one) == weights(tiny, two)
    said = capsys.readouterr().out  # it goes on in the last stage, and names no other
    assert "Going on from step 5 of 6." in said and "Stage train (3 of 3)" in said
    assert "contrast (" not in said and "generate (" not in said


def test_each_stage_ends_with_a_line_and_the_table_has_all_columns(tiny, whole):
    folder, _, _ = whole
    found = lines(folder)
    assert [line["step"] for line in found] == [2, 4, 6]
    reports = [
        wsgan.Method.reports_in["contrast"],
        generator_pretraining.GENERATOR_REPORTS,
        wsgan.Method.reports,
    ]
    every = set().union(*reports)
    for line, expected in zip(found, reports, strict=True):
        assert every & set(line) == set(expected)
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert every <= set(rows[0])
    assert [bool(row["contrastive"]) for row in rows] == [True, False, False]
    assert [bool(row["supervised"]) for row in rows] == [False, False, True]
    assert all(row["test_error"] for row in rows)


def test_the_backbone_of_the_contrast_is_left_as_a_file(tiny, whole):
    """It is what the classifier still has at the end of the next stage, which leaves it alone."""
    folder, _, _ = whole
    saved = sorted(folder.glob("*.weights.h5"))
    assert [path.name for path in saved] == ["backbone.weights.h5"]
    made = tiny.at(0)
    fresh = [v.numpy() for v in made.backbone.trainable_variables]
    contrastive.load_weights(made.backbone, saved[0])
    for variable, value in zip(made.backbone.trainable_variables, fresh, strict=True):
        assert not np.array_equal(variable, value), variable.path
    reader = tf.train.load_checkpoint(str(folder / "checkpoints/step-0000000004/state"))
    inside = {id(v) for v in made.backbone.variables}
    for place, variable in enumerate(made.classifier.variables):
        if id(variable) in inside:
            key = f"network_classifier/{place}/.ATTRIBUTES/VARIABLE_VALUE"
            np.testing.assert_array_equal(reader.get_tensor(key), variable)


def test_what_is_printed_names_the_stages(whole):
    text = "\n".join(whole[2])
    for told in ("Stage contrast (1 of 3): steps 0 to 2", "Stage generate (2 of 3): steps 2 to 4",
                 "Stage train (3 of 3): steps 4 to 6"):  # fmt: skip
        assert text.count(told) == 1
    assert "decoder" in text and "projector" in text


def test_tensorboard_has_a_grid_a_stage(whole):
    events = event_accumulator.EventAccumulator(
        str(whole[0] / "tensorboard"), size_guidance={event_accumulator.TENSORS: 0}
    ).Reload()
    steps = {"contrast": 2, "generate": 4, "train": 6}
    for stage, step in steps.items():
        assert [event.step for event in events.Tensors(f"samples/{stage}")] == [step]
    assert "samples" not in events.Tags()["tensors"]


def test_the_critic_records_no_drawn_image(tiny):
    made = tiny.at(2)
    fake = made.generator(made._fixed_latents(8))
    before = [v.numpy() for v in made.critic.variables + made.classifier.variables]
    made.score_fake(fake)
    made.judged(fake)
    assert not layers.statistics_are_frozen()
    after = made.critic.variables + made.classifier.variables
    for variable, value in zip(after, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_recipes():
    hp = wsgan.HParams()
    assert (hp.batch_size, hp.learning_rate, hp.reconstruction_weight) == (256, 1e-3, 1.0)
    recipe = wsgan.HParams.recipe("fashion_mnist")
    shares = {k: recipe[f"{k}_fraction"] for k in ("contrast", "generate")}
    found = stages.consecutive_stages(160 * 234, shares)  # 10 epochs, 100, and 50 with labels
    assert found == {"contrast": 0, "generate": 2340, "train": 25740}
    digits = config.configure("wsgan", "digits")
    assert (digits.labels, digits.max_steps, digits.hparams.batch_size) == (50, 1000, 50)
    assert digits.hparams.shares() == {"contrast": 0.25, "generate": 0.25}
    theirs = config.configure("wsgan", "fashion_mnist", profile="authors")
    assert (theirs.epochs, theirs.hparams.generate_rate, theirs.hparams.average_decay) == (
        110, 0.01, 0.0,
    )  # fmt: skip


def test_the_authors_contrast_is_flat_and_their_generator_has_a_cross_entropy(tiny):
    made = tiny.at(2)
    real, doubt = tf.constant([[0.0], [2.0]]), tf.constant([[-1.0], [0.5]])
    images = tf.zeros([2, *made.task.image_shape])
    paper = made.hp
    try:
        assert made.temperature() == 0.5
        assert float(made.fooled(doubt)) == pytest.approx(0.25)
        made.hp = dataclasses.replace(paper, profile="authors")
        assert made.temperature() == pytest.approx(math.sqrt(2 * paper.batch_size))
        assert float(made.fooled(doubt)) == pytest.approx(
            float(losses.source_generator_loss(doubt))
        )
        source, penalty = made.critic_loss(images, images, real, doubt)
        assert float(source) == pytest.approx(float(losses.source_loss(real, doubt)))
        assert float(penalty) == 0.0
    finally:
        made.hp = paper


def test_a_longer_run_that_would_go_back_to_an_earlier_stage_is_refused(tiny, whole):
    made = tiny.at(0)
    run = types.SimpleNamespace(workdir="runs/a", method=made)
    loop._refuse_earlier_stage(run, STEPS, "train")
    loop._refuse_earlier_stage(run, 2, "contrast")
    loop._refuse_earlier_stage(run, 2, None)  # a record of before it was written down
    with pytest.raises(errors.UserError, match="come to stage train by step 4; of 6 steps") as told:
        loop._refuse_earlier_stage(run, 4, "train")
    assert "would lie in stage generate" in str(told.value) and told.value.status == 2
