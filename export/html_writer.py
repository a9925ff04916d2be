"""Predictions as one HTML page with thumbnails."""

import base64
from collections.abc import Mapping
from html import escape
from typing import TextIO

from export import predictions

# The policy blocks everything that is not in the page, in case a name ever gets past `escape`.
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
"""

_STYLE = """
:root { color-scheme: light dark;
  --ink: #1a1b1f; --faint: #5b5d66; --paper: #ffffff; --line: #d9dae0; --bar: #2c6bd6; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e7e8ec; --faint: #a3a5af; --paper: #15161a; --line: #33353d; --bar: #6ea0f5; } }
* { box-sizing: border-box; margin: 0; padding: 0; }
body { max-width: 56rem; margin: 0 auto; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.25rem; margin-bottom: .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt, .path, .reason { color: var(--faint); font-size: .875rem; }
a { color: var(--bar); }
ol { list-style: none; margin: 1rem 0; }
li { display: flex; gap: 1rem; padding: .75rem 0; border-top: 1px solid var(--line);
  content-visibility: auto; contain-intrinsic-size: auto 7.5rem; }
.image { flex: 0 0 96px; height: 96px; }
.image img { width: 96px; height: 96px; object-fit: contain; }
.answer { flex: 1; min-width: 0; }
.path { white-space: pre-wrap; }
.label { font-weight: 600; }
.none { color: var(--faint); font-style: italic; }
.class { display: grid; grid-template-columns: 1fr max-content; gap: 0 1rem; max-width: 28rem;
  font-size: .875rem; }
.bar { grid-column: 1 / 3; height: .375rem; border-radius: .2rem; background: var(--line); }
.bar div { height: 100%; border-radius: .2rem; background: var(--bar); }
footer { border-top: 1px solid var(--line); padding: 1rem 0; }
"""


class HtmlWriter:
    """Writes one page that needs no other files; the counts are at its end."""

    thumbnails = True

    def __init__(self, file: TextIO, facts: Mapping[str, str], top: int):
        """Writes the head of the page.

        Args:
            file: The open file.
            facts: What is known of the model, for the header.
            top: Classes in each row; not used, because the rows have them.
        """
        del top
        self._file = file
        title = escape(f"Images classified by {facts['model']}")
        file.write(
            f"{_HEAD}<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            f'<header>\n<h1>{title}</h1>\n{_list(facts)}<p><a href="#counts">Counts</a></p>\n'
            "</header>\n<ol>\n"
        )

    def add(self, row: predictions.Prediction) -> None:
        """Writes a row."""
        image = ""
        if row.thumbnail:
            content = base64.b64encode(row.thumbnail).decode()
            image = f'<img src="data:image/jpeg;base64,{content}" alt="" loading="lazy">'
        label = "abstains" if row.abstained else row.label
        kind = "label" if row.label is not None else "label none"
        self._file.write(
            f'<li><div class="image">{image}</div><div class="answer">'
            f'<p class="path"><bdi>{escape(row.path)}</bdi></p>'
            f'<p class="{kind}"><bdi>{escape(label or "no answer")}</bdi></p>'
            + (f'<p class="reason"><bdi>{escape(row.reason)}</bdi></p>' if row.reason else "")
            + "".join(_bar(name, probability) for name, probability in row.top)
            + "</div></li>\n"
        )

    def end(self, counts: predictions.PredictionCounts) -> None:
        """Writes the counts."""
        facts = {
            "images": f"{counts.rows:,}",
            "could not be read": f"{counts.unread:,}",
            "abstained": f"{counts.abstained:,}",
        }
        self._file.write(
            f'</ol>\n<footer id="counts">\n{_list(facts)}</footer>\n</body>\n</html>\n'
        )


def _list(facts: Mapping[str, str]) -> str:
    pairs = "".join(
        f"<dt>{escape(k)}</dt><dd><bdi>{escape(v)}</bdi></dd>" for k, v in facts.items()
    )
    return f"<dl>{pairs}</dl>\n"


def _bar(name: str, probability: float) -> str:
    percent = f"{100 * probability:.1f}"
    return (
        f'<div class="class"><bdi>{escape(name)}</bdi><span>{percent} %</span>'
        f'<div class="bar"><div style="width:{percent}%"></div></div></div>'
    )
