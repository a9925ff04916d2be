"""Charts are SVG in the page's colors, whatever the names in them."""

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


def dots(rows, printed=None, title="50 labels"):
    return svg_charts.dots(rows, printed or {}, title, "test error (%)")


def curves(series, title="50 labels"):
    return svg_charts.curves(series, title, "step", "test error (%)")


MADE = {
    "dots": lambda names: dots({name: (4.0, 5.0) for name in names}, {names[0]: 6.0}),
    "curves": lambda names: curves(dict.fromkeys(names, CURVE)),
}


def texts(root):
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("count", [1, 40])
def test_a_chart_is_an_image_in_the_pages_colors(kind, count):
    text = MADE[kind]([f"method {n}" for n in range(count)])
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert "50 labels" in root.get("aria-label")
    assert root.get("width") is root.get("height") is None and root.get("viewBox")
    assert not any(color in text for color in svg_charts._PAGE)
    for name in ("ink", "line", "series-0"):
        assert f"var(--{name})" in text
    assert {f"method {n}" for n in range(count)} <= set(texts(root))
    # What colors are left is none: all are the page's.
    assert not re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", text)


def drawn(root):
    """All letters but blanks: names are broken into lines."""
    return re.sub(r"\s", "", "".join(texts(root)))


@pytest.mark.parametrize("kind", MADE)
def test_names_survive(kind):
    names = [*HOSTILE, "n" * 21 + "$x$", "n $x$ " * 8]
    root = ElementTree.fromstring(MADE[kind](names))
    assert [name for name in names if name.replace(" ", "") not in drawn(root)] == []
    assert not list(root.iter(f"{SVG}script")) and not list(root.iter("script"))


def test_titles_survive():
    title = " ".join(HOSTILE)
    for text in (dots({"a": (1.0,)}, title=title), curves({"a": CURVE}, title)):
        assert title in ElementTree.fromstring(text).get("aria-label")


@pytest.mark.parametrize("kind", MADE)
def test_long_names_are_cut(kind):
    letters = drawn(ElementTree.fromstring(MADE[kind](["n" * 300, "other"])))
    assert "n" * 40 in letters and "n" * 60 not in letters and "…" in letters


def test_a_logarithmic_axis_has_a_tick_at_each_value():
    series = {"a": {50: [9.0], 500: [5.0], 4000: [2.0]}}
    found = texts(
        ElementTree.fromstring(svg_charts.curves(series, "t", "labels", "error", log=True))
    )
    assert {"50", "500", "4,000"} <= set(found)


def test_twelve_series_are_told_apart():
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


def test_a_single_point_can_be_seen():
    root = ElementTree.fromstring(curves({"a": {100: [5.0]}}))
    assert any("var(--series-0)" in node.get("style", "") for node in root.iter(f"{SVG}use"))


def test_every_run_is_a_dot():
    text = dots({"a": (4.0, 5.0, 9.0), "b": (1.0,)}, {"a": 6.0})
    root = ElementTree.fromstring(text)
    used = [node.get("style") for node in root.iter(f"{SVG}use")]
    assert sum("var(--series-0)" in style for style in used) == 4
    assert sum("var(--series-1)" in style for style in used) == 1  # published


def test_a_curve_is_the_mean_in_the_range_of_the_runs(monkeypatch):
    """By hand: (10 + 10 + 10 + 10 + 20) / 5 is 12, and (4 + 6) / 2 is 5."""
    found = {"plot": [], "fill_between": []}
    for name in found:
        drawing = getattr(Axes, name)

        def noted(axes, *values, name=name, drawing=drawing, **style):
            found[name].append(values)
            return drawing(axes, *values, **style)

        monkeypatch.setattr(Axes, name, noted)
    monkeypatch.setattr(svg_charts, "_svg", lambda *_: "")
    curves({"a": {100: [4.0, 6.0], 50: [10.0] * 4 + [20.0]}, "one run": {50: [7.0], 100: [3.0]}})
    assert [values[:2] for values in found["plot"]] == [
        ([50, 100], [12.0, 5.0]), ([50, 100], [7.0, 3.0]),
    ]  # fmt: skip
    # Of one run there is no range.
    assert found["fill_between"] == [([50, 100], [10.0, 4.0], [20.0, 6.0])]


def test_equal_charts_are_equal():
    assert dots({"a": (1.0,)}) == dots({"a": (1.0,)})


def test_nothing_is_loaded():
    text = dots({"a": (1.0,)}) + curves({"a": CURVE})
    found = set(re.findall(r"https?://[^\"]*", text))
    assert found <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_what_is_referred_to_is_there():
    text = MADE["curves"](["a", "b"]) + MADE["dots"](["a"])
    ids = re.findall(r'\bid="([^"]*)"', text)
    named = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', text))
    assert named == set(ids), "an id that nothing refers to is one that two charts may share"
