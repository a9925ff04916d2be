"""Pictures of a judged classifier."""

import matplotlib.figure
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.metrics import calibration, plots

NAMES = ("cat", "dog", "a name of many, many letters", "$x^$", "\N{GREEK SMALL LETTER MU}")


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved."""
    found, save = [], matplotlib.figure.Figure.savefig

    def kept(figure, *args, **kwargs):
        found.append(figure)
        return save(figure, *args, **kwargs)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", kept)
    return found


def is_picture(png):
    pixels = tf.io.decode_png(png).numpy()
    return min(pixels.shape[:2]) > 100 and pixels.max() > pixels.min()


def test_the_confusion_figure_is_a_picture():
    assert is_picture(plots.confusion_figure(np.array([[3, 1], [0, 4]]), ("cat", "dog")))
    assert is_picture(plots.confusion_figure(np.eye(5, dtype=int), NAMES))


def test_the_reliability_figure_says_both_errors(drawn):
    probabilities = np.array([[0.5, 0.5], [0.6, 0.4], [0.25, 0.75], [1.0, 0.0]])
    labels = np.array([1, 0, 0, 0])
    before, after = (calibration.reliability(probabilities, labels, bins) for bins in (4, 1))
    assert is_picture(plots.reliability_figure(before, after, 1.625))
    left, right, below, _ = drawn[0].axes
    assert left.get_title() == "temperature 1: ECE 0.2125"
    assert right.get_title() == "temperature 1.62: ECE 0.2125"
    assert [bar.get_height() for bar in below.patches] == [0, 25, 50, 25]
    gaps = left.containers[1].patches  # between accuracy .5 and confidence .675
    assert (gaps[2].get_y(), gaps[2].get_height()) == pytest.approx((0.5, 0.175))


def test_reliability_where_there_is_nothing_to_draw():
    none = calibration.reliability(np.zeros((0, 3)), np.zeros(0, int))
    assert is_picture(plots.reliability_figure(none, none, 1.0))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_best_three_are_named_and_the_right_one_is_marked(drawn, channels):
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, channels), np.uint8)
    probabilities = np.array([[0.6, 0.3, 0.1, 0, 0], [0.1, 0.2, 0.3, 0.4, 0], [0, 0, 0, 0, 1.0]])
    assert is_picture(plots.top3_figure(images, np.array([1, 0, 4]), probabilities, NAMES))
    told = [[text.get_text() for text in axes.get_yticklabels()] for axes in drawn[0].axes[1::2]]
    assert told[0] == [
        "cat",
        "\N{CHECK MARK} dog",
        "a name of many, many le\N{HORIZONTAL ELLIPSIS}",
    ]
    assert told[1][0] == r"\$x^\$" and told[1][2] == "dog"  # its own is not among them
    assert told[2][0] == "\N{CHECK MARK} \N{GREEK SMALL LETTER MU}"
    assert drawn[0].axes[2].get_title() == "true: cat"


def test_of_two_classes_and_one_image_all_is_shown(drawn):
    image = np.zeros((1, 8, 8, 1), np.uint8)
    assert is_picture(plots.top3_figure(image, np.array([1]), np.array([[0.7, 0.3]]), NAMES[:2]))
    assert len(drawn[0].axes[1].patches) == 2


def test_curves_of_wrong_labels_look_alike_in_every_panel(drawn):
    curve = [(epoch, 90.0 - epoch) for epoch in range(1, 41)]
    panels = {"ssgan": {0.8: curve, 0.0: curve}, "frgan": {0.8: curve[:1], 0.3: []}}
    assert is_picture(plots.noise_curves_figure(panels, "$x^$, one seed"))
    (figure,) = drawn
    assert figure.get_suptitle() == r"\$x^\$, one seed"
    left, right = figure.axes
    assert [axes.get_title() for axes in (left, right)] == ["(a) ssgan", "(b) frgan"]
    assert left.get_shared_y_axes().joined(left, right)
    looks = [
        [
            (line.get_color().tolist(), line.get_linestyle(), line.get_marker())
            for line in axes.lines
        ]
        for axes in (left, right)
    ]
    assert looks[0][1] == looks[1][1]  # 80 %, after 0 % here and 30 % there
    assert len({look[1:] for pair in looks for look in pair}) == 3  # also without colors
    np.testing.assert_array_equal(left.lines[0].get_xydata(), curve)
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "wrong labels"
    assert [text.get_text() for text in legend.get_texts()] == ["0 %", "30 %", "80 %"]


def test_one_panel_without_a_curve_is_drawn_too():
    assert is_picture(plots.noise_curves_figure({"frgan": {}}, "nothing"))


def test_a_grid_lays_images_out_in_rows():
    pixels = np.stack([np.full((2, 3, 1), value) for value in (-1.0, 0.0, 1.0, 2.0)])
    laid = plots.grid(pixels, columns=2)
    assert laid.shape == (5, 7, 1) and laid.dtype == np.uint8
    assert [laid[0, 0, 0], laid[0, 4, 0], laid[3, 0, 0], laid[3, 4, 0]] == [0, 128, 255, 255]
    assert laid[2, 0, 0] == 255  # the pixel between


@pytest.mark.parametrize("channels", [1, 3])
def test_the_figure_of_perturbed_images_is_a_picture(channels):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, channels))
    for added in (0.0, 0.3):  # nothing to enlarge, too
        png = plots.perturbed_figure(images, images + added, ["a", "b"], ["b", "b"])
        assert min(tf.io.decode_png(png).shape[:2]) > 100
