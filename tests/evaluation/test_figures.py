"""Figures are pictures, and show what they should."""

import io
import warnings

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from tf_ssgan.evaluation import figures, sampling, tsne
from tf_ssgan.metrics import name_fonts


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
    upper, lower = np.array_split(decoded(figures.image_rows(images, [], [], "")), 2)
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


ODD_NAMES = ("猫", "_hidden", "$x$", "two\nlines", "\udcf6", "W" * 255, "قطة")


def test_figures_with_any_names_give_no_warning(monkeypatch):
    """A name that begins with "_" stays in the legend; one without a font is a number."""
    monkeypatch.setattr(name_fonts, "_homes", lambda characters: {c: [] for c in characters})
    saved, save = [], matplotlib.figure.Figure.savefig

    def savefig(figure, *args, **kwargs):
        saved.append(figure)
        return save(figure, *args, **kwargs)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    labels = np.arange(14) % 7
    points = np.random.default_rng(0).normal(size=(14, 2))
    embedding = tsne.Embedding(points, *np.zeros((2, 14, 5)), labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.cluster_panels({"runs/$a_b$ 猫": embedding}, ODD_NAMES, "$title$ 猫")
        rows = np.zeros((2, 3, 8, 8, 1), np.uint8)
        figures.image_rows(rows, ODD_NAMES, [3, 0], "title")
    shown = ["#0", "_hidden", "$x$", r"two\nlines", r"\udcf6", "W" * 23 + "…", "قطة"]
    assert [text.get_text() for text in saved[0].legends[0].get_texts()] == shown
    assert saved[0].axes[0].get_title().startswith(r"runs/$a_b$ \u732b")
    assert [text.get_text() for text in saved[1].axes[0].get_yticklabels()] == [shown[3], "#0"]
    assert [figure.get_supxlabel() for figure in saved] == [name_fonts.NOTE] * 2
