"""What is special to pseudo-labels."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import pseudo_label
from tf_ssgan.training import build, callbacks, config, loop, metrics_log, results

TIMED = ("seconds", "images_per_second", "waiting_percent")
RECORDED = ("moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("pseudo_label", warm_up_fraction=0.5, threshold=0.5)


@pytest.fixture(scope="module")
def online():
    return toy_methods.Toy("pseudo_label", pl_mode="online", threshold=0.9)


@pytest.fixture()
def made(toy, monkeypatch):
    toy.method.set_stage(0)
    return scripted_outputs.reset(toy, monkeypatch)


def logits(*rows):
    """Of all 40 unlabeled images: these, and undecided ones."""
    return np.array([*rows, *[[0.0, 0.0, 0.0]] * (40 - len(rows))], np.float32)


def test_only_what_exceeds_the_threshold_gets_a_label(made):
    made.set_stage(6)
    made.refresh_pseudo_labels(logits([0, 0, -1e4], [0, 0.1, -1e4], [-1e4, 0, 9], [0.5, 0, 0]))
    assert made.pseudo_labels().tolist() == [-1, 1, 2, *[-1] * 37]  # .5 exactly, .525, 1, .452


def test_labels_are_given_anew_and_do_not_pile_up(made):
    made.set_stage(6)
    made.refresh_pseudo_labels(logits([9, 0, 0], [0, 9, 0]))
    made.refresh_pseudo_labels(logits([0, 0, 0], [0, 0, 9], [9, 0, 0]))
    assert made.pseudo_labels().tolist() == [-1, 2, 0, *[-1] * 37]


def test_no_label_is_given_in_the_warm_up(made):
    assert made.stages() == {"warm_up": 0, "train": 6}
    for step in (0, 5):
        made.set_stage(step)
        made.refresh_pseudo_labels(logits([9, 0, 0]))
        assert set(made.pseudo_labels()) == {-1}


def test_batches_after_a_look_hold_the_images_with_their_new_labels(toy, made):
    made.set_stage(6)
    made.refresh_pseudo_labels(np.tile(np.array([0, 9, 0], np.float32), (40, 1)))
    batch = next(toy.batches())["merged"]
    index, label = batch["index"].numpy(), batch["label"].numpy()
    assert np.any(index >= toy_methods.LABELED)
    np.testing.assert_array_equal(label[index >= toy_methods.LABELED], 1)
    known = toy_methods.images()[1]
    np.testing.assert_array_equal(
        label[index < toy_methods.LABELED], known[index[index < toy_methods.LABELED]]
    )


def test_the_labels_given_are_part_of_what_a_run_saves(made):
    made.set_stage(6)
    made.refresh_pseudo_labels(logits([0, 0, 9]))
    (given,) = made.state()["memory"]
    assert given.dtype == tf.int64 and given.numpy().tolist() == [2, *[-1] * 39]


class Seen:
    """A classifier that notes its images and answers alike."""

    def __init__(self, rows):
        self.rows = tf.Variable(rows)
        self.images = []

    def __call__(self, images, training):
        assert training
        self.images.append(images)
        return {"logits": self.rows.value()}


def seen(made, monkeypatch, rows):
    """Puts it in the classifier's place, and keeps the weights."""
    classifier, found = Seen(rows), []
    monkeypatch.setattr(made, "classifier", classifier)
    made.c.minimize = lambda loss, tape: found.append(float(loss))
    return classifier, found


def merged(index, label, value=-0.65):
    images = tf.fill([len(index), 8, 8, 1], value)
    return {"merged": {"image": images, "index": tf.constant(index, tf.int64),
                       "label": tf.constant(label, tf.int64)}}  # fmt: skip


def test_a_pseudo_label_is_as_good_as_a_label(made, monkeypatch):
    """Cross-entropies .407606, 1.001943 and 1.180270; the last two are of pseudo-labels."""
    made.given.assign([1] * 10 + [-1] * 30)
    _, found = seen(made, monkeypatch, scripted_outputs.STRONG)
    step = made.train_step(merged([11, 12, 20], [0, 0, 2]))
    logs = {k: float(v) for k, v in step.items()}
    each = (0.407606, 1.001943, 1.180270)
    assert found == pytest.approx([sum(each) / 3], abs=1e-5)
    assert logs == pytest.approx(
        {"supervised": each[0], "unsupervised": sum(each[1:]) / 2, "selected": 0.25}, abs=1e-5
    )


@pytest.mark.parametrize(
    ("value", "byte"), [(-0.65, 255), (0.65, 1), (-0.4, 0), (0.0, 0), (-1.0, 254), (1.0, 2)]
)
def test_damaged_images_are_bytes_as_numpy_casts_them(made, monkeypatch, value, byte):
    """Of deviation .25 a value of -.65 is -1.3 off, which becomes -1 and 255."""
    monkeypatch.setattr(made, "task", dataclasses.replace(made.task, std=(0.25,)))
    found = made.damaged(tf.fill([1, 2, 2, 1], value))
    np.testing.assert_allclose(found, np.full([1, 2, 2, 1], (byte - 127.5) / 127.5), atol=1e-6)
    assert np.int32(np.float32(2 * value)).astype(np.uint8) == byte


