"""The page: what is in it, where its links lead, and that names in it are text."""

import collections
import dataclasses
import html.parser
import pathlib
import re
import urllib.parse

import pytest
from reporting import runs

from tf_ssgan import tables
from tf_ssgan.reporting import charts, forms, page, papers, pictures, protocols, records

HOSTILE = [
    "<script>alert(1)</script>", "a & b", 'say "yes"', "it's", "two words", "#1", "what?",
    "50%25", "a:b", "..x", "naïve–", "&amp;", "{{ title }}", "http:x",
]  # fmt: skip
TABLE = tables.Table(
    name="toy_table",
    title="A toy",
    source="Nobody 2020, table 1",
    measure="test_error",
    cells=(tables.Cell("FR-GAN", "50", {"method": "frgan", "labels": 50}, 4.0),),
    budgets=dict.fromkeys(tables.BUDGETS, {}),
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
    found = records.read(paths)
    made = (
        [papers.of_table(table, found.records, **asked)]
        if table
        else protocols.by_protocol(found.records, **asked)
    )
    return forms.Report(tuple(made), found, title)


def parsed(made, folder):
    text = page.html(made, folder)
    assert "{{" not in text.replace("{{ title }}", "")  # of the template
    return Parsed(text)


def sheet(*found, **asked):
    (made,) = protocols.by_protocol(found, **asked)
    return made


@pytest.fixture(autouse=True)
def _few_charts(request, monkeypatch):
    """Drawing takes a while; tests of what is drawn ask for `real_charts`."""
    if "real_charts" not in request.fixturenames:
        for name in ("dots", "curves"):
            monkeypatch.setattr(charts, name, lambda *_: "<svg></svg>")


@pytest.fixture
def real_charts():
    """Charts are drawn."""


@pytest.fixture
def drawn(monkeypatch):
    """The series and titles of the curves that were drawn."""
    found = []

    def curves(series, title, across, up):
        found.append((dict(series), title))
        return "<svg></svg>"

    monkeypatch.setattr(charts, "curves", curves)
    return found


def test_every_run_is_linked_from_where_the_page_lies(tmp_path):
    made = [runs.write(tmp_path / "runs" / f"r{k}", seed=k) for k in range(3)]
    broken = runs.write(tmp_path / "runs" / "broken", seed=9)
    (broken / "result.json").unlink()
    folder = tmp_path / "reports" / "deep"
    found = parsed(report([tmp_path / "runs"]), folder)
    assert not any(link.startswith("/") for link in found.links)
    folder.mkdir(parents=True)
    there = collections.Counter(found.where(folder))
    assert there == {**dict.fromkeys(made, 2), broken: 1}  # in its cell, and among the runs
    assert all(link.endswith("/") for link in found.links)


def test_links_hold_for_folders_given_from_here(tmp_path, monkeypatch):
    run = runs.write(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    found = parsed(report([pathlib.Path("runs")]), pathlib.Path("report"))
    assert set(found.links) == {"../runs/a/"}
    assert set(found.where("report")) == {run}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_links_hold(tmp_path, real_charts, name):
    folder = tmp_path / "runs" / name.replace("/", "∕")
    run = runs.write(folder, method=name, dataset=f"csv:{name}", pictures=("samples.png",))
    left = runs.write(folder.with_name(folder.name + " "), seed=1)
    (left / "result.json").write_text("{")
    plain = parsed(report([runs.write(tmp_path / "plain" / "a", pictures=("samples.png",)),
                           tmp_path / "plain"]), tmp_path)  # fmt: skip
    found = parsed(report([tmp_path / "runs"], title=name), tmp_path / name)
    assert set(found.where(tmp_path / name)) == {run, left}
    assert name in found.texts and f"csv:{name}" in found.texts and run.name in found.texts
    kinds = collections.Counter(tag for tag, _ in found.tags)
    assert kinds["script"] == 1 and kinds["img"] == 1
    # Names bring no element and no attribute, but for the section of what was left out.
    assert set(kinds) - {tag for tag, _ in plain.tags} <= {"td", "section"}
    known = {"class", "href", "title", "alt", "src", "loading", "scope", "id", "open", "type"}
    outside = [found for tag, found in found.tags if tag in ("a", "img", "th", "td", "h1", "h3")]
    assert all(known >= attributes.keys() for attributes in outside)


def test_nothing_is_loaded_from_elsewhere(tmp_path, real_charts):
    runs.write(tmp_path / "a", pictures=runs.PICTURES)
    runs.write(tmp_path / "b", method="vat")
    made = report([tmp_path])
    text = page.html(made, tmp_path)
    found = Parsed(text)
    assert len(found.sources) > len(runs.PICTURES)
    assert all(source.startswith(("data:", "#")) for source in found.sources)
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\"'\s)]*", text)) <= namespaces
    assert not re.search(r"@import|url\((?!#)", text)
    assert set(re.findall(r"url\(#|url\(", text)) <= {"url(#"}


