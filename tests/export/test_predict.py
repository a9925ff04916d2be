"""Pictures are answered as the SavedModel answers them, each with a row, in order, whatever it is."""

import csv
import html.parser
import io
import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image

from export import input_files, predict, prediction_writers, predictions, thumbnails
from tf_ssgan.common import errors
from tf_ssgan.data import image_decoding

ROOT = pathlib.Path(predict.__file__).parent.parent
NO_PICTURE = "is not a picture, or a damaged one"


@pytest.fixture
def ask(exported, loaded, capfd, monkeypatch):
    """Runs the program in this process: (status, standard output, standard error).

    The export is loaded once for all tests; copies of it, and processes, load their own.
    """
    load, known = tf.saved_model.load, str(exported.folder)
    monkeypatch.setattr(
        tf.saved_model, "load", lambda path: loaded if path == known else load(path)
    )

    def asked(*words, model=exported.folder):
        for name in predict._FLAGS:
            predict._FLAGS[name].unparse()
        capfd.readouterr()
        try:
            with predict.flags.answering():
                predict.main(predict.parse(["predict", f"--model={model}", *map(str, words)]))
            status = 0
        except SystemExit as stopped:
            status = stopped.code
        return status, *capfd.readouterr()

    return asked


@pytest.fixture
def right(signatures, digits):
    """The SavedModel's own probabilities for the seven digits."""
    return signatures["serving_default"](image=tf.constant(digits))["probabilities"].numpy()


