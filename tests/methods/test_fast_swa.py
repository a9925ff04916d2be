"""Fast-SWA: the paper's schedule, its two averages, its heads, its loss by hand."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core.task import Task
from tf_ssgan.methods import fast_swa
from tf_ssgan.metrics import classification
from tf_ssgan.nn import inference, step_random
from tf_ssgan.training import config, recalibration

EPOCH = 920  # steps, with 4,000 labels of 50,000 images left out of an epoch, as in the public code


def scheduled(epochs=1200, **hyperparameters):
    """A method without networks, whose schedules can be asked."""
    made = object.__new__(fast_swa.Method)
    object.__setattr__(made, "hp", fast_swa.HParams(**hyperparameters))
    sizes = dict(classes=10, height=32, width=32, channels=3, labeled=4000, unlabeled=50_000)
    task = Task(**sizes, steps=epochs * EPOCH, steps_per_epoch=EPOCH)
    object.__setattr__(made, "task", task)
    return made


def at(made, epoch):
    """The method at an epoch's beginning, or within one."""
    object.__setattr__(made, "step", keras.Variable(round(epoch * EPOCH), dtype="int64"))
    return made


@pytest.mark.parametrize(
    ("epoch", "factor"),
    [
        (0, 1.0),
        (90, 0.61126),
        (150, 0.188255),
        (179.999, 0.049516),
        (180, 0.188255),  # a cycle begins where the cosine was a cycle before
        (195, 0.109084),
        (209.999, 0.049516),
        (210, 0.188255),
        (1199.999, 0.049516),
    ],
)
def test_learning_rates_of_the_paper(epoch, factor):
    """Half a cosine of 210 epochs for 180 epochs, then its epochs 150 to 180 again and again."""
    assert float(at(scheduled(), epoch).rate()) == pytest.approx(0.1 * factor, abs=2e-6)


def test_the_last_cycle_ends_with_the_run():
    assert scheduled().cycle_steps() == (180 * EPOCH, 30 * EPOCH)
    assert scheduled(780, first_cycle=180 / 780, cycles=20).cycle_steps() == (
        180 * EPOCH,
        30 * EPOCH,
    )
    made = scheduled()
    for steps in (1, 2, 12, 345, 1000, 1001):
        object.__setattr__(made, "task", dataclasses.replace(made.task, steps=steps))
        first, length = made.cycle_steps()
        assert 1 <= length <= first
        assert first == length or (steps - first) % length == 0


@pytest.mark.parametrize(
    ("snapshots", "epochs"),
    [(10, range(150, 1201, 3)), (1, range(180, 1201, 30))],
)
def test_snapshots_of_the_paper(snapshots, epochs):
    """Fast-SWA: every 3 epochs from 150 on, 351 of them. SWA: 35, at the ends of the cycles."""
    made = scheduled(snapshots=snapshots)
    steps = tf.range(1200 * EPOCH + 1, dtype=tf.int64)
    counts = made.snapshots_after(steps).numpy()
    (taken,) = np.nonzero(np.diff(counts))
    assert [(step + 1) / EPOCH for step in taken] == list(epochs)
    assert counts[-1] == len(epochs) and counts[epochs[0] * EPOCH - 1] == 0


def test_the_average_is_the_running_mean_of_the_snapshots():
    """Between snapshots it stays; before the first one, it is the student."""
    made = scheduled(snapshots=1)
    shown = {179.5: [9.0, 9.0], 180: [1.0, 2.0], 185: [7.0, 7.0], 210: [3.0, 0.0], 240: [2.0, 1.0]}
    average, running = np.zeros(2), {}
    for epoch, weights in shown.items():
        object.__setattr__(made, "step", keras.Variable(round(epoch * EPOCH) - 1, dtype="int64"))
        keep = float(made.snapshot_decay())
        average = keep * average + (1.0 - keep) * np.array(weights)
        running[epoch] = average.tolist()
    assert running == {
        179.5: [9.0, 9.0], 180: [1.0, 2.0], 185: [1.0, 2.0], 210: [2.0, 1.0], 240: [2.0, 1.0],
    }  # fmt: skip