def two_alike(tmp_path):
    """Tables of data sets whose names are alike, and whose charts are the same."""
    for k, name in enumerate(("csv:a b", "csv:a-b", "csv:a  b")):
        for seed in range(2):
            for method in ("frgan", "vat"):
                runs.write(tmp_path / f"{k}{seed}{method}", seed=seed, dataset=name, method=method,
                           noise="wrong", noise_rate=0.1 * seed, lines=runs.curve())  # fmt: skip
    return report([tmp_path])


def test_ids_are_unique_and_all_that_is_referred_to_is_there(tmp_path, real_charts):
    text = page.html(two_alike(tmp_path), tmp_path)
    found = Parsed(text)
    assert len(found.ids) > 50 and sum(tag == "svg" for tag, _ in found.tags) == 18
    twice = [name for name, many in collections.Counter(found.ids).items() if many > 1]
    assert twice == []
    named = {link[1:] for link in [*found.links, *found.sources] if link.startswith("#")}
    named |= set(re.findall(r"url\(#([^)]*)\)", text))
    assert named <= set(found.ids) and len(named) > 20
    assert len([link for link in found.links if link.startswith("#")]) == 4  # tables and runs


def test_tags_are_closed(tmp_path, real_charts):
    found = parsed(two_alike(tmp_path), tmp_path)
    assert set(found.open) <= {"meta", "link"}


def test_one_table_needs_no_contents(tmp_path):
    runs.write(tmp_path / "a")
    found = parsed(report([tmp_path]), tmp_path)
    assert not any(tag == "nav" for tag, _ in found.tags)


def images(found):
    return [attributes["alt"] for tag, attributes in found.tags if tag == "img"]


def test_galleries_are_bounded_over_the_whole_page(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "GALLERY", 5)
    for dataset in ("digits", "svhn"):
        for method in ("frgan", "vat", "supervised", "ssgan"):
            for seed in (3, 1):
                runs.write(tmp_path / f"{dataset}{method}{seed}", seed=seed, dataset=dataset,
                           method=method, pictures=("samples.png",))  # fmt: skip
    found = parsed(report([tmp_path]), tmp_path)
    assert len(images(found)) == 5
    assert "(1 of 4 cells; the others' lie in their folders)" in found.text
    assert found.texts.count("Pictures of one run of each cell") == 1  # of the whole first table
    links = [a["href"] for tag, a in found.tags if tag == "a" and a.get("class") == "soft"]
    assert len(links) == 5 and all(link.endswith("1/") for link in links)  # of the first seed


def test_a_figure_shows_its_pictures_alone(tmp_path):
    runs.write(tmp_path / "a", pictures=runs.PICTURES)
    captions = ("generated images", "confusion matrix", "calibration", "best three classes")
    every = images(parsed(report([tmp_path]), tmp_path))
    assert sorted(every) == sorted(f"{caption} of frgan, 50 labels" for caption in captions)
    assert images(parsed(report([tmp_path], TABLE), tmp_path)) == ["generated images of FR-GAN, 50"]


