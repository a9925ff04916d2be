"""Libraries start without a home and without a temporary folder, and are quiet about it."""

import logging
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest
from support import programs

from tf_ssgan.common import library_folders, paths

ROOT = pathlib.Path(__file__).parents[2]
# Gives Python no folder for temporary files, as where nothing can be written.
NO_TEMPORARY_FOLDER = """
import tempfile
tempfile._candidate_tempdir_list = lambda: ["/proc/nonexistent"]
"""


@pytest.fixture
def no_temporary_folder(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/nonexistent"])


@pytest.mark.parametrize("home", ["", "relative"])
def test_an_unknown_home_becomes_one_that_can_hold_no_files(monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    library_folders.prepare()
    assert os.environ["HOME"] == os.devnull and paths.home() == ""


def test_a_known_home_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    library_folders.prepare()
    assert os.environ["HOME"] == paths.home() == str(tmp_path)


def test_another_folder_is_taken_for_temporary_files(tmp_path, no_temporary_folder):
    library_folders.fall_back([str(tmp_path / "missing"), str(tmp_path)])
    assert tempfile.gettempdir() == str(tmp_path)
    library_folders.fall_back(["/elsewhere"])
    assert tempfile.gettempdir() == str(tmp_path)


def test_where_nothing_can_be_written_there_is_none(no_temporary_folder):
    library_folders.fall_back(["/proc/nonexistent"])
    assert tempfile.tempdir is None


def test_what_matplotlib_says_of_its_folder_is_dropped_and_nothing_else(caplog):
    library_folders.prepare()
    logger = logging.getLogger("matplotlib")
    logger.warning("mkdir -p failed for path %s: %s", "x", "y")
    logger.warning("Matplotlib created a temporary cache directory at %s because", "x")
    logger.warning("something else")
    assert [record.message for record in caplog.records] == ["something else"]


@pytest.mark.parametrize("home", ["", "/proc/nonexistent"])
def test_a_figure_is_drawn_without_home_and_temporary_folder_and_nothing_is_said(tmp_path, home):
    (tmp_path / "sitecustomize.py").write_text(NO_TEMPORARY_FOLDER)
    code = (
        "import logging; logging.basicConfig(level='INFO')\n"
        "import tf_ssgan\n"
        "from matplotlib.figure import Figure; Figure().savefig('figure.png')\n"
    )
    unset = ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    kept |= {"PYTHONPATH": programs.python_path(tmp_path, ROOT), "HOME": home}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], env=kept, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(os.listdir(tmp_path)) == ["figure.png", "sitecustomize.py"]
