"""Distances that depend on one set alone, and sets embedded together."""

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
    metrics = {name: one.metrics()["distance"] for name, one in embeddings.items()}
    assert 2.5 < metrics["wide"]["mean"] / metrics["tight"]["mean"] < 3.5
    points = np.concatenate([one.points for one in embeddings.values()])
    labels = np.concatenate([one.labels for one in embeddings.values()])
    spread, _ = generative.cluster_metric(points, np.zeros_like(labels))
    assert generative.cluster_metric(points, labels)[0] < 0.6 * spread


def test_each_point_keeps_its_set_and_its_label(embeddings, sets):
    assert list(embeddings) == ["tight", "wide"]
    for name, one in embeddings.items():
        assert one.points.shape == (90, 2)
        np.testing.assert_array_equal(one.features, sets[name][0])
        np.testing.assert_array_equal(one.labels, sets[name][1])
        assert one.metrics()["points"] == 90


def test_the_distances_are_those_of_the_features(embeddings, sets):
    mean, stddev = generative.cluster_metric(*sets["wide"])
    assert embeddings["wide"].metrics()["distance"] == {"mean": mean, "std": stddev}


def test_the_distances_are_taken_in_the_plane_and_in_components_too(embeddings, sets):
    """The components are those of the first set: 50 of 60 keep most of a distance, not all."""
    for one in embeddings.values():
        metrics = one.metrics()
        mean, stddev = generative.cluster_metric(one.points, one.labels)
        assert metrics["tsne"] == {"mean": mean, "std": stddev}
        assert 0.8 < metrics["pca"]["mean"] / metrics["distance"]["mean"] < 1
    first = sets["tight"][0].astype(np.float64)
    center = first.mean(axis=0)
    *_, directions = np.linalg.svd(first - center, full_matrices=False)
    reduced = (sets["wide"][0] - center) @ directions[:50].T
    mean, stddev = generative.cluster_metric(reduced, sets["wide"][1])
    expected = pytest.approx({"mean": mean, "std": stddev})
    assert embeddings["wide"].metrics()["pca"] == expected


def test_a_set_has_the_same_distances_alone_and_beside_others(embeddings, sets):
    """Its place in the t-SNE is another."""
    alone = tsne.embed({"tight": sets["tight"], "more": sets["tight"]})["tight"]
    for space in ("distance", "pca"):
        assert alone.metrics()[space] == embeddings["tight"].metrics()[space]
    in_the_plane = [generative.cluster_metric(e.points, e.labels)[0]
                    for e in (alone, embeddings["tight"])]  # fmt: skip
    assert in_the_plane[0] != pytest.approx(in_the_plane[1], rel=0.01)


def test_the_same_sets_have_the_same_embedding(embeddings, sets):
    np.testing.assert_array_equal(tsne.embed(sets)["wide"].points, embeddings["wide"].points)


def test_sets_are_as_large_as_the_rarest_class_allows():
    assert tsne.images_per_class(np.repeat([0, 1, 2], [70, 40, 50]), 3) == 40
    assert tsne.images_per_class(np.repeat([0, 1], 5000), 2) == 500
    assert tsne.images_per_class(np.zeros(9, int), 2) == 1
