"""WSGAN: its losses, and whole runs of its three stages, interrupted in each."""

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
from tf_ssgan.nn import layers, losses
from tf_ssgan.training import build, callbacks, config, loop, results, unlabeled_images

TIMED = ("seconds", "images_per_second", "waiting_percent")
STEPS = 6


class TinyRun:
    """A run of six steps on digits, two in each stage; untraced, because tracing takes longer."""

    def __init__(self, folder):
        settings = config.configure(
            "wsgan", "digits", labels=20, max_steps=STEPS, width=4, latent_size=8, batch_size=8,
            contrast_fraction=1 / 3, generate_fraction=1 / 3, precision="float32",
            workdir=str(folder),
        )  # fmt: skip
        with toy_methods.short():
            self.run = build.build(settings)
        self.method, self.folder = self.run.method, folder
        self.method.begin(unlabeled_images.initial_images(self.run), None)
        self.start = self.values()
        self.method.make_train_function = self.untraced_step

    def untraced_step(self, force=False):
        self.method.train_function = lambda batches: self.method.one_step(next(batches))

    def values(self):
        state = self.method.state()
        return {owner: [v.numpy() for v in variables] for owner, variables in state.items()}

    def load(self, values):
        for owner, variables in self.method.state().items():
            for variable, value in zip(variables, values[owner], strict=True):
                variable.assign(value)
        self.method.set_stage(int(self.method.step.numpy()))

    def at(self, step):
        """The method with its initial weights, at this step."""
        self.load(self.start)
        self.method.step.assign(step)
        self.method.set_stage(step)
        return self.method

    def batch(self):
        return next(iter(build.batches(self.run, int(self.method.step.numpy()))))

    def train(self, name, stop=None):
        """A run in a folder of this name; from the start, or from the checkpoint in it."""
        self.load(self.start)
        if (self.folder / name).exists():  # only the checkpoint knows the right values
            self.load({k: [np.full_like(v, 7) for v in vs] for k, vs in self.start.items()})
            self.method.set_stage(0)
        self.run.config = dataclasses.replace(self.run.config, workdir=str(self.folder / name))
        original = callbacks.DivergenceGuard.on_train_batch_end

        def stopping(guard, batch, logs=None):
            original(guard, batch, logs)
            if int(guard.model.step.numpy()) == stop:
                raise errors.Interrupted(15)

        with (
            mock.patch.object(callbacks.DivergenceGuard, "on_train_batch_end", stopping),
            mock.patch.object(build, "build", lambda settings: self.run),
            mock.patch.object(results, "conclude", lambda *_: {}),  # figures and scores
        ):
            loop.run(self.run.config)


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    return TinyRun(tmp_path_factory.mktemp("wsgan"))


@pytest.fixture(scope="module")
def whole(tiny_run):
    """A run that was not interrupted: its folder, its last weights, the lines it printed."""
    printed = []
    with mock.patch("builtins.print", lambda *words, **_: printed.append(" ".join(words))):
        tiny_run.train("whole")
    return tiny_run.folder / "whole", tiny_run.values(), printed


