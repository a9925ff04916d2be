"""The page of a report in a browser: light, dark, and on a phone."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image
from support import finished_run_folders

from tf_ssgan import report

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CONTRAST = 4.5  # of text, WCAG 2.1, level AA
SMALLEST = 12  # pixels of text
LOUD = ('a <b>name</b> & "more" #1?', "long" * 40)

# Each text with its computed color and the computed color behind it.
TEXTS = """() => {
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
    if (!own || !node.getClientRects().length || node.closest("script, style")) continue;
    const style = getComputedStyle(node);
    found.push({text: own.slice(0, 40), color: node.closest("svg") ? style.fill : style.color,
                behind: behind(node)});
  }
  return found;
}"""
# The smallest letters, in pixels of the page; charts are scaled.
SIZES = """() => {
  const found = [];
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
    if (!own || !node.getClientRects().length || node.closest("script, style")) continue;
    const svg = node.closest("svg");
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    found.push([scale * parseFloat(getComputedStyle(node).fontSize), own.slice(0, 40)]);
  }
  return found;
}"""
# Opens all details, and waits for every image.
READY = """async () => {
  document.querySelectorAll("details").forEach(node => { node.open = true; });
  const images = [...document.images];
  images.forEach(node => { node.loading = "eager"; });
  await Promise.all(images.map(node => node.decode().catch(() => null)));
  return images.map(node => node.naturalWidth);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a report on runs with every kind of chart and image."""
    here = tmp_path_factory.mktemp("browser")
    images = [*finished_run_folders.IMAGE_FILES, "perturbed.png", "evaluation_tsne.png"]
    for method in ("frgan", "vat", "supervised", *LOUD):
        for seed in range(2):
            for rate in (0.0, 0.3):
                finished_run_folders.write(here / "runs" / f"{len(method)} {method[:20]}-{rate}-s{seed}".replace("/", "∕"),
                           5.0 + len(method) / 10 + 20 * rate + seed, method=method, seed=seed, noise="wrong",
                           noise_rate=rate, images=images)  # fmt: skip
    finished_run_folders.write(
        here / "runs" / "other", method="frgan", dataset="csv:" + "deep/" * 40
    )
    (
        finished_run_folders.write(here / "runs" / ("left out " + "x" * 90), seed=9) / "result.json"
    ).unlink()
    write_own_data(here / "runs")
    report.main(["report", str(here / "runs"), f"--to={here / 'report'}"])
    return here


def write_own_data(folder):
    """Runs on own pictures, with the recall of each class and its levels, and folds."""
    own = {"dataset": "folder:own", "labels": 54}
    names = ["cat", "long" * 12, "<b>owl</b>"]
    for method, right in (
        ("frgan", (90, 50, 20)),
        ("supervised", (90, 20, 0)),
        ("vat", (99, 59, 39)),
    ):
        counts = zip(names, (100, 60, 40), right, right, strict=True)
        outcome = finished_run_folders.counted({name: own for name, *own in counts}, 60)
        for seed in range(3):
            finished_run_folders.write(folder / f"own-{method}-{seed}", outcome["test_error"], outcome,
                                       method=method, seed=seed, **own)  # fmt: skip
    fold = finished_run_folders.counted({"a": (4, 3, 4), "b": (4, 3, 4), "c": (4, 3, 4)}, 5)
    finished_run_folders.write_folds(
        folder / "folds", dict.fromkeys(range(4), fold), dataset="csv:own"
    )


@pytest.fixture(scope="module")
def chromium():
    """A browser without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail("These tests need playwright: pip install -e .[browser]")
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("These tests need Chromium in the path: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, folder):
    """A function that opens the page; errors in it and requests to the network fail the test."""
    contexts, wrong = [], []

    def make(viewport, scheme):
        contexts.append(chromium.new_context(viewport=viewport, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: wrong.append(request.url) if request.url.startswith("http") else None,
        )
        page.goto((folder / "report" / "report.html").as_uri())
        return page

    yield make
    for context in contexts:
        context.close()
    assert wrong == []


def luminance(color):
    """Of a CSS color, as WCAG 2.1 has it."""
    parts = [float(part) for part in color[color.index("(") + 1 : -1].split(",")]
    assert len(parts) == 3 or parts[3] == 1, f"{color} is not opaque"
    scaled = [part / 255 for part in parts[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in scaled]
    return sum(x * weight for x, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_wcag_does():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
class TestEveryView:
    def test_nothing_is_wider_than_the_page(self, opened, viewport, scheme):
        page = opened(viewport, scheme)
        page.evaluate(READY)
        wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide == inner == viewport["width"]

    def test_text_can_be_read(self, opened, viewport, scheme):
        page = opened(viewport, scheme)
        page.evaluate(READY)
        texts = page.evaluate(TEXTS)
        assert len(texts) > 200
        faint = {
            (line["text"], line["color"], line["behind"])
            for line in texts
            if contrast(line["color"], line["behind"]) < CONTRAST
        }
        assert faint == set()

    def test_no_text_is_small(self, opened, viewport, scheme):
        page = opened(viewport, scheme)
        page.evaluate(READY)
        sizes = page.evaluate(SIZES)
        assert len(sizes) > 200
        assert [(size, text) for size, text in sizes if size < SMALLEST - 0.01] == []

    def test_every_image_is_shown(self, opened, viewport, scheme):
        widths = opened(viewport, scheme).evaluate(READY)
        assert len(widths) > 20 and min(widths) > 0

    def test_a_screenshot_is_not_blank(self, opened, viewport, scheme, tmp_path):
        page = opened(viewport, scheme)
        page.screenshot(path=tmp_path / "page.png")
        pixels = np.asarray(Image.open(tmp_path / "page.png").convert("L"))
        assert pixels.shape == (viewport["height"], viewport["width"])
        assert len(np.unique(pixels)) > 50
        paper = np.median(pixels)
        assert paper > 240 if scheme == "light" else paper < 40
        assert 0.01 < np.mean(np.abs(pixels - paper) > 60) < 0.5  # ink


def paper(page):
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_button_switches_and_switches_back(opened, scheme):
    page = opened(DESK, scheme)
    first = paper(page)
    page.get_by_role("button", name="light or dark").click()
    second = paper(page)
    page.get_by_role("button", name="light or dark").click()
    assert paper(page) == first
    dark, light = sorted((first, second), key=luminance)
    assert contrast(dark, light) > 10
    assert first == (light if scheme == "light" else dark)


def test_switched_and_preferred_colors_are_the_same(opened):
    preferred, switched = opened(DESK, "dark"), opened(DESK, "light")
    switched.get_by_role("button").click()
    assert preferred.evaluate(TEXTS) == switched.evaluate(TEXTS)


def test_charts_among_images_turn_dark_and_photographs_do_not(opened):
    get_filter = "node => getComputedStyle(node).filter"
    for scheme, turned in (("light", False), ("dark", True)):
        page = opened(DESK, scheme)
        chart, photograph = (
            page.locator(f"figure{kind} img").first for kind in (".chart", ":not(.chart)")
        )
        assert (chart.evaluate(get_filter) != "none") is turned
        assert photograph.evaluate(get_filter) == "none"


def test_wide_tables_scroll_by_themselves_on_a_phone(opened):
    page = opened(PHONE, "light")
    page.evaluate(READY)
    sizes = page.locator(".wide").evaluate_all(
        "nodes => nodes.map(n => [n.scrollWidth, n.clientWidth])"
    )
    assert any(wide > shown for wide, shown in sizes)
    assert all(shown <= PHONE["width"] for _, shown in sizes)


def test_commands_and_the_numbers_of_one_column_fit_a_phone(opened):
    page = opened(PHONE, "light")
    page.evaluate(READY)
    sizes = page.locator(".wide").evaluate_all(
        "nodes => nodes.map(n => [n.ariaLabel, n.scrollWidth - n.clientWidth])"
    )
    hidden = {name: more for name, more in sizes if "command" in name or name == "folder:own"}
    assert len(hidden) > 3 and set(hidden.values()) == {0}


def test_all_numbers_fit_a_desk(opened):
    page = opened(DESK, "light")
    page.evaluate(READY)
    region = page.get_by_role("region", name="all numbers, folder:own", exact=True)
    assert region.evaluate("node => node.scrollWidth - node.clientWidth") == 0


def test_the_button_covers_no_letter_of_the_title(opened):
    page = opened(PHONE, "light")
    title, button = page.locator("h1").bounding_box(), page.locator("#theme").bounding_box()
    assert title["x"] + title["width"] <= button["x"]


def test_a_color_stands_only_where_methods_are_told_apart(opened):
    """vat is told apart from frgan on three splits of own pictures; of the others none is."""
    page = opened(DESK, "light")
    colored = page.locator("td").evaluate_all(
        """nodes => nodes.filter(node => !/, 0\\)$/.test(getComputedStyle(node).backgroundColor))
                         .map(node => [node.closest("section").id, node.innerText.split("\\n")[0]])"""
    )
    assert colored == [["folder%3Aown", "1.5 ± 0.0 (3) ahead"]]
    marks = page.locator("td b").all_text_contents()
    assert marks.count("ahead") == 1 and "lowest" in marks


def test_recalls_and_levels_are_shown(opened):
    page = opened(PHONE, "dark")
    page.evaluate(READY)
    own = page.locator("section", has_text="Recall of each class, 54 labels")
    assert own.get_by_text("0.0 % (0 of 120 in 3 runs), never predicted").count() == 1
    assert own.get_by_text("54 labels: never predicted by supervised: <b>owl</b>.").is_visible()
    assert own.locator("tbody.reference th").all_text_contents() == [
        "always the commonest class", "linear classifier",
    ]  # fmt: skip
    assert own.locator(".comparison", has_text="supervised does not beat it (").count() == 1
    assert "linear classifier" in own.locator("svg").first.text_content()


def test_the_command_can_be_taken_with_one_click(opened):
    page = opened(DESK, "light")
    code = page.locator("#folder\\%3Aown pre")
    code.click()
    text = page.evaluate("getSelection().toString()").strip()
    assert text == code.text_content()
    assert text.startswith("python -m export.export_main --run=") and text.endswith(
        "--to=served/own"
    )
    assert page.locator("#csv\\%3Aown pre").count() == 0  # no fold is exported


def test_a_set_of_folds_that_is_not_whole_is_said_to_be(opened):
    page = opened(DESK, "light")
    own = page.locator("#csv\\%3Aown")
    assert own.get_by_text("only folds 0, 1, 2, 3 of 5, 48 images").first.is_visible()
    assert (
        "not compared with anything before fold 4 is finished too: frgan (only folds"
        in own.locator(".comparison").inner_text()
    )


def test_every_run_can_be_reached(opened, folder):
    page = opened(DESK, "light")
    links = page.locator("a").evaluate_all("nodes => nodes.map(node => node.href)")
    own = (folder / "report" / "report.html").as_uri()
    anchors = {link for link in links if link.startswith(own)}
    outside = sorted(set(links) - anchors)
    # Four tables, the runs, and the folder left out; 5 methods, 2 seeds, 2 rates, another run, 9 on
    # own pictures, 4 folds, and the folder left out.
    assert len(anchors) == 6 and len(outside) == 35
    listing = page.context.new_page()  # a page of the browser, with a console of its own
    for link in outside:
        listing.goto(link)
        assert listing.get_by_text("config.json").count() == 1, link


def test_contents_lead_to_their_tables(opened):
    page = opened(DESK, "light")
    for link in page.locator("nav a").all():
        link.click()
        name = page.evaluate("document.querySelector(':target h2').textContent")
        assert name.lower() == link.text_content().lower()


def test_tables_that_scroll_are_reached_by_keys(opened):
    """Without a mouse, on the width of a phone."""
    page = opened(PHONE, "light")
    table = page.get_by_role("region", name="digits", exact=True)
    table.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(100):  # the content policy forbids wait_for_function, which is an eval
        if page.evaluate("document.activeElement.scrollLeft") > 0:
            break
        page.wait_for_timeout(50)
    assert page.evaluate("document.activeElement.scrollLeft") > 0
    assert table.evaluate("node => node === document.activeElement")


def test_the_page_can_be_printed(opened):
    page = opened(DESK, "light")
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.get_by_role("button").is_visible()
    assert not page.get_by_role("navigation").is_visible()
    assert Image.open(io.BytesIO(page.screenshot())).size == (DESK["width"], DESK["height"])


def test_paper_is_white_and_shows_closed_details(opened):
    page = opened(DESK, "dark")
    page.emulate_media(media="print")
    assert paper(page) == "rgb(255, 255, 255)"
    texts = page.evaluate(TEXTS)
    faint = {line["text"] for line in texts if contrast(line["color"], line["behind"]) < CONTRAST}
    assert faint == set()
    page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = false; })")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0 < page.locator("details").count()


# --- what runs on the page ------------------------------------------------------------------------

INJECTED = (
    "<script>document.title = 'script'</script>"
    '<img src="data:," onerror="document.title = \'handler\'">'
    "<a id=injected href=\"javascript:document.title = 'link'\">x</a>"
    "<svg onload=\"document.title = 'svg'\"></svg>"
    "<iframe srcdoc=\"<script>parent.document.title = 'frame'</script>\"></iframe>"
)


def test_names_do_not_run(chromium, tmp_path):
    """Names of a method, data set and folders that are HTML are shown as text."""
    name = "<img src=x onerror=document.title='name'>"
    runs = tmp_path / "runs"
    finished_run_folders.write(runs / name, method=name, dataset=f"folder:{name}")
    finished_run_folders.write(runs / f"{name}2", method="frgan", dataset=f"folder:{name}")
    (finished_run_folders.write(runs / f"javascript:{name}") / "result.json").unlink()
    report.main(["report", str(runs), f"--to={runs}"])  # links without ../ before them
    page = chromium.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text))
    page.goto((runs / "report.html").as_uri())
    page.evaluate(READY)
    assert name in page.title() and page.locator("img[src=x]").count() == 0
    assert page.get_by_text(name).count() > 5 and wrong == []
    links = page.locator("a").evaluate_all("nodes => nodes.map(node => node.protocol)")
    assert set(links) == {"file:"}
    page.close()


def test_even_what_gets_past_the_escapes_does_not_run(chromium, folder, tmp_path):
    text = (folder / "report" / "report.html").read_text()
    (tmp_path / "page.html").write_text(text.replace("<nav", f"{INJECTED}<nav", 1))
    page = chromium.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto((tmp_path / "page.html").as_uri())
    before = page.title()
    page.locator("#injected").click()
    first = paper(page)
    page.get_by_role("button", name="light or dark").click()  # its own script runs
    assert paper(page) != first
    assert page.title() == before and len(refused) >= 4
    assert all("Content Security Policy" in message for message in refused)
    page.close()
