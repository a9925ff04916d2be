"""Names in figures: the fonts that have their characters, or numbers."""

import shutil
import time

import matplotlib
import pytest
from matplotlib import figure as figures
from matplotlib import font_manager

from tf_ssgan.metrics import name_fonts

SERIF = "DejaVu Serif"  # of Matplotlib itself, as the fonts below
MATH = "STIXGeneral"
POSITION = "\N{POSITION INDICATOR}"  # STIXGeneral has it, no family of DejaVu has


@pytest.fixture(autouse=True)
def own_fonts(monkeypatch):
    """The fonts that come with Matplotlib alone, sought anew."""
    data = matplotlib.get_data_path()
    ours = [e for e in font_manager.fontManager.ttflist if str(e.fname).startswith(data)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", ours)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)

    def clear():
        for function in (name_fonts._missing, name_fonts._homes, name_fonts._draws):
            function.cache_clear()
        font_manager.fontManager._findfont_cached.cache_clear()

    clear()
    yield
    monkeypatch.undo()
    clear()


def shown(names, labels=None):
    return name_fonts.ClassNames(names, range(len(names)) if labels is None else labels)


def test_a_font_is_found_for_each_character():
    names = shown(["cat", POSITION, f"a{POSITION}b"])
    assert names._families == {0: (), 1: (MATH,), 2: (MATH,)} and names.note == ""
    text = figures.Figure().text(0, 0, "")
    names.write(text, 2, "true: ")
    assert text.get_text() == f"true: a{POSITION}b"
    assert text.get_fontfamily() == [*matplotlib.rcParams["font.family"], MATH]
    assert not text.get_parse_math()


def test_a_name_without_a_font_is_a_number():
    names = shown(["cat", "猫", f"猫{POSITION}"], [1, 2])
    assert [names.text(1), names.text(2)] == ["#1", "#2"]
    drawn = figures.Figure()
    names.write_note(drawn)
    assert drawn.get_supxlabel() == name_fonts.NOTE
    assert shown(["cat", "猫"], [0]).note == ""  # the other one is not in the figure


def test_fonts_that_draw_boxes_are_no_fonts(monkeypatch):
    """Last Resort, which comes with Matplotlib, claims every character."""
    assert any("Last Resort" in entry.name for entry in font_manager.fontManager.ttflist)
    assert shown(["猫"]).text(0) == "#0"


def test_a_font_that_was_installed_since_is_found(tmp_path, monkeypatch):
    (entry,) = [e for e in font_manager.fontManager.ttflist if e.name == MATH and e.style == "normal" and e.weight in (400, "normal")][:1]  # fmt: skip
    path = tmp_path / "new.ttf"
    shutil.copy(entry.fname, path)
    others = [e for e in font_manager.fontManager.ttflist if "STIX" not in e.name]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", others)
    assert shown([POSITION]).text(0) == "#0"
    name_fonts._homes.cache_clear()
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(path), str(tmp_path / "no")])
    assert shown([POSITION]).text(0) == POSITION


def test_a_damaged_font_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "bad.ttf").write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "bad.ttf")])
    assert shown(["猫"]).text(0) == "#0"


def test_arabic_is_shaped():
    """Joined letters are drawn from right to left; the font has the letters."""
    assert shown(["سلام", "שלום", "می\u200cخواهم"])._families == {0: (), 1: (), 2: ()}
    fonts = font_manager.get_font([font_manager.findfont("DejaVu Sans")])
    widths = []
    for text in ("سلام", "س ل ا م".replace(" ", "\u200c")):
        fonts.set_text(text)
        widths.append(fonts.get_width_height()[0])
    assert widths[0] < widths[1]


def test_titles_keep_their_lines_and_escape_what_no_font_has():
    title = figures.Figure().suptitle("")
    name_fonts.write(title, "runs/$a_b$\n1.0 ± 0.5")
    assert title.get_text() == "runs/$a_b$\n1.0 ± 0.5" and not title.get_parse_math()
    name_fonts.write(title, "runs/猫\n1.0")
    assert title.get_text() == "runs/\\u732b\n1.0"


def test_no_font_is_sought_for_ascii_names(monkeypatch):
    monkeypatch.setattr(name_fonts, "_installed", None)
    assert shown(["cat", "dog\n", "x" * 99]).note == ""


def test_the_search_takes_less_than_a_third_of_a_second():
    began = time.perf_counter()
    shown([chr(0x4E00 + 17 * k) * 3 for k in range(200)])
    assert time.perf_counter() - began < 0.3
