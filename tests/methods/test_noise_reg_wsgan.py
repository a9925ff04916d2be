"""What is special to noise regularization by a generator and its judge."""

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.core import stages
from tf_ssgan.methods import noise_reg, noise_reg_wsgan
from tf_ssgan.nn import layers
from tf_ssgan.training import config

LABELS = tf.constant([0, 1, 2, 0, 1, 2], tf.int64)
OTHERS = tf.constant([1, 1, 2, 0, 1, 2], tf.int64)


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("noise_reg_wsgan")


@pytest.fixture
def made(toy, monkeypatch):
    toy.load(toy.start)
    toy.method.step.assign(4)
    toy.method.set_stage(4)
    monkeypatch.setattr(toy.method, "hp", toy.method.hp)
    return toy.method


@pytest.fixture
def seen(made):
    """What the classifier says of six images."""
    with layers.frozen_statistics():
        return made.classifier(toy_methods.centered(toy_methods.images(6)[0]), training=True)


def absorbed(made, seen, labels, told="noisy"):
    scripted_outputs.turned(made, nrw_label=told)
    with layers.frozen_statistics():
        return made.absorbed(seen, labels).numpy()


def test_it_is_told_the_noisy_label(made, seen):
    before = absorbed(made, seen, LABELS)
    assert before.shape == (6, toy_methods.CLASSES)
    np.testing.assert_array_equal(absorbed(made, seen, LABELS), before)
    assert np.any(absorbed(made, seen, OTHERS)[0] != before[0])


@pytest.mark.parametrize("told", ["predicted", "none"])
def test_it_is_told_nothing_of_the_label_if_one_says_so(made, seen, told):
    before = absorbed(made, seen, LABELS, told)
    np.testing.assert_array_equal(absorbed(made, seen, OTHERS, told), before)
    assert np.any(before != absorbed(made, seen, LABELS))


def test_what_is_predicted_is_the_likeliest_class_of_the_clean_head(made, seen):
    seen = seen | {"logits": tf.one_hot([2, 0, 0, 1, 2, 1], 3, on_value=4.0)}
    expected = absorbed(made, seen, tf.constant([2, 0, 0, 1, 2, 1], tf.int64))
    np.testing.assert_array_equal(absorbed(made, seen, LABELS, "predicted"), expected)


def test_nothing_is_no_class_at_all(made, seen):
    """Zeros in the place of a one-hot vector."""
    nothing = tf.fill([6], tf.constant(-1, tf.int64))
    one_hot = next(x for x in made.generator.layers if type(x).__name__ == "_OneHot")
    assert not np.any(one_hot(nothing)) and np.all(np.sum(one_hot(LABELS), axis=1) == 1)
    expected = absorbed(made, seen, nothing)
    np.testing.assert_array_equal(absorbed(made, seen, LABELS, "none"), expected)


def test_it_is_the_judgment_of_an_image_drawn_from_features_and_label(made, seen):
    latents = made.mapper(seen["features"])
    assert latents.shape == (6, made.hp.latent_size)
    with layers.frozen_statistics():
        images = made.generator([latents, LABELS], training=True)
        expected = made.judge(images, training=True)
    assert images.shape == (6, 8, 8, 1)
    np.testing.assert_allclose(absorbed(made, seen, LABELS), expected["logits"], atol=1e-6)


def test_the_last_stage_moves_all_networks_but_the_critic(toy, made):
    made.one_step(next(toy.batches(4)))
    now = toy.values()
    moved = {
        owner.removeprefix("network/") for owner, values in toy.start.items()
        if owner.startswith("network/")
        and any(not np.array_equal(a, b) for a, b in zip(values, now[owner], strict=True))
    }  # fmt: skip
    assert moved == {"classifier", "mapper", "generator", "branches"}


def test_stages_and_what_they_read(made):
    assert made.stages() == {"contrast": 0, "generate": 2, "train": 4}
    found = {}
    for step in (0, 2, 4):
        made.set_stage(step)
        found[made.stage] = {n: (s.pool, s.examples) for n, s in made.streams().items()}
        assert made.reported[0] == {0: "contrastive", 2: "source", 4: "noisy"}[step]
    assert found == {
        "contrast": {"unlabeled": ("unlabeled", 8)},
        "generate": {"unlabeled": ("unlabeled", 8), "clean": ("clean", 8)},
        "train": {"noisy": ("noisy", 4), "clean": ("clean", 4)},
    }


def test_its_networks(made):
    hp = noise_reg_wsgan.HParams()
    assert (hp.latent_size, hp.nrw_label, hp.batch_size) == (64, "noisy", 300)
    first, _, last, _ = made.mapper.variables
    assert (first.shape, last.shape) == ((4, 216), (216, made.hp.latent_size))
    assert isinstance(made, noise_reg.Method) and not hasattr(made, "residual")
    players = {player.name: player.networks for player in made._players}
    assert players["generator"] == [made.generator]
    assert players["classifier"] == [made.classifier, made.mapper, made.generator, made.judge]


def test_profiles_and_recipes():
    theirs = config.configure("noise_reg_wsgan", "fashion_mnist", profile="authors").hparams
    assert (theirs.nr_loss, theirs.clean_weight, theirs.batch_size) == ("mae", 1.0, 300)
    digits = config.configure("noise_reg_wsgan", "digits")
    assert (digits.clean_fraction, digits.noise, digits.hparams.batch_size) == (0.2, "permute", 50)
    assert digits.hparams.shares() == {"contrast": 0.25, "generate": 0.25}  # a short run
    recipe = noise_reg_wsgan.HParams.recipe("fashion_mnist")
    shares = {k: recipe[f"{k}_fraction"] for k in ("contrast", "generate")}
    found = stages.consecutive_stages(120 * 200, shares)  # 10 epochs, 100, and 10 with labels
    assert recipe["epochs"] == 120 and found == {"contrast": 0, "generate": 2000, "train": 22000}
