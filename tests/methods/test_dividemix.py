"""DivideMix: both steps in NumPy, gradients, schedules and recipes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.nn import layers, precision, step_random
from tf_ssgan.training import config


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("dividemix")


@pytest.fixture
def method(toy, monkeypatch):
    toy.load(toy.start)
    monkeypatch.setattr(toy.method, "hp", toy.method.hp)
    toy.method.set_stage(0)
    return toy.method


def with_hparams(method, **values):
    method.hp = dataclasses.replace(method.hp, **values)


def training_batch(toy, step=2):
    """A batch of stage "train", with the clock at its step."""
    toy.method.set_stage(step)
    toy.method.step.assign(step)
    return next(toy.batches(step))


def recorded(method, batch, monkeypatch):
    """The scalars of a step that moves nothing, and the losses of both networks."""
    found = []
    for player in method.duo:
        monkeypatch.setattr(player, "minimize", lambda loss, tape: found.append(float(loss)))
    return {k: float(v) for k, v in method.one_step(batch).items()}, found


def probabilities(network, images, training):
    with layers.frozen_statistics():
        logits = network(tf.constant(images, tf.float32), training=training)["logits"]
    return tf.nn.softmax(tf.cast(logits, tf.float64)).numpy()


def sharpened(p):
    return p**2 / np.sum(p**2, axis=-1, keepdims=True)


def expected_losses(method, batch, k, random):
    """Both losses and the balance term of network k, as in the paper."""
    own, peer = method.pair[k], method.pair[1 - k]
    x, u = (batch[f"{part}_{k}"] for part in ("clean", "noisy"))
    views = ("one", "two")
    of_x = np.mean([probabilities(own, x[v], True) for v in views], axis=0)
    of_u = np.mean(
        [probabilities(own, u[v], True) for v in views]
        + [probabilities(peer, u[v], False) for v in views], axis=0,
    )  # fmt: skip
    w = method.clean[1 - k].numpy()[x["index"].numpy()][:, None]
    y = np.eye(toy_methods.CLASSES)[x["label"].numpy()]
    y, q = sharpened(w * y + (1 - w) * of_x), sharpened(of_u)
    share = random.beta(4.0).numpy()
    share, order = max(share, 1 - share), random.order(16).numpy()
    images = np.concatenate([x["one"], x["two"], u["one"], u["two"]])
    targets = np.concatenate([y, y, q, q])
    images = share * images + (1 - share) * images[order]
    targets = share * targets + (1 - share) * targets[order]
    p = probabilities(own, images, True)
    supervised = -np.mean(np.sum(targets[:8] * np.log(p[:8]), axis=1))
    consistency = np.mean((p[8:] - targets[8:]) ** 2)
    balance = np.mean(np.log(1 / 3 / p.mean(axis=0)))
    return supervised, consistency, balance


def test_the_whole_loss_of_both_networks_is_that_of_the_paper(toy, method, monkeypatch):
    """Worked out in NumPy from the outputs of both networks, with w that differ by image."""
    for k in (0, 1):
        method.clean[k].assign(np.linspace(0.1 + k / 2, 0.9, toy_methods.LABELED))
    batch = training_batch(toy)
    random, before = step_random.StepRandom(method.task.seed, 2), toy.values()
    expected = np.array([expected_losses(method, batch, k, random) for k in (0, 1)])
    logs, losses = recorded(method, batch, monkeypatch)
    assert list(logs) == ["supervised", "consistency", "balance"]
    assert list(logs.values()) == pytest.approx(expected.mean(axis=0), rel=1e-4)
    weights = [sum(np.sum(v.numpy() ** 2) for v in net.trainable_variables) for net in method.pair]
    monkeypatch.setattr(method, "weight", lambda: 7.0)
    toy.load(before)  # the mixtures recorded statistics
    _, losses = recorded(method, batch, monkeypatch)
    whole = expected @ [1, 7, 1] + 2.5e-4 * np.array(weights)
    assert losses == pytest.approx(whole, rel=1e-4)


def test_both_networks_guess_before_either_moves(toy, method, monkeypatch):
    batch, before = training_batch(toy), toy.values()
    _, still = recorded(method, batch, monkeypatch)
    monkeypatch.undo()
    toy.load(before)  # the mixtures recorded statistics
    found = []
    monkeypatch.setattr(method.duo[1], "minimize", lambda loss, tape: found.append(float(loss)))
    weights = [v.numpy() for v in method.pair[0].trainable_variables]
    method.one_step(batch)
    assert found == pytest.approx(still[1:], rel=1e-6)
    moved = method.pair[0].trainable_variables
    assert any(not np.array_equal(a, b) for a, b in zip(weights, moved, strict=True))


def test_no_gradient_goes_from_one_network_to_the_other(toy, method, monkeypatch):
    batch, found = training_batch(toy), []
    for k, player in enumerate(method.duo):
        others = [v.value for v in method.duo[1 - k].variables]
        monkeypatch.setattr(
            player, "minimize", lambda loss, tape, of=others: found.extend(tape.gradient(loss, of))
        )
    method.one_step(batch)
    assert len(found) > 20 and all(gradient is None for gradient in found)


def test_guesses_record_no_statistics_and_only_mixtures_do(toy, method, monkeypatch):
    batch = training_batch(toy)
    before = toy.values()
    for k in (0, 1):
        method.targets(k, batch)
    for owner, values in toy.values().items():
        for one, two in zip(values, before[owner], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=owner)
    recorded(method, batch, monkeypatch)
    for network in method.pair:
        means = [v for v in network.variables if "moving_mean" in v.name]
        assert all(np.any(v.numpy() != 0) for v in means)


def test_the_warm_up_learns_labels_as_they_are(toy, method, monkeypatch):
    assert method.stages() == {"warm_up": 0, "train": 2}  # 12 labels, 8 a step
    batch = next(toy.batches())
    assert {name: len(part["label"]) for name, part in batch.items()} == {
        "labeled_0": 8, "labeled_1": 8,
    }  # fmt: skip
    ids = [set(batch[f"labeled_{k}"]["index"].numpy().tolist()) for k in (0, 1)]
    assert ids[0] != ids[1]  # so that the networks differ
    with_hparams(method, confidence_penalty=0.5, weight_decay=0.0)
    logs, losses = recorded(method, batch, monkeypatch)
    expected, entropies = [], []
    for k in (0, 1):
        p = probabilities(method.pair[k], batch[f"labeled_{k}"]["image"], True)
        expected.append(-np.mean(np.log(p[np.arange(8), batch[f"labeled_{k}"]["label"]])))
        entropies.append(-np.mean(np.sum(p * np.log(p), axis=1)))
    assert logs == {"supervised": pytest.approx(np.mean(expected), rel=1e-5)}
    assert losses == pytest.approx(np.subtract(expected, np.multiply(0.5, entropies)), rel=1e-5)


def test_the_classifier_is_the_sum_of_both_networks(toy, method):
    images = toy_methods.centered(toy_methods.images(5)[0])
    both = [network(images, training=False)["logits"] for network in method.pair]
    np.testing.assert_allclose(method(images), both[0] + both[1], atol=1e-6)
    assert not np.allclose(both[0], both[1])
    assert method.exported_classifier is method.classifier


def test_an_average_of_both_networks_ships_if_it_is_asked_for():
    toy = toy_methods.Eager("dividemix", average_decay=0.9)
    method = toy.method
    toy.run(3)
    (average,) = method.averages
    assert method.exported_classifier is average.copy is not method.classifier
    copies = [a for a, b in average.pairs() if b.trainable]
    assert len(copies) == len(method.classifier.trainable_variables) > 20
    assert all(np.any(a.numpy() != b.numpy()) for a, b in average.pairs() if b.trainable)
    images = toy_methods.centered(toy_methods.images(5)[0])
    assert np.isfinite(method(images)).all()


def test_the_sum_of_the_networks_is_float32_in_every_number_format():
    with precision.policy("mixed_bfloat16"):
        made = toy_methods.Toy("dividemix").method
    images = toy_methods.centered(toy_methods.images(3)[0])
    for output in made.classifier(images).values():
        assert output.dtype == tf.float32


def test_an_epoch_is_a_pass_over_the_labeled_images():
    hp = toy_methods.hparams("dividemix", batch_size=5)
    assert hp.epoch_steps(labeled=45, unlabeled=1000) == 4
    assert hp.epoch_steps(labeled=3, unlabeled=1000) == 1


def test_the_weight_rises_after_the_warm_up(method):
    with_hparams(method, ramp_up=0.5)  # 6 of the 12 steps
    method.set_stage(2)
    weights = []
    for step in (2, 5, 8, 11):
        method.step.assign(step)
        weights.append(float(method.weight()))
    assert weights == pytest.approx([0, 12.5, 25, 25])
    with_hparams(method, ramp_up=0.0)
    method.step.assign(2)
    assert float(method.weight()) == 25


def test_the_rate_drops_to_a_tenth(method):
    rates = []
    for step in (0, 5, 6, 11):
        method.step.assign(step)
        rates.append(float(method.rate()))
    assert rates == pytest.approx([0.02, 0.02, 0.002, 0.002])


def test_the_recipe_of_cifar10_is_that_of_the_public_code():
    hp = config.configure("dividemix", "cifar10").hparams
    found = (hp.batch_size, hp.learning_rate, hp.weight_decay, hp.warm_up_epochs, hp.width)
    assert found == (64, 0.02, 5e-4, 10, 64)
    assert (hp.clean_threshold, hp.temperature, hp.alpha) == (0.5, 0.5, 4.0)
    assert (hp.labeled_examples, hp.epoch_steps(45_000, 45_000)) == (128, 351)
    assert hp.ramp_up * 300 == pytest.approx(16) and hp.average_decay == 0
    assert config.configure("dividemix", "cifar100").hparams.warm_up_epochs == 30
    assert config.configure("dividemix", "cifar10").labels == -1
