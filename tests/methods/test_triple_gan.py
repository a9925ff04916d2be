"""Triple-GAN: the three steps by recomputation, gradients, balanced labels, recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods import triple_gan
from tf_ssgan.nn import layers, losses, step_random, weights
from tf_ssgan.training import config

WITHOUT_NOISE = {"dropout": 0.0, "input_dropout": 0.0, "discriminator_dropout": 0.0}


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("triple_gan", **WITHOUT_NOISE)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def recorded_step(toy, monkeypatch, **hyperparameters):
    """A step that moves nothing: its scalars, and what D, G and C minimize with the gradients."""
    method, found = toy.method, {}
    given = toy_methods.hparams("triple_gan", **(WITHOUT_NOISE | hyperparameters))
    monkeypatch.setattr(method, "hp", given)

    def note(player):
        def minimize(loss, tape):
            gradients = tape.gradient(loss, [v.value for v in player.variables])
            found[player.name] = float(loss), gradients

        return minimize

    for player in (method.d, method.g, method.c):
        monkeypatch.setattr(player, "minimize", note(player))
    batch = next(toy.batches())
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    return logs, found, batch


def test_the_players_move_in_the_order_of_the_paper(toy, method, monkeypatch):
    _, found, _ = recorded_step(toy, monkeypatch)
    assert list(found) == ["discriminator", "generator", "classifier"]


def test_a_step_of_the_classifier_is_the_weighted_sum(toy, method, monkeypatch):
    """All images of a step are generated before C moves; its last term begins with the run here."""
    logs, found, batch = recorded_step(toy, monkeypatch, generated_start=0.0)
    assert found["discriminator"][0] == pytest.approx(logs["discriminator"])
    assert found["generator"][0] == pytest.approx(logs["generator"])
    toy.load(toy.start)
    x, real = batch["labeled"]["image"], batch["unlabeled"]["image"]
    with step_random.at(0, 0):
        latents = [method.latents(8) for _ in range(2)]
    fake = method.generator(latents[1], training=True)
    with step_random.at(0, 0):
        outputs = method.forward_concat(method.classifier, x, real)
    labeled, unlabeled = (output["logits"] for output in outputs)
    with layers.frozen_statistics():
        generated = method.classifier(fake, training=True)["logits"]
    supervised = losses.cross_entropy(batch["labeled"]["label"], labeled)
    assert logs["supervised"] == pytest.approx(float(supervised), abs=1e-5)
    unsupervised = 0.3 * losses.entropy(unlabeled) + 1e-3 * losses.uniform_cross_entropy(unlabeled)
    assert logs["unsupervised"] == pytest.approx(float(unsupervised), abs=1e-5)
    score = method.discriminator([real, tf.argmax(unlabeled, -1)])["score"].numpy()[:, 0]
    likeliest = tf.nn.softmax(unlabeled).numpy().max(-1)
    expected = 0.5 * (likeliest * np.logaddexp(0, -score)).mean()
    assert logs["adversarial"] == pytest.approx(expected, abs=1e-5)
    whole = logs["supervised"] + 0.01 * logs["adversarial"] + logs["unsupervised"]
    whole += 0.03 * float(losses.cross_entropy(latents[1][1], generated))
    assert found["classifier"][0] == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize(("start", "learns"), [(0.0, True), (0.5, False)])
def test_generated_images_teach_the_classifier_after_a_part_of_the_run(
    toy, method, monkeypatch, start, learns
):
    with_it = recorded_step(toy, monkeypatch, generated_start=start)[1]["classifier"][0]
    monkeypatch.undo()
    toy.load(toy.start)
    options = {"generated_start": start, "generated_weight": 0.0}
    without = recorded_step(toy, monkeypatch, **options)[1]["classifier"][0]
    assert (with_it - without > 0.01) == learns
    assert learns or with_it == pytest.approx(without, abs=1e-6)


def test_the_discriminator_judges_four_kinds_of_pairs(toy, method, monkeypatch):
    logs, _, batch = recorded_step(toy, monkeypatch, pseudo_share=0.25)
    toy.load(toy.start)
    x, y = batch["labeled"]["image"], batch["labeled"]["label"]
    real, others = batch["unlabeled"]["image"], batch["pseudo"]["image"]
    assert not np.array_equal(batch["unlabeled"]["index"], batch["pseudo"]["index"])
    with step_random.at(0, 0):
        guessed, pseudo = method.labels_of(real, others)
        z, wanted = method.latents(8)
    fake = method.generator([z, wanted], training=True)
    score = lambda *pair: method.discriminator(list(pair))["score"].numpy()  # noqa: E731
    softplus = lambda a: np.logaddexp(0, a).mean()  # noqa: E731
    expected = 0.75 * softplus(-score(x, y)) + 0.25 * softplus(-score(others, pseudo))
    expected += 0.5 * softplus(score(fake, wanted)) + 0.5 * softplus(score(real, guessed))
    assert logs["discriminator"] == pytest.approx(expected, abs=1e-5)


def test_no_gradient_passes_through_the_labels_of_the_classifier(toy, method, monkeypatch):
    """C learns from D by p_max alone: its gradient is that with D's scores as numbers."""
    batch = next(toy.batches())
    real = batch["unlabeled"]["image"]
    sources = [v.value for v in method.c.variables]
    with tf.GradientTape(persistent=True) as tape:
        logits = method.classifier(real, training=True)["logits"]
        score = method.discriminator([real, tf.argmax(logits, -1)])["score"]
        loss = losses.pair_classifier_loss(logits, score)
        numbers = losses.pair_classifier_loss(logits, tf.constant(score.numpy()))
    through, alone = (tape.gradient(one, sources) for one in (loss, numbers))
    for one, two in zip(through, alone, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(np.any(one) for one in through)
    assert all(g is None for g in tape.gradient(score, sources))


def test_no_player_moves_another_ones_weights(toy, method):
    """Neither by its gradients, nor by batch statistics of a pass over generated images."""
    for name in ("d", "g", "c"):
        toy.load(toy.start)
        before = toy.values()
        with pytest.MonkeyPatch.context() as patch:
            for other in {"d", "g", "c"} - {name}:
                patch.setattr(getattr(method, other), "minimize", lambda loss, tape: None)
            method.one_step(next(toy.batches()))
        for network, values in before.items():
            if network.startswith("network/"):
                made = method.networks()[network.removeprefix("network/")]
                moved = [
                    v.path for v, old in zip(made.variables, values, strict=True)
                    if v.trainable and not np.array_equal(v, old)
                ]  # fmt: skip
                assert bool(moved) == (made in getattr(method, name).networks), (name, network)


def moving(network):
    return [v.numpy() for v in network.variables if "moving" in v.name]


def test_the_classifier_records_statistics_of_its_own_step_alone(toy, method, monkeypatch):
    recorded_step(toy, monkeypatch, generated_start=0.0)
    recorded = moving(method.classifier)
    toy.load(toy.start)
    batch = next(toy.batches())
    images = [batch[k]["image"] for k in ("labeled", "unlabeled")]
    with step_random.at(0, 0):
        method.forward_concat(method.classifier, *images)
    for one, two in zip(recorded, moving(method.classifier), strict=True):
        np.testing.assert_array_equal(one, two)


def test_consistency_compares_two_passes_and_rises():
    toy = toy_methods.Eager(
        "triple_gan", norm="mean_only", consistency_weight=100.0, ramp_up=0.5, image_noise=0.2
    )
    method, real = toy.method, next(toy.batches())["unlabeled"]["image"]
    with step_random.at(0, 0):
        labeled, one, two = method.classified(real[:4], real)
    assert labeled.shape == (4, 3) and not np.array_equal(one, two)
    p, q = tf.nn.softmax(one).numpy(), tf.nn.softmax(two).numpy()
    own = 0.3 * losses.entropy(one) + 1e-3 * losses.uniform_cross_entropy(one)
    for step, factor in ((0, np.exp(-5)), (5, np.exp(-5 / 36)), (10, 1.0)):  # of 12
        method.step.assign(step)
        expected = float(own) + 100 * factor * np.square(p - q).mean()
        assert float(method.unsupervised_loss(one, two)) == pytest.approx(expected, rel=1e-4)


def test_recipes_and_parameter_counts():
    task = toy_methods.task(classes=10, height=32, width=32, channels=3)
    for dataset, labels, batch_size, classifier in (
        ("svhn", 1000, 200, 3_121_812), ("cifar10", 4000, 100, 3_121_812),
    ):  # fmt: skip
        settings = config.configure("triple_gan", dataset)
        hp = settings.hparams
        assert (settings.labels, settings.epochs) == (labels, 1000)
        assert (hp.batch_size, hp.average_decay, hp.learning_rate) == (batch_size, 0.99, 3e-4)
        made = triple_gan.Method(hp, task)
        counts = {k: weights.parameter_count(n) for k, n in made.networks().items()}
        assert counts == {
            "discriminator": 327_467 + 449, "generator": 5_112_052, "classifier": classifier,
        }  # fmt: skip
    assert (hp.norm, hp.normalization, hp.consistency_weight) == ("mean_only", "zca", 100.0)
    assert (hp.pseudo_share, hp.generated_weight, hp.entropy_weight) == (0.8, 0.1, 0.0)