@pytest.mark.parametrize("shown, name", pictures.FIGURES.items())
def test_each_kind_of_figure_has_its_picture(tmp_path, shown, name):
    runs.write(tmp_path / "a", pictures=[*pictures.IMAGES, *pictures.CHARTS])
    made = report([tmp_path], dataclasses.replace(TABLE, shows=(shown,)))
    caption = (pictures.IMAGES | pictures.CHARTS)[name]
    assert images(parsed(made, tmp_path)) == [f"{caption} of FR-GAN, 50"]


def test_damaged_pictures_are_left_out(tmp_path):
    runs.write(tmp_path / "a", pictures=("samples.png", "top3.png"))
    (tmp_path / "a" / "samples.png").write_bytes(b"\x89PNG")
    assert images(parsed(report([tmp_path]), tmp_path)) == [
        "best three classes of frgan, 50 labels"
    ]


def test_charts_among_the_pictures_are_marked(tmp_path):
    runs.write(tmp_path / "a", pictures=("samples.png", "confusion.png"))
    found = parsed(report([tmp_path]), tmp_path)
    kinds = [attributes.get("class") for tag, attributes in found.tags if tag == "figure"]
    assert kinds == [None, "chart"]  # these turn dark with the page


def valued(error, held=None, **changed):
    return runs.record(error, outcome={"validation_error": held}, **changed)


SUPERVISED = {"method": "supervised"}


@pytest.mark.parametrize(
    "held, ending",
    [
        ((3.0, 8.0), " Held-out images would have chosen it too."),
        ((8.0, 3.0), " Held-out images would have chosen supervised, 9.0 (1)."),
        ((3.0, None), ""),
    ],
)
def test_the_verdict(held, ending):
    made = sheet(valued(4.0, held[0]), valued(9.0, held[1], **SUPERVISED))
    assert list(page.verdicts(made)) == [f"50 labels: frgan is lowest, 4.0 (1).{ending}"]


def test_the_verdict_of_accuracies_is_the_highest():
    table = tables.Table(
        "t", "T", "S", "accuracy",
        tuple(tables.Cell(m, "c", {"method": m}) for m in ("frgan", "supervised")),
        dict.fromkeys(tables.BUDGETS, {}),
    )  # fmt: skip
    made = papers.of_table(table, [valued(4.0, 8.0), valued(9.0, 3.0, **SUPERVISED)])
    assert list(page.verdicts(made)) == [
        "c: frgan is highest, 96.0 (1). Held-out images would have chosen supervised, 91.0 (1)."
    ]


def test_one_method_alone_is_no_verdict():
    assert list(page.verdicts(sheet(valued(4.0), valued(5.0, labels=100)))) == []


def test_each_column_has_a_verdict():
    found = [valued(4.0), valued(9.0, **SUPERVISED), valued(8.0, labels=100),
             valued(3.0, labels=100, **SUPERVISED)]  # fmt: skip
    assert [text.split(",")[0] for text in page.verdicts(sheet(*found))] == [
        "50 labels: frgan is lowest", "100 labels: supervised is lowest",
    ]  # fmt: skip


def test_the_best_of_a_column_is_marked_and_compared(tmp_path):
    for k, error in enumerate((4.0, 5.0)):
        runs.write(tmp_path / f"f{k}", error, seed=k)
        runs.write(tmp_path / f"s{k}", error + 5, seed=k, **SUPERVISED)
    text = page.html(report([tmp_path]), tmp_path)
    (best,) = re.findall(r'<td class="best">(.*?)</td>', text, re.DOTALL)
    assert best.startswith("4.5 ± 0.7 (2)") and "−5.0 to supervised (lower in 2 of 2)" in best
    text = page.html(report([tmp_path], against="frgan"), tmp_path)
    assert "+5.0 to frgan (lower in 0 of 2)" in text and "to supervised" not in text


def test_published_numbers_stand_beside_ours(tmp_path):
    runs.write(tmp_path / "a", 5.0, outcome={"test_error_raw": 5.0})
    found = parsed(report([tmp_path], TABLE), tmp_path)
    assert "published 4.0* (+1.0)" in found.texts
    assert "*Not the images of the published number" in found.text
    assert {"title": "Nobody 2020, table 1"} in [a for tag, a in found.tags if tag == "small"]


