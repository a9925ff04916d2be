"""Distribution alignment: what is remembered, what is aligned, and that runs resume with it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import toy_looks, toy_methods
from support.file_contents import manifest_metadata

from tf_ssgan.methods.bases import alignment
from tf_ssgan.training import checkpoints, manifests

SHARES = (0.5, 0.25, 0.25)
FEW = 3  # batches that the tests remember, so that old ones are forgotten


@pytest.fixture(scope="module", autouse=True)
def _few_batches():
    assert alignment.BATCHES == 128
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "BATCHES", FEW)
        yield


def toy(name, **hparams):
    return toy_methods.Eager(name, align_distribution=True, **hparams)


@pytest.fixture(scope="module")
def aligned():
    """A method whose labels have the shares SHARES."""
    with pytest.MonkeyPatch.context() as patch:
        task = dataclasses.replace(toy_methods.task(), class_frequencies=SHARES)
        patch.setattr(toy_methods, "task", lambda: task)
        return toy("fixmatch")


def logits(*probabilities):
    return tf.math.log(tf.constant(probabilities, tf.float32))


def probabilities(scores):
    return tf.nn.softmax(scores).numpy()


def test_a_run_begins_without_alignment(aligned):
    aligned.load(aligned.start)
    given = logits([0.2, 0.3, 0.5], [0.8, 0.1, 0.1])
    np.testing.assert_array_equal(aligned.method.aligned(given), given)
    assert aligned.method.mean_predictions.shape == (FEW, 3)


def test_predictions_are_aligned_by_the_batches_before_them(aligned):
    """After one batch of mean [.2, .4, .4], the mean over three is [.4, .3, .3]."""
    aligned.load(aligned.start)
    batch = logits([0.1, 0.5, 0.4], [0.3, 0.3, 0.4])
    np.testing.assert_array_equal(aligned.method.align(batch), batch)
    mean = np.array([0.4, 0.3, 0.3])
    expected = np.array([0.3, 0.3, 0.4]) * SHARES / mean
    found = probabilities(aligned.method.align(logits([0.3, 0.3, 0.4])))
    np.testing.assert_allclose(found, [expected / expected.sum()], atol=1e-5)


def test_the_oldest_batch_is_forgotten(aligned):
    aligned.load(aligned.start)
    for one in ([0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]):
        aligned.method.align(logits(one))
    expected = [[0.2, 0.6, 0.2], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]]
    np.testing.assert_allclose(aligned.method.mean_predictions, expected, atol=1e-6)


def test_predictions_may_be_among_those_that_align_them(aligned):
    aligned.load(aligned.start)
    batch = logits([0.1, 0.5, 0.4], [0.3, 0.3, 0.4])
    included = aligned.method.align(batch, included=True)
    np.testing.assert_array_equal(included, aligned.method.aligned(batch))
    assert not np.array_equal(included, batch)


def test_without_the_option_nothing_is_kept_and_nothing_changes():
    plain = toy_methods.Eager("fixmatch").method
    given = logits([0.1, 0.9, 1e-3])
    assert plain.align(given) is given and plain.aligned(given) is given
    assert "buffers" not in plain.state()


CASES = [("fixmatch", {}), ("fixmatch_attention", {}), ("pseudo_label", {"pl_mode": "online"})]


@pytest.mark.parametrize("name, hparams", CASES)
def test_a_step_aligns_its_unlabeled_batch_and_remembers_its_mean(name, hparams):
    """Remembered predictions without class 2 make it likely, so that more becomes class 2."""
    made = toy(name, threshold=0.6, **hparams)
    batch = next(made.batches())
    before = made.method.one_step(batch)
    *old, newest = made.method.mean_predictions.numpy()
    np.testing.assert_allclose(old, np.full([FEW - 1, 3], 1 / 3), atol=1e-6)
    assert newest.sum() == pytest.approx(1.0, abs=1e-5) and np.abs(newest - 1 / 3).max() > 1e-4
    made.load(made.start)
    made.method.mean_predictions.assign(np.tile([[0.5, 0.5 - 1e-3, 1e-3]], (FEW, 1)))
    after = made.method.one_step(batch)
    np.testing.assert_allclose(made.method.mean_predictions[-1], newest, atol=1e-6)
    assert float(after["selected"]) > float(before["selected"])
    assert float(after["supervised"]) == pytest.approx(float(before["supervised"]), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name, hparams", CASES)
def test_two_replicas_equal_one_and_a_saved_state_resumes_exactly(name, hparams, tmp_path):
    hparams = hparams | {"threshold": 0.4, "align_distribution": True}
    made, pair = (toy_methods.Toy(name, devices, **hparams) for devices in (1, 2))
    pair.load(made.start)
    alone, together = made.run(5), pair.run(5)
    for one, two in zip(alone, together, strict=True):
        assert two == pytest.approx(one, abs=1e-4, rel=1e-4)
    np.testing.assert_allclose(
        pair.method.mean_predictions, made.method.mean_predictions, atol=1e-5
    )
    expected = made.values()
    made.load(made.start)
    made.run(2)
    checkpoints.save(tmp_path, made.method.state(), 2, manifest_metadata())
    made.load({k: [np.zeros_like(v) for v in vs] for k, vs in made.start.items()})
    checkpoints.load(manifests.find(tmp_path).folder, made.method.state())
    assert made.run(3, first=2) == alone[2:]
    for owner, values in made.values().items():
        for resumed, straight in zip(values, expected[owner], strict=True):
            np.testing.assert_array_equal(resumed, straight, err_msg=owner)


def test_pseudo_labels_by_epoch_are_aligned_by_the_mean_over_the_pool():
    """Half of the pool is surely 0, half leans to 0 against 1: aligned, the latter become 1."""
    method = toy("pseudo_label", warm_up_epochs=1, threshold=0.5).method
    method.set_stage(method.stages()["train"])
    rows = np.log(np.float32([[0.98, 0.01, 0.01]] * 20 + [[0.55, 0.44, 0.01]] * 20))
    method.look_at_pools(toy_looks.GivenLook(method, logits=rows))
    assert method.mean_predictions.shape == (1, 3)
    mean = np.exp(rows).mean(axis=0)
    np.testing.assert_allclose(method.mean_predictions, [mean], atol=1e-6)
    expected = np.exp(rows) / mean / 3
    expected /= expected.sum(axis=1, keepdims=True)
    labels = np.where(expected.max(axis=1) > 0.5, expected.argmax(axis=1), -1)
    np.testing.assert_array_equal(method.pseudo_labels(), labels)
    assert set(labels[20:]) == {1} and set(np.argmax(rows[20:], axis=1)) == {0}
    (monitored,) = method.monitors()
    np.testing.assert_allclose(probabilities(monitored.aligned(rows)), expected, atol=1e-4)
    assert {v.shape.rank for v in method.state()["buffers"]} == {1, 2}
