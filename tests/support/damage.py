"""Damage to files, seeded: what disks, cut copies, editors and strangers do to them.

A kind of damage is a function (chance, content) -> `Damage`. `mixed` makes one kind of several.
"""

import copy
import dataclasses
import json
import math
import os
import pathlib
import random
import shutil
from collections.abc import Callable, Iterator
from typing import Any

SPARSE_BYTES = 30 * 2**30  # says `ls`; on the disk it takes nothing
DELETED = object()


@dataclasses.dataclass(frozen=True)
class Raw:
    """JSON as it is written, which `json.dumps` would not write."""

    text: str


@dataclasses.dataclass(frozen=True)
class Damage:
    """What is done to a file.

    Attributes:
        what: In words.
        content: The bytes that it holds then; None if `place` puts something else there.
        field: The JSON field that was changed; empty for another kind of damage.
        place: Puts something that is no regular file at a path.
    """

    what: str
    content: bytes | None
    field: tuple[str | int, ...] = ()
    place: Callable[[pathlib.Path], object] | None = None

    def do(self, path: pathlib.Path) -> None:
        """Does it to the file at a path."""
        remove(path)
        if self.place:
            self.place(path)
        elif self.content is not None:
            path.write_bytes(self.content)


Kind = Callable[[random.Random, bytes], Damage]


