"""Mean teacher: its loss by hand, its teacher, schedules, batches and recipes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import mean_teacher
from tf_ssgan.nn import schedules, step_random
from tf_ssgan.training import config

STUDENT = [[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]]
TEACHER = [[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]]
CONSISTENCY = 0.006774  # mean over rows and classes of the squared differences of probabilities
CROSS_ENTROPY = 1.741311  # of the first row with label 1: log(e^2 + e^.5 + e^-1) - .5


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("mean_teacher", consistency_weight=100.0)


@pytest.fixture
def method(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


def script(method, student, teacher):
    """Replaces the logits of each batch of a step; the next step fills the dictionary."""
    students, teachers = [tf.Variable(v) for v in student], [tf.Variable(v) for v in teacher]
    captured = {}

    def forward_concat(network, *batches):
        assert len(batches) == len(students)
        sources = teachers if network is method.teacher else students
        return [{"logits": source.value()} for source in sources]

    def minimize(loss, tape):
        captured["loss"] = float(loss)
        captured["student"], captured["teacher"] = tape.gradient(loss, (students, teachers))

    method.forward_concat, method.c.minimize = forward_concat, minimize
    return captured


def stream(*labels):
    views = {"student": None, "teacher": None}
    return views | ({"label": tf.constant(labels, tf.int64)} if labels else {})


def step(method, batch):
    return {name: float(value) for name, value in method.train_step(batch).items()}


def test_the_whole_loss_of_a_mixed_batch_by_hand(method):
    """Cross-entropy of one image and differences of two, both divided by two."""
    captured = script(method, [STUDENT], [TEACHER])
    method.step.assign(6)
    logs = step(method, {"mixed": stream(1, -1)})
    expected = {"supervised": CROSS_ENTROPY / 2, "consistency": CONSISTENCY}
    assert logs == pytest.approx(expected, abs=1e-6)
    weight = 100 * 12 / 40  # 12 of 40 images have a label; the ramp-up is over
    assert captured["loss"] == pytest.approx(CROSS_ENTROPY / 2 + weight * CONSISTENCY, abs=2e-5)


def test_the_whole_loss_of_labeled_and_unlabeled_images_by_hand(method):
    """All is divided by the three images of a step; the labeled one need not agree."""
    scripted_outputs.with_hparams(method, labeled_per_batch=1, batch_size=3)
    captured = script(method, [STUDENT[:1], STUDENT], [[[9.0, -9.0, 9.0]], TEACHER])
    method.step.assign(6)
    logs = step(method, {"labeled": stream(1), "unlabeled": stream()})
    expected = {"supervised": CROSS_ENTROPY / 3, "consistency": CONSISTENCY * 2 / 3}
    assert logs == pytest.approx(expected, abs=1e-6)
    whole = CROSS_ENTROPY / 3 + 100 / 3 * CONSISTENCY * 2 / 3
    assert captured["loss"] == pytest.approx(whole, abs=2e-5)


def test_targets_carry_no_gradient_and_every_image_but_an_apart_labeled_one_must_agree(method):
    captured = script(method, [STUDENT], [TEACHER])
    step(method, {"mixed": stream(-1, -1)})
    assert captured["teacher"] == [None]
    assert np.all(captured["student"][0].numpy())
    scripted_outputs.with_hparams(method, labeled_per_batch=1, batch_size=3, consistency_weight=1e6)
    captured = script(method, [STUDENT[:1], STUDENT], [TEACHER[:1], TEACHER])
    step(method, {"labeled": stream(1), "unlabeled": stream()})
    assert captured["teacher"] == [None, None]
    apart = tf.nn.softmax(STUDENT[:1]).numpy() - [[0.0, 1.0, 0.0]]
    np.testing.assert_allclose(captured["student"][0], apart / 3, rtol=1e-5)


def statistics(network):
    return [v.numpy() for v in network.non_trainable_variables if "moving" in v.path]


@pytest.mark.parametrize("sizes", [{}, {"labeled_per_batch": 2}])
def test_student_and_teacher_record_the_statistics_of_their_own_pass_alone(toy, method, sizes):
    """Both see the whole batch at once, each with its view, noise and dropout."""
    scripted_outputs.with_hparams(method, **sizes)
    batch = next(toy.batches())
    with step_random.at(method.task.seed, 0):
        for network, view in ((method.teacher, "teacher"), (method.classifier, "student")):
            method.forward_concat(network, *(batch[name][view] for name in method.streams()))
    expected = [statistics(network) for network in (method.classifier, method.teacher)]
    toy.load(toy.start)
    assert all(np.any(a != b) for a, b in zip(*expected, strict=True))
    method.one_step(batch)
    for network, values in zip((method.classifier, method.teacher), expected, strict=True):
        assert len(values) > 3
        for recorded, value in zip(statistics(network), values, strict=True):
            np.testing.assert_allclose(recorded, value, atol=1e-6)


def moved(method, toy, **hparams):
    """The teacher's and the student's trainable weights after a step, and the first ones."""
    scripted_outputs.with_hparams(method, **hparams)
    pairs = [p for p in method.averages[0].pairs() if p[1].trainable]
    start = [slow.numpy() for slow, _ in pairs]
    method.one_step(next(toy.batches()))
    return [
        (slow.numpy(), fast.numpy(), old) for (slow, fast), old in zip(pairs, start, strict=True)
    ]


@pytest.mark.parametrize(
    ("hparams", "keep"),
    [({}, 0.99), ({"average_decay": 0.75}, 0.75), ({"ramp_up": 0.0}, 0.999)],
)
def test_the_teacher_moves_toward_the_student_after_each_step(toy, method, hparams, keep):
    for slow, fast, old in moved(method, toy, **hparams):
        np.testing.assert_allclose(slow, keep * old + (1 - keep) * fast, rtol=1e-4, atol=1e-7)
        assert not np.array_equal(slow, old)


def test_without_a_decay_the_teacher_is_the_student(toy, method):
    moved(method, toy, average_decay=0.0)
    for slow, fast in method.averages[0].pairs():
        np.testing.assert_array_equal(slow, fast)


def test_the_teacher_is_exported(method):
    assert method.exported_classifier is method.teacher
    assert method.teacher.trainable_variables == []


def published(dataset):
    """The method with the schedules of a recipe, at toy size."""
    settings = config.configure("mean_teacher", dataset)
    hparams = dataclasses.replace(settings.hparams, width=4, normalization="none")
    return mean_teacher.Method(hparams, toy_methods.task(steps=settings.max_steps))


@pytest.fixture(scope="module")
def of_cifar10():
    return published("cifar10")


@pytest.fixture(scope="module")
def of_svhn():
    return published("svhn")


@pytest.mark.parametrize(
    ("at", "rise", "fall"),
    [
        (0, 0.006738, 1.0), (10_000, 0.060055, 1.0), (20_000, 0.286505, 1.0),
        (39_500, 0.999219, 1.0), (40_000, 1.0, 1.0), (100_000, 1.0, 1.0),
        (130_000, 1.0, 0.606531), (145_000, 1.0, 0.000335), (150_000, 1.0, 4e-6),
    ],
)  # fmt: skip
def test_the_ramps_of_150_000_steps(of_cifar10, at, rise, fall):
    """Only the learning rate and beta_1 fall; the share of labeled images is 12 of 40."""
    of_cifar10.step.assign(at)
    assert float(of_cifar10.rate()) == pytest.approx(0.003 * rise * fall, abs=1e-8)
    assert float(of_cifar10.weight()) == pytest.approx(30 * rise, abs=3e-5)
    assert float(of_cifar10.beta_1()) == pytest.approx(0.5 + 0.4 * fall, abs=1e-6)
    assert float(of_cifar10.decay()) == float(of_cifar10.beta_2()) == pytest.approx(0.999)


@pytest.mark.parametrize(
    ("at", "rise", "keep", "fall"),
    [
        (0, 0.006738, 0.99, 1.0), (39_999, 1.0, 0.99, 1.0), (40_000, 1.0, 0.999, 1.0),
        (155_000, 1.0, 0.999, 1.0), (160_000, 1.0, 0.999, 0.606531), (180_000, 1.0, 0.999, 4e-6),
    ],
)  # fmt: skip
def test_the_ramps_of_180_000_steps(of_svhn, at, rise, keep, fall):
    """One of 100 images has a label, so the largest weight is 1."""
    of_svhn.step.assign(at)
    assert float(of_svhn.rate()) == pytest.approx(0.003 * rise * fall, abs=1e-8)
    assert float(of_svhn.weight()) == pytest.approx(rise, abs=1e-6)
    assert float(of_svhn.decay()) == float(of_svhn.beta_2()) == pytest.approx(keep)


def test_decay_and_beta_2_change_when_the_ramp_up_is_over(method):
    scripted_outputs.with_hparams(method, ramp_up=0.5, ramp_up_decay=0.9, ramp_up_beta_2=0.8)
    for at, keep, beta_2 in ((5, 0.9, 0.8), (6, 0.999, 0.999)):
        method.step.assign(at)
        assert float(method.decay()) == pytest.approx(keep)
        assert float(method.beta_2()) == pytest.approx(beta_2)
    assert float(method.rise()) == float(schedules.sigmoid_ramp(1.0)) == 1.0


@pytest.mark.parametrize(
    ("flip", "class_survives", "view"),
    [
        ("auto", True, "flip translated"),
        ("auto", False, "translated"),
        ("no", True, "translated"),
        ("yes", False, "flip translated"),
    ],
)
def test_student_and_teacher_have_views_of_their_own(
    method, monkeypatch, flip, class_survives, view
):
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, flip=class_survives))
    scripted_outputs.with_hparams(method, flip=flip)
    for sizes in ({}, {"labeled_per_batch": 3}):
        for one in scripted_outputs.with_hparams(method, **sizes).streams().values():
            assert one.views == {"student": view, "teacher": view} and one.shared == ""


def test_student_and_teacher_are_flipped_and_translated_independently(toy, method):
    """Two flips agree for half of the images, and both shifts for one of 25."""
    scripted_outputs.with_hparams(method, flip="yes")
    batches, alike, rows = toy.batches(), 0, 0
    for _ in range(8):
        mixed = next(batches)["mixed"]
        same = np.all(mixed["student"].numpy() == mixed["teacher"].numpy(), axis=(1, 2, 3))
        alike, rows = alike + same.sum(), rows + len(same)
    assert rows == 64 and alike < 8


def test_a_batch_is_mixed_or_has_labeled_and_unlabeled_images_apart(method):
    def sizes():
        return {name: (s.pool, s.examples) for name, s in method.streams().items()}

    assert sizes() == {"mixed": ("mixed", 8)}
    scripted_outputs.with_hparams(method, labeled_per_batch=1, batch_size=100)
    assert sizes() == {"labeled": ("labeled", 1), "unlabeled": ("unlabeled", 99)}
    assert (method.hp.labeled_examples, method.hp.unlabeled_examples) == (1, 99)
    mixed = mean_teacher.HParams()
    assert (mixed.labeled_examples, mixed.unlabeled_examples) == (100, 100)


@pytest.mark.parametrize("labeled", [8, 9])
def test_a_batch_without_an_unlabeled_image_is_refused(labeled):
    with pytest.raises(
        errors.UserError, match=f"labeled_per_batch={labeled}: expected fewer than --batch_size=8"
    ):
        mean_teacher.HParams(batch_size=8, labeled_per_batch=labeled)


@pytest.mark.parametrize("sizes", [{"labeled_per_batch": 1}, {"batch_size": 101}])
def test_a_batch_that_two_replicas_cannot_share_is_refused(sizes):
    flags = dict(batch_size=100, labeled_per_batch=2, max_steps=2) | sizes
    ((name, value),) = sizes.items()
    with pytest.raises(
        errors.UserError, match=f"^--{name}={value} cannot be shared by 2 replicas"
    ) as refused:
        config.configure("mean_teacher", "digits", devices=2, **flags)
    assert "\n" not in str(refused.value)
    assert config.configure("mean_teacher", "digits", **flags).hparams.batch_size >= 100


def test_the_labeled_half_of_a_small_batch_is_one_that_replicas_can_share():
    half = config.configure("mean_teacher", "digits", batch_size=50, max_steps=2)
    shared = config.configure("mean_teacher", "digits", batch_size=50, max_steps=2, devices=2)
    assert (half.hparams.labeled_per_batch, shared.hparams.labeled_per_batch) == (25, 24)


def test_a_wide_residual_network_learns_from_a_teacher_too():
    toy = toy_methods.Eager("mean_teacher", network="wrn_plain")
    (logs,) = toy.run(1)
    assert logs["supervised"] > 0 and logs["consistency"] > 0
    pairs = list(toy.method.averages[0].pairs())
    recorded = [(slow, fast) for slow, fast in pairs if not fast.trainable]
    assert recorded and not any(np.array_equal(slow, fast) for slow, fast in recorded)


def test_recipes():
    def settings(dataset, **options):
        return config.configure("mean_teacher", dataset, **options)

    svhn, cifar10 = settings("svhn"), settings("cifar10")
    assert (svhn.labels, svhn.max_steps, svhn.hparams.labeled_per_batch) == (1000, 180_000, 1)
    kinds = (svhn.hparams.normalization, cifar10.hparams.normalization)
    assert kinds == ("per_image", "contrast_zca")
    assert (svhn.hparams.ramp_up_decay, svhn.hparams.ramp_up_beta_2) == (0.99, 0.99)
    assert settings("svhn", labels=-1).hparams.labeled_per_batch == 0
    assert (cifar10.labels, cifar10.max_steps, cifar10.hparams.labeled_per_batch) == (
        4000, 150_000, 0,
    )  # fmt: skip
    assert (cifar10.hparams.ramp_up_decay, cifar10.hparams.ramp_up_beta_2) == (0.999, 0.999)
    cifar100, short = settings("cifar100"), settings("cifar10", max_steps=3000)
    assert (cifar100.labels, cifar100.hparams.ramp_up_decay) == (10_000, 0.999)
    assert (short.hparams.average_decay, short.hparams.ramp_up_beta_2) == (0.99, 0.999)
    assert (short.hparams.moving_decay, svhn.hparams.moving_decay) == (0.99, 0.0)
    digits = settings("digits")
    assert (digits.labels, digits.hparams.moving_decay) == (50, 0.95)
    assert digits.hparams.labeled_per_batch == short.hparams.labeled_per_batch == 50


@pytest.mark.parametrize(
    ("flags", "labeled"),
    [({}, 50), ({"batch_size": 32}, 16), ({"batch_size": 1}, 0), ({"labels": -1}, 0),
     ({"labeled_per_batch": 30, "batch_size": 32}, 30)],
)  # fmt: skip
def test_at_most_half_of_a_batch_is_labeled_unless_asked_for(flags, labeled):
    hparams = config.configure("mean_teacher", "digits", **flags).hparams
    assert hparams.labeled_per_batch == labeled
