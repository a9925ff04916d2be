"""What is learned before labels are: stages, a backbone to begin with, contrast, a generator."""

import dataclasses
import pathlib
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.core import stages
from tf_ssgan.methods.bases import contrastive, generator_pretraining
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import losses, step_random

IMAGES = toy_methods.centered(toy_methods.images()[0])
# Keras warns of each layer that the file of another network lacks, before it gives up.
LACKING = pytest.mark.filterwarnings("ignore:Skipping nested container")


def build(name="noise_reg", seed=0, **knobs):
    """A method of this toy size, its ResNet cut short as in `toys`."""
    with mock.patch.multiple(resnet18, WIDTHS=(1,), BLOCKS=1):
        return methods.find(name).Method(
            toy_methods.hparams(name, **knobs), toy_methods.task(seed=seed)
        )


@pytest.fixture(scope="module")
def toy():
    """WSGAN has both stages."""
    return toy_methods.Toy("wsgan")


@pytest.fixture
def made(toy):
    toy.load(toy.start)
    toy.method.set_stage(0)
    return toy.method


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A backbone and the file of it that another run left."""
    backbone = build(seed=1).backbone
    path = tmp_path_factory.mktemp("run") / "backbone.weights.h5"
    for number, variable in enumerate(backbone.variables):  # statistics that a run has recorded
        variable.assign(tf.random.stateless_uniform(variable.shape, [7, number], 0.1, 1.0))
    backbone.save_weights(path)
    return backbone, path


def given(path, **knobs):
    return build(backbone_init="path", backbone_path=str(path), **knobs)


@pytest.mark.parametrize(
    ("steps", "shares", "expected"),
    [
        (100, {}, {"train": 0}),
        (100, {"contrast": 0.5}, {"contrast": 0, "train": 50}),
        (100, {"contrast": 0.25, "generate": 0.25}, {"contrast": 0, "generate": 25, "train": 50}),
        (1000, {"contrast": 0.3, "generate": 0.3}, {"contrast": 0, "generate": 300, "train": 600}),
        (160, {"contrast": 10 / 160, "generate": 100 / 160},
         {"contrast": 0, "generate": 10, "train": 110}),
        (7, {"contrast": 1 / 7, "generate": 1 / 7}, {"contrast": 0, "generate": 1, "train": 2}),
        (10, {"contrast": 0.35}, {"contrast": 0, "train": 3}),
        (100, {"contrast": 0.0, "generate": 0.25}, {"generate": 0, "train": 25}),
        (100, {"contrast": 0.25, "generate": 0.0}, {"contrast": 0, "train": 25}),
        (10, {"contrast": 0.05, "generate": 0.3}, {"generate": 0, "train": 3}),
        (10, {"contrast": 0.05, "generate": 0.05}, {"generate": 0, "train": 1}),
        (1, {"contrast": 0.5}, {"train": 0}),
    ],
)  # fmt: skip
def test_shares_become_first_steps(steps, shares, expected):
    assert stages.consecutive_stages(steps, shares) == expected


@pytest.mark.parametrize("steps", [3, 12, 160, 997])
def test_shares_of_whole_steps_fall_short_of_none(steps):
    for first in range(1, steps):
        found = stages.consecutive_stages(steps, {"contrast": first / steps})
        assert found == {"contrast": 0, "train": first}


@pytest.mark.parametrize(
    ("steps", "shares"),
    [(100, {"contrast": 0.5, "generate": 0.5}), (100, {"contrast": 0.9, "generate": 0.25}),
     (3, {"contrast": 0.9, "generate": 0.9})],
)  # fmt: skip
def test_stages_that_leave_no_step_are_refused(steps, shares):
    said = f"--contrast_fraction={shares['contrast']:g} and --generate_fraction="
    with pytest.raises(errors.UserError, match=f"{said}.* leave none of {steps} steps"):
        stages.consecutive_stages(steps, shares)


def test_only_a_contrast_has_a_stage_of_its_own():
    random = generator_pretraining.GeneratorHParams(backbone_init="random")
    assert random.shares() == {"generate": 0.25}
    assert generator_pretraining.GeneratorHParams().shares() == {"contrast": 0.5, "generate": 0.25}
    assert contrastive.ContrastiveHParams(backbone_init="path", backbone_path="x").shares() == {}


@pytest.mark.parametrize(
    ("init", "path", "said"),
    [("path", "", "--backbone_path=''"), ("contrastive", "a.h5", "--backbone_path=a.h5"),
     ("random", "a.h5", "--backbone_init=random")],
)  # fmt: skip
def test_a_path_that_is_not_read_and_none_where_one_is_are_refused(init, path, said):
    with pytest.raises(errors.UserError, match=f"{said}.*do not go together"):
        contrastive.ContrastiveHParams(backbone_init=init, backbone_path=path)


def test_a_backbone_is_loaded_into_another_run_exactly(left):
    backbone, path = left
    other = given(path, seed=2)
    heads = [v for v in other.classifier.variables if v.path.startswith(("hidden", "logits"))]
    before = [v.numpy() for v in heads]
    assert len(before) == 4 and other.stages() == {"train": 0}
    other.begin(IMAGES)
    for loaded, kept in zip(other.backbone.variables, backbone.variables, strict=True):
        np.testing.assert_array_equal(loaded, kept)
    for head, value in zip(heads, before, strict=True):
        np.testing.assert_array_equal(head, value)
    # The weights that ship are an average that begins there.
    for slow, fast in zip(
        other.exported_classifier.variables, other.classifier.variables, strict=True
    ):
        np.testing.assert_array_equal(slow, fast)
    assert "contrast" not in {player.name for player in other._players}
    assert not hasattr(other, "projector") and other.pretrained() == {}


@LACKING
def test_a_backbone_of_another_width_is_refused_in_a_sentence(left):
    other = given(left[1], width=8)
    with pytest.raises(errors.UserError) as refused:
        other.begin(IMAGES)
    said = str(refused.value)
    assert said.startswith(f"{left[1]} does not hold the weights of this ResNet: take ")
    assert "--width" in said and said.count(". ") == 0 and "\n" not in said


@LACKING
def test_wsgan_s_backbone_is_another_resnet(left, made):
    """It maps colors, where those of the other methods copy gray."""
    before = [v.numpy() for v in made.backbone.variables]
    with pytest.raises(errors.UserError, match="of the same method"):
        contrastive.load_weights(made.backbone, left[1])
    assert len(before) == len(left[0].variables) + 2


@pytest.mark.parametrize("name", ["missing.weights.h5", "backbone.txt", ""])
def test_a_file_that_is_not_there_or_no_file_of_weights_is_refused(tmp_path, left, name):
    (tmp_path / "backbone.txt").write_text("weights")
    with pytest.raises(errors.UserError, match="is no file of weights: expected backbone.weights"):
        contrastive.load_weights(left[0], tmp_path / name)


def test_a_file_that_is_cut_short_is_refused(tmp_path, left):
    path = tmp_path / "backbone.weights.h5"
    path.write_bytes(left[1].read_bytes()[:100])
    with pytest.raises(errors.UserError, match="does not hold the weights"):
        contrastive.load_weights(left[0], pathlib.Path(path))


def test_what_is_left_is_the_backbone_of_the_contrast(made):
    assert made.pretrained() == {"backbone": made.backbone}
    for step in (2, 4):
        made.set_stage(step)
        assert made.pretrained() == {}


@pytest.mark.parametrize("keeps", [True, False])
def test_views_are_mirrored_where_a_mirrored_image_keeps_its_class(made, monkeypatch, keeps):
    monkeypatch.setattr(made, "task", dataclasses.replace(made.task, flip=keeps))
    flips = ["flip", "flip_vertical"] if keeps else []
    (stream,) = made.streams().values()
    assert stream.pool == "unlabeled" and stream.examples == 8
    assert stream.views["image"] == "plain"
    assert stream.views["augmented"].split() == ["resized_crop", *flips, "brightness"]


def test_a_step_of_contrast_by_its_parts(toy, made):
    """The loss is that of the projections of both views, which share their batch statistics."""
    batch = next(toy.batches())
    views = [batch["unlabeled"][name] for name in ("image", "augmented")]
    assert not np.array_equal(*views)
    with step_random.at(0, 0):
        one, two = (view["features"] for view in made.forward_concat(made.backbone, *views))
    projected = [made.projector(view) for view in (one, two)]
    drawn = made.decoder(one + two, training=True)
    expected = {
        "contrastive": float(losses.nt_xent(*projected, 0.5)),
        "reconstruction": np.mean(np.square(drawn - views[0])),
    }
    toy.load(toy.start)
    logs = {name: float(value) for name, value in made.one_step(batch).items()}
    assert logs == pytest.approx(expected, rel=1e-5)


def test_contrast_moves_what_it_says_and_no_head(toy, made):
    made.one_step(next(toy.batches()))
    now = toy.values()
    moved = {
        owner for owner, values in toy.start.items() if owner.startswith("network/")
        and any(not np.array_equal(a, b) for a, b in zip(values, now[owner], strict=True))
    }  # fmt: skip
    assert moved == {"network/classifier", "network/projector", "network/decoder"}
    inside = {id(v) for v in made.backbone.variables}
    for v, old in zip(made.classifier.variables, toy.start["network/classifier"], strict=True):
        if id(v) not in inside:
            np.testing.assert_array_equal(v, old, err_msg=v.path)


def test_a_step_of_the_generator_by_its_parts(toy, made):
    """The critic learns first; its penalty and its judgment of what is drawn record nothing."""
    made.step.assign(2)
    made.set_stage(2)
    batch = next(toy.batches(2))
    x, clean = batch["unlabeled"]["image"], batch["clean"]
    with step_random.at(0, 2):
        z, c = made.latents(8)
        fake = made.generator([z, c], training=True)
        mix = made.draws().uniform(8, 1, 1, 1)
    real, said = made.critic(x, training=True), made.score_fake(fake)
    penalty = losses.gradient_penalty(lambda y: made.score_fake(y)["source"], x, fake, mix)
    named = made.critic(clean["image"], training=True)
    recorded = [v.numpy() for v in made.critic.non_trainable_variables]
    expected = {
        "source": float(tf.reduce_mean(said["source"]) - tf.reduce_mean(real["source"])),
        "penalty": float(penalty),
        "named": float(losses.cross_entropy(clean["label"], named["logits"])),
        "conditional": float(losses.cross_entropy(c, said["logits"])),
    }
    toy.load(toy.start)
    made.step.assign(2)
    logs = {name: float(value) for name, value in made.one_step(batch).items()}
    assert tuple(logs) == (*expected, "generator") == generator_pretraining.GENERATOR_REPORTS
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-5)
    for now, alone in zip(made.critic.non_trainable_variables, recorded, strict=True):
        np.testing.assert_allclose(now, alone, atol=1e-6)


def test_what_is_said_of_drawn_images_is_not_recorded(made):
    before = [v.numpy() for v in made.critic.variables]
    made.score_fake(IMAGES[:8])
    for variable, value in zip(made.critic.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_its_numbers():
    hp = generator_pretraining.GeneratorHParams()
    assert (hp.contrast_rate, hp.temperature, hp.width) == (1e-3, 0.5, 64)
    assert (hp.generate_rate, hp.beta_1, hp.penalty_weight, hp.latent_size) == (2e-4, 0.5, 10, 100)
    made = build("wsgan")
    adams = {player.name: player.optimizer for player in made._players}
    assert float(adams["contrast"].learning_rate) == pytest.approx(1e-3)
    for name in ("critic", "generator"):
        assert adams[name].beta_1 == 0.5 and isinstance(adams[name], keras.optimizers.Adam)
