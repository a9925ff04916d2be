"""Charts are SVG in the colors of the page, whatever the names in them."""

import functools
import re
import xml.etree.ElementTree as ElementTree

import pytest
from matplotlib.axes import Axes

from tf_ssgan.reports import svg_charts

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "a $x$ b",
    "50 $",
    "<script>alert(1)</script>",
    "a & b",
    '"quoted"',
    "x_1^2",
    "\\frac",
    "é–±",
]
CURVE = {1: [9.0, 8.0], 2: [7.0, 5.0], 3: [6.0, 2.0]}


def dots(rows, published=None, title="50 labels"):
    return svg_charts.dots(rows, published or {}, title, "test error (%)")


def curves(series, title="50 labels"):
    return svg_charts.curves(series, title, "step", "test error (%)")


CHARTS = {
    "dots": lambda names: dots({name: (4.0, 5.0) for name in names}, {names[0]: 6.0}),
    "curves": lambda names: curves(dict.fromkeys(names, CURVE)),
}


def texts(root):
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("count", [1, 40])
def test_a_chart_is_an_image_in_the_colors_of_the_page(kind, count):
    text = CHARTS[kind]([f"method {n}" for n in range(count)])
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert "50 labels" in root.get("aria-label")
    assert root.get("width") is root.get("height") is None and root.get("viewBox")
    assert not any(color in text for color in svg_charts._PAGE)
    for name in ("ink", "line", "series-0"):
        assert f"var(--{name})" in text
    assert {f"method {n}" for n in range(count)} <= set(texts(root))
    # No other colors are left.
    assert not re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", text)


def letters(root):
    """All text without blanks, because names are broken into lines."""
    return re.sub(r"\s", "", "".join(texts(root)))


@pytest.mark.parametrize("kind", CHARTS)
def test_names_survive(kind):
    names = [*HOSTILE, "n" * 21 + "$x$", "n $x$ " * 8]
    root = ElementTree.fromstring(CHARTS[kind](names))
    assert [name for name in names if name.replace(" ", "") not in letters(root)] == []
    assert not list(root.iter(f"{SVG}script")) and not list(root.iter("script"))


@pytest.mark.parametrize("kind", CHARTS)
def test_names_need_not_be_unicode(kind):
    """A path may be in the name of a row."""
    text = CHARTS[kind](["caf\udce9", "other"])
    assert r"caf\udce9" in letters(ElementTree.fromstring(text))


def test_titles_survive():
    title = " ".join(HOSTILE)
    for text in (dots({"a": (1.0,)}, title=title), curves({"a": CURVE}, title)):
        assert title in ElementTree.fromstring(text).get("aria-label")


@pytest.mark.parametrize("kind", CHARTS)
def test_long_names_are_cut(kind):
    text = letters(ElementTree.fromstring(CHARTS[kind](["n" * 300, "other"])))
    assert "n" * 40 in text and "n" * 60 not in text and "…" in text


def test_a_logarithmic_axis_has_a_tick_at_each_value():
    series = {"a": {50: [9.0], 500: [5.0], 4000: [2.0]}}
    chart = svg_charts.curves(series, "t", "labels", "error", log_x=True)
    assert {"50", "500", "4,000"} <= set(texts(ElementTree.fromstring(chart)))


def test_twelve_series_look_different():
    text = curves({f"m{n}": CURVE for n in range(12)})
    assert all(f"var(--series-{n})" in text for n in range(8))
    root = ElementTree.fromstring(text)
    styles = [node.get("style", "") for node in root.iter(f"{SVG}path")]
    lines = [
        style
        for style in styles
        if "stroke: var(--series" in style and "stroke-width: 1.6" in style
    ]
    assert len(set(lines)) == 12 and len(lines) == 24  # each once more in the legend


def test_a_single_point_is_visible():
    root = ElementTree.fromstring(curves({"a": {100: [5.0]}}))
    assert any("var(--series-0)" in node.get("style", "") for node in root.iter(f"{SVG}use"))


def test_every_run_is_a_dot():
    text = dots({"a": (4.0, 5.0, 9.0), "b": (1.0,)}, {"a": 6.0})
    root = ElementTree.fromstring(text)
    markers = [node.get("style") for node in root.iter(f"{SVG}use")]
    assert sum("var(--series-0)" in style for style in markers) == 4
    assert sum("var(--series-1)" in style for style in markers) == 1  # published


def test_a_curve_is_the_mean_within_the_range_of_the_runs(monkeypatch):
    """By hand: (10 + 10 + 10 + 10 + 20) / 5 is 12, and (4 + 6) / 2 is 5."""
    calls = spy_on_axes(monkeypatch, "plot", "fill_between")
    curves({"a": {100: [4.0, 6.0], 50: [10.0] * 4 + [20.0]}, "one run": {50: [7.0], 100: [3.0]}})
    assert [values[:2] for values, _ in calls["plot"]] == [
        ([50, 100], [12.0, 5.0]), ([50, 100], [7.0, 3.0]),
    ]  # fmt: skip
    # One run has no range.
    ranges = [values for values, _ in calls["fill_between"]]
    assert ranges == [([50, 100], [10.0, 4.0], [20.0, 6.0])]


