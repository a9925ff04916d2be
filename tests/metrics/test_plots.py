"""Figures of an evaluated classifier, and grids of images."""

import warnings

import matplotlib.figure
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.metrics import calibration, name_fonts, plots

NAMES = ("cat", "dog", "a name of many, many letters", "$x^$", "\N{GREEK SMALL LETTER MU}")


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved."""
    saved, save = [], matplotlib.figure.Figure.savefig

    def savefig(figure, *args, **kwargs):
        saved.append(figure)
        return save(figure, *args, **kwargs)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    return saved


def is_drawn(png):
    """Whether a PNG file has more than 100 pixels a side and more than one color."""
    pixels = tf.io.decode_png(png).numpy()
    return min(pixels.shape[:2]) > 100 and pixels.max() > pixels.min()


def test_the_confusion_figure_is_drawn():
    assert is_drawn(plots.confusion_figure(np.array([[3, 1], [0, 4]]), ("cat", "dog")))
    assert is_drawn(plots.confusion_figure(np.eye(5, dtype=int), NAMES))


def test_the_reliability_figure_shows_both_calibration_errors(figures):
    probabilities = np.array([[0.5, 0.5], [0.6, 0.4], [0.25, 0.75], [1.0, 0.0]])
    labels = np.array([1, 0, 0, 0])
    before, after = (calibration.reliability(probabilities, labels, bins) for bins in (4, 1))
    assert is_drawn(plots.reliability_figure(before, after, 1.625))
    left, right, below, _ = figures[0].axes
    assert left.get_title() == "temperature 1: ECE 0.2125"
    assert right.get_title() == "temperature 1.62: ECE 0.2125"
    assert [bar.get_height() for bar in below.patches] == [0, 25, 50, 25]
    gaps = left.containers[1].patches  # between accuracy .5 and confidence .675
    assert (gaps[2].get_y(), gaps[2].get_height()) == pytest.approx((0.5, 0.175))


def test_the_reliability_figure_says_if_no_temperature_was_fitted(monkeypatch):
    monkeypatch.setattr(
        plots, "_png", lambda figure: [a.get_title() for a in figure.axes if a.get_title()]
    )
    bins = calibration.reliability(np.eye(3), np.arange(3))
    assert plots.reliability_figure(bins) == ["no temperature fitted: ECE 0.0000"]
    assert plots.reliability_figure(bins, bins, 1.625) == [
        "temperature 1: ECE 0.0000", "temperature 1.62: ECE 0.0000"
    ]  # fmt: skip


def test_the_reliability_figure_without_predictions_is_drawn():
    none = calibration.reliability(np.zeros((0, 3)), np.zeros(0, int))
    assert is_drawn(plots.reliability_figure(none, none, 1.0))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_top_three_classes_are_named_and_the_right_one_is_marked(figures, channels):
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, channels), np.uint8)
    probabilities = np.array([[0.6, 0.3, 0.1, 0, 0], [0.1, 0.2, 0.3, 0.4, 0], [0, 0, 0, 0, 1.0]])
    assert is_drawn(plots.top3_figure(images, np.array([1, 0, 4]), probabilities, NAMES))
    names = [[text.get_text() for text in axes.get_yticklabels()] for axes in figures[0].axes[1::2]]
    assert names[0] == [
        "cat",
        "\N{CHECK MARK} dog",
        "a name of many, many le\N{HORIZONTAL ELLIPSIS}",
    ]
    assert names[1][0] == "$x^$" and names[1][2] == "dog"  # the right one is not among them
    assert names[2][0] == "\N{CHECK MARK} \N{GREEK SMALL LETTER MU}"
    assert figures[0].axes[2].get_title() == "true: cat"


def test_all_of_two_classes_are_shown(figures):
    image = np.zeros((1, 8, 8, 1), np.uint8)
    assert is_drawn(plots.top3_figure(image, np.array([1]), np.array([[0.7, 0.3]]), NAMES[:2]))
    assert len(figures[0].axes[1].patches) == 2


def test_a_grid_arranges_images_in_rows():
    images = np.stack([np.full((2, 3, 1), value) for value in (-1.0, 0.0, 1.0, 2.0)])
    grid = plots.grid(images, columns=2)
    assert grid.shape == (5, 7, 1) and grid.dtype == np.uint8
    assert [grid[0, 0, 0], grid[0, 4, 0], grid[3, 0, 0], grid[3, 4, 0]] == [0, 128, 255, 255]
    assert grid[2, 0, 0] == 255  # the pixel between


@pytest.mark.parametrize("channels", [1, 3])
def test_the_figure_of_pairs_of_images_is_drawn(channels):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, channels))
    for added in (0.0, 0.3):  # nothing to enlarge, too
        png = plots.pairs_figure(
            images, images + added, np.array([0, 1]), np.array([1, 1]), ("a", "b")
        )
        assert min(tf.io.decode_png(png).shape[:2]) > 100


@pytest.mark.parametrize("channels", [1, 3])
def test_rows_of_images_have_titles_above_their_columns(figures, channels):
    rows = np.random.default_rng(0).uniform(-2, 2, (3, 2, 8, 8, channels))
    png = tf.io.decode_png(plots.rows_figure(rows, ("x", "G(0, x)")))
    assert min(png.shape[:2]) > 200
    axes = figures[0].axes
    assert [ax.get_title() for ax in axes] == ["x", "G(0, x)", "", "", "", ""]
    shown = axes[3].images[0].get_array()  # the second of the second row, in [0, 1]
    expected = np.clip(0.5 * rows[1, 1] + 0.5, 0, 1)
    np.testing.assert_allclose(shown, expected[..., 0] if channels == 1 else expected)


NAMES_OF_THE_WORLD = ("猫", "고양이", "かわいい", "قطة سلام", "שלום", "हिन्दी", "👨‍👩‍👧", "🐱", "a\u0301\u0323", "$x^$", r"\$a_1 $b", "_x", "a\\b", "two\nlines", "\x07\x1b[1m", "W" * 255, "漢" * 255, "Gr\udcf6\udcdfe", "\u202eabc", "  ")  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_any_name_is_drawn_without_a_warning(figures, monkeypatch, capfd, known):
    """With the fonts of this machine, and as on one without any further font."""
    if not known:
        monkeypatch.setattr(name_fonts, "_homes", lambda characters: {c: [] for c in characters})
    names = NAMES_OF_THE_WORLD
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert is_drawn(plots.confusion_figure(np.eye(20, dtype=int), names))
        images = np.zeros((20, 8, 8, 1))
        probabilities = np.eye(20) + np.roll(np.eye(20), 1, axis=1)
        assert is_drawn(plots.top3_figure(images, np.arange(20), probabilities, names))
        assert is_drawn(plots.pairs_figure(images, images, np.arange(20), np.arange(20), names))
    assert capfd.readouterr().err == ""
    ticks = [text.get_text() for text in figures[0].axes[0].get_xticklabels()]
    assert ticks[9:16] == ["$x^$", r"\$a_1 $b", "_x", "a\\b", r"two\nlines", r"\x07\x1b[1m", "W" * 23 + "…"]  # fmt: skip
    assert ticks[17:19] == [r"Gr\udcf6\udcdfe", r"\u202eabc"]
    if not known:
        assert ticks[:8] == ["#0", "#1", "#2", names[3], names[4], "#5", "#6", "🐱"]
        assert [figure.get_supxlabel() for figure in figures] == [name_fonts.NOTE] * 3


def test_a_figure_without_numbers_has_no_note(figures):
    plots.confusion_figure(np.eye(2, dtype=int), ("cat", "Katze\u00e4"))
    assert figures[0].get_supxlabel() == ""
