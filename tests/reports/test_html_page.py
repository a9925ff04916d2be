"""The page: what is in it, where its links lead, and that names in it are text."""

import collections
import dataclasses
import html.parser
import os
import pathlib
import re
import urllib.parse

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.reports import (
    by_paper,
    by_protocol,
    embedded_images,
    finished_runs,
    formats,
    html_page,
    svg_charts,
)
from tf_ssgan.reports.report import Report

HOSTILE = [
    "<script>alert(1)</script>", "a & b", 'say "yes"', "it's", "two words", "#1", "what?",
    "50%25", "a:b", "..x", "naïve–", "&amp;", "{{ title }}", "http:x",
]  # fmt: skip
TABLE = papers.Table(
    name="toy_table",
    title="A toy",
    source="Nobody 2020, table 1",
    measure="test_error",
    cells=(papers.PublishedCell("FR-GAN", "50", {"method": "frgan", "labels": 50}, 4.0),),
    budgets=dict.fromkeys(papers.BUDGETS, {}),
    shows=("samples",),
    images=9,
)


class Parsed(html.parser.HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.sources, self.texts = [], [], [], [], []
        self.open, self.rows = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.open.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        self.sources += [found[k] for k in ("src", "srcset", "data", "action") if k in found]
        self.sources += [found["href"]] if tag != "a" and "href" in found else []

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.texts.append(data.strip())

    @property
    def text(self):
        return " ".join(filter(None, self.texts))

    def where(self, folder):
        """The folders that its links lead to."""
        return [
            pathlib.Path(folder, urllib.parse.unquote(urllib.parse.urlsplit(link).path)).resolve()
            for link in self.links
            if not link.startswith("#")
        ]


def report(paths, table=None, title="Title", **asked):
    found = finished_runs.read_runs(paths)
    made = (
        [by_paper.of_table(table, found.records, **asked)]
        if table
        else by_protocol.by_protocol(found.records, **asked)
    )
    return Report(tuple(made), found, title)


def parsed(made, folder):
    text = html_page.html(made, folder)
    assert "{{" not in text.replace("{{ title }}", "")  # of the template
    return Parsed(text)


@pytest.fixture(autouse=True)
def _few_charts(request, monkeypatch):
    """Drawing takes a while; tests of what is drawn ask for `real_charts`."""
    if "real_charts" not in request.fixturenames:
        for name in ("dots", "curves"):
            monkeypatch.setattr(svg_charts, name, lambda *_, **__: "<svg></svg>")


@pytest.fixture
def real_charts():
    """Charts are drawn."""


def test_every_run_is_linked_from_where_the_page_lies(tmp_path):
    made = [finished_run_folders.write(tmp_path / "runs" / f"r{k}", seed=k) for k in range(3)]
    broken = finished_run_folders.write(tmp_path / "runs" / "broken", seed=9)
    (broken / "result.json").unlink()
    folder = tmp_path / "reports" / "deep"
    found = parsed(report([tmp_path / "runs"]), folder)
    assert not any(link.startswith("/") for link in found.links)
    folder.mkdir(parents=True)
    there = collections.Counter(found.where(folder))
    assert there == {**dict.fromkeys(made, 2), broken: 1}  # in its cell, and among the runs
    assert all(link.endswith("/") for link in found.links if not link.startswith("#"))


def test_links_hold_for_folders_given_from_here(tmp_path, monkeypatch):
    run = finished_run_folders.write(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    found = parsed(report([pathlib.Path("runs")]), pathlib.Path("report"))
    assert set(found.links) == {"../runs/a/"}
    assert set(found.where("report")) == {run}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_links_hold(tmp_path, name):
    folder = tmp_path / "runs" / name.replace("/", "∕")
    run = finished_run_folders.write(
        folder, method=name, dataset=f"csv:{name}", pictures=("samples.png",)
    )
    left = finished_run_folders.write(folder.with_name(folder.name + " "), seed=1)
    (left / "result.json").write_text("{")
    finished_run_folders.write(tmp_path / "plain" / "a", pictures=("samples.png",))
    (finished_run_folders.write(tmp_path / "plain" / "b", seed=1) / "result.json").unlink()
    plain = parsed(report([tmp_path / "plain"]), tmp_path)
    found = parsed(report([tmp_path / "runs"], title=name), tmp_path / name)
    assert set(found.where(tmp_path / name)) == {run, left}
    assert name in found.texts and f"csv:{name}" in found.texts and run.name in found.texts
    kinds = collections.Counter(tag for tag, _ in found.tags)
    assert kinds["script"] == 1 and kinds["img"] == 1
    # Names bring no element and no attribute.
    shape = [(tag, tuple(attributes)) for tag, attributes in found.tags]
    assert shape == [(tag, tuple(attributes)) for tag, attributes in plain.tags]


def test_nothing_is_loaded_from_elsewhere(tmp_path, real_charts):
    finished_run_folders.write(tmp_path / "a", pictures=finished_run_folders.PICTURES)
    finished_run_folders.write(tmp_path / "b", method="vat")
    made = report([tmp_path])
    text = html_page.html(made, tmp_path)
    found = Parsed(text)
    assert len(found.sources) > len(finished_run_folders.PICTURES)
    assert all(source.startswith(("data:", "#")) for source in found.sources)
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\"'\s)]*", text)) <= namespaces
    assert not re.search(r"@import|url\((?!#)", text)
    assert set(re.findall(r"url\(#|url\(", text)) <= {"url(#"}


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """A page of data sets whose names are alike, and whose charts are the same."""
    folder = tmp_path_factory.mktemp("alike")
    for k, name in enumerate(("csv:a b", "csv:a-b", "csv:a  b")):
        for rate in (0.0, 0.1):
            finished_run_folders.write(
                folder / f"{k}{rate}", dataset=name, noise="wrong", noise_rate=rate
            )
    return html_page.html(report([folder]), folder)  # before any test has put charts aside