@pytest.fixture
def bad_files(tmp_path, encode, digits):
    """Path -> why it gets no answer, in order of their names."""
    folder = tmp_path / "bad"
    folder.mkdir()
    whole = encode(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    contents = {
        ".hidden.png": (whole, input_files.HIDDEN),
        "cut.png": (whole[: len(whole) // 2], "is damaged: its pixels cannot be decoded"),
        "dot.png": (encode(digits[0][:1, :1]), "has 1 x 1 pixels; at least 4 a side are needed"),
        "empty.png": (b"", "is empty"),
        "large.png": (_huge(), "has 12,000 x 12,000 pixels, more than 89,478,485: make it smaller"),
        "notes.txt": (b"no picture", NO_PICTURE),
        "text.png": (b"no picture", NO_PICTURE),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {str(folder / name): reason for name, (_, reason) in contents.items()}


def _huge():
    """12,000 x 12,000 black pixels."""
    buffer = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(buffer, "PNG")
    return buffer.getvalue()


def parsed(text):
    return [json.loads(line) for line in text.splitlines()]


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


class Page(html.parser.HTMLParser):
    """Collects tags, addresses, and texts by the class or the tag of what they stand in."""

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


# --- answers --------------------------------------------------------------------------------------


def test_labels_and_probabilities_are_the_signatures(ask, picture_files, right):
    status, out, _ = ask("--format=jsonl", "--batch=3", *picture_files)
    found = parsed(out)
    assert status == 0 and [row["path"] for row in found] == list(map(str, picture_files))
    assert [row["label"] for row in found] == [str(k) for k in right.argmax(-1)]
    assert [row["probability"] for row in found] == pytest.approx(right.max(-1), abs=2e-6)
    assert all(row["reason"] is None and row["abstained"] is False for row in found)


def test_a_png_of_the_training_size_is_answered_as_predict_bytes_does(
    ask, picture_files, signatures
):
    content = tf.constant([picture_files[0].read_bytes()])
    answer = signatures["predict_bytes"](image_bytes=content)
    (row,) = parsed(ask("--format=jsonl", "--top=10", picture_files[0])[1])
    given = {one["label"]: one["probability"] for one in row["top"]}
    for k, share in enumerate(answer["probabilities"].numpy()[0]):
        assert given[str(k)] == pytest.approx(share, abs=2e-6)
    assert row["label"] == answer["name"].numpy()[0].decode()


def test_other_pictures_are_made_images_as_the_card_says(
    ask, exported, signatures, encode, tmp_path
):
    shutil.copytree(exported.folder, tmp_path / "model")
    card = tmp_path / "model" / "assets" / "model_info.json"
    picture = np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8)
    (tmp_path / "photo.jpg").write_bytes(encode(picture, "JPEG"))
    for fit in (None, *image_decoding.FITS):
        content = json.loads(card.read_text()) | {"fit": fit}
        card.write_text(json.dumps({k: v for k, v in content.items() if k != "fit" or v}))
        out = ask("--format=jsonl", tmp_path / "photo.jpg", model=tmp_path / "model")[1]
        image = image_decoding.decode(str(tmp_path / "photo.jpg"), 16, 1, fit or "resize")
        answer = signatures["serving_default"](image=tf.constant(image[None]))
        share = answer["probabilities"].numpy().max()
        assert parsed(out)[0]["probability"] == pytest.approx(share, abs=2e-6)


def test_the_folder_above_stands_for_its_highest_version(exported, tmp_path):
    for name in ("9", "10", ".11.partial"):
        (tmp_path / name / "assets").mkdir(parents=True)
        (tmp_path / name / "saved_model.pb").touch()
        shutil.copy(exported.folder / "assets" / "model_info.json", tmp_path / name / "assets")
    assert predict.read_model_info(str(tmp_path)).folder == tmp_path / "10"
    assert predict.read_model_info(str(tmp_path / "9")).folder == tmp_path / "9"


def test_every_path_has_a_row_in_order(ask, picture_files, bad_files, tmp_path):
    missing = str(tmp_path / "missing.png")
    paths = [picture_files[0], missing, tmp_path / "bad", picture_files[1]]
    status, out, err = ask("--batch=2", *paths)
    found = table(out)
    names = [str(picture_files[0]), missing, *sorted(bad_files), str(picture_files[1])]
    assert status == 1 and [row["path"] for row in found] == names
    reasons = {row["path"]: row["reason"] for row in found if row["reason"]}
    assert reasons == bad_files | {missing: "cannot be read: No such file or directory"}
    assert all(bool(row["label"]) != bool(row["reason"]) for row in found)
    assert "10 pictures in" in err and "8 could not be read, 0 abstained; start-up" in err


def test_the_likeliest_classes_come_first_and_no_more_than_there_are(ask, picture_files, right):
    (row,) = table(ask("--top=3", picture_files[0])[1])
    assert list(row) == ["path", "label", "probability", "label_2", "probability_2",
                         "label_3", "probability_3", "reason"]  # fmt: skip
    best = np.argsort(-right[0])[:3]
    assert [row[k] for k in ("label", "label_2", "label_3")] == [str(k) for k in best]
    shares = [float(row[k]) for k in ("probability", "probability_2", "probability_3")]
    assert shares == pytest.approx(right[0][best], abs=2e-6)
    (row,) = parsed(ask("--top=99", "--format=jsonl", picture_files[0])[1])
    assert sorted(one["label"] for one in row["top"]) == [str(k) for k in range(10)]


def test_below_the_threshold_it_abstains(ask, picture_files, right, tmp_path):
    best = right.max(-1)
    below = float(np.sort(best)[2:4].mean())
    status, out, err = ask("--format=jsonl", f"--abstain_below={below}", *picture_files)
    found = parsed(out)
    assert status == 0 and "0 could not be read, 3 abstained" in err
    assert [row["abstained"] for row in found] == (best < below).tolist()
    for row, share in zip(found, best, strict=True):
        assert (row["label"] is None) == row["abstained"] == bool(row["reason"])
        assert row["probability"] == pytest.approx(share, abs=2e-6) and len(row["top"]) == 1
    assert f"probability {best.min():.4f} of " in found[best.argmin()]["reason"]
    cells = table(ask(f"--abstain_below={below}", "--top=2", *picture_files)[1])
    assert [row["label"] == "" for row in cells] == (best < below).tolist()
    assert all(row["probability"] and row["label_2"] for row in cells)
    page = Page(ask(f"--abstain_below={below}", "--format=html", *picture_files)[1])
    assert page.texts["label none"] == ["abstains"] * 3 and len(page.texts["label"]) == 4


def test_an_answer_that_is_not_a_number_is_none():
    row = predictions.Prediction("x").answered(np.array([np.nan, 1.0]), ["a", "b"], 1, 0.0)
    assert row.label is None and row.top == () and "not a number" in row.reason


# --- paths ----------------------------------------------------------------------------------------


def listed(*paths, own=()):
    return [(row.path, row.reason) for row in input_files.found(map(str, paths), own)]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder `pics` in the working folder."""
    for name in ("b.png", "a.png", ".h.png", "sub/d.png", "sub/c.jpg", ".cache/e.png"):
        (tmp_path / "pics" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pics" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pics"


def test_folders_are_walked_by_name_and_hidden_ones_not_entered(tree):
    right = [("pics/.h.png", input_files.HIDDEN), ("pics/a.png", None), ("pics/b.png", None),
             ("pics/sub/c.jpg", None), ("pics/sub/d.png", None)]  # fmt: skip
    assert listed("pics") == listed("pics/") == right
    assert listed("pics/.cache", "pics/.h.png") == [
        ("pics/.cache/e.png", None),
        ("pics/.h.png", None),
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("pics/*.png", ["a.png", "b.png"]),
        ("pics/**/*.png", ["a.png", "b.png", "sub/d.png"]),
        ("pics/**/*", ["a.png", "b.png", "sub/c.jpg", "sub/d.png"]),
        ("pics/[bs]*", ["b.png", "sub/c.jpg", "sub/d.png"]),
        ("p*s/**", [".h.png", "a.png", "b.png", "sub/c.jpg", "sub/d.png"]),
    ],
)
def test_patterns_are_expanded_once(tree, pattern, names):
    assert [path for path, _ in listed(pattern)] == [f"pics/{name}" for name in names]


def test_a_pattern_that_fits_nothing_and_a_file_with_such_a_name(tree):
    (tree / "[1]*.png").touch()
    assert listed("pics/[1]*.png") == [("pics/[1]*.png", None)]
    assert listed("pics/*.gif") == [("pics/*.gif", input_files.NOTHING)]


def test_circles_of_folders_are_told_and_left(tree):
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "self").symlink_to("self")
    found = listed("pics")
    assert found[-1] == ("pics/sub/up", input_files.LOOP) and len(found) == 7
    assert predict.read(predictions.Prediction("pics/self"), None)[0].reason == (
        "cannot be read: Too many levels of symbolic links"
    )
    assert [path for path, _ in listed("pics/**/*.png")] == [
        "pics/a.png",
        "pics/b.png",
        "pics/sub/d.png",
    ]


def test_links_to_folders_elsewhere_are_followed(tree, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "f.png").touch()
    (tree / "sub" / "link").symlink_to(tmp_path / "other")
    assert listed("pics")[-1] == ("pics/sub/link/f.png", None)


def test_pipes_and_sockets_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    row, image = predict.read(predictions.Prediction(str(tmp_path / "pipe.png")), None)
    assert image is None and row.reason == "is a device or a pipe, no file"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert (
            "no file" in predict.read(predictions.Prediction(str(tmp_path / "s")), None)[0].reason
        )


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_paths_come_from_standard_input(ask, picture_files, monkeypatch, end):
    lines = f"\n{picture_files[0]}\n  \n\n{picture_files[1]}{end}".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    status, out, _ = ask("-", picture_files[2])
    assert status == 0
    assert [row["path"] for row in table(out)] == [str(path) for path in picture_files[:3]]


def test_names_with_null_characters_are_told(monkeypatch):
    lines = io.TextIOWrapper(io.BytesIO(b"a*.png\0b.png\0"))
    monkeypatch.setattr(sys, "stdin", lines)
    (row,) = input_files.found(["-"])
    assert predict.read(row, None)[0].reason == "cannot be read: ValueError: embedded null byte"


# --- formats --------------------------------------------------------------------------------------

NAMES = ['a,b".png', "new\nline.png", "re\rturn.png", "Bär 猫.png", "<script>alert(1)&amp;.png",
         "%s{}.png", " spaces .png"]  # fmt: skip


@pytest.fixture
def odd_names(picture_files, tmp_path):
    """Paths with names that formats have to quote; the last is not UTF-8."""
    folder = tmp_path / "odd"
    folder.mkdir()
    paths = [str(folder / name) for name in NAMES] + [os.fsdecode(bytes(folder) + b"/\xff\xe4.png")]
    for path in paths:
        shutil.copy(picture_files[0], path)
    return paths


def test_csv_parses_back(ask, odd_names):
    status, out, _ = ask(*odd_names)
    assert status == 0 and "\r\n" not in out
    found = [row["path"] for row in table(out)]
    assert found[:-1] == odd_names[:-1]
    assert found[-1] == odd_names[-1].encode(errors="backslashreplace").decode()


def test_json_parses_back_to_the_very_bytes_of_names(ask, odd_names):
    status, out, _ = ask("--format=jsonl", *odd_names)
    lines = out.split("\n")
    assert status == 0 and len(lines) == len(odd_names) + 1 and "猫" in out
    found = [json.loads(line)["path"] for line in lines[:-1]]
    assert found == odd_names and os.fsencode(found[-1]).endswith(b"/\xff\xe4.png")


def test_html_is_escaped_and_needs_nothing_else(ask, odd_names, bad_files, tmp_path):
    status, out, _ = ask("--format=html", "--top=3", *odd_names, tmp_path / "bad")
    page = Page(out)
    assert status == 1
    assert page.texts["path"][:-8] == odd_names[:-1]
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags and "<script" not in out and "link" not in tags
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == len(odd_names) and all(a["loading"] == "lazy" for a in images)
    assert all(a.startswith(("data:image/jpeg;base64,", "#counts")) for a in page.addresses)
    assert not any(word in out for word in ("http:", "https:", "url(", "@import"))
    assert page.texts["reason"] == [bad_files[path] for path in sorted(bad_files)]
    assert len(page.texts["class"]) == 3 * len(odd_names)
    assert "prefers-color-scheme: dark" in out and "width=device-width" in out


def test_html_says_which_model_and_how_many(ask, picture_files, bad_files, exported, tmp_path):
    out = ask("--format=html", "--abstain_below=1", tmp_path / "bad", *picture_files)[1]
    facts = Page(out).texts["dd"]
    assert facts[:3] == [str(exported.folder), "frgan", "digits"] and facts[-3:] == ["14", "7", "7"]


@pytest.mark.parametrize(
    ("calibration", "told"),
    [
        ({"temperature": 1.5, "images": 129}, True),
        ({"temperature": 1.0, "images": 0}, False),
        (None, False),
    ],
)
def test_html_tells_of_calibration(ask, exported, picture_files, tmp_path, calibration, told):
    shutil.copytree(exported.folder, tmp_path / "model")
    card = tmp_path / "model" / "assets" / "model_info.json"
    content = json.loads(card.read_text()) | {"calibration": calibration}
    card.write_text(json.dumps(content))
    page = Page(ask("--format=html", picture_files[0], model=tmp_path / "model")[1])
    assert ("calibrated" in page.texts["dt"]) is told
    assert ("at temperature 1.5" in page.texts["dd"]) is told


def test_every_tag_is_closed(ask, picture_files, bad_files, tmp_path):
    assert Page(ask("--format=html", "--top=2", tmp_path / "bad", *picture_files)[1]).open == []


@pytest.mark.parametrize(
    ("size", "orientation", "right"),
    [((300, 200), 1, (96, 64)), ((300, 200), 6, (64, 96)), ((300, 200), 9, (96, 64)),
     ((40, 30), 1, (40, 30)), ((4, 900), 1, (1, 96))],
)  # fmt: skip
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_thumbnails_are_small_and_upright(tmp_path, form, size, orientation, right):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0], size[1] // 2))  # blue above
    picture.save(tmp_path / "x", form, exif=exif)
    with Image.open(io.BytesIO(thumbnails.thumbnail(str(tmp_path / "x")))) as small:
        assert (small.format, small.size) == ("JPEG", right)
        corners = [(x, y) for y in (0, right[1] - 1) for x in (0, right[0] - 1)]
        pixels = [small.convert("RGB").getpixel(corner) for corner in corners]
    # Orientation 6 is shown turned clockwise, so that blue comes to the right.
    blue = [False, True, False, True] if orientation == 6 else [True, True, False, False]
    assert [b > r for r, _, b in pixels] == blue


def test_the_ending_says_the_format_where_no_flag_does(ask, picture_files, tmp_path):
    for name in ("x.jsonl", "x.html", "x.csv", "x.out"):
        assert ask(f"--to={tmp_path / name}", picture_files[0])[:2] == (0, "")
    starts = {path.name: path.read_text()[:5] for path in tmp_path.glob("x.*")}
    assert starts == {"x.jsonl": '{"pat', "x.html": "<!DOC", "x.csv": "path,", "x.out": "path,"}
    ask("--format=jsonl", f"--to={tmp_path / 'x.csv'}", picture_files[0])
    assert (tmp_path / "x.csv").read_text().startswith("{")


# --- the file at --to -----------------------------------------------------------------------------


def test_a_file_appears_whole_or_not_at_all(ask, picture_files, tmp_path, monkeypatch):
    to = tmp_path / "out" / "answers.csv"
    to.parent.mkdir()
    to.write_text("before")

    def broken(*_):
        assert to.read_text() == "before" and len(list(to.parent.iterdir())) == 2
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(prediction_writers.Csv, "end", broken)
        status, _, err = ask(f"--to={to}", *picture_files)
    assert status == 2 and f"--to={to} cannot be written (No space left on device)" in err
    assert [path.name for path in to.parent.iterdir()] == ["answers.csv"]
    assert to.read_text() == "before"
    assert ask(f"--to={to}", *picture_files)[0] == 0
    assert len(table(to.read_text())) == 7 and len(list(to.parent.iterdir())) == 1


def test_what_it_writes_is_no_picture_to_read(ask, picture_files, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    for _ in range(2):
        status, _, err = ask(f"--to={tmp_path / 'answers.csv'}", tmp_path / "link")
        assert (status, err.split(" in ")[0]) == (1, "8 pictures")
    reasons = {row["reason"] for row in table((tmp_path / "answers.csv").read_text())}
    assert reasons == {"", input_files.LOOP}


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("new.png", "has the name of a picture"),
        ("digit0.png", "has the name of a picture"),
        ("unnamed", "is a picture (PNG)"),
        ("list.txt", "is among the paths to read"),
        ("folder", "is there, and no file"),
        ("none/x.csv", "cannot be written (No such file or directory)"),
        ("/dev/null", "is there, and no file"),
        ("list.txt/x.csv", "cannot be written (Not a directory)"),
    ],
)
def test_a_place_that_cannot_or_should_not_be_written_is_refused(
    ask, picture_files, tmp_path, monkeypatch, to, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(predict, "load", None)  # answered before
    shutil.copy(picture_files[0], "unnamed")
    pathlib.Path("list.txt").write_text("kept")
    pathlib.Path("folder").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    status, out, err = ask(f"--to={to}", "digit0.png", "list.txt")
    assert (status, out) == (2, "") and f"--to={to} {words}" in err and err.count("\n") == 1
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}


# --- memory ---------------------------------------------------------------------------------------


def test_threads_are_never_further_ahead_than_the_limit():
    started, lock = itertools.count(), threading.Lock()
    seen = [0]

    def work(item):
        with lock:
            seen[0] = next(started) + 1
        return item

    results = predict.map_ahead(work, itertools.count(), 10)  # of items without end
    for taken, result in zip(range(500), results, strict=False):
        assert result == taken and seen[0] <= taken + 10
    results.close()
    assert list(predict.map_ahead(work, range(25), 10)) == list(range(25))


def test_only_so_many_images_are_in_memory_however_many_files(exported, monkeypatch):
    card = predict.read_model_info(str(exported.folder))
    decoded = itertools.count()
    count = [0]

    def image(*_):
        count[0] = next(decoded) + 1
        return np.zeros((16, 16, 1), np.uint8)

    monkeypatch.setattr(image_decoding, "decode", image)
    listing = (predictions.Prediction(__file__) for _ in itertools.count())
    readings = predict.map_ahead(lambda row: predict.read(row, card), listing, 3 * 8)
    answers = predict.answers(
        readings, lambda images: np.full((len(images), 10), 0.1), card, 1, 0.0, 8
    )
    for done, _ in zip(range(400), answers, strict=False):
        assert count[0] - done <= 4 * 8
    answers.close()


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.png"], "--model is missing"),
        (["--model=m"], "No paths"),
        (["--modl=m", "x.png"], "modl"),
        (["x.png", "--model=m", "--tpo=2"], "tpo"),
        (["--model=m", "--top=0", "x.png"], "top"),
        (["--model=m", "--abstain_below=1.5", "x.png"], "abstain_below"),
        (["--model=m", "--format=xml", "x.png"], "<csv|jsonl|html>"),
    ],
)
def test_the_command_line_is_parsed_strictly(capsys, arguments, words):
    for name in predict._FLAGS:
        predict._FLAGS[name].unparse()
    with pytest.raises(SystemExit) as stopped:
        predict.parse(["predict", *arguments])
    assert stopped.value.code == 2 and words in capsys.readouterr().err


def test_what_is_no_model_of_ours_is_refused(exported, tmp_path):
    with pytest.raises(errors.UserError, match="missing cannot be read .*No such file"):
        predict.read_model_info(str(tmp_path / "missing"))
    (tmp_path / "file").touch()
    with pytest.raises(errors.UserError, match="cannot be read .*Not a directory"):
        predict.read_model_info(str(tmp_path / "file"))
    with pytest.raises(errors.UserError, match="holds no exported classifier"):
        predict.read_model_info(str(tmp_path))
    shutil.copytree(exported.folder, tmp_path / "1")
    card = tmp_path / "1" / "assets" / "model_info.json"
    for content in ("", "[]", '{"classes": ["a"]}', '{"classes": 3, "image_shape": [8, 8, 1]}'):
        card.write_text(content)
        with pytest.raises(errors.UserError, match="those of others are not run"):
            predict.read_model_info(str(tmp_path))
    card.unlink()
    with pytest.raises(errors.UserError, match="no assets/model_info.json"):
        predict.read_model_info(str(tmp_path / "1"))
    shutil.copy(exported.folder / "assets" / "model_info.json", card)
    (tmp_path / "1" / "saved_model.pb").unlink()
    with pytest.raises(errors.UserError, match="holds no exported classifier"):
        predict.read_model_info(str(tmp_path / "1"))


@pytest.mark.parametrize("change", [{"image_shape": [16, 8, 1]}, {"fit": "stretch"}])
def test_images_that_files_do_not_become_are_refused(exported, tmp_path, change):
    shutil.copytree(exported.folder, tmp_path / "1")
    card = tmp_path / "1" / "assets" / "model_info.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    with pytest.raises(errors.UserError, match="Files become squares"):
        predict.read_model_info(str(tmp_path))


def test_a_damaged_model_and_a_card_of_another_are_refused(ask, exported, picture_files, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(exported.folder, model)
    card = model / "assets" / "model_info.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"classes": ["a", "b"]}))
    status, out, err = ask(picture_files[0], model=model)
    assert (status, out) == (2, "") and "and 2 classes, the network has" in err
    (model / "saved_model.pb").write_bytes(b"no model")
    status, out, err = ask(picture_files[0], model=model)
    assert (status, out) == (2, "") and "cannot be loaded (" in err and "Traceback" not in err


def test_a_list_without_any_file_is_refused(ask, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    status, out, err = ask(tmp_path / "empty", "-", f"--to={tmp_path / 'x.csv'}")
    assert (status, out) == (2, "") and "There is no file in" in err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


# --- the program ----------------------------------------------------------------------------------


def program(*arguments, started=("-m", "export.predict"), **options):
    command = [sys.executable, *started, *arguments]
    # Unset, for the program itself keeps TensorFlow quiet.
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    options = {"stdout": subprocess.PIPE} | options
    return subprocess.run(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, timeout=60, **options)


@pytest.fixture(scope="module")
def ended(exported, tmp_path_factory, digits, encode):
    """How the program ended, asked for a digit and a missing file; and what it had imported."""
    folder = tmp_path_factory.mktemp("ended")
    (folder / "digit.png").write_bytes(encode(digits[0]))
    code = (
        "import runpy, sys\n"
        "modules = sys.argv.pop(1)\n"
        "try: runpy.run_module('export.predict', run_name='__main__', alter_sys=True)\n"
        "finally: open(modules, 'w').write(' '.join(sys.modules))\n"
    )
    done = program(
        folder / "modules", b"--model=" + bytes(exported.folder), b"--top=2", b"-",
        started=["-c", code], input=b"/no/\xff.png\n" + bytes(folder / "digit.png"),
    )  # fmt: skip
    return done, str(folder / "digit.png"), set((folder / "modules").read_text().split())


def test_the_program_says_nothing_but_rows_and_a_summary(ended):
    done, path, _ = ended
    assert done.returncode == 1
    found = table(done.stdout.decode())
    assert [row["path"] for row in found] == ["/no/\\udcff.png", path]
    assert done.stderr.startswith(b"2 pictures in ") and done.stderr.count(b"\n") == 1


def test_no_network_of_this_project_is_imported(ended):
    _, _, imported = ended
    assert {"tensorflow", "tf_ssgan.data.image_decoding"} <= imported
    assert not imported & {"tf_ssgan.nn.layers", "tf_ssgan.networks", "tf_ssgan.core.method",
                           "tf_ssgan.training.build", "tf_ssgan.training.loop", "export.servable"}  # fmt: skip


def test_a_reader_that_stops_reading_ends_it_quietly(exported, picture_files):
    read, write = os.pipe()
    os.close(read)
    done = program(f"--model={exported.folder}", picture_files[0], stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_standard_output_is_told(exported, picture_files):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "wb") as full:
        done = program(f"--model={exported.folder}", picture_files[0], stdout=full)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"Standard output cannot be written (No space left on device)")


def test_mistakes_are_answered_without_tensorflow(exported, tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('export.predict', run_name='__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    for words in (
        [f"--model={tmp_path}", "x.png"],
        [f"--model={exported.folder}", f"--to={tmp_path}/none/x.csv", "x.png"],
        [f"--model={exported.folder}", tmp_path],
    ):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
        assert done.returncode == 2 and done.stdout == "False\n"
        assert done.stderr.count("\n") == 1
