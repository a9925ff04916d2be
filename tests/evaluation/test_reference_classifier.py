"""The reference classifier: which labels it learns, and that it is kept."""

import dataclasses

import numpy as np
import pytest

from tf_ssgan.common import cache
from tf_ssgan.data import content_hash
from tf_ssgan.evaluation import reference_classifier, reference_cnn, reference_training

FOLDER = "reference_classifiers"


@pytest.fixture
def protocols(monkeypatch):
    """The protocols that were trained on; the weights stay as they are initialized."""
    protocols = []

    def initialize(arrays, protocol, minutes):
        protocols.append(protocol)
        return reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))

    monkeypatch.setattr(reference_training, "train", initialize)
    return protocols


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_it_learns_the_squares_and_its_fingerprint_describes_it(arrays):
    fingerprint = reference_classifier.reference_classifier(arrays, "squares", 1).fingerprint
    assert fingerprint["test_accuracy"] > 90
    assert fingerprint["network"] == reference_cnn.NAME and fingerprint["dataset"] == "squares"
    assert fingerprint["classes"] == ["dark", "gray", "light"]
    assert len(fingerprint["weights_sha256"]) == 16 and 0.05 <= fingerprint["temperature"] <= 20


def test_it_is_trained_once_and_the_same_from_then_on(arrays, own_cache, protocols):
    first = reference_classifier.reference_classifier(arrays, "squares", 1)
    again = reference_classifier.reference_classifier(arrays, "another name", 1)
    assert len(protocols) == 1
    assert again.fingerprint == first.fingerprint
    outputs = [reference.predict(arrays.test_images) for reference in (first, again)]
    np.testing.assert_array_equal(outputs[0].features, outputs[1].features)
    np.testing.assert_array_equal(outputs[0].probabilities, outputs[1].probabilities)


def test_it_learns_all_labels_but_those_its_temperature_is_fitted_on(
    make_arrays, own_cache, protocols
):
    arrays = make_arrays(200)
    arrays.train_labels[:50] = -1
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    (protocol,) = protocols
    assert len(protocol.labeled_ids) == 135 and len(protocol.validation_ids) == 15
    assert not set(protocol.labeled_ids) & set(protocol.validation_ids)
    assert (protocol.labels == arrays.train_labels[protocol.labeled_ids]).all()


@pytest.mark.parametrize("suffix, content", [
    (".npy", b"no array"), (".json", b"{"), (".json", b"{}"), (".npy", None), (".json", None),
])  # fmt: skip
def test_a_damaged_one_is_trained_again(arrays, own_cache, protocols, suffix, content):
    for turn in (1, 2):
        reference_classifier.reference_classifier(arrays, "squares", 0.01)
        assert len(protocols) == turn
        (path,) = (cache.folder() / FOLDER).glob(f"*{suffix}")
        path.unlink() if content is None else path.write_bytes(content)


def test_weights_that_do_not_match_the_fingerprint_are_not_used(arrays, own_cache, protocols):
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    (path,) = (cache.folder() / FOLDER).glob("*.npy")
    cache.write_array(np.load(path) + 1, path)
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    assert len(protocols) == 2


@pytest.mark.parametrize("temperature", [0, -1.25, float("inf"), float("nan")])
def test_an_impossible_temperature_is_not_used(arrays, own_cache, protocols, temperature):
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    (path,) = (cache.folder() / FOLDER).glob("*.json")
    cache.write_json(cache.read_json(path) | {"temperature": temperature}, path)
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    assert len(protocols) == 2


def test_a_damaged_one_is_named(arrays, own_cache, protocols, capsys):
    for _ in range(2):
        reference_classifier.reference_classifier(arrays, "squares", 0.01)
        (path,) = (cache.folder() / FOLDER).glob("*.npy")
        path.write_bytes(path.read_bytes()[:-1])
    word = f"{path} cannot be used any more: the reference classifier is trained anew.\n"
    assert capsys.readouterr().err.endswith(word)


def test_in_a_folder_of_others_none_is_kept(arrays, own_cache, protocols, capsys):
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    (cache.folder() / FOLDER).chmod(0o777)
    reference_classifier.reference_classifier(arrays, "squares", 0.01)
    said = capsys.readouterr()
    assert len(protocols) == 2 and said.out.endswith("it is not kept.\n")
    assert "can be written to by other users: run chmod go-w" in said.err


def test_a_data_set_is_known_by_its_contents(make_arrays):
    arrays = make_arrays(30)
    back = np.arange(30)[::-1]
    reversed_arrays = dataclasses.replace(
        arrays, train_images=arrays.train_images[back], train_labels=arrays.train_labels[back]
    )
    identity = reference_classifier.classifier_identity(arrays)
    ordered = content_hash.sort_by_content(reversed_arrays)
    assert reference_classifier.classifier_identity(ordered) == identity
    for name in ("train_labels", "test_images", "test_labels"):
        other = getattr(arrays, name).copy()
        other[0] += 1
        changed = dataclasses.replace(arrays, **{name: other})
        assert reference_classifier.classifier_identity(changed) != identity
    assert reference_classifier.classifier_identity(make_arrays(30, seed=5)) != identity
