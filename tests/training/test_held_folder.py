"""A folder that is removed, renamed or replaced while it is used."""

import pathlib
import timeit

import pytest

from tf_ssgan.common import errors
from tf_ssgan.training import held_folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_a_folder_that_stays_is_no_error_and_costs_microseconds(folder):
    with held_folder.held(folder) as check:
        (folder / "file").touch()
        assert min(timeit.repeat(check, number=1000, repeat=5)) / 1000 < 50e-6


@pytest.mark.parametrize("way, words", [("removed", "run is gone"), ("renamed", "run is gone"),
    ("replaced", "run is another folder now"), ("a file", "run is another folder now"),
    ("unreachable", r"run cannot be reached any more \(Not a directory\)")])  # fmt: skip
def test_a_folder_that_is_gone_is_noticed(folder, way, words):
    with held_folder.held(folder) as check:
        if way == "renamed":
            folder.rename(folder.with_name("elsewhere"))
        else:
            folder.rmdir()
        if way == "replaced":
            folder.mkdir()
        if way == "a file":
            folder.touch()
        if way == "unreachable":
            folder.parent.rmdir()
            folder.parent.touch()
        with pytest.raises(errors.UserError, match=f"{words}: it was removed, renamed or replaced"):
            check()
    assert not way == "removed" or not folder.exists()


def test_a_folder_that_comes_back_is_the_same(folder):
    with held_folder.held(folder) as check:
        folder.rename(folder.with_name("elsewhere"))
        pathlib.Path(folder.with_name("elsewhere")).rename(folder)
        check()
