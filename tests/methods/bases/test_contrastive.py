"""The contrastive stage: its hyperparameters, one step of it, and the backbone that it saves."""

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.methods.bases import contrastive
from tf_ssgan.nn import losses, step_random

IMAGES = toy_methods.centered(toy_methods.images()[0])
# Before it fails, Keras warns of each layer that is missing in the file of another network.
MISSING_LAYERS = pytest.mark.filterwarnings("ignore:Skipping nested container")


def noise_reg(seed=0, **hparams):
    """Noise regularization at toy size, with a shorter ResNet."""
    with toy_methods.short():
        return methods.find("noise_reg").Method(
            toy_methods.hparams("noise_reg", **hparams), toy_methods.task(seed=seed)
        )


def noise_reg_with_backbone(path, **hparams):
    return noise_reg(backbone_init="path", backbone_path=str(path), **hparams)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A backbone, and the file of its weights."""
    backbone = noise_reg(seed=1).backbone
    path = tmp_path_factory.mktemp("run") / "backbone.weights.h5"
    for number, variable in enumerate(backbone.variables):  # batch statistics too
        variable.assign(tf.random.stateless_uniform(variable.shape, [7, number], 0.1, 1.0))
    backbone.save_weights(path)
    return backbone, path


def test_there_is_a_stage_only_for_contrastive_learning():
    assert contrastive.ContrastiveHParams().stage_fractions() == {"contrast": 0.5}
    loaded = contrastive.ContrastiveHParams(backbone_init="path", backbone_path="x")
    assert loaded.stage_fractions() == {}
    assert contrastive.ContrastiveHParams(backbone_init="random").stage_fractions() == {}


@pytest.mark.parametrize(
    ("init", "path", "message"),
    [("path", "", "--backbone_path=''"), ("contrastive", "a.h5", "--backbone_path=a.h5"),
     ("random", "a.h5", "--backbone_init=random")],
)  # fmt: skip
def test_a_superfluous_or_missing_backbone_path_is_refused(init, path, message):
    with pytest.raises(errors.UserError, match=f"{message}.*do not go together"):
        contrastive.ContrastiveHParams(backbone_init=init, backbone_path=path)


def test_a_backbone_is_loaded_into_another_run_exactly(saved):
    backbone, path = saved
    other = noise_reg_with_backbone(path, seed=2)
    heads = [v for v in other.classifier.variables if v.path.startswith(("hidden", "logits"))]
    before = [v.numpy() for v in heads]
    assert len(before) == 4 and other.stages() == {"train": 0}
    other.begin(IMAGES, None)
    for loaded, expected in zip(other.backbone.variables, backbone.variables, strict=True):
        np.testing.assert_array_equal(loaded, expected)
    for head, value in zip(heads, before, strict=True):
        np.testing.assert_array_equal(head, value)
    # The EMA starts from the loaded weights.
    for average, weight in zip(
        other.exported_classifier.variables, other.classifier.variables, strict=True
    ):
        np.testing.assert_array_equal(average, weight)
    assert "contrast" not in {player.name for player in other._players}
    assert not hasattr(other, "projector") and other.pretrained() == {}


@MISSING_LAYERS
def test_a_backbone_of_another_width_is_refused_in_one_sentence(saved):
    other = noise_reg_with_backbone(saved[1], width=8)
    with pytest.raises(errors.UserError) as refused:
        other.begin(IMAGES, None)
    message = str(refused.value)
    assert message.startswith(f"{saved[1]} does not contain weights of this ResNet: use ")
    assert "--width" in message and message.count(". ") == 0 and "\n" not in message


@MISSING_LAYERS
def test_a_backbone_of_noise_reg_is_refused_by_wsgan(saved, wsgan):
    """WSGAN's ResNet maps gray images to colors; that of the other methods copies the channel."""
    assert len(wsgan.backbone.variables) == len(saved[0].variables) + 2
    with pytest.raises(errors.UserError, match="of the same method"):
        contrastive.load_weights(wsgan.backbone, saved[1])


@pytest.mark.parametrize("name", ["missing.weights.h5", "backbone.txt", ""])
def test_a_missing_file_or_one_of_another_kind_is_refused(tmp_path, saved, name):
    (tmp_path / "backbone.txt").write_text("weights")
    message = "is not a weights file: expected backbone.weights"
    with pytest.raises(errors.UserError, match=message):
        contrastive.load_weights(saved[0], tmp_path / name)


def test_a_truncated_file_is_refused(tmp_path, saved):
    path = tmp_path / "backbone.weights.h5"
    path.write_bytes(saved[1].read_bytes()[:100])
    with pytest.raises(errors.UserError, match="does not contain weights"):
        contrastive.load_weights(saved[0], pathlib.Path(path))


def test_the_contrastive_stage_leaves_its_backbone(wsgan):
    assert wsgan.pretrained() == {"backbone": wsgan.backbone}
    for step in (2, 4):
        wsgan.set_stage(step)
        assert wsgan.pretrained() == {}


@pytest.mark.parametrize("class_survives_flip", [True, False])
def test_views_are_flipped_only_if_images_keep_their_class(wsgan, monkeypatch, class_survives_flip):
    monkeypatch.setattr(wsgan, "task", dataclasses.replace(wsgan.task, flip=class_survives_flip))
    flips = ["flip", "flip_vertical"] if class_survives_flip else []
    (stream,) = wsgan.streams().values()
    assert stream.pool == "unlabeled" and stream.examples == 8
    assert stream.views["image"] == "plain"
    assert stream.views["augmented"].split() == ["resized_crop", *flips, "brightness"]


def test_the_losses_of_a_contrastive_step(wsgan_toy, wsgan):
    """Both views share their batch statistics."""
    batch = next(wsgan_toy.batches())
    views = [batch["unlabeled"][name] for name in ("image", "augmented")]
    assert not np.array_equal(*views)
    with step_random.at(0, 0):
        h1, h2 = (view["features"] for view in wsgan.forward_concat(wsgan.backbone, *views))
    projected = [wsgan.projector(h) for h in (h1, h2)]
    decoded = wsgan.decoder(h1 + h2, training=True)
    expected = {
        "contrastive": float(losses.nt_xent(*projected, 0.5)),
        "reconstruction": np.mean(np.square(decoded - views[0])),
    }
    wsgan_toy.load(wsgan_toy.start)
    logs = {name: float(value) for name, value in wsgan.one_step(batch).items()}
    assert logs == pytest.approx(expected, rel=1e-5)


def test_a_contrastive_step_trains_no_head(wsgan_toy, wsgan):
    wsgan.one_step(next(wsgan_toy.batches()))
    now = wsgan_toy.values()
    trained = {
        owner for owner, values in wsgan_toy.start.items() if owner.startswith("network/")
        and any(not np.array_equal(a, b) for a, b in zip(values, now[owner], strict=True))
    }  # fmt: skip
    assert trained == {"network/classifier", "network/projector", "network/decoder"}
    backbone = {id(v) for v in wsgan.backbone.variables}
    before = wsgan_toy.start["network/classifier"]
    for variable, value in zip(wsgan.classifier.variables, before, strict=True):
        if id(variable) not in backbone:
            np.testing.assert_array_equal(variable, value, err_msg=variable.path)


def test_defaults(wsgan):
    hp = contrastive.ContrastiveHParams()
    assert (hp.contrast_rate, hp.temperature, hp.width) == (1e-3, 0.5, 64)
    (adam,) = [player.optimizer for player in wsgan._players if player.name == "contrast"]
    assert float(adam.learning_rate) == pytest.approx(1e-3)