def spy_on_axes(monkeypatch, *names):
    """Records the calls of methods of Axes: name -> (values, keywords) of each call."""
    calls = {name: [] for name in names}
    for name in names:
        method = getattr(Axes, name)

        def recording(axes, *values, name=name, method=method, **keywords):
            calls[name].append((values, keywords))
            return method(axes, *values, **keywords)

        monkeypatch.setattr(Axes, name, recording)
    monkeypatch.setattr(svg_charts, "_svg", lambda *_: "")
    return calls


def test_charts_with_one_legend_look_alike_also_without_colors(monkeypatch):
    calls = spy_on_axes(monkeypatch, "plot", "set_ylim")
    legend = ["0 %", "30 %", "80 %"]
    shared = {"legend": legend, "y_range": (40.0, 90.0)}
    svg_charts.curves({"0 %": CURVE, "80 %": CURVE}, "a", "epoch", "accuracy", **shared)
    svg_charts.curves({"30 %": CURVE, "80 %": CURVE}, "b", "epoch", "accuracy", **shared)
    looks = [
        (look["label"], look["color"], values[2], look["marker"]) for values, look in calls["plot"]
    ]
    assert [look[0] for look in looks] == ["0 %", "80 %", "30 %", "80 %"]
    assert looks[1] == looks[3]
    assert len({look[2:] for look in looks}) == 3  # line and marker, without the color
    ranges = [values for values, _ in calls["set_ylim"] if len(values) == 2]  # others autoscale
    assert ranges == [(37.5, 92.5)] * 2


def test_long_curves_have_few_markers():
    few, many = ({x: [float(x)] for x in range(count)} for count in (12, 1200))
    for values in (few, many):
        root = ElementTree.fromstring(curves({"a": values}))
        # A marker in the legend, and those of the ticks.
        markers = [node for node in root.iter(f"{SVG}use") if "series-0" in node.get("style", "")]
        assert 10 <= len(markers) <= 20


def test_equal_charts_are_equal():
    assert dots({"a": (1.0,)}) == dots({"a": (1.0,)})


def test_a_chart_loads_nothing():
    text = dots({"a": (1.0,)}) + curves({"a": CURVE})
    urls = set(re.findall(r"https?://[^\"]*", text))
    assert urls <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_ids_of_a_chart_are_those_that_it_refers_to():
    text = CHARTS["curves"](["a", "b"]) + CHARTS["dots"](["a"])
    ids = re.findall(r'\bid="([^"]*)"', text)
    named = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', text))
    assert named == set(ids), "two charts may share an id that nothing refers to"


LEVELS = {"guessing $x$": 12.0, "linear": 6.0}


@pytest.mark.parametrize("kind, draw", [("dots", "axvline"), ("curves", "axhline")])
def test_levels_are_lines_with_names(monkeypatch, kind, draw):
    def chart(levels):
        if kind == "dots":
            return svg_charts.dots({"a": (4.0, 9.0)}, {}, "t", "error", levels)
        return svg_charts.curves({"a": CURVE}, "t", "step", "error", levels=levels)

    root = ElementTree.fromstring(chart(LEVELS))
    assert {"guessing $x$", "linear"} <= set(texts(root))
    far = ElementTree.fromstring(chart({"far": 90.0}))
    assert "far: 90.0, off the chart" in texts(far)  # a line would leave no room for the values
    calls = spy_on_axes(monkeypatch, draw)
    chart(LEVELS | {"far": 90.0})
    assert [values for values, _ in calls[draw]] == [(12.0,), (6.0,)]
    assert len({look["ls"] for _, look in calls[draw]}) == 2  # not by color alone


def test_levels_that_look_like_one_line_share_an_entry_of_the_legend(monkeypatch):
    levels = {"guessing": 6.0, "far": 8.0, "linear": 6.01}
    draw = functools.partial(svg_charts.dots, {"a": (4.0, 9.0)}, {}, "t", "error", levels)
    root = ElementTree.fromstring(draw())
    assert {"guessing and linear", "far"} <= set(texts(root))
    assert not {"guessing", "linear"} & set(texts(root))
    calls = spy_on_axes(monkeypatch, "axvline")
    draw()
    looks = {values[0]: look["ls"] for values, look in calls["axvline"]}
    assert looks[6.0] == looks[6.01] != looks[8.0]


@pytest.mark.parametrize("kind", CHARTS)
def test_no_letters_are_small(kind):
    text = CHARTS[kind](["a", "n" * 21])
    sizes = [float(size) for size in re.findall(r"(?:font-size: |font: )([0-9.]+)px", text)]
    assert sizes and min(sizes) >= 12
    width = float(re.search(r'viewBox="0 0 ([0-9.]+)', text)[1])
    assert width <= 336  # pixels of the narrowest column of charts
