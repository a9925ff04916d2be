"""Paths of users: the home folder, and what can be no path of this machine."""

import os
import pwd

import pytest

from tf_ssgan.common import errors, paths


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home folder, and a working directory without anything in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def refusal(text, flag="workdir", kind="folder"):
    with pytest.raises(errors.UserError) as refused:
        paths.local(text, flag, kind)
    message = str(refused.value)
    assert paths.escape(message) == message and len(message) < 400
    return message


@pytest.mark.parametrize(
    "text", ["runs/one", "/a/b", ".", "/", "..", "a b", " a", "a~", "a/~", "Bär/猫", "a#b", "x:y", "G\udcf6"]
)  # fmt: skip
def test_other_paths_than_those_with_a_home_are_returned_as_they_are(text):
    assert paths.local(text, "workdir") == text
    assert paths.local(f"folder:{text}", "dataset", "dataset") == f"folder:{text}"


@pytest.mark.parametrize("text", ["digits", "cifar10_1/v6", "", "~", "gs://b", "folder:", "csv:"])
def test_names_of_data_sets_are_no_paths(text):
    assert paths.local(text, "dataset", "dataset") == text


def test_the_home_folder_takes_the_place_of_its_sign(home):
    assert paths.local("~") == str(home)
    assert paths.local("~/") == str(home)
    assert paths.local("~/runs/one") == f"{home}/runs/one"
    assert paths.local("~root/x") == f"{pwd.getpwnam('root').pw_dir}/x"
    for prefix in ("folder:", "csv:", "npz:"):
        assert paths.local(f"{prefix}~/x", "dataset", "dataset") == f"{prefix}{home}/x"


def test_a_folder_that_is_named_like_a_home_can_be_given(home):
    assert paths.local("./~me/x") == f"{home}/here/~me/x"


@pytest.mark.parametrize("value", ["", "relative"])
def test_without_a_home_folder_there_is_a_sentence(monkeypatch, value):
    monkeypatch.setenv("HOME", value)
    expected = "--workdir=~/x: there is no home folder of you here. Give the whole path."
    assert refusal("~/x") == expected


def test_an_unknown_user_has_no_home_folder():
    assert "no home folder of the user nobody_of_this_name here" in refusal(
        "~nobody_of_this_name/x"
    )


@pytest.mark.parametrize("scheme", ["gs", "s3", "hdfs", "http", "https", "GS", "abfs+x"])
def test_addresses_are_refused(scheme):
    expected = f"--workdir={scheme}://b/x is an address, not a folder of this machine: mount it as a folder"
    assert refusal(f"{scheme}://b/x").startswith(expected)
    assert "is an address, not a file" in refusal(f"csv:{scheme}://b", "dataset", "dataset")
    assert "is an address, not a folder" in refusal(f"folder:{scheme}://b", "dataset", "dataset")


def test_a_file_address_is_refused_with_what_to_leave_out():
    assert refusal("file:///tmp/x").endswith("of this machine: give it without file://.")


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85", "\u2028"])
def test_line_ends_and_control_characters_are_refused(character):
    assert "holds a line end or another control character" in refusal(f"a{character}b")
    assert "holds a line end" in refusal(f"folder:a{character}b", "dataset", "dataset")


@pytest.mark.parametrize("end", [" ", "\u3000", "\N{NO-BREAK SPACE}"])
def test_a_blank_at_the_end_is_refused(end):
    assert "ends with a blank" in refusal(f"runs/a{end}")


def test_a_path_that_is_empty_or_too_long_is_refused():
    assert refusal("") == "--workdir= is empty. Give the path of a folder."
    assert refusal("", "") == "A path is empty. Give the path of a folder."
    assert refusal("a" * 300).endswith(": File name too long. Give another folder.")
    assert "File name too long. Give another file." in refusal("a/" * 3000, "to", "file")
    assert "no folder can have this name" in refusal("a\ud800")


def test_a_link_to_itself_is_refused(home):
    (home / "loop").symlink_to("loop")
    assert "Too many levels of symbolic links" in refusal(f"{home}/loop/x")


def test_a_working_folder_that_vanished_is_said(home, monkeypatch):
    paths.check_working_folder()
    os.rmdir(home / "here")
    with pytest.raises(errors.UserError, match=r"any more \(No such file or directory\). Change"):
        paths.check_working_folder()
    monkeypatch.chdir(home)