def test_ids_are_unique_and_all_that_is_referred_to_is_there(alike):
    found = Parsed(alike)
    # For each data set two learning curves, and one of wrong labels.
    assert len(found.ids) > 20 and sum(tag == "svg" for tag, _ in found.tags) == 9
    twice = [name for name, many in collections.Counter(found.ids).items() if many > 1]
    assert twice == []
    named = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', alike))
    assert named <= set(found.ids) and len(named) > 20
    assert len([link for link in found.links if link.startswith("#")]) == 4  # tables and runs


def test_tags_are_closed(alike):
    assert set(Parsed(alike).open) <= {"meta", "link"}


def test_equal_runs_make_equal_pages(tmp_path):
    finished_run_folders.write(tmp_path / "a", pictures=finished_run_folders.PICTURES)
    made = report([tmp_path])
    assert html_page.html(made, tmp_path) == html_page.html(made, tmp_path)


def test_one_table_needs_no_contents(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    found = parsed(report([tmp_path]), tmp_path)
    assert not any(tag == "nav" for tag, _ in found.tags)


def test_contents_lead_to_what_was_left_out(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    (finished_run_folders.write(tmp_path / "b", seed=1) / "result.json").unlink()
    found = parsed(report([tmp_path]), tmp_path)
    inside = [link[1:] for link in found.links if link.startswith("#")]
    assert inside == ["digits", "runs", "left-out"] and set(inside) <= set(found.ids)


def images(found):
    return [attributes["alt"] for tag, attributes in found.tags if tag == "img"]


def several(tmp_path):
    """Two tables of four methods with two runs each."""
    for dataset in ("digits", "svhn"):
        for method in ("frgan", "vat", "supervised", "ssgan"):
            for seed in (3, 1):
                finished_run_folders.write(tmp_path / f"{dataset}{method}{seed}", seed=seed, dataset=dataset,
                           method=method, pictures=("samples.png",))  # fmt: skip
    return report([tmp_path])


@pytest.mark.parametrize("bound, each", [(4, 2), (5, 2), (1, 1), (99, 4)])
def test_tables_share_the_bound_of_the_galleries(tmp_path, monkeypatch, bound, each):
    monkeypatch.setattr(html_page, "GALLERY", bound)
    found = parsed(several(tmp_path), tmp_path)
    of = collections.Counter(name.split(" of ")[0] for name in images(found))
    assert of == {"generated images": 2 * each}
    told = f"({each} of 4 cells; the others' lie in their folders)"
    assert found.text.count(told) == (2 if each < 4 else 0)
    links = [a["href"] for tag, a in found.tags if tag == "a" and a.get("class") == "soft"]
    assert len(links) == 2 * each and all(
        link.endswith("1/") for link in links
    )  # of the first seed


@pytest.mark.parametrize("bound, each, more", [(2, 1, True), (3, 1, True), (4, 2, False)])
def test_tables_share_the_bound_of_the_charts(tmp_path, monkeypatch, bound, each, more):
    monkeypatch.setattr(html_page, "CHARTS", bound)  # each table has dots, and curves
    found = parsed(several(tmp_path), tmp_path)
    assert sum(tag == "svg" for tag, _ in found.tags) == 2 * each
    assert found.text.count("There are more charts than a page holds") == (2 if more else 0)


def test_no_chart_beyond_the_bound_but_one_is_drawn(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(svg_charts, "dots", lambda *_: drawn.append(1) or "<svg></svg>")
    monkeypatch.setattr(html_page, "CHARTS", 3)
    for labels in range(10, 20):
        for seed in range(2):
            finished_run_folders.write(
                tmp_path / f"{labels}-{seed}", labels=labels, seed=seed, lines=[]
            )
    html_page.html(report([tmp_path]), tmp_path)
    # After the curves over labels; the last says that there are more.
    assert len(drawn) == 3


def test_what_scrolls_can_be_reached_by_keys(tmp_path):
    found = parsed(several(tmp_path), tmp_path)
    wide = [attributes for _, attributes in found.tags if attributes.get("class") == "wide"]
    assert len(wide) == 5  # two of each table, and the runs
    assert all(a["tabindex"] == "0" and a["role"] == "region" for a in wide)
    names = [a["aria-label"] for a in wide]
    assert names == ["digits", "every number, digits", "svhn", "every number, svhn", "runs"]
    assert {a["aria-label"] for tag, a in found.tags if tag == "nav"} == {"contents"}


def test_links_of_equal_numbers_have_names_of_their_own(tmp_path):
    for seed in range(2):
        finished_run_folders.write(tmp_path / str(seed), seed=seed)
    found = parsed(report([tmp_path]), tmp_path)
    names = [a["aria-label"] for tag, a in found.tags if tag == "a" and "aria-label" in a]
    assert names == ["seed 0: 5.0", "seed 1: 5.0"]


def test_a_figure_shows_its_pictures_alone(tmp_path):
    finished_run_folders.write(tmp_path / "a", pictures=finished_run_folders.PICTURES)
    captions = ("generated images", "confusion matrix", "calibration", "best three classes")
    every = images(parsed(report([tmp_path]), tmp_path))
    assert sorted(every) == sorted(f"{caption} of frgan, 50 labels" for caption in captions)
    assert images(parsed(report([tmp_path], TABLE), tmp_path)) == ["generated images of FR-GAN, 50"]


@pytest.mark.parametrize("shown, name", embedded_images.FIGURES.items())
def test_each_kind_of_figure_has_its_picture(tmp_path, shown, name):
    finished_run_folders.write(
        tmp_path / "a", pictures=[*embedded_images.IMAGES, *embedded_images.CHARTS]
    )
    made = report([tmp_path], dataclasses.replace(TABLE, shows=(shown,)))
    caption = (embedded_images.IMAGES | embedded_images.CHARTS)[name]
    assert images(parsed(made, tmp_path)) == [f"{caption} of FR-GAN, 50"]


def test_damaged_pictures_are_left_out(tmp_path):
    finished_run_folders.write(tmp_path / "a", pictures=("samples.png", "top3.png"))
    (tmp_path / "a" / "samples.png").write_bytes(b"\x89PNG")
    assert images(parsed(report([tmp_path]), tmp_path)) == [
        "best three classes of frgan, 50 labels"
    ]


def test_charts_among_the_pictures_are_marked(tmp_path):
    finished_run_folders.write(tmp_path / "a", pictures=("samples.png", "confusion.png"))
    found = parsed(report([tmp_path]), tmp_path)
    kinds = [attributes.get("class") for tag, attributes in found.tags if tag == "figure"]
    assert kinds == [None, "chart"]  # these turn dark with the page


SUPERVISED = {"method": "supervised"}


def test_the_best_of_a_column_is_marked_and_compared(tmp_path):
    for k, error in enumerate((4.0, 5.0)):
        finished_run_folders.write(tmp_path / f"f{k}", error, seed=k)
        finished_run_folders.write(tmp_path / f"s{k}", error + 5, seed=k, **SUPERVISED)
    text = html_page.html(report([tmp_path]), tmp_path)
    (best,) = re.findall(r'<td class="best">(.*?)</td>', text, re.DOTALL)
    assert best.startswith("4.5 ± 0.7 (2) <b>ahead</b>")  # in words, not in a color alone
    assert "−5.0 to supervised (2 of 2 lower)" in best
    verdict = "50 labels: frgan has 4.5 ± 0.7 (2), supervised comes next with 9.5 ± 0.7 (2): "
    assert f'<p class="verdict">{verdict}' in text
    text = html_page.html(report([tmp_path], against="frgan"), tmp_path)
    assert "+5.0 to frgan (0 of 2 lower)" in text and "to supervised" not in text


def test_accuracies_are_compared_by_which_is_higher(tmp_path):
    for seed in range(3):
        finished_run_folders.write(tmp_path / f"f{seed}", 4.0, seed=seed)
        finished_run_folders.write(tmp_path / f"s{seed}", 9.0, seed=seed, **SUPERVISED)
    cells = tuple(
        papers.PublishedCell(m, "50", {"method": m, "labels": 50}) for m in ("frgan", "supervised")
    )
    table = dataclasses.replace(TABLE, measure="accuracy", cells=cells)
    text = html_page.html(report([tmp_path], table), tmp_path)
    assert "+5.0 to supervised (3 of 3 higher)" in text


def test_nobody_is_ahead_alone(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    assert "ahead</b>" not in html_page.html(report([tmp_path]), tmp_path)


def test_published_numbers_stand_beside_ours(tmp_path):
    finished_run_folders.write(tmp_path / "a", 5.0, outcome={"test_error_raw": 5.0})
    found = parsed(report([tmp_path], TABLE), tmp_path)
    assert "published 4.0* (+1.0)" in found.texts
    assert "*Not the images of the published number" in found.text
    assert {"title": "Nobody 2020, table 1"} in [a for tag, a in found.tags if tag == "small"]
    assert "Published: Nobody 2020, table 1." in found.texts  # where no pointer hovers


def test_the_sources_of_published_numbers_are_listed_by_protocol_too(tmp_path, monkeypatch):
    monkeypatch.setattr(papers, "_TABLES", {TABLE.name: TABLE})
    finished_run_folders.write(tmp_path / "a", 5.0)
    found = parsed(report([tmp_path]), tmp_path)
    assert "published 4.0* (+1.0)" in found.texts
    assert "Published: Nobody 2020, table 1." in found.texts


def test_what_was_left_out_is_told(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    (finished_run_folders.write(tmp_path / "b", seed=1) / "result.json").unlink()
    found = parsed(report([tmp_path]), tmp_path)
    assert "has not come to its end: 300 of 300 steps" in found.texts
    assert str(tmp_path / "b") in found.texts


@pytest.mark.parametrize("value", [..., None])
def test_what_results_need_not_have_is_a_dash(tmp_path, value):
    keys = finished_runs._USUAL.keys() - {"test_error"}
    finished_run_folders.change(
        finished_run_folders.write(tmp_path / "a"), "result.json", **dict.fromkeys(keys, value)
    )
    made = report([tmp_path])
    assert len(made.records) == 1
    assert parsed(made, tmp_path).texts.count("–") > 5
    formats.write(made, tmp_path)


def test_names_that_are_no_text_have_links(tmp_path):
    folder = finished_run_folders.write(tmp_path / os.fsdecode(b"caf\xe9"))
    found = parsed(report([tmp_path]), tmp_path)
    assert {pathlib.PurePath(link).name for link in found.links} == {"caf%E9"}
    assert (tmp_path / os.fsdecode(urllib.parse.unquote_to_bytes("caf%E9"))) == folder


def test_seeds_are_told(tmp_path):
    finished_run_folders.write(tmp_path / "a", seed=3)
    finished_run_folders.write(tmp_path / "b", seed=4, split_seed=0)
    found = parsed(report([tmp_path]), tmp_path)
    assert {"seed 3", "seed 4, split seed 0"} <= set(found.texts)


@pytest.mark.parametrize("shown, many", [((), 2), (("learning_curves",), 1), (("dots",), 1)])
def test_a_figure_that_is_a_chart_is_that_chart_alone(tmp_path, shown, many):
    finished_run_folders.write(tmp_path / "a")
    found = parsed(report([tmp_path], dataclasses.replace(TABLE, shows=shown)), tmp_path)
    assert sum(tag == "svg" for tag, _ in found.tags) == many