def remove(path: pathlib.Path) -> None:
    """Removes whatever is at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def mixed(*kinds: Kind) -> Kind:
    """One of several kinds; one that is given twice occurs twice as often."""
    return lambda chance, content: chance.choice(kinds)(chance, content)


# --- Bytes ----------------------------------------------------------------------------------------


def _flipped(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _headed(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 4))):
        at = chance.randrange(min(64, len(changed)))
        changed[at] = chance.choice((0, 127, 255, chance.randrange(256)))
    return bytes(changed)


def _sized(chance: random.Random, content: bytes) -> bytes:
    """A whole number in the file becomes a very large one."""
    size, order = chance.choice((2, 4, 8)), chance.choice(("little", "big"))
    at = chance.randrange(max(1, len(content) - size))
    value = chance.choice((2**31 - 1, 2**30, 2**40, 2**63 - 1, 2**64 - 1)) % 2 ** (8 * size)
    return content[:at] + value.to_bytes(size, order) + content[at + size :]


def _inserted(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.randbytes(chance.choice((1, 4, 100))) + content[at:]


def _removed(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.choice((1, 4, 100)) :]


def _swapped(chance: random.Random, content: bytes) -> bytes:
    block = max(1, len(content) // chance.choice((2, 8, 32)))
    blocks = [content[k : k + block] for k in range(0, len(content), block)]
    some, other = chance.randrange(len(blocks)), chance.randrange(len(blocks))
    blocks[some], blocks[other] = blocks[other], blocks[some]
    return b"".join(blocks)


def _zeroed(chance: random.Random, content: bytes) -> bytes:
    at, size = chance.randrange(len(content)), chance.choice((4, 512, 4096))
    return content[:at] + bytes(min(size, len(content) - at)) + content[at + size :]


_WAYS = {
    "bits flipped": _flipped,
    "bytes of the head changed": _headed,
    "a huge size": _sized,
    "cut short": lambda chance, content: content[: chance.randrange(len(content))],
    "bytes inserted": _inserted,
    "bytes removed": _removed,
    "blocks swapped": _swapped,
    "a block of zeros": _zeroed,
}
_OTHERS = {
    "empty": b"",
    "NUL": bytes(1000),
    "0xff": b"\xff" * 30,
    "a line break": b"\n",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a long number": b"1" * 10_000,
    "a text": b"notes\nof a day\n",
    "a web page": b"<!DOCTYPE html><html><body>404</body></html>\n",
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\n",
    "a pickle": b"cos\nsystem\n(S'false'\ntR.",
    "an archive": b"PK\x05\x06" + bytes(18),
    "a byte order mark": b"\xef\xbb\xbf",
    "UTF-16": "\ufeff{}".encode("utf-16-le"),
}


def bytes_changed(chance: random.Random, content: bytes) -> Damage:
    """Bytes are changed, cut, inserted or swapped."""
    way = chance.choice(list(_WAYS))
    return Damage(way, _WAYS[way](chance, content) if content else b"\0")


def replaced(chance: random.Random, content: bytes) -> Damage:
    """The file holds something else."""
    what = chance.choice([*_OTHERS, "NUL before", "0xff after", "twice"])
    more = {"NUL before": b"\0" + content, "0xff after": content + b"\xff\n", "twice": content * 2}
    return Damage(what, (more | _OTHERS)[what])


def replaced_by(*contents: tuple[str, bytes]) -> Kind:
    """The file holds what another one of the same program holds."""

    def kind(chance: random.Random, content: bytes) -> Damage:
        what, other = chance.choice(contents)
        return Damage(f"the content of {what}", other)

    return kind


_PLACES: dict[str, Callable[[pathlib.Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device without an end": lambda path: path.symlink_to("/dev/zero"),
    "a link to the folder": lambda path: path.symlink_to("."),
    "a huge file": lambda path: make_sparse(path),
}


def no_file(chance: random.Random, content: bytes) -> Damage:
    """Something that is no regular file, or is huge, is in its place."""
    what = chance.choice(list(_PLACES))
    return Damage(what, None, place=_PLACES[what])


def gone(chance: random.Random, content: bytes) -> Damage:
    """The file is missing."""
    return Damage("missing", None)


def make_sparse(path: pathlib.Path) -> None:
    """Makes a file that says it is huge."""
    with path.open("wb") as file:
        file.truncate(SPARSE_BYTES)


any_bytes = mixed(bytes_changed, bytes_changed, bytes_changed, replaced, no_file, gone)

# --- JSON -----------------------------------------------------------------------------------------

ODD = [
    None, 0, -1, 1, 2, 1.5, 0.0, -0.5, True, False, 10**105, 2**63, -(2**63), 2**31, 10**9, 1e308,
    float("nan"), float("inf"), -float("inf"), Raw("1e400"), Raw("-0"), Raw("[" * 1500 + "]" * 1500),
    "", "x", "1", "\0", "a\nb", "\x1b[31mred", "\ud800", "é猫", "../../etc/passwd", "/etc/passwd",
    "a" * 100_000, "<script>alert(1)</script>", [], [1], [None], ["x"], [[]], [-1], [10**6], {},
    {"a": 1}, DELETED,
]  # fmt: skip


def fields(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all fields in some JSON, its own first; of a list the first two items."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = list(enumerate(value))[:2] if isinstance(value, list) else items
    for key, item in items:
        yield from fields(item, (*path, key))


def with_field(value: Any, path: tuple, odd: Any) -> Any:
    """JSON with another value in a field, or without the field."""
    value, odd = copy.deepcopy(value), odd if odd is DELETED else copy.deepcopy(odd)
    if not path:
        return odd
    *outer, last = path
    parent = value
    for key in outer:
        parent = parent[key]
    if odd is DELETED:
        del parent[last]
    else:
        parent[last] = odd
    return value


def at(value: Any, path: tuple) -> Any:
    """The value of a field."""
    for key in path:
        value = value[key]
    return value


def _similar(chance: random.Random, value: Any) -> Any:
    """Another value of the same type, which may make no sense."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return chance.choice((-value, value + 1, value - 1, value * 2, value * 1000, value + 0.5))
    if isinstance(value, str):
        return chance.choice((value.upper(), value[1:], value * 2, value[::-1], value + " "))
    if isinstance(value, list):
        return chance.choice((value[::-1], value[:1], value * 2, value[1:], [*value, *value[:1]]))
    if isinstance(value, dict) and value:
        kept = list(value.items())[1:]
        return dict(kept) if chance.random() < 0.5 else dict(kept, **{"unknown": 1})
    return chance.choice(ODD[:-1])


def json_changed(sign: Callable[[Any], Any] | None = None) -> Kind:
    """A field of a JSON file gets another value, is missing, or occurs twice.

    Args:
        sign: Makes the digests right again, in place.
    """

    def kind(chance: random.Random, content: bytes) -> Damage:
        whole = json.loads(content)
        path = chance.choice(list(fields(whole)))
        way = chance.choice(("odd", "odd", "odd", "similar", "similar", "other", "twice"))
        if way == "twice" and path and isinstance(path[-1], str):
            return _twice(chance, whole, path, sign)
        if way == "similar":
            odd = _similar(chance, at(whole, path))
        elif way == "other":
            odd = at(whole, chance.choice(list(fields(whole))))
        else:
            odd = chance.choice(ODD if path else ODD[:-1])
        changed = with_field(whole, path, odd)
        return Damage(_words(path, odd), dump(_signed(changed, path, sign)), path)

    return kind


