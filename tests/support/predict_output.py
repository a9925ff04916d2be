"""Reads the output of export.predict: JSON lines, CSV and HTML."""

import csv
import html.parser
import io
import json


def json_rows(text):
    return [json.loads(line) for line in text.splitlines()]


def csv_rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


class Page(html.parser.HTMLParser):
    """Collects tags, addresses, and texts by the class or the tag of the element around them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.texts, self.open = [], [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.addresses += [v for k, v in attrs.items() if k in ("src", "href", "srcset", "action")]
        if tag not in ("meta", "img"):
            self.open.append((tag, attrs.get("class", tag)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            kinds = [kind for tag, kind in self.open if tag != "bdi"]
            self.texts.setdefault(kinds[-1], []).append(data)
