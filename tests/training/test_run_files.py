"""Reading JSON files: their content, or one sentence with the file and the field."""

import json
import os

import pydantic
import pytest

from tf_ssgan.common import errors
from tf_ssgan.training import run_files
from tf_ssgan.training.run_file_contents import Content


class Inner(Content):
    """Something in a file."""

    size: int


class Outer(Content):
    """A file."""

    name: str
    parts: list[Inner] = pydantic.Field(min_length=1)


GOOD = {"name": "a", "parts": [{"size": 1}], "later": "kept"}


def refusal(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(errors.UserError) as refused:
        run_files.read_checked(path, Outer, "Do this.")
    message = str(refused.value)
    assert "\n" not in message and str(path) in message and message.endswith(" Do this.")
    return message


def test_content_comes_back_as_it_is(tmp_path):
    path = tmp_path / "a.json"
    assert run_files.read_checked(path, Outer, "") is None
    path.write_text(json.dumps(GOOD))
    assert run_files.read_checked(path, Outer, "") == GOOD == run_files.read(path, "")


@pytest.mark.parametrize(
    "content, reason",
    [
        (GOOD | {"name": 1}, "name: expected a valid string, got 1"),
        (GOOD | {"parts": [{"size": 1}, {"size": "1"}]}, "parts.1.size: expected a valid integer"),
        (GOOD | {"parts": [{"size": True}]}, "parts.0.size: expected a valid integer, got True"),
        (GOOD | {"parts": [3]}, "parts.0: expected a JSON object, got 3"),
        ({"name": "a"}, "parts is missing"),
        ([GOOD], "expected a JSON object, got [{"),
        (None, "expected a JSON object, got null"),
    ],
)
def test_the_first_wrong_field_is_named(tmp_path, content, reason):
    assert f"is damaged: {reason}" in refusal(tmp_path / "a.json", json.dumps(content))


def test_a_long_value_is_cut(tmp_path):
    message = refusal(tmp_path / "a.json", json.dumps(GOOD | {"name": ["x" * 1000]}))
    assert message.endswith("xxx.... Do this.") and len(message) < 250


@pytest.mark.parametrize(
    "text", ["", "{", b"\xff\xfe\x00", b"\0" * 9, "[" * 10**5, "NaN", "Infinity"]
)
def test_what_is_no_json_is_refused(tmp_path, text):
    assert "is damaged: " in refusal(tmp_path / "a.json", text)


def test_a_folder_and_an_unreadable_file_are_refused(tmp_path, monkeypatch):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(errors.UserError, match="is damaged: it is not a file. Do this."):
        run_files.read(tmp_path / "a.json", "Do this.")
    monkeypatch.setattr(run_files, "LARGEST_FILE", 3 * 2**20)
    (tmp_path / "b.json").write_bytes(b" " * (3 * 2**20 + 1))
    with pytest.raises(errors.UserError, match="is damaged: it is larger than 3 MiB. Do this."):
        run_files.read(tmp_path / "b.json", "Do this.")


def test_checking_alone_raises_value_errors():
    run_files.check(Outer, GOOD)
    with pytest.raises(ValueError, match="^name is missing$"):
        run_files.check(Outer, {"parts": [{"size": 1}]})


def test_a_pipe_and_a_link_to_nothing_are_refused_and_a_name_that_is_too_long_is_missing(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    (tmp_path / "b.json").symlink_to(tmp_path / "nowhere")
    for name in ("a.json", "b.json"):
        with pytest.raises(errors.UserError, match="is damaged: it is not a file. Do this."):
            run_files.read(tmp_path / name, "Do this.")
    assert run_files.read(tmp_path / ("a" * 300), "") is None
