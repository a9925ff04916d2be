"""Ladder networks: the loss by recomputation, what records, what learns, recipes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import ladder
from tf_ssgan.nn import layers, losses, precision, step_random, weights
from tf_ssgan.training import config


@pytest.fixture(scope="module", params=["mlp", "conv"])
def toy(request):
    return toy_methods.Eager("ladder", network=request.param)


@pytest.fixture(scope="module")
def dense():
    return toy_methods.Eager("ladder", image_weight=5.0, first_weight=3.0, denoising_weight=0.5)


def started(toy):
    """The method at its start."""
    toy.load(toy.start)
    return toy.method


def recorded_step(method, batch, monkeypatch):
    """A step that moves nothing: its scalars, its loss, and the gradients of the loss."""
    found = {}

    def minimize(loss, tape):
        gradients = tape.gradient(loss, [v.value for v in method.c.variables])
        found.update(loss=float(loss), gradients=gradients)

    monkeypatch.setattr(method.c, "minimize", minimize)
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    monkeypatch.undo()
    return logs, found


@pytest.mark.parametrize(
    ("dataset", "counts"),
    [
        ("fashion_mnist", {"classifier": 1_538_770, "decoder": 1_566_940}),
        ("cifar10", {"classifier": 1_369_748, "decoder": 100}),
    ],
)
def test_the_networks_have_the_parameter_counts_of_the_paper(dataset, counts):
    side, channels = (28, 1) if dataset == "fashion_mnist" else (32, 3)
    hp = config.configure("ladder", dataset).hparams
    made = ladder.Method(
        hp, toy_methods.task(classes=10, height=side, width=side, channels=channels)
    )
    assert {k: weights.parameter_count(n) for k, n in made.networks().items()} == counts


def test_the_denoising_cost_by_hand(dense):
    """Of two images: layer by layer the costs are 1, 4, 9 and 2.5."""
    method = dense.method
    estimates = [tf.fill([2, n], value) for n, value in ((4, 2.0), (3, 5.0), (2, 2.0), (1, 0.0))]
    clean = {
        "z": [tf.ones([2, 4]), tf.zeros([2, 3]), tf.zeros([2, 2]), tf.constant([[1.0], [2.0]])],
        "mean": [tf.ones([3]), -tf.ones([2]), tf.zeros([1])],
        "deviation": [tf.fill([3], 2.0), tf.ones([2]), tf.ones([1])],
    }
    expected = 5.0 * 1 + 3.0 * 4 + 0.5 * 9 + 0.5 * 2.5
    assert float(method.denoising_cost(estimates, clean)) == pytest.approx(expected)


def test_the_gamma_model_has_the_cost_of_the_top_alone_by_hand():
    method = toy_methods.Eager("ladder", network="conv", denoising_weight=4.0).method
    clean = {"z": [tf.ones([2, 3])], "mean": [tf.ones([3])], "deviation": [tf.fill([3], 2.0)]}
    assert float(method.denoising_cost([tf.zeros([2, 3])], clean)) == pytest.approx(4 * 1.5**2)


def test_estimates_are_0_at_first(toy, monkeypatch):
    """So each cost is the mean of (mu / sigma + z)^2, which is 1 + mu^2 / sigma^2."""
    method = started(toy)
    batch = next(toy.batches())
    logs, _ = recorded_step(method, batch, monkeypatch)
    toy.load(toy.start)
    clean = method.classifier(batch["unlabeled"]["image"], training=True)
    costs = [
        1 + np.mean(np.square(mean / deviation))
        for mean, deviation in zip(clean["mean"], clean["deviation"], strict=True)
    ]
    factors = [method.hp.denoising_weight] * len(costs)
    if method.hp.network == "mlp":
        costs = [np.mean(np.square(clean["z"][0])), *costs]
        factors = [1000.0, 10.0, *factors[1:]]
    assert logs["denoising"] == pytest.approx(np.dot(factors, costs), rel=1e-4)


def test_a_step_is_the_formula(toy, monkeypatch):
    """At weights that are not the initial ones."""
    method = started(toy)
    toy.run(3)
    before, batch = toy.values(), next(toy.batches(3))
    logs, found = recorded_step(method, batch, monkeypatch)
    assert found["loss"] == pytest.approx(logs["supervised"] + logs["denoising"])
    toy.load(before)
    x, y = batch["labeled"]["image"], batch["labeled"]["label"]
    u = batch["unlabeled"]["image"]
    with step_random.at(0, 3):
        labeled, noisy = (method.noisy(images, training=True) for images in (x, u))
    with layers.frozen_statistics():
        clean = method.classifier(u, training=True)
    estimates = method.decoder([*noisy["z"], tf.nn.softmax(noisy["logits"])])["z"]
    assert any(np.any(estimate) for estimate in estimates)
    cost = float(method.denoising_cost(estimates, clean))
    assert logs["denoising"] == pytest.approx(cost, rel=1e-4)
    expected = float(losses.cross_entropy(y, labeled["logits"]))
    assert logs["supervised"] == pytest.approx(expected, rel=1e-4)


def test_labeled_and_unlabeled_images_are_normalized_apart(toy, monkeypatch):
    """Other images of the one kind change nothing of the loss of the other."""
    method = started(toy)
    batch = next(toy.batches())
    once, _ = recorded_step(method, batch, monkeypatch)
    other = -2.0 * batch["labeled"]["image"]
    changed = batch | {"labeled": batch["labeled"] | {"image": other}}
    toy.load(toy.start)
    twice, _ = recorded_step(method, changed, monkeypatch)
    assert twice["denoising"] == once["denoising"] and twice["supervised"] != once["supervised"]
    changed = batch | {"unlabeled": batch["unlabeled"] | {"image": other}}
    toy.load(toy.start)
    twice, _ = recorded_step(method, changed, monkeypatch)
    assert twice["supervised"] == once["supervised"] and twice["denoising"] != once["denoising"]


def test_the_first_step_has_no_gradient_where_the_estimates_are_0(toy, monkeypatch):
    """Of the decoder's kernels and inner factors; all of the encoder learns from labels."""
    method = started(toy)
    _, found = recorded_step(method, next(toy.batches()), monkeypatch)
    still = {
        v.name
        for v, gradient in zip(method.c.variables, found["gradients"], strict=True)
        if not np.any(gradient)
    }
    dense = {"kernel", "a4", "a9"} if method.hp.network == "mlp" else set()
    assert still == {"a2", "a3", "a7", "a8"} | dense
    encoder = len(method.classifier.trainable_variables)
    assert all(np.any(gradient) for gradient in found["gradients"][:encoder])
    toy.run(1)
    _, found = recorded_step(method, next(toy.batches(1)), monkeypatch)
    assert all(np.any(gradient) for gradient in found["gradients"])


