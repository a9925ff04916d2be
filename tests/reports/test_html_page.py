"""The page: its contents, its links, and that all names in it are text."""

import base64
import collections
import dataclasses
import hashlib
import html.parser
import os
import pathlib
import re
import shutil
import urllib.parse

import pytest
from support import finished_run_folders

from tf_ssgan import papers
from tf_ssgan.common import checkout
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
        values = dict(attributes)
        self.tags.append((tag, values))
        self.open.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []
        self.sources += [values[k] for k in ("src", "srcset", "data", "action") if k in values]
        self.sources += [values["href"]] if tag != "a" and "href" in values else []

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

    def linked_folders(self, folder):
        """The folders that its links lead to."""
        return [
            pathlib.Path(folder, urllib.parse.unquote(urllib.parse.urlsplit(link).path)).resolve()
            for link in self.links
            if not link.startswith("#")
        ]


def make_report(paths, table=None, title="Title", **options):
    finished = finished_runs.read_runs(paths)
    if table:
        return Report((by_paper.fill_table(table, finished.runs, **options),), finished, title)
    return Report(tuple(by_protocol.make_tables(finished.runs, **options)), finished, title)


def parse_page(report, folder):
    text = html_page.render(report, folder)
    assert "{{" not in text.replace("{{ title }}", "")  # of the template
    return Parsed(text)


@pytest.fixture(autouse=True)
def _few_charts(request, monkeypatch):
    """Drawing takes a while; tests that need charts use `real_charts`."""
    if "real_charts" not in request.fixturenames:
        for name in ("dots", "curves"):
            monkeypatch.setattr(svg_charts, name, lambda *_, **__: "<svg></svg>")


@pytest.fixture
def real_charts():
    """Charts are drawn."""


def test_every_run_is_linked_relative_to_the_page(tmp_path):
    whole = [finished_run_folders.write(tmp_path / "runs" / f"r{k}", seed=k) for k in range(3)]
    broken = finished_run_folders.write(tmp_path / "runs" / "broken", seed=9)
    (broken / "result.json").unlink()
    folder = tmp_path / "reports" / "deep"
    page = parse_page(make_report([tmp_path / "runs"]), folder)
    assert not any(link.startswith("/") for link in page.links)
    folder.mkdir(parents=True)
    links = collections.Counter(page.linked_folders(folder))
    assert links == {**dict.fromkeys(whole, 2), broken: 1}  # in its cell, and among the runs
    assert all(link.endswith("/") for link in page.links if not link.startswith("#"))


def test_links_work_for_relative_folders(tmp_path, monkeypatch):
    run = finished_run_folders.write(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    page = parse_page(make_report([pathlib.Path("runs")]), pathlib.Path("report"))
    assert set(page.links) == {"../runs/a/"}
    assert set(page.linked_folders("report")) == {run}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_links_work(tmp_path, name):
    folder = tmp_path / "runs" / name.replace("/", "∕")
    run = finished_run_folders.write(
        folder, method=name, dataset=f"csv:{name}", images=("samples.png",)
    )
    left = finished_run_folders.write(folder.with_name(folder.name + " "), seed=1)
    (left / "result.json").write_text("{")
    finished_run_folders.write(tmp_path / "plain" / "a", images=("samples.png",))
    (finished_run_folders.write(tmp_path / "plain" / "b", seed=1) / "result.json").unlink()
    plain = parse_page(make_report([tmp_path / "plain"]), tmp_path)
    page = parse_page(make_report([tmp_path / "runs"], title=name), tmp_path / name)
    assert set(page.linked_folders(tmp_path / name)) == {run, left}
    assert name in page.texts and f"csv:{name}" in page.texts and run.name in page.texts
    kinds = collections.Counter(tag for tag, _ in page.tags)
    assert kinds["script"] == 1 and kinds["img"] == 1
    # Names add no element and no attribute.
    shape = [(tag, tuple(attributes)) for tag, attributes in page.tags]
    assert shape == [(tag, tuple(attributes)) for tag, attributes in plain.tags]


def test_nothing_is_loaded_from_elsewhere(tmp_path, real_charts):
    finished_run_folders.write(tmp_path / "a", images=finished_run_folders.IMAGE_FILES)
    finished_run_folders.write(tmp_path / "b", method="vat")
    report = make_report([tmp_path])
    text = html_page.render(report, tmp_path)
    page = Parsed(text)
    assert len(page.sources) > len(finished_run_folders.IMAGE_FILES)
    assert all(source.startswith(("data:", "#")) for source in page.sources)
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\"'\s)]*", text)) <= namespaces
    assert not re.search(r"@import|url\((?!#)", text)
    assert set(re.findall(r"url\(#|url\(", text)) <= {"url(#"}


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """A page of data sets with similar names and equal charts."""
    folder = tmp_path_factory.mktemp("alike")
    for k, name in enumerate(("csv:a b", "csv:a-b", "csv:a  b")):
        for rate in (0.0, 0.1):
            finished_run_folders.write(
                folder / f"{k}{rate}", dataset=name, noise="wrong", noise_rate=rate
            )
    return html_page.render(make_report([folder]), folder)  # before a test has replaced the charts


