"""Figures are pictures, and show what they should."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.evaluation import figures, sampling, tsne


def decoded(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_class_without_images_leaves_its_row_white(channels):
    samples = sampling.Samples(np.zeros((10, 8, 8, channels), np.uint8), np.zeros(10, np.int64))
    picture = decoded(figures.class_grid(samples, ("a", "b"), "title"))
    upper, lower = np.array_split(picture, 2)
    assert (upper < 10).all(axis=-1).mean() > 0.3 > (lower < 10).all(axis=-1).mean()


def test_rows_are_named_by_their_class():
    images = np.full((20, 8, 8, 1), 255, np.uint8)
    samples = sampling.Samples(images, np.arange(20) % 2)
    named = decoded(figures.class_grid(samples, ("a", "b"), ""))
    assert (named < 128).any()
    many = tuple(str(k) for k in range(30))
    assert not (decoded(figures.class_grid(samples, many, "")) < 128).any()


def test_images_are_drawn_row_by_row():
    images = np.zeros((2, 3, 8, 8, 3), np.uint8)
    images[1] = 255
    upper, lower = np.array_split(decoded(figures.image_rows(images, [], "")), 2)
    assert upper.mean() < 128 < lower.mean()


@pytest.mark.parametrize("classes", [3, 15, 40])
def test_clusters_take_any_number_of_classes(classes):
    random = np.random.default_rng(0)
    labels = np.arange(2 * classes) % classes
    points = random.normal(size=(len(labels), 2))
    embedding = tsne.Embedding(points, *np.zeros((2, len(labels), 5)), labels)
    names = tuple(f"class {k}" for k in range(classes))
    panels = {"real": embedding, "generated": embedding}
    picture = decoded(figures.cluster_panels(panels, names, "title"))
    assert (
        picture.shape[1] > picture.shape[0] and len(np.unique(picture.reshape(-1, 3), axis=0)) > 3
    )
