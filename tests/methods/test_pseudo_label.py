"""Pseudo-labels: which images get one, both losses by hand, and runs that are resumed."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_looks, toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import pseudo_label
from tf_ssgan.training import build, callbacks, config, loop, metrics_log, results

TIMED = ("seconds", "images_per_second", "waiting_percent")
RECORDED = ("moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("pseudo_label", warm_up_epochs=1, threshold=0.5)


@pytest.fixture(scope="module")
def online():
    return toy_methods.Toy("pseudo_label", pl_mode="online", threshold=0.9)


@pytest.fixture()
def method(toy, monkeypatch):
    toy.method.set_stage(0)
    return scripted_outputs.reset(toy, monkeypatch)


def logits(*rows):
    """Logits of all 40 unlabeled images: these rows, then rows without a largest class."""
    return np.array([*rows, *[[0.0, 0.0, 0.0]] * (40 - len(rows))], np.float32)


def refresh(method, *rows):
    method.look_at_pools(toy_looks.GivenLook(method, logits=logits(*rows)))


def test_only_predictions_above_the_threshold_become_labels(method):
    method.set_stage(2)
    refresh(method, [0, 0, -1e4], [0, 0.1, -1e4], [-1e4, 0, 9], [0.5, 0, 0])
    assert method.pseudo_labels().tolist() == [-1, 1, 2, *[-1] * 37]  # .5, .525, 1 and .452


def test_new_pseudo_labels_replace_the_old_ones(method):
    method.set_stage(2)
    refresh(method, [9, 0, 0], [0, 9, 0])
    refresh(method, [0, 0, 0], [0, 0, 9], [9, 0, 0])
    assert method.pseudo_labels().tolist() == [-1, 2, 0, *[-1] * 37]


def test_there_are_no_pseudo_labels_in_the_warm_up(method):
    assert method.stages() == {"warm_up": 0, "train": 2}  # 12 labels, 8 a step
    for step in (0, 1):
        method.set_stage(step)
        nothing = lambda network: pytest.fail("nothing is predicted")  # noqa: E731
        method.look_at_pools(toy_looks.GivenLook(method, logits=nothing))
        assert set(method.pseudo_labels()) == {-1}


def test_the_next_batches_contain_images_with_new_pseudo_labels(toy, method):
    method.set_stage(2)
    refresh(method, *[[0, 9, 0]] * 40)
    batch = next(toy.batches())["merged"]
    index, label = batch["index"].numpy(), batch["label"].numpy()
    assert np.any(index >= toy_methods.LABELED)
    np.testing.assert_array_equal(label[index >= toy_methods.LABELED], 1)
    known = toy_methods.images()[1]
    np.testing.assert_array_equal(
        label[index < toy_methods.LABELED], known[index[index < toy_methods.LABELED]]
    )


def test_pseudo_labels_are_saved_in_checkpoints(method):
    method.set_stage(2)
    refresh(method, [0, 0, 9])
    (labels,) = method.state()["buffers"]
    assert labels.dtype == tf.int64 and labels.numpy().tolist() == [2, *[-1] * 39]


class ConstantClassifier:
    """A classifier with the same logits for every batch, which records the batches."""

    def __init__(self, rows):
        self.rows = tf.Variable(rows)
        self.images = []

    def __call__(self, images, training):
        assert training
        self.images.append(images)
        return {"logits": self.rows.value()}


def constant_classifier(method, monkeypatch, rows):
    """Replaces the classifier, and records losses instead of minimizing them."""
    classifier, recorded = ConstantClassifier(rows), []
    monkeypatch.setattr(method, "classifier", classifier)
    method.c.minimize = lambda loss, tape: recorded.append(float(loss))
    return classifier, recorded


def merged(index, label, value=-0.65):
    images = tf.fill([len(index), 8, 8, 1], value)
    return {"merged": {"image": images, "index": tf.constant(index, tf.int64),
                       "label": tf.constant(label, tf.int64)}}  # fmt: skip


def test_labels_and_pseudo_labels_have_the_same_weight(method, monkeypatch):
    """The last two of the three cross-entropies are those of pseudo-labels."""
    method.label_buffer.assign([1] * 10 + [-1] * 30)
    _, recorded = constant_classifier(method, monkeypatch, scripted_outputs.STRONG_LOGITS)
    step = method.train_step(merged([11, 12, 20], [0, 0, 2]))
    logs = {k: float(v) for k, v in step.items()}
    each = (0.407606, 1.001943, 1.180270)
    assert recorded == pytest.approx([sum(each) / 3], abs=1e-5)
    assert logs == pytest.approx(
        {"supervised": each[0], "unsupervised": sum(each[1:]) / 2, "selected": 0.25}, abs=1e-5
    )


def test_profile_authors_casts_images_with_a_pseudo_label_to_bytes(method, monkeypatch):
    """With a standard deviation of .25, -.65 is standardized to -1.3, which becomes -1 and 255."""
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, std=(0.25,)))
    classifier, _ = constant_classifier(method, monkeypatch, scripted_outputs.STRONG_LOGITS)
    batch = merged([11, 12, 20], [0, 0, 2], -0.65)
    method.train_step(batch)
    np.testing.assert_array_equal(classifier.images[0], batch["merged"]["image"])
    scripted_outputs.with_hparams(method, profile="authors").train_step(batch)
    plain, *cast = classifier.images[-1].numpy()
    np.testing.assert_array_equal(plain, batch["merged"]["image"][0])
    np.testing.assert_allclose(cast, np.full([2, 8, 8, 1], (255 - 127.5) / 127.5))


@pytest.mark.parametrize(("step", "weight"), [(0, 0.0), (2.4, 0.5), (4.8, 1.0), (12, 1.0)])
def test_the_online_loss_by_hand(online, monkeypatch, step, weight):
    """The weight rises to 2 over the first 40 % of 12 steps."""
    method = scripted_outputs.with_hparams(
        scripted_outputs.reset(online, monkeypatch), unlabeled_weight=2.0
    )
    monkeypatch.setattr(method, "progress", lambda: tf.constant(step / 12.0))
    _, recorded = constant_classifier(method, monkeypatch, scripted_outputs.WEAK_LOGITS)
    labels = tf.constant([0, 0, 2], tf.int64)
    batch = {"labeled": {"image": None, "label": labels}, "unlabeled": {"image": None}}
    logs = {k: float(v) for k, v in method.train_step(batch).items()}
    each = -np.log([0.964663, 0.506480, 0.943045])
    expected = {"supervised": each.mean(), "unsupervised": 0.031539, "selected": 2 / 3}
    assert logs == pytest.approx(expected, abs=1e-5)
    assert recorded == pytest.approx([each.mean() + 2 * weight * 0.031539], abs=1e-5)


def test_online_batch_statistics_record_labeled_images_only(online, monkeypatch):
    method = scripted_outputs.reset(online, monkeypatch)
    batch = next(online.batches())
    moving = [v for v in method.classifier.variables if v.name in RECORDED]
    method.classifier(batch["labeled"]["image"], training=True)
    expected = [v.numpy() for v in moving]
    online.load(online.start)
    method.one_step(batch)
    for recorded, value in zip(moving, expected, strict=True):
        np.testing.assert_array_equal(recorded, value)
    assert method.pseudo_labels() is None and "buffers" not in method.state()


def test_profile_authors_has_no_online_form():
    with pytest.raises(errors.UserError, match="--profile=authors has no online form"):
        pseudo_label.HParams(profile="authors", pl_mode="online")


def test_the_learning_rate_follows_a_cosine_by_epochs(method):
    """An epoch has 5 steps; the factor goes from 1 to 1/50 in 2 epochs."""
    scripted_outputs.with_hparams(method, swing_epochs=2, warm_up_epochs=0)
    assert factors(method, (0, 4, 5, 9, 10, 11)) == pytest.approx(
        [1, 1, 0.51, 0.51, 0.02, 0.02], abs=1e-5
    )


def factors(method, steps):
    rates = []
    for step in steps:
        method.step.assign(step)
        rates.append(float(method.rate()) / method.hp.learning_rate)
    return rates


def test_a_pass_over_the_labels_is_an_epoch_of_the_learning_rate(method):
    """The 2 steps of the warm-up are epoch 0, the 5 steps of the first pool epoch are epoch 1."""
    scripted_outputs.with_hparams(method, swing_epochs=2)
    assert factors(method, (0, 1, 2, 6, 7, 11)) == pytest.approx(
        [1, 1, 0.51, 0.51, 0.02, 0.02], abs=1e-5
    )


def test_the_warm_up_takes_the_learning_rate_to_its_smallest(monkeypatch):
    """CIFAR-10 with 4,000 labels: 10 passes of 8 steps, then epochs of 87 steps."""
    hparams = toy_methods.hparams("pseudo_label", batch_size=512)
    method = pseudo_label.Method(hparams, toy_methods.task())
    sizes = dict(labeled=4000, steps=300 * 87, steps_per_epoch=87)
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, **sizes))
    assert factors(method, (0, 7, 40, 80, 166, 80 + 10 * 87)) == pytest.approx(
        [1, 1, 0.51, 0.02, 0.02, 1], abs=1e-5
    )


@pytest.mark.parametrize(
    ("dataset", "labels", "steps"),
    [
        ("cifar10", 250, 10),
        ("cifar10", 4000, 80),
        ("cifar100", 2500, 50),
        ("cifar100", 10_000, 200),
    ],
)
def test_the_warm_up_is_ten_passes_over_the_labels(dataset, labels, steps):
    """Of 1, 8, 5 and 20 batches, the last of which may be incomplete."""
    hparams = config.configure("pseudo_label", dataset, labels=labels).hparams
    assert warm_up(hparams, labels, 300 * 87) == steps


def warm_up(hparams, labels, steps):
    """First step of "train"."""
    method = pseudo_label.Method(
        toy_methods.hparams("pseudo_label", warm_up_epochs=hparams.warm_up_epochs),
        toy_methods.task(),
    )
    method.hp = hparams
    method.task = dataclasses.replace(method.task, labeled=labels, steps=steps)
    return method.stages()["train"]


@pytest.mark.parametrize(
    ("labels", "steps", "expected"),
    [(50, 1000, 10), (50, 100, 10), (50, 12, 6), (1168, 1000, 240), (5000, 1000, 500)],
)
def test_digits_and_images_as_small_have_a_warm_up_in_every_run(labels, steps, expected):
    assert warm_up(config.configure("pseudo_label", "digits").hparams, labels, steps) == expected


def test_defaults_and_recipes():
    hp = pseudo_label.HParams()
    assert (hp.batch_size, hp.learning_rate) == (512, 1e-3)
    assert (hp.weight_decay, hp.threshold) == (5e-5, 0.95)
    cifar100 = config.configure("pseudo_label", "cifar100")
    assert (cifar100.epochs, cifar100.hparams.learning_rate) == (300, 5e-4)
    assert config.configure("pseudo_label", "cifar10", labels=250).hparams.batch_size == 250
    authors = config.configure("pseudo_label", "cifar10", profile="authors")
    assert authors.hparams.average_decay == 0.0


def squares(folder):
    for name, count, seed in (("train", 120, 0), ("test", 30, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    return f"npz:{folder}"


def curves(workdir):
    lines = metrics_log.history(workdir / "metrics.jsonl")
    return [{k: v for k, v in line.items() if k not in TIMED} for line in lines]


def test_a_run_stopped_within_an_evaluation_interval_resumes_with_its_labels(tmp_path, monkeypatch):
    """Intervals have 8 steps: at step 12, the pseudo-labels are those of step 8."""
    monkeypatch.setattr(loop, "MIN_EVALUATION_INTERVAL", 8)
    monkeypatch.setattr(results, "conclude", lambda *_: {})  # figures and scores
    dataset = squares(tmp_path)

    def settings(name):
        return config.configure(
            "pseudo_label", dataset, labels=12, validation=0, max_steps=20, batch_size=30, depth=10,
            width=4, threshold=0.4, learning_rate=1e-2, warm_up_epochs=0, average_decay=0.0,
            precision="float32", workdir=str(tmp_path / name),
        )  # fmt: skip

    loop.run(settings("whole"))
    original = callbacks.DivergenceGuard.on_train_batch_end

    def stop(guard, batch, logs=None):
        original(guard, batch, logs)
        if int(guard.model.step.numpy()) == 12:
            raise errors.Interrupted(15)

    with monkeypatch.context() as patch, pytest.raises(errors.Interrupted):
        patch.setattr(callbacks.DivergenceGuard, "on_train_batch_end", stop)
        loop.run(settings("parts"))
    halfway = build.reopen(tmp_path / "parts").method
    assert int(halfway.step.numpy()) == 12 and np.any(halfway.pseudo_labels() >= 0)
    loop.run(settings("parts"))
    whole, parts = curves(tmp_path / "whole"), curves(tmp_path / "parts")
    assert [line["step"] for line in whole] == [8, 16, 20] and whole[-1]["selected"] > 0
    assert parts == whole


def test_one_trace_takes_the_steps_of_both_stages():
    """As it does in a run; toys trace each stage apart."""
    toy = toy_methods.Toy("pseudo_label", warm_up_epochs=1, threshold=0.34)
    apart = toy.run(4), toy.values()
    toy.load(toy.start)
    method, logs = toy.method, []
    method.set_stage(0)
    trace = method.make_train_function(force=True)
    for step in range(4):
        method.set_stage(step)
        if step == method.stages()["train"]:
            toy.look()
        batches = toy.batches(step)
        logs.append({k: float(v) for k, v in method.train_function(batches).items()})
    assert method.stage == "train" and method.train_function is trace
    assert logs == apart[0] and logs[-1]["unsupervised"] > 0
    for owner, values in toy.values().items():
        for one, two in zip(values, apart[1][owner], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=owner)


def test_online_there_is_no_warm_up():
    hparams = toy_methods.hparams("pseudo_label", pl_mode="online", warm_up_epochs=1)
    method = pseudo_label.Method(hparams, toy_methods.task())
    assert method.stages() == {"train": 0} and method.stage == "train"