@pytest.mark.parametrize(("epoch", "decay"), [(0, 0.5), (1 / EPOCH, 2 / 3), (1, 0.97), (9, 0.97)])
def test_the_teacher_is_at_first_the_mean_of_all_steps(epoch, decay):
    assert float(at(scheduled(), epoch).teacher_decay()) == pytest.approx(decay)


@pytest.mark.parametrize(
    ("epoch", "weight"),
    [(0, 100 * math.exp(-5)), (2.5, 100 * math.exp(-1.25)), (4, 100 * math.exp(-0.2)), (5, 100)],
)
def test_the_consistency_weight_rises_in_five_epochs(epoch, weight):
    assert float(at(scheduled(), epoch).weight()) == pytest.approx(weight, rel=1e-5)


def test_heads_and_size_of_the_network():
    """3,121,802 weights of CNN13 with one plain head; each of the two has 10 gains more."""
    made = scheduled()
    network = made.build_network()
    assert sum(math.prod(v.shape) for v in network.trainable_variables) == 3_123_112
    assert set(network.output) == {"features", "logits", "consistency"}
    heads = [network.get_layer(name) for name in ("logits", "consistency")]
    assert [{v.name for v in head.variables} for head in heads] == [{"kernel", "gain", "bias"}] * 2


def test_a_wide_residual_network_gets_the_same_heads():
    made = scheduled(network="wrn_plain", depth=10, width=4)
    network = made.build_network()
    assert {v.name for v in network.get_layer("logits").variables} == {"kernel", "gain", "bias"}
    assert network.output["consistency"].shape == (None, 10)
    assert not any("dense" in layer.name for layer in network.layers)


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("fast_swa", weight_decay=0.25, distance_weight=2.0)


STUDENT = ([[2.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])  # logits of one labeled and one unlabeled image
SECOND_HEAD = ([[1.0, 0.0, 0.0]], [[0.0, 0.0, 2.0]])
TEACHER = ([[0.0, 0.0, 0.0]], [[0.0, 3.0, 0.0]])


def test_the_whole_loss_by_hand(toy, monkeypatch):
    """CE is 2.239544 for the labeled image, which is half of the batch."""
    toy.load(toy.start)
    method, captured = toy.method, {}
    logits, others = ([tf.Variable(rows) for rows in part] for part in (STUDENT, SECOND_HEAD))
    target = [tf.Variable(rows) for rows in TEACHER]

    def forward(network, *images):
        teaches = network is method.teacher
        first = target if teaches else logits
        assert [image.shape[0] for image in images] == [1, 1]
        return [
            {"logits": one.value(), "consistency": two.value()}
            for one, two in zip(first, others, strict=True)
        ]

    def minimize(loss, tape):
        sources = (logits, others, target, [v.value for v in method.c.variables])
        captured["loss"], captured["gradients"] = float(loss), tape.gradient(loss, sources)

    monkeypatch.setattr(method, "forward_concat", forward)
    monkeypatch.setattr(method.c, "minimize", minimize)
    image = tf.zeros((1, 8, 8, 1))
    views = {"student": image, "teacher": image, "index": tf.zeros(1, tf.int64)}
    batch = {"labeled": views | {"label": tf.constant([1], tf.int64)}, "unlabeled": views}
    logs = {k: float(v) for k, v in method.one_step(batch).items()}

    def softmax(row):
        return np.exp(row) / np.exp(row).sum()

    supervised = (math.log(math.exp(2) + 2) - 0.0) / 2
    differences = [
        softmax(np.array(two[0])) - softmax(np.array(t[0]))
        for two, t in zip(SECOND_HEAD, TEACHER, strict=True)
    ]
    consistency = np.square(differences).sum() / 6
    distance = (1.0 + 1.0 + 4.0) / 6
    assert logs == pytest.approx(
        {"supervised": supervised, "consistency": consistency, "distance": distance}, rel=1e-5
    )
    squares = sum(np.square(v.numpy()).sum() for v in method.c.variables)
    expected = supervised + math.exp(-5) * consistency + 2 * distance + 0.25 / 2 * squares
    assert captured["loss"] == pytest.approx(expected, rel=1e-5)
    of_logits, of_others, of_target, of_weights = captured["gradients"]
    assert of_target == [None, None]
    assert all(np.abs(g).max() > 0 for g in [*of_logits, *of_others])
    for variable, gradient in zip(method.c.variables, of_weights, strict=True):
        np.testing.assert_allclose(gradient, 0.25 * variable.numpy(), rtol=1e-5)


def test_the_teacher_has_batch_statistics_of_its_own(toy):
    """A pass of the teacher moves nothing of the student, and the other way round."""
    toy.load(toy.start)
    method, batch = toy.method, next(toy.batches())
    with_statistics = [method.classifier, method.teacher, method.exported_classifier]
    moved = []
    for network in with_statistics[:2]:
        before = [n.get_weights() for n in with_statistics]
        with step_random.at(0, 0):
            method.outputs(network, batch, "student")
        after = [n.get_weights() for n in with_statistics]
        moved.append(
            [not all(map(np.array_equal, *pair)) for pair in zip(before, after, strict=True)]
        )
    assert moved == [[True, False, False], [False, True, False]]


def test_the_optimizer_is_sgd_with_nesterov_momentum(toy):
    optimizer = toy.method.c.optimizer
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)