def test_only_the_authors_damage_only_images_with_a_pseudo_label(made, monkeypatch):
    classifier, _ = seen(made, monkeypatch, scripted_outputs.STRONG)
    batch = merged([11, 12, 20], [0, 0, 2], -0.65)
    made.train_step(batch)
    np.testing.assert_array_equal(classifier.images[0], batch["merged"]["image"])
    scripted_outputs.turned(made, profile="authors").train_step(batch)
    plain, *damaged = classifier.images[-1].numpy()
    np.testing.assert_array_equal(plain, batch["merged"]["image"][0])
    np.testing.assert_allclose(damaged, made.damaged(batch["merged"]["image"][1:]))


@pytest.mark.parametrize(("step", "weight"), [(0, 0.0), (2.4, 0.5), (4.8, 1.0), (12, 1.0)])
def test_the_online_form_by_hand(online, monkeypatch, step, weight):
    """The weight rises to 2 over the first 40 % of 12 steps."""
    made = scripted_outputs.turned(
        scripted_outputs.reset(online, monkeypatch), unlabeled_weight=2.0
    )
    monkeypatch.setattr(made, "progress", lambda: tf.constant(step / 12.0))
    _, found = seen(made, monkeypatch, scripted_outputs.WEAK)
    labels = tf.constant([0, 0, 2], tf.int64)
    batch = {"labeled": {"image": None, "label": labels}, "unlabeled": {"image": None}}
    logs = {k: float(v) for k, v in made.train_step(batch).items()}
    each = -np.log([0.964663, 0.506480, 0.943045])
    expected = {"supervised": each.mean(), "unsupervised": 0.031539, "selected": 2 / 3}
    assert logs == pytest.approx(expected, abs=1e-5)
    assert found == pytest.approx([each.mean() + 2 * weight * 0.031539], abs=1e-5)


def test_the_online_form_records_labeled_images_alone(online, monkeypatch):
    made = scripted_outputs.reset(online, monkeypatch)
    batch = next(online.batches())
    moving = [v for v in made.classifier.variables if v.name in RECORDED]
    made.classifier(batch["labeled"]["image"], training=True)
    expected = [v.numpy() for v in moving]
    online.load(online.start)
    made.one_step(batch)
    for ours, alone in zip(moving, expected, strict=True):
        np.testing.assert_array_equal(ours, alone)
    assert made.pseudo_labels() is None and "memory" not in made.state()


def test_the_authors_have_no_online_form():
    with pytest.raises(errors.UserError, match="--profile=authors has no online form"):
        pseudo_label.HParams(profile="authors", pl_mode="online")


def test_the_step_size_swings_by_epochs(made):
    """5 steps an epoch, 2 epochs from 1 to 1/50."""
    scripted_outputs.turned(made, swing_epochs=2)
    rates = []
    for step in (0, 4, 5, 9, 10, 11):
        made.step.assign(step)
        rates.append(float(made.rate()) / made.hp.learning_rate)
    assert rates == pytest.approx([1, 1, 0.51, 0.51, 0.02, 0.02], abs=1e-5)


def test_its_numbers_and_recipes():
    hp = pseudo_label.HParams()
    assert (hp.batch_size, hp.learning_rate, hp.weight_decay, hp.threshold) == (512, 1e-3, 5e-5, .95)  # fmt: skip
    hundred = config.configure("pseudo_label", "cifar100")
    assert (hundred.epochs, hundred.hparams.learning_rate) == (300, 5e-4)
    assert config.configure("pseudo_label", "cifar10", labels=250).hparams.batch_size == 250
    theirs = config.configure("pseudo_label", "cifar10", profile="authors")
    assert theirs.hparams.average_decay == 0.0


def squares(folder):
    for name, count, seed in (("train", 120, 0), ("test", 30, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    return f"npz:{folder}"


def curves(workdir):
    lines = metrics_log.history(workdir / "metrics.jsonl")
    return [{k: v for k, v in line.items() if k not in TIMED} for line in lines]


def test_a_run_stopped_within_a_lap_goes_on_with_the_labels_of_its_beginning(tmp_path, monkeypatch):
    """Laps of 8 steps: stopped at step 12, when the labels given at step 8 are in force."""
    monkeypatch.setattr(loop, "MIN_EVALUATION_INTERVAL", 8)
    monkeypatch.setattr(results, "conclude", lambda *_: {})  # pictures and measures
    dataset = squares(tmp_path)

    def settings(name):
        return config.configure(
            "pseudo_label", dataset, labels=12, validation=0, max_steps=20, batch_size=30, depth=10,
            width=4, threshold=0.4, learning_rate=1e-2, warm_up_fraction=0.0, average_decay=0.0,
            workdir=str(tmp_path / name),
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


def test_online_there_is_no_warm_up():
    knobs = toy_methods.hparams("pseudo_label", pl_mode="online", warm_up_fraction=0.5)
    made = pseudo_label.Method(knobs, toy_methods.task())
    assert made.stages() == {"train": 0} and made.stage == "train"