def _twice(chance: random.Random, whole: Any, path: tuple, sign) -> Damage:
    odd = chance.choice(ODD[:-1])
    changed = with_field(whole, (*path[:-1], "@twice@"), odd)
    text = dump(_signed(changed, path, sign)).replace(
        b'"@twice@"', json.dumps(path[-1]).encode(), 1
    )
    return Damage(f"{_words(path, odd)}, a second time", text, path)


def _signed(value: Any, path: tuple, sign: Callable[[Any], Any] | None) -> Any:
    if sign and isinstance(value, dict) and path not in (("sha256",), ("checksum",)):
        try:
            sign(value)
        except Exception:  # what has no digest any more stays without
            pass
    return value


def _words(path: tuple, odd: Any) -> str:
    value = "deleted" if odd is DELETED else repr(odd)[:40]
    return f"{'.'.join(map(str, path)) or 'the whole'}: {value}"


def dump(value: Any) -> bytes:
    """JSON with `Raw` parts as they are."""
    raws: list[str] = []

    def mark(odd: Any) -> str:
        raws.append(odd.text)
        return f"@raw{len(raws)}@"

    text = json.dumps(value, default=mark)
    for number, raw in enumerate(raws, 1):
        text = text.replace(f'"@raw{number}@"', raw)
    return text.encode()


def line_changed(chance: random.Random, content: bytes) -> Damage:
    """A field of a line of a file of JSON lines is changed, or lines are swapped, doubled, cut."""
    lines = content.splitlines()
    number = chance.randrange(len(lines))
    way = chance.choice(("field", "field", "field", "doubled", "swapped", "no line break"))
    if way == "field":
        changed = json_changed()(chance, lines[number])
        lines[number] = changed.content
        return Damage(f"line {number + 1}: {changed.what}", b"\n".join(lines) + b"\n")
    if way == "doubled":
        lines.insert(number, lines[number])
    elif way == "swapped":
        lines.reverse()
    return Damage(f"lines, {way}", b"\n".join(lines) + b"\n" * (way != "no line break"))


any_json = mixed(json_changed(), json_changed(), json_changed(), any_bytes)
any_lines = mixed(line_changed, line_changed, any_bytes)

# --- Text -----------------------------------------------------------------------------------------

_ODD_WORDS = ["", " ", "\0", '"', "'", ",", ";", "\t", "-1", "1e400", "nan", "../x", "/etc/passwd",
              "é", "\udce9", "\x1b[31m", "a" * 200_000, "=1+1", "--", "--flagfile=", "#"]  # fmt: skip


def text_changed(chance: random.Random, content: bytes) -> Damage:
    """A word or a line of a text file is replaced, removed, doubled or encoded otherwise."""
    lines = content.decode(errors="surrogateescape").splitlines(keepends=True) or [""]
    number = chance.randrange(len(lines))
    way = chance.choice(("word", "word", "word", "removed", "doubled", "encoding", "line ends"))
    if way == "word":
        odd = chance.choice(_ODD_WORDS)
        cut = sorted(chance.randrange(len(lines[number]) + 1) for _ in range(2))
        lines[number] = lines[number][: cut[0]] + odd + lines[number][cut[1] :]
    elif way == "removed":
        del lines[number]
    elif way == "doubled":
        lines.insert(number, lines[number])
    text = "".join(lines)
    if way == "encoding":
        name = chance.choice(("utf-16", "utf-32", "utf-8-sig", "cp037"))
        return Damage(f"in {name}", text.encode(name, "replace"))
    if way == "line ends":
        text = text.replace("\n", chance.choice(("\r", "\r\n", "\n\n", "\x0b", "\u2028")))
    return Damage(f"line {number + 1}: {way}", text.encode(errors="surrogateescape"))


any_text = mixed(text_changed, text_changed, any_bytes)


def shares(weights: list[float], count: int) -> list[int]:
    """Shares a count by weights: whole numbers of at least 1 whose sum is the count."""
    parts = [max(1, math.floor(count * weight / sum(weights))) for weight in weights]
    order = sorted(range(len(weights)), key=lambda k: parts[k] / weights[k])
    for k in range(count - sum(parts)):
        parts[order[k % len(order)]] += 1
    while sum(parts) > count:
        parts[max(range(len(parts)), key=parts.__getitem__)] -= 1
    return parts
