"""Sets embedded together."""

import numpy as np
import pytest

from tf_ssgan.evaluation import tsne
from tf_ssgan.metrics import generative


@pytest.fixture(scope="module")
def sets():
    """Three classes on corners; the second set is three times as wide around them."""
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    corners = 20 * np.eye(3, 60)[labels]
    return {
        "tight": ((corners + random.normal(size=(90, 60))).astype(np.float32), labels),
        "wide": ((corners + 3 * random.normal(size=(90, 60))).astype(np.float32), labels),
    }


@pytest.fixture(scope="module")
def embeddings(sets):
    return tsne.embed(sets)


def test_classes_are_clusters_and_tight_ones_are_tighter(embeddings):
    metrics = {name: one.metrics() for name, one in embeddings.items()}
    for space in ("tsne", "pca"):
        assert metrics["tight"][space]["mean"] < metrics["wide"][space]["mean"]
    points = np.concatenate([one.points for one in embeddings.values()])
    labels = np.concatenate([one.labels for one in embeddings.values()])
    spread, _ = generative.cluster_metric(points, np.zeros_like(labels))
    assert generative.cluster_metric(points, labels)[0] < 0.6 * spread


def test_each_point_keeps_its_set_and_its_label(embeddings, sets):
    assert list(embeddings) == ["tight", "wide"]
    for name, one in embeddings.items():
        assert one.points.shape == (90, 2) and one.reduced.shape == (90, 50)
        np.testing.assert_array_equal(one.labels, sets[name][1])
        assert one.metrics()["points"] == 90


def test_pca_keeps_the_distances_of_what_has_few_dimensions(sets):
    few = {name: (features[:, :3], labels) for name, (features, labels) in sets.items()}
    embedding = tsne.embed(few)["wide"]
    expected = generative.cluster_metric(*few["wide"])
    assert generative.cluster_metric(embedding.reduced, embedding.labels) == pytest.approx(
        expected, rel=1e-5
    )


def test_the_same_sets_have_the_same_embedding(embeddings, sets):
    np.testing.assert_array_equal(tsne.embed(sets)["wide"].points, embeddings["wide"].points)


def test_sets_are_as_large_as_the_rarest_class_allows():
    assert tsne.images_per_class(np.repeat([0, 1, 2], [70, 40, 50]), 3) == 40
    assert tsne.images_per_class(np.repeat([0, 1], 5000), 2) == 500
    assert tsne.images_per_class(np.zeros(9, int), 2) == 1
