"""ICT: its loss in NumPy, its teacher, its schedules, its views and its recipes."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.core.task import Task
from tf_ssgan.methods import ict
from tf_ssgan.nn import layers, losses, mixing, step_random

TEACHER_LOGITS = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
STUDENT_LOGITS = tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]])
SWAPPED = mixing.Mixing(tf.constant(0.3), tf.constant([1, 0]))


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("ict")


@pytest.fixture
def method(toy, monkeypatch):
    toy.load(toy.start)
    monkeypatch.setattr(toy.method, "hp", toy.method.hp)
    return toy.method


def test_the_target_is_the_mixture_of_probabilities_by_hand():
    target = SWAPPED.mixed(tf.nn.softmax(TEACHER_LOGITS))
    expected = [[0.265086, 0.132524, 0.60239], [0.562521, 0.156962, 0.280517]]
    np.testing.assert_allclose(target, expected, atol=1e-5)
    found = losses.mean_squared_difference(STUDENT_LOGITS, target)
    assert float(found) == pytest.approx(0.186042, abs=1e-5)


def test_mixing_logits_as_the_public_code_does_would_give_another_loss():
    target = tf.nn.softmax(SWAPPED.mixed(TEACHER_LOGITS))
    np.testing.assert_allclose(target[0], [0.178439, 0.229121, 0.59244], atol=1e-5)
    found = losses.mean_squared_difference(STUDENT_LOGITS, target)
    assert float(found) == pytest.approx(0.221675, abs=1e-5)


def probabilities(network, images):
    """Class probabilities of a training pass that records nothing, float64."""
    with layers.frozen_statistics():
        logits = network(tf.constant(images, tf.float32), training=True)["logits"]
    return tf.nn.softmax(tf.cast(logits, tf.float64)).numpy()


def test_the_whole_loss_is_that_of_the_paper(toy, method, monkeypatch):
    """Worked out in NumPy from the outputs of student and teacher; labels weigh 1 here."""
    toy.run(3)  # so that student and teacher differ
    batch = next(toy.batches(3))
    x, u = (batch[name]["image"].numpy() for name in ("labeled", "unlabeled"))
    y = np.eye(toy_methods.CLASSES)[batch["labeled"]["label"].numpy()]
    random = step_random.StepRandom(method.task.seed, 3)
    lam, order = random.beta(1.0).numpy(), random.order(8).numpy()
    lam_u, order_u = random.beta(1.0).numpy(), random.order(8).numpy()
    assert lam != lam_u and list(order) != list(order_u)

    p = probabilities(method.classifier, lam * x + (1 - lam) * x[order])
    supervised = -np.mean(np.sum((lam * y + (1 - lam) * y[order]) * np.log(p), 1))
    q = probabilities(method.exported_classifier, u)
    p = probabilities(method.classifier, lam_u * u + (1 - lam_u) * u[order_u])
    consistency = np.mean((p - lam_u * q - (1 - lam_u) * q[order_u]) ** 2)
    weights = sum(np.sum(v.numpy() ** 2) for v in method.classifier.trainable_variables)

    found = []
    monkeypatch.setattr(method.c, "minimize", lambda loss, tape: found.append(float(loss)))
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    expected = {"supervised": supervised, "consistency": consistency}
    assert logs == pytest.approx(expected, rel=1e-4)
    # A quarter of the 12 steps is over, so the weight is full.
    assert found == pytest.approx([supervised + 10 * consistency + 0.5e-4 * weights], rel=1e-4)


def test_where_nothing_is_mixed_a_teacher_that_equals_the_student_agrees(toy, method, monkeypatch):
    def unmixed(random, alpha, rows):
        return mixing.Mixing(tf.constant(1.0), tf.range(rows))

    monkeypatch.setattr(ict.mixing, "draw", unmixed)
    assert float(method.one_step(next(toy.batches()))["consistency"]) < 1e-12


def test_no_gradient_reaches_the_teacher(toy, method, monkeypatch):
    found = []

    def minimize(loss, tape):
        found.extend(tape.gradient(loss, [v.value for v in method.exported_classifier.variables]))

    monkeypatch.setattr(method.c, "minimize", minimize)
    method.one_step(next(toy.batches()))
    assert found and all(gradient is None for gradient in found)


def test_without_a_teacher_the_student_makes_the_targets_and_no_gradient_flows_through_them():
    """Its gradient is that of a target that is a constant."""
    alone = toy_methods.Eager("ict", average_decay=0.0, weight_decay=0.0)
    method, found = alone.method, []
    assert method.exported_classifier is method.classifier and not method.averages
    batch, weights = next(alone.batches()), [v.value for v in method.c.variables]
    method.c.minimize = lambda loss, tape: found.extend(tape.gradient(loss, weights))
    method.one_step(batch)
    alone.load(alone.start)
    x, y, u = batch["labeled"]["image"], batch["labeled"]["label"], batch["unlabeled"]["image"]
    random = step_random.StepRandom(method.task.seed, 0)
    of_x, of_u = (mixing.draw(random, 1.0, 8) for _ in range(2))
    target = of_u.mixed(tf.constant(probabilities(method.classifier, u), tf.float32)).numpy()
    with tf.GradientTape() as tape:
        logits = [
            method.classifier(a, training=True)["logits"] for a in (of_x.mixed(x), of_u.mixed(u))
        ]
        loss = losses.mixed_cross_entropy(y, of_x.partners(y), of_x.share, logits[0])
        loss += method.weight() * losses.mean_squared_difference(logits[1], target)
    for gradient, expected in zip(found, tape.gradient(loss, weights), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def values(variables):
    return [v.numpy() for v in variables]


def test_the_teacher_records_the_statistics_of_its_own_passes_over_images_as_they_are(toy, method):
    batch, teacher = next(toy.batches()), method.exported_classifier
    teacher(batch["unlabeled"]["image"], training=True)
    kept = {v.path for v in method.classifier.non_trainable_variables}
    pairs = list(zip(teacher.variables, method.classifier.variables, strict=True))
    expected = values(slow for slow, fast in pairs if fast.path in kept)
    toy.load(toy.start)
    method.one_step(batch)
    own = values(slow for slow, fast in pairs if fast.path in kept)
    student = values(fast for _, fast in pairs if fast.path in kept)
    for recorded, wanted, other in zip(own, expected, student, strict=True):
        np.testing.assert_array_equal(recorded, wanted)
        assert not np.array_equal(recorded, other)


def test_the_teacher_is_at_first_the_mean_of_all_students_from_the_start_on(toy, method):
    """While 1 - 1 / (step + 2) is less than .999."""
    seen = [values(method.classifier.trainable_variables)]
    for step in range(4):
        toy.run(1, step)
        seen.append(values(method.classifier.trainable_variables))
    kept = {v.path for v in method.classifier.trainable_variables}
    pairs = zip(method.exported_classifier.variables, method.classifier.variables, strict=True)
    slow = [slow for slow, fast in pairs if fast.path in kept]
    for weight, *students in zip(slow, *seen, strict=True):
        np.testing.assert_allclose(weight, np.mean(students, 0), atol=1e-5)


@pytest.mark.parametrize(
    ("epoch", "rate"), [(0, 1.0), (225, 0.5), (300, 0.25), (400, (1 - math.cos(math.pi / 9)) / 2)]
)
def test_the_learning_rate_is_a_cosine_over_450_epochs_of_which_400_are_run(
    method, monkeypatch, epoch, rate
):
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, steps=2000))
    method.hp = dataclasses.replace(method.hp, learning_rate=0.1)
    method.step.assign(epoch * method.task.steps_per_epoch)
    assert float(method.rate()) == pytest.approx(0.1 * rate, rel=1e-4)


@pytest.mark.parametrize(
    ("epoch", "weight"), [(0, 0.673795), (50, 28.6505), (100, 100.0), (400, 100.0)]
)
def test_the_consistency_weight_rises_over_100_of_400_epochs(method, monkeypatch, epoch, weight):
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, steps=2000))
    method.hp = dataclasses.replace(method.hp, consistency_weight=100.0)
    method.step.assign(epoch * method.task.steps_per_epoch)
    assert float(method.weight()) == pytest.approx(weight, rel=1e-4)


def test_without_a_ramp_the_weight_is_full_at_once(method):
    method.hp = dataclasses.replace(method.hp, ramp_up=0.0)
    assert float(method.weight()) == 10.0


@pytest.mark.parametrize(("flip", "view"), [(False, ""), (True, "flip ")])
def test_all_images_are_translated_after_padding_with_black(method, monkeypatch, flip, view):
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, flip=flip))
    streams = method.streams()
    assert {s.pool: s.views for s in streams.values()} == {
        "labeled": {"image": f"{view}translated_zeros"},
        "unlabeled": {"image": f"{view}translated_zeros"},
    }
    assert {s.examples for s in streams.values()} == {method.hp.batch_size}


def test_the_network_of_the_paper_has_neither_dropout_nor_noise():
    """Batch normalization, a weight-normalized dense layer, and no random numbers in training."""
    task = Task(10, 32, 32, 3, labeled=4000, unlabeled=45000, steps=180000, steps_per_epoch=450)
    made = ict.Method(ict.HParams(), task)
    assert sum(math.prod(v.shape) for v in made.classifier.trainable_variables) == 3_121_812
    assert not made.exported_classifier.trainable_variables
    made.classifier(tf.zeros([2, 32, 32, 3]), training=True)  # would be refused outside of a step


def test_it_trains_a_wide_residual_network():
    wide = toy_methods.Eager("ict", network="wrn_plain")
    logs = wide.run(2)
    assert all(math.isfinite(value) for one in logs for value in one.values())
    assert any(
        "residual" in layer.name or "add" in layer.name for layer in wide.method.classifier.layers
    )


def test_the_optimizer_is_sgd_with_plain_momentum(method):
    assert (method.c.optimizer.momentum, method.c.optimizer.nesterov) == (0.9, False)


def test_recipes_have_the_alphas_of_the_paper():
    known = {name: ict.HParams.recipe(name, {}) for name in ("svhn", "cifar10", "cifar100")}
    alphas = {
        k: (v.get("labeled_alpha", 1.0), v.get("unlabeled_alpha", 1.0)) for k, v in known.items()
    }
    assert alphas == {"svhn": (0.1, 0.1), "cifar10": (1.0, 1.0), "cifar100": (1.0, 1.0)}
    assert {v["epochs"] for v in known.values()} == {400}


@pytest.mark.parametrize("name", ["labeled_alpha", "unlabeled_alpha"])
def test_an_alpha_of_zero_is_refused(name):
    with pytest.raises(errors.UserError, match=f"--{name}=0.0: expected above 0"):
        ict.HParams(**{name: 0.0})