def test_the_clean_values_learn_too(dense, monkeypatch):
    """The cost has a gradient in them, as in the public code: no target is fixed."""
    method = started(dense)
    seen = {}

    def cost(estimates, clean):
        seen["clean"] = clean["z"][1]
        return tf.reduce_sum(tf.square(clean["z"][1] - 1.0))

    def minimize(loss, tape):
        seen["gradient"] = tape.gradient(loss, seen["clean"])

    monkeypatch.setattr(method, "denoising_cost", cost)
    monkeypatch.setattr(method.c, "minimize", minimize)
    method.one_step(next(dense.batches()))
    np.testing.assert_allclose(seen["gradient"], 2 * (seen["clean"] - 1.0), rtol=1e-5)


def test_steps_record_the_statistics_of_clean_unlabeled_images_alone(toy):
    method = started(toy)
    batch = next(toy.batches())

    def moving():
        return [v.numpy() for v in method.classifier.variables if "moving" in v.name]

    method.one_step(batch)
    after = moving()
    toy.load(toy.start)
    method.classifier(batch["unlabeled"]["image"], training=True)
    for one, two in zip(after, moving(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_statistics_are_estimated_anew_on_labeled_images(toy):
    declared = toy.method.recalibrates()
    assert (declared.stream, declared.view) == ("labeled", "image")
    assert declared.network is toy.method.exported_classifier is toy.method.classifier
    averaging = toy_methods.Eager("ladder", average_decay=0.9).method
    assert averaging.recalibrates().network is averaging.exported_classifier
    assert averaging.exported_classifier is not averaging.classifier


def test_networks_compute_in_float32_whatever_the_precision():
    with precision.policy("mixed_bfloat16"), toy_methods.short():
        method = ladder.Method(toy_methods.hparams("ladder"), toy_methods.task())
    networks = (method.classifier, method.noisy, method.decoder)
    assert {x.compute_dtype for n in networks for x in n.layers} == {"float32"}


def test_adam_has_its_usual_decays_and_the_rate_falls_at_the_end(dense):
    method = started(dense)
    adam = method.c.optimizer
    assert isinstance(adam, keras.optimizers.Adam)
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.9, 0.999, 1e-8)
    rates = []
    for step in range(13):
        method.step.assign(step)
        rates.append(float(method.rate()) / 0.002)
    assert rates[:9] == pytest.approx([1.0] * 9)
    assert rates[9:] == pytest.approx([(12 - step) / (0.33 * 12) for step in range(9, 13)])


def test_recipes():
    cifar10 = config.configure("ladder", "cifar10")
    hp = cifar10.hparams
    assert (cifar10.labels, cifar10.epochs, hp.network, hp.width) == (4000, 70, "conv", 96)
    assert (hp.decay_start, hp.denoising_weight, hp.normalization) == (0.86, 4.0, "contrast_zca")
    assert (hp.batch_size, hp.learning_rate, hp.average_decay) == (100, 0.002, 0.0)
    fashion = config.configure("ladder", "fashion_mnist")
    hp = fashion.hparams
    assert (fashion.labels, fashion.epochs, hp.network, hp.width) == (1000, 150, "mlp", 1000)
    assert (hp.decay_start, hp.denoising_weight, hp.normalization) == (0.67, 0.1, "none")


@pytest.mark.parametrize(
    ("labels", "noise", "costs"),
    [
        (50, 0.3, (2000, 20, 0.1)),
        (100, 0.3, (1000, 10, 0.1)),
        (1000, 0.2, (2000, 20, 0.1)),
        (-1, 0.3, (1000, 1, 0.01)),
    ],
)
def test_settings_of_the_numbers_of_labels_of_the_paper(labels, noise, costs):
    """The noise of the images is .3 always. Digits have the weights of 50 labels, as many."""
    hp = config.configure("ladder", "fashion_mnist", labels=labels).hparams
    assert (hp.image_noise, hp.layer_noise) == (0.3, noise)
    assert (hp.image_weight, hp.first_weight, hp.denoising_weight) == costs
    digits = config.configure("ladder", "digits").hparams
    assert (digits.image_weight, digits.first_weight, digits.layer_noise) == (2000, 20, 0.3)


def test_the_other_network_comes_with_its_own_settings():
    hp = config.configure("ladder", "digits", network="conv").hparams
    assert (hp.width, hp.denoising_weight, hp.decay_start) == (96, 4.0, 0.86)
    hp = config.configure("ladder", "cifar10", network="mlp").hparams
    assert (hp.width, hp.denoising_weight, hp.decay_start) == (1000, 0.1, 0.67)
    assert config.configure("ladder", "cifar10", network="conv", width=7).hparams.width == 7


def test_batches_of_one_image_are_refused():
    with pytest.raises(errors.UserError, match="--batch_size=1: expected at least 2"):
        toy_methods.hparams("ladder", batch_size=1)


def test_only_whitening_limits_the_size_of_images():
    small = toy_methods.hparams("ladder", normalization="contrast_zca")
    assert ladder.Method.most_values(small) == 4096
    assert ladder.Method.most_values(toy_methods.hparams("ladder")) == 0


def test_the_traced_step_of_the_gamma_model_equals_the_eager_one():
    """The questions to every method are asked of the dense form."""
    eager, traced = (
        kind("ladder", network="conv", width=4) for kind in (toy_methods.Eager, toy_methods.Toy)
    )
    traced.load(eager.start)
    assert traced.run(1)[0] == pytest.approx(eager.run(1)[0], rel=1e-4)