def test_without_averages_the_student_teaches_itself():
    toy = toy_methods.Eager("fast_swa", average_decay=0.0)
    toy.run(2)
    method = toy.method
    assert method.recalibrates() is None
    student, teacher = method.classifier.get_weights(), method.teacher.get_weights()
    for one, two in zip(student, teacher, strict=True):
        np.testing.assert_array_equal(one, two)


def test_views_are_flipped_where_that_keeps_the_class():
    made = scheduled()
    assert made.streams()["unlabeled"].views == {"student": "crop", "teacher": "crop"}
    object.__setattr__(made, "task", dataclasses.replace(made.task, flip=True))
    assert set(made.streams()["labeled"].views.values()) == {"flip crop"}


def test_recipes():
    cifar10, cifar100 = (config.configure("fast_swa", d) for d in ("cifar10", "cifar100"))
    assert (cifar10.labels, cifar10.epochs) == (4000, 1200)
    hp = cifar10.hparams
    assert (hp.batch_size, hp.unlabeled_examples, hp.learning_rate, hp.cycles) == (50, 50, 0.1, 34)
    assert (hp.weight_decay, hp.image_noise, hp.normalization) == (1e-4, 0.0, "standardize")
    hp = cifar100.hparams
    assert (hp.batch_size, hp.unlabeled_examples, hp.learning_rate, hp.cycles) == (31, 97, 0.2, 20)
    assert (hp.weight_decay, cifar100.epochs) == (2e-4, 780)
    assert 780 * hp.first_cycle == pytest.approx(180) and 780 * hp.ramp_up == pytest.approx(5)
    short = config.configure("fast_swa", "cifar10", max_steps=1000).hparams
    assert short.cycles < 34 and short.first_cycle > 180 / 1200


def test_an_average_whose_statistics_are_not_estimated_anew_is_visibly_worse():
    """On the toy task it guesses; the pass over 100 batches makes it a classifier."""
    toy = toy_methods.Toy("fast_swa", learning_rate=0.003)
    object.__setattr__(toy.method.task, "steps", 80)
    toy.run(80)
    pixels, labels = toy_methods.images(150, seed=1)

    def error():
        predict = inference.predictor(toy.method.exported_classifier)
        return classification.evaluate(predict, pixels, labels, toy_methods.CLASSES).error

    without = error()
    recalibration.Recalibrator(toy.method, toy_methods.pools).estimate()
    assert without > 30 and error() < 10
