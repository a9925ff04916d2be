"""The judging classifier: what it learns from, in what time, and that it is kept."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import special

from tf_ssgan.common import cache
from tf_ssgan.data import content_hash
from tf_ssgan.evaluation import (
    reference_classifier,
    reference_cnn,
    reference_network,
    reference_training,
)


@pytest.fixture
def trained(monkeypatch):
    """Notes what is trained on, and leaves the weights as they begin."""
    protocols = []

    def noted(arrays, protocol, minutes):
        protocols.append(protocol)
        return reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))

    monkeypatch.setattr(reference_training, "train", noted)
    return protocols


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_it_learns_the_squares_and_its_stamp_says_what_it_is(arrays):
    stamp = reference_classifier.reference_classifier(arrays, "squares", 1).stamp
    assert stamp["test_accuracy"] > 90
    assert stamp["judge"] == reference_cnn.NAME and stamp["dataset"] == "squares"
    assert stamp["classes"] == ["dark", "gray", "light"]
    assert len(stamp["weights_sha256"]) == 16 and 0.05 <= stamp["temperature"] <= 20


def test_it_is_trained_once_and_the_same_from_then_on(arrays, own_cache, trained):
    first = reference_classifier.reference_classifier(arrays, "squares", 1)
    again = reference_classifier.reference_classifier(arrays, "another name", 1)
    assert len(trained) == 1
    assert again.stamp == first.stamp
    seen = [judge.look(arrays.test_images) for judge in (first, again)]
    np.testing.assert_array_equal(seen[0].features, seen[1].features)
    np.testing.assert_array_equal(seen[0].probabilities, seen[1].probabilities)


def test_it_learns_all_labels_but_those_its_temperature_is_fitted_on(
    make_arrays, own_cache, trained
):
    arrays = make_arrays(200)
    arrays.train_labels[:50] = -1
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    (protocol,) = trained
    assert len(protocol.labeled_ids) == 135 and len(protocol.validation_ids) == 15
    assert not set(protocol.labeled_ids) & set(protocol.validation_ids)
    assert (protocol.labels == arrays.train_labels[protocol.labeled_ids]).all()


@pytest.mark.parametrize("suffix, content", [
    (".npy", b"no array"), (".json", b"{"), (".json", b"{}"), (".npy", None), (".json", None),
])  # fmt: skip
def test_a_damaged_one_is_trained_anew(arrays, own_cache, trained, suffix, content):
    for turn in (1, 2):
        reference_classifier.reference_classifier(arrays, "squares", 0.01)
        assert len(trained) == turn
        (path,) = (cache.folder() / "judges").glob(f"*{suffix}")
        path.unlink() if content is None else path.write_bytes(content)


def test_changed_weights_are_not_believed(arrays, own_cache, trained):
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    (path,) = (cache.folder() / "judges").glob("*.npy")
    cache.keep_array(np.load(path) + 1, path)
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    assert len(trained) == 2


def test_a_data_set_is_known_by_its_contents(make_arrays):
    arrays = make_arrays(30)
    back = np.arange(30)[::-1]
    turned = dataclasses.replace(
        arrays, train_images=arrays.train_images[back], train_labels=arrays.train_labels[back]
    )
    assert reference_classifier.classifier_identity(
        content_hash.ordered(turned)
    ) == reference_classifier.classifier_identity(arrays)
    for name in ("train_labels", "test_images", "test_labels"):
        other = getattr(arrays, name).copy()
        other[0] += 1
        changed = dataclasses.replace(arrays, **{name: other})
        assert reference_classifier.classifier_identity(
            changed
        ) != reference_classifier.classifier_identity(arrays)
    assert reference_classifier.classifier_identity(
        make_arrays(30, seed=5)
    ) != reference_classifier.classifier_identity(arrays)


def test_probabilities_are_at_the_temperature(bright, arrays):
    logits = reference_network.outputs(bright.network, arrays.test_images)["logits"].astype(
        np.float64
    )
    seen = bright.look(arrays.test_images)
    np.testing.assert_allclose(seen.probabilities, special.softmax(logits / 2, axis=1))
    assert (seen.probabilities.argmax(axis=1) == arrays.test_labels).mean() > 0.9


def test_every_image_is_looked_at_in_its_place(bright, make_arrays):
    many = make_arrays(620).train_images
    whole = reference_network.outputs(bright.network, many)["features"]
    one = reference_network.outputs(bright.network, many[601:602])["features"]
    assert len(whole) == 620 and whole[601] == pytest.approx(one[0])


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (50, 130, 3)])
def test_the_network_takes_any_size(shape):
    network = reference_cnn.classifier(shape, 5)
    said = reference_network.outputs(network, np.zeros((2, *shape), np.uint8))
    assert said["features"].shape == (2, 128) and said["logits"].shape == (2, 5)
    # 2 x 2 pixels of the larger image are one here: at most 48 a side.
    assert max(network.layers[2].output.shape[1:3]) <= 48


def test_the_step_size_rises_and_falls():
    assert [
        reference_training.pace(share) for share in (0, 0.05, 0.1, 0.55, 1, 1.2)
    ] == pytest.approx([0, 0.5, 1, 0.5, 0, 0])


class _Model:
    stop_training = False
    optimizer = type("Optimizer", (), {"learning_rate": None})()


def paced(steps, seconds, clock, monkeypatch):
    """How many steps are taken where each reads the clock once."""
    monkeypatch.setattr(reference_training.time, "perf_counter", clock)
    pace = reference_training.Pace(steps, seconds)
    pace.set_model(_Model())
    for step in itertools.count(1):
        pace.on_train_batch_begin(step)
        pace.on_train_batch_end(step)
        if pace.model.stop_training:
            return step, pace.model.optimizer.learning_rate


def test_training_ends_with_the_steps(monkeypatch):
    steps, rate = paced(20, 1e9, lambda: 1.0, monkeypatch)
    assert steps == 20 and rate == pytest.approx(
        reference_training.RATE * reference_training.pace(0.95)
    )


def test_training_ends_with_the_minutes(monkeypatch):
    """The clock goes on by a second each time it is read, twice a step: 60 seconds, 30 steps."""
    steps, rate = paced(10**6, 60.0, itertools.count(1.0).__next__, monkeypatch)
    assert 28 <= steps <= 33 and rate < 0.1 * reference_training.RATE