def test_ids_are_unique_and_every_reference_leads_to_one(alike):
    page = Parsed(alike)
    # Each data set has two charts of learning curves, and one of wrong labels.
    assert len(page.ids) > 20 and sum(tag == "svg" for tag, _ in page.tags) == 9
    twice = [name for name, count in collections.Counter(page.ids).items() if count > 1]
    assert twice == []
    references = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', alike))
    assert references <= set(page.ids) and len(references) > 20
    assert len([link for link in page.links if link.startswith("#")]) == 4  # tables and runs


def test_tags_are_closed(alike):
    assert set(Parsed(alike).open) <= {"meta", "link"}


def test_equal_runs_make_equal_pages(tmp_path):
    finished_run_folders.write(tmp_path / "a", images=finished_run_folders.IMAGE_FILES)
    report = make_report([tmp_path])
    assert html_page.render(report, tmp_path) == html_page.render(report, tmp_path)


def test_one_table_has_no_table_of_contents(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert not any(tag == "nav" for tag, _ in page.tags)


def test_the_contents_lead_to_the_folders_left_out(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    (finished_run_folders.write(tmp_path / "b", seed=1) / "result.json").unlink()
    page = parse_page(make_report([tmp_path]), tmp_path)
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert inside == ["digits", "runs", "left-out"] and set(inside) <= set(page.ids)


def captions_of(page):
    return [attributes["alt"] for tag, attributes in page.tags if tag == "img"]


def several(tmp_path):
    """Two tables of four methods with two runs each."""
    for dataset in ("digits", "svhn"):
        for method in ("frgan", "vat", "supervised", "ssgan"):
            for seed in (3, 1):
                finished_run_folders.write(tmp_path / f"{dataset}{method}{seed}", seed=seed, dataset=dataset,
                           method=method, images=("samples.png",))  # fmt: skip
    return make_report([tmp_path])


@pytest.mark.parametrize("maximum, each", [(4, 2), (5, 2), (1, 1), (99, 4)])
def test_tables_share_the_maximum_of_galleries(tmp_path, monkeypatch, maximum, each):
    monkeypatch.setattr(html_page, "GALLERIES", maximum)
    page = parse_page(several(tmp_path), tmp_path)
    captions = collections.Counter(name.split(" of ")[0] for name in captions_of(page))
    assert captions == {"generated images": 2 * each}
    note = f"({each} of 4 cells; those of the others are in their folders)"
    assert page.text.count(note) == (2 if each < 4 else 0)
    links = [a["href"] for tag, a in page.tags if tag == "a" and a.get("class") == "soft"]
    assert len(links) == 2 * each
    assert all(link.endswith("1/") for link in links)  # of the first seed


@pytest.mark.parametrize("maximum, each, more", [(2, 1, True), (3, 1, True), (4, 2, False)])
def test_tables_share_the_maximum_of_charts(tmp_path, monkeypatch, maximum, each, more):
    monkeypatch.setattr(html_page, "CHARTS", maximum)  # each table has dots, and curves
    page = parse_page(several(tmp_path), tmp_path)
    assert sum(tag == "svg" for tag, _ in page.tags) == 2 * each
    assert page.text.count("The page has no room for more charts") == (2 if more else 0)


def test_one_chart_beyond_the_maximum_is_drawn(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(svg_charts, "dots", lambda *_: drawn.append(1) or "<svg></svg>")
    monkeypatch.setattr(html_page, "CHARTS", 3)
    for labels in range(10, 20):
        for seed in range(2):
            finished_run_folders.write(
                tmp_path / f"{labels}-{seed}", labels=labels, seed=seed, lines=[]
            )
    html_page.render(make_report([tmp_path]), tmp_path)
    # They follow the curves over labels; the last one shows that there are more.
    assert len(drawn) == 3


def test_scrolling_tables_can_be_reached_by_keys(tmp_path):
    page = parse_page(several(tmp_path), tmp_path)
    wide = [attributes for _, attributes in page.tags if attributes.get("class") == "wide"]
    assert len(wide) == 7  # two tables and a command for each data set, and the runs
    assert all(a["tabindex"] == "0" and a["role"] == "region" for a in wide)
    names = [a["aria-label"] for a in wide]
    assert names == [
        "digits", "The run to export, command, digits", "all numbers, digits",
        "svhn", "The run to export, command, svhn", "all numbers, svhn", "runs",
    ]  # fmt: skip
    assert {a["aria-label"] for tag, a in page.tags if tag == "nav"} == {"contents"}


def test_links_of_equal_numbers_have_different_names(tmp_path):
    for seed in range(2):
        finished_run_folders.write(tmp_path / str(seed), seed=seed)
    page = parse_page(make_report([tmp_path]), tmp_path)
    names = [a["aria-label"] for tag, a in page.tags if tag == "a" and "aria-label" in a]
    assert names == ["seed 0: 5.0", "seed 1: 5.0"]


def test_a_figure_shows_only_its_images(tmp_path):
    finished_run_folders.write(tmp_path / "a", images=finished_run_folders.IMAGE_FILES)
    captions = ("generated images", "confusion matrix", "calibration", "top 3 classes")
    all_captions = captions_of(parse_page(make_report([tmp_path]), tmp_path))
    assert sorted(all_captions) == sorted(f"{caption} of frgan, 50 labels" for caption in captions)
    assert captions_of(parse_page(make_report([tmp_path], TABLE), tmp_path)) == [
        "generated images of FR-GAN, 50"
    ]


@pytest.mark.parametrize("shown, name", embedded_images.FIGURES.items())
def test_each_kind_of_figure_has_its_image(tmp_path, shown, name):
    finished_run_folders.write(
        tmp_path / "a", images=[*embedded_images.IMAGES, *embedded_images.CHARTS]
    )
    report = make_report([tmp_path], dataclasses.replace(TABLE, shows=(shown,)))
    caption = (embedded_images.IMAGES | embedded_images.CHARTS)[name]
    assert captions_of(parse_page(report, tmp_path)) == [f"{caption} of FR-GAN, 50"]


def test_damaged_images_are_left_out(tmp_path):
    finished_run_folders.write(tmp_path / "a", images=("samples.png", "top3.png"))
    (tmp_path / "a" / "samples.png").write_bytes(b"\x89PNG")
    assert captions_of(parse_page(make_report([tmp_path]), tmp_path)) == [
        "top 3 classes of frgan, 50 labels"
    ]


def test_charts_among_the_images_are_marked(tmp_path):
    finished_run_folders.write(tmp_path / "a", images=("samples.png", "confusion.png"))
    page = parse_page(make_report([tmp_path]), tmp_path)
    kinds = [attributes.get("class") for tag, attributes in page.tags if tag == "figure"]
    assert kinds == [None, "chart"]  # charts are inverted in dark mode


SUPERVISED = {"method": "supervised"}


def test_a_lead_that_is_told_apart_is_marked_and_colored(tmp_path):
    for k, error in enumerate((4.0, 5.0, 6.0)):
        finished_run_folders.write(tmp_path / f"f{k}", error, seed=k)
        finished_run_folders.write(tmp_path / f"s{k}", error + 10, seed=k, **SUPERVISED)
    text = html_page.render(make_report([tmp_path]), tmp_path)
    (best,) = re.findall(r'<td class="wraps best">(.*?)</td>', text, re.DOTALL)
    assert best.startswith(
        '<span class="number">5.0 ± 1.0 (3)</span> <b>ahead</b>'
    )  # in words, not only by a color
    assert "−10.0 to supervised (3 of 3 lower)" in best
    comparison = "50 labels: frgan has 5.0 ± 1.0 (3), supervised comes next with 15.0 ± 1.0 (3): "
    assert f'<p class="comparison">{comparison}' in text
    text = html_page.render(make_report([tmp_path], against="frgan"), tmp_path)
    assert "+10.0 to frgan (0 of 3 lower)" in text and "to supervised" not in text


@pytest.mark.parametrize(
    "ours, theirs, count",
    [
        ((4.0,), (90.0,), "not told apart"),
        ((4.0, 5.0), (90.0, 91.0), "2 of 2 lower, not told apart"),
        ((4.0, 5.0, 6.0), (5.0, 6.0, 7.0), "3 of 3 lower, not told apart"),
        ((4.0, 5.0, 9.0), (5.0, 9.0, 6.0), "2 of 3 lower, not told apart"),
    ],
)
def test_a_lead_that_is_not_told_apart_has_no_color(tmp_path, ours, theirs, count):
    for k, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        finished_run_folders.write(tmp_path / f"f{k}", own, seed=k)
        finished_run_folders.write(tmp_path / f"s{k}", other, seed=k, **SUPERVISED)
    text = html_page.render(make_report([tmp_path]), tmp_path)
    assert "enough to distinguish them" in text
    body = text[text.index("<body>") :]
    assert 'class="best"' not in body and "ahead</b>" not in body
    assert "<b>lowest</b>" in body and f"to supervised ({count})" in body


def test_a_lead_over_the_next_method_alone_has_no_color(tmp_path):
    """vat errs much more in the mean, but on one split it is the best."""
    runs = {"frgan": (4.0, 4.0, 4.0), "supervised": (14.0, 14.0, 14.0), "vat": (3.0, 40.0, 60.0)}
    for method, errors in runs.items():
        for k, error in enumerate(errors):
            finished_run_folders.write(tmp_path / f"{method}{k}", error, seed=k, method=method)
    text = html_page.render(make_report([tmp_path]), tmp_path)
    assert "frgan is not told apart from vat." in text
    assert 'class="best"' not in text and "<b>lowest</b>" in text


def test_of_accuracies_the_higher_is_ahead(tmp_path):
    for seed in range(3):
        finished_run_folders.write(tmp_path / f"f{seed}", 4.0, seed=seed)
        finished_run_folders.write(tmp_path / f"s{seed}", 19.0, seed=seed, **SUPERVISED)
    cells = tuple(
        papers.PublishedCell(m, "50", {"method": m, "labels": 50}) for m in ("frgan", "supervised")
    )
    table = dataclasses.replace(TABLE, measure="accuracy", cells=cells)
    text = html_page.render(make_report([tmp_path], table), tmp_path)
    assert "+15.0 to supervised (3 of 3 higher)" in text
    assert "96.0 ± 0.0 (3)</span> <b>ahead</b>" in text and text.count(' best"') == 1


def test_a_single_method_is_not_ahead(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    assert 'class="best"' not in html_page.render(make_report([tmp_path]), tmp_path)


def test_published_numbers_are_beside_ours(tmp_path):
    finished_run_folders.write(tmp_path / "a", 5.0, outcome={"test_error_raw": 5.0})
    page = parse_page(make_report([tmp_path], TABLE), tmp_path)
    assert "published 4.0* (+1.0)" in page.texts
    assert "*Not the images of the published number" in page.text
    assert {"title": "Nobody 2020, table 1"} in [a for tag, a in page.tags if tag == "small"]
    assert "Published: Nobody 2020, table 1." in page.texts  # also visible without a pointer


def test_the_sources_of_published_numbers_are_listed_by_protocol_too(tmp_path, monkeypatch):
    monkeypatch.setattr(papers, "_TABLES", {TABLE.name: TABLE})
    finished_run_folders.write(tmp_path / "a", 5.0)
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert "published 4.0* (+1.0)" in page.texts
    assert "Published: Nobody 2020, table 1." in page.texts


def test_folders_left_out_are_listed_with_the_reason(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    (finished_run_folders.write(tmp_path / "b", seed=1) / "result.json").unlink()
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert "is not finished: 300 of 300 steps" in page.texts
    assert str(tmp_path / "b") in page.texts


def test_the_page_says_with_which_code_it_and_each_run_were_made(tmp_path, monkeypatch):
    code = {"tf_ssgan": "0.2.0", "commit": "c" * 40, "changed": True}
    monkeypatch.setattr(checkout, "code_version", lambda: code)
    finished_run_folders.write(tmp_path / "a", outcome={"code": code | {"commit": "d" * 40}})
    page = parse_page(make_report([tmp_path]), tmp_path)
    made = "This report was made with tf_ssgan 0.2.0, commit cccccccccccc with changed files."
    assert made in page.texts and "dddddddddddd, changed" in page.texts


# What a result lacks without validation images.
VALIDATED = ("test_error_at_best_validation", "validation_error",
             "test_error_raw_at_best_validation")  # fmt: skip
NOT_VALIDATED = {"validation": 0, "outcome": dict.fromkeys(VALIDATED)}


def test_numbers_that_no_run_has_have_no_column(tmp_path):
    finished_run_folders.write(tmp_path / "whole" / "a")
    finished_run_folders.write(tmp_path / "lacking" / "a", **NOT_VALIDATED)
    for name, count in (("whole", 2), ("lacking", 0)):  # among the runs, and in all numbers
        report = make_report([tmp_path / name])
        page = parse_page(report, tmp_path)
        assert page.texts.count("at best validation") == count and "–" not in page.texts
        assert "published" not in page.texts
        formats.write_report(report, tmp_path)
        for form in ("report.md", "report.tex"):
            assert not re.search(r"[|&] (–|--) ", (tmp_path / form).read_text())
        assert "mean_test_error,mean_test_error_median20" in (tmp_path / "report.csv").read_text()


def test_numbers_that_some_runs_lack_are_a_dash(tmp_path):
    finished_run_folders.write(tmp_path / "a")
    finished_run_folders.write(tmp_path / "b", method="vat", **NOT_VALIDATED)
    assert parse_page(make_report([tmp_path]), tmp_path).texts.count("–") == 2 + 2 * 2


@pytest.mark.parametrize("number", ["test_error", "test_error_at_best_validation"])
def test_a_run_that_lacks_numbers_stands_beside_whole_runs(tmp_path, number):
    """In a column of its own, because it held no images out."""
    for seed, method in enumerate(("frgan", "vat", "frgan")):
        changed = NOT_VALIDATED if seed == 2 else {}
        finished_run_folders.write(tmp_path / str(seed), method=method, seed=seed, **changed)
    report = make_report([tmp_path], number=number)
    assert len(report.runs) == (3 if number == "test_error" else 2)
    formats.write_report(report, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert ("50 labels, 0 held out" in text) is (number == "test_error")  # else it is empty
    assert (" left out: no images are held out" in text) is (number != "test_error")


@pytest.mark.parametrize("name", [*VALIDATED, "code", "split_sha256", "versions", "precision"])
def test_a_run_that_lacks_a_field_is_left_out_and_the_field_named(tmp_path, name):
    finished_run_folders.write(tmp_path / "whole", seed=1)
    damaged = finished_run_folders.write(tmp_path / "damaged")
    finished_run_folders.change(damaged, "result.json", **{name: ...})
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert f"{damaged}/result.json is damaged: {name} is missing. " in page.text


def test_damaged_files_of_runs_in_the_tables_are_listed(tmp_path):
    folder = finished_run_folders.write(tmp_path / "<b>a</b>")
    with (folder / "metrics.jsonl").open("a") as file:
        file.write("[1]\n")
    (folder / "evaluation.json").write_text("{")
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert f"Skipped a damaged line of {folder}/metrics.jsonl (line 4: " in page.text
    assert f"{folder}/evaluation.json is damaged: " in page.text
    assert "Damaged files" in page.texts and "Left out" not in page.texts
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert inside == ["digits", "runs", "damaged-files"] and set(inside) <= set(page.ids)
    shutil.rmtree(folder)
    finished_run_folders.write(tmp_path / "a")
    assert "Damaged files" not in parse_page(make_report([tmp_path]), tmp_path).texts


def test_names_of_data_sets_need_not_be_unicode(tmp_path):
    for name in (b"caf\xe9", b"caf\xe8"):
        dataset = f"csv:{os.fsdecode(name)}"
        finished_run_folders.write(tmp_path / os.fsdecode(name), dataset=dataset)
    page = parse_page(make_report([tmp_path]), tmp_path)
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert len(set(inside)) == 3 and set(inside) <= set(page.ids)


def test_names_that_are_not_unicode_have_links(tmp_path):
    folder = finished_run_folders.write(tmp_path / os.fsdecode(b"caf\xe9"))
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert {pathlib.PurePath(link).name for link in page.links} == {"caf%E9"}
    assert (tmp_path / os.fsdecode(urllib.parse.unquote_to_bytes("caf%E9"))) == folder


def test_seeds_are_shown(tmp_path):
    finished_run_folders.write(tmp_path / "a", seed=3)
    finished_run_folders.write(tmp_path / "b", seed=4, split_seed=0)
    page = parse_page(make_report([tmp_path]), tmp_path)
    assert {"seed 3", "seed 4, split seed 0"} <= set(page.texts)


@pytest.mark.parametrize("shown, count", [((), 2), (("learning_curves",), 1), (("dots",), 1)])
def test_a_figure_that_is_a_chart_has_only_this_chart(tmp_path, shown, count):
    finished_run_folders.write(tmp_path / "a")
    page = parse_page(make_report([tmp_path], dataclasses.replace(TABLE, shows=shown)), tmp_path)
    assert sum(tag == "svg" for tag, _ in page.tags) == count


def test_the_content_policy_allows_the_script_of_the_page_alone(tmp_path):
    run = finished_run_folders.write(tmp_path / "a")
    text = html_page.render(make_report([run]), tmp_path)
    (policy,) = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline';" in policy
    assert not re.search(r"<[^>]* on\w+=", text)
    assert text.index("Content-Security-Policy") < text.index("<style>")