def metrics(folder):
    """The lines of metrics.jsonl, without times."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMED} for line in lines]


def weights(tiny_run, path):
    """The weights in a file of a backbone."""
    backbone = tiny_run.at(0).backbone
    contrastive.load_weights(backbone, path)
    return [v.numpy().tobytes() for v in backbone.variables]


def trained(tiny_run):
    """The networks whose weights differ from the initial ones."""
    now = tiny_run.values()
    return {
        owner.removeprefix("network/")
        for owner, values in tiny_run.start.items()
        if owner.startswith("network/")
        and any(not np.array_equal(a, b) for a, b in zip(values, now[owner], strict=True))
    }


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, {"classifier", "projector", "decoder"}),  # only the classifier's backbone
        (2, {"generator", "critic"}),
        (4, {"classifier", "generator"}),
    ],
)
def test_each_stage_trains_its_networks(tiny_run, step, expected):
    method = tiny_run.at(step)
    method.one_step(tiny_run.batch())
    assert trained(tiny_run) == expected


def test_only_clean_images_are_read_with_labels(tiny_run):
    streams = {}
    for step in (0, 2, 4):
        method = tiny_run.at(step)
        streams[method.stage] = {k: (s.pool, s.examples) for k, s in method.streams().items()}
    both = {"unlabeled": ("unlabeled", 8), "clean": ("clean", 8)}
    contrast = {"unlabeled": ("unlabeled", 8)}
    assert streams == {"contrast": contrast, "generate": both, "train": both}


def test_the_generator_learns_from_augmented_images(tiny_run, monkeypatch):
    """The paper: "These augmented samples are used to train the generator"; digits are unflipped.

    The classes of the last stage are learned from images as they are.
    """
    augmented, plain = "resized_crop flip flip_vertical brightness", "plain"
    views = {}
    for step in (2, 4):
        method = tiny_run.at(step)
        assert method.streams()["unlabeled"].views == {"image": "resized_crop brightness"}
        with monkeypatch.context() as patch:
            patch.setattr(method, "task", dataclasses.replace(method.task, flip=True))
            views[method.stage] = {k: s.views["image"] for k, s in method.streams().items()}
    assert views == {
        "generate": {"unlabeled": augmented, "clean": augmented},
        "train": {"unlabeled": augmented, "clean": plain},
    }


def test_without_a_contrastive_stage_there_is_no_decoder():
    task = Task(3, 8, 8, 1, 6, 40, 12, 5)
    with toy_methods.short():
        method = wsgan.Method(wsgan.HParams(width=1, latent_size=2, backbone_init="random"), task)
    assert method.stages() == {"generate": 0, "train": 3}
    assert list(method.networks()) == ["classifier", "critic", "generator"]
    assert method.state() and not hasattr(method, "decoder")


def test_stages_that_leave_no_step_are_refused():
    hp = wsgan.HParams(contrast_fraction=0.5, generate_fraction=0.5)
    with pytest.raises(errors.UserError, match="leave none of 12 steps to learn from labels"):
        wsgan.Method(hp, Task(3, 8, 8, 1, 6, 40, 12, 5))


def test_a_run_interrupted_in_each_stage_ends_as_one_that_was_not(tiny_run, whole, capsys):
    """Also between two stages: at step 2, evaluation and backbone file are still missing."""
    folder, expected, _ = whole
    for step, stage in ((1, "contrast"), (2, "contrast"), (3, "generate"), (5, "train")):
        with pytest.raises(errors.Interrupted):
            tiny_run.train("parts", step)
        assert int(tiny_run.method.step.numpy()) == step and tiny_run.method.stage == stage
    capsys.readouterr()
    tiny_run.train("parts")
    now = tiny_run.values()
    assert now.keys() == expected.keys() and now["clock"] == [STEPS]
    for owner, values in expected.items():
        for resumed, never_stopped in zip(now[owner], values, strict=True):
            np.testing.assert_array_equal(resumed, never_stopped, err_msg=owner)
    assert metrics(tiny_run.folder / "parts") == metrics(folder)
    one, two = (f / "backbone.weights.h5" for f in (folder, tiny_run.folder / "parts"))
    assert weights(tiny_run, one) == weights(tiny_run, two)
    text = capsys.readouterr().out  # it resumes in the last stage and names no other
    assert "Continuing from step 5 of 6." in text and "Stage train (3 of 3)" in text
    assert "contrast (" not in text and "generate (" not in text


def test_each_stage_ends_with_a_metrics_line_and_history_csv_has_all_columns(tiny_run, whole):
    folder, _, _ = whole
    lines = metrics(folder)
    assert [line["step"] for line in lines] == [2, 4, 6]
    reports = [
        wsgan.Method.reports_in["contrast"],
        generator_pretraining.GENERATOR_REPORTS,
        wsgan.Method.reports,
    ]
    scalars = set().union(*reports)
    for line, expected in zip(lines, reports, strict=True):
        assert scalars & set(line) == set(expected)
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert scalars <= set(rows[0])
    assert [bool(row["contrastive"]) for row in rows] == [True, False, False]
    assert [bool(row["supervised"]) for row in rows] == [False, False, True]
    assert all(row["test_error"] for row in rows)


def test_the_backbone_of_the_contrastive_stage_is_saved_as_a_file(tiny_run, whole):
    """The classifier has the same backbone at the end of the next stage, which does not train it."""
    folder, _, _ = whole
    saved = sorted(folder.glob("*.weights.h5"))
    assert [path.name for path in saved] == ["backbone.weights.h5"]
    method = tiny_run.at(0)
    fresh = [v.numpy() for v in method.backbone.trainable_variables]
    contrastive.load_weights(method.backbone, saved[0])
    for variable, value in zip(method.backbone.trainable_variables, fresh, strict=True):
        assert not np.array_equal(variable, value), variable.path
    reader = tf.train.load_checkpoint(str(folder / "checkpoints/step-0000000004/state"))
    inside = {id(v) for v in method.backbone.variables}
    for place, variable in enumerate(method.classifier.variables):
        if id(variable) in inside:
            key = f"network_classifier/{place}/.ATTRIBUTES/VARIABLE_VALUE"
            np.testing.assert_array_equal(reader.get_tensor(key), variable)


def test_a_run_prints_its_stages(whole):
    text = "\n".join(whole[2])
    for line in ("Stage contrast (1 of 3): steps 0 to 2", "Stage generate (2 of 3): steps 2 to 4",
                 "Stage train (3 of 3): steps 4 to 6"):  # fmt: skip
        assert text.count(line) == 1
    assert "decoder" in text and "projector" in text


def test_tensorboard_has_a_grid_of_samples_for_each_stage(whole):
    events = event_accumulator.EventAccumulator(
        str(whole[0] / "tensorboard"), size_guidance={event_accumulator.TENSORS: 0}
    ).Reload()
    steps = {"contrast": 2, "generate": 4, "train": 6}
    for stage, step in steps.items():
        assert [event.step for event in events.Tensors(f"samples/{stage}")] == [step]
    assert "samples" not in events.Tags()["tensors"]


def test_scoring_generated_images_changes_no_variable(tiny_run):
    method = tiny_run.at(2)
    fake = method.sampler().sample(8)
    before = [v.numpy() for v in method.discriminator.variables + method.classifier.variables]
    method.score_fake(fake)
    method.source_of_fake(fake)
    assert not layers.statistics_are_frozen()
    after = method.discriminator.variables + method.classifier.variables
    for variable, value in zip(after, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_recipes():
    hp = wsgan.HParams()
    assert (hp.batch_size, hp.learning_rate, hp.reconstruction_weight) == (256, 1e-3, 1.0)
    recipe = wsgan.HParams.recipe("fashion_mnist", {})
    fractions = {k: recipe[f"{k}_fraction"] for k in ("contrast", "generate")}
    # 10 epochs, then 100, then 50 with labels.
    first_steps = stages.consecutive_stages(160 * 234, fractions)
    assert first_steps == {"contrast": 0, "generate": 2340, "train": 25740}
    digits = config.configure("wsgan", "digits")
    assert (digits.labels, digits.max_steps, digits.hparams.batch_size) == (50, 1000, 50)
    assert digits.hparams.stage_fractions() == {"contrast": 0.25, "generate": 0.25}
    authors = config.configure("wsgan", "fashion_mnist", profile="authors")
    assert authors.epochs == 110
    assert (authors.hparams.generate_rate, authors.hparams.average_decay) == (0.01, 0.0)


def test_profile_authors_has_a_high_temperature_and_a_cross_entropy_gan(tiny_run):
    method = tiny_run.at(2)
    real_scores, fake_scores = tf.constant([[0.0], [2.0]]), tf.constant([[-1.0], [0.5]])
    images = tf.zeros([2, *method.task.image_shape])
    paper = method.hp
    try:
        assert method.temperature() == 0.5
        assert float(method.adversarial_loss(fake_scores)) == pytest.approx(0.25)
        method.hp = dataclasses.replace(paper, profile="authors")
        assert method.temperature() == pytest.approx(math.sqrt(2 * paper.batch_size))
        expected = float(losses.source_generator_loss(fake_scores))
        assert float(method.adversarial_loss(fake_scores)) == pytest.approx(expected)
        source, penalty = method.critic_loss(images, images, real_scores, fake_scores)
        expected = float(losses.source_loss(real_scores, fake_scores))
        assert float(source) == pytest.approx(expected)
        assert float(penalty) == 0.0
    finally:
        method.hp = paper


def test_a_longer_run_that_would_go_back_to_an_earlier_stage_is_refused(tiny_run, whole):
    method = tiny_run.at(0)
    run = types.SimpleNamespace(workdir="runs/a", method=method)
    loop._refuse_earlier_stage(run, STEPS, "train")
    loop._refuse_earlier_stage(run, 2, "contrast")
    loop._refuse_earlier_stage(run, 2, None)  # a checkpoint from before it recorded the stage
    with pytest.raises(
        errors.UserError, match="stage train by step 4; in a run of 6 steps"
    ) as refused:
        loop._refuse_earlier_stage(run, 4, "train")
    assert "would lie in stage generate" in str(refused.value)
    assert refused.value.status == 2