def test_what_was_left_out_is_told(tmp_path):
    runs.write(tmp_path / "a")
    (runs.write(tmp_path / "b", seed=1) / "result.json").unlink()
    found = parsed(report([tmp_path]), tmp_path)
    assert "has not come to its end: 300 of 300 steps" in found.texts
    assert str(tmp_path / "b") in found.texts


@pytest.mark.parametrize("value", [..., None])
def test_what_results_need_not_have_is_a_dash(tmp_path, value):
    keys = records._USUAL.keys() - {"test_error"}
    runs.change(runs.write(tmp_path / "a"), "result.json", **dict.fromkeys(keys, value))
    made = report([tmp_path])
    assert len(made.records) == 1
    assert parsed(made, tmp_path).texts.count("–") > 5
    forms.write(made, tmp_path)


def test_seeds_are_told(tmp_path):
    runs.write(tmp_path / "a", seed=3)
    runs.write(tmp_path / "b", seed=4, split_seed=0)
    found = parsed(report([tmp_path]), tmp_path)
    assert {"seed 3", "seed 4, split seed 0"} <= set(found.texts)


def test_learning_curves_are_of_the_runs_of_a_cell(tmp_path, drawn):
    for seed in range(2):
        runs.write(tmp_path / f"a{seed}", 4.0 + seed, seed=seed, lines=runs.curve(4.0 + seed))
    runs.write(tmp_path / "b", method="vat", lines=[])
    page.html(report([tmp_path]), tmp_path)
    ((series, title),) = drawn
    assert title == "50 labels"
    # Errors 10 lower with each evaluation, to 4 and to 5.
    assert series == {
        "frgan": [[(100, 24.0), (200, 14.0), (300, 4.0)], [(100, 25.0), (200, 15.0), (300, 5.0)]]
    }


def test_runs_with_no_common_steps_have_no_curve(tmp_path, drawn):
    for seed in range(2):
        lines = [{"step": 100 + seed, "epoch": 1 + seed, "test_error": 5.0}]
        runs.write(tmp_path / f"a{seed}", seed=seed, lines=lines)
    page.html(report([tmp_path]), tmp_path)
    assert drawn == []


def test_curves_of_wrong_labels_are_a_methods(tmp_path, drawn):
    for rate in (0.0, 0.5):
        runs.write(
            tmp_path / f"{rate}", noise="wrong", noise_rate=rate, lines=runs.curve(10 * rate, 2)
        )
    page.html(report([tmp_path]), tmp_path)
    series, _ = drawn[-1]
    # Accuracies: an error of 10 more, then of 0 and 5 percent.
    assert series == {
        "right labels": [[(1.25, 90.0), (2.5, 100.0)]],
        "50 % wrong": [[(1.25, 85.0), (2.5, 95.0)]],
    }


@pytest.mark.parametrize("other", [{"labels": 100}, {"width": 8}, {"validation": 7}])
def test_curves_of_wrong_labels_mix_nothing(tmp_path, drawn, other):
    for rate in (0.0, 0.5):
        for k, changed in enumerate(({}, other)):
            runs.write(tmp_path / f"{rate}{k}", noise="wrong", noise_rate=rate, **changed)
    page.html(report([tmp_path]), tmp_path)
    noisy = [(series, title) for series, title in drawn if "right labels" in series]
    assert len(noisy) == 2 and len({title for _, title in noisy}) == 2
    assert [len(curves) for series, _ in noisy for curves in series.values()] == [1, 1, 1, 1]


@pytest.mark.parametrize("shown, many", [((), 2), (("learning_curves",), 1), (("dots",), 1)])
def test_a_figure_that_is_a_chart_is_that_chart_alone(tmp_path, shown, many):
    runs.write(tmp_path / "a")
    found = parsed(report([tmp_path], dataclasses.replace(TABLE, shows=shown)), tmp_path)
    assert sum(tag == "svg" for tag, _ in found.tags) == many


def test_equal_runs_make_equal_pages(tmp_path, real_charts):
    made = two_alike(tmp_path)
    assert page.html(made, tmp_path) == page.html(made, tmp_path)
