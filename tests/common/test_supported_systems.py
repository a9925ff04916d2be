"""A system without the locks of POSIX gets a sentence from every program and from Python."""

import os
import pathlib
import subprocess
import sys

import pytest
from support import programs

from tf_ssgan.common import supported_systems

ROOT = pathlib.Path(__file__).parents[2]
# As on Windows: these modules and functions do not exist there.
WINDOWS = """
import os, signal, sys
sys.modules["fcntl"] = None
for name in ("getuid", "O_NONBLOCK", "O_NOFOLLOW", "O_NOCTTY", "O_CLOEXEC", "memfd_create"):
    delattr(os, name)
del signal.SIGHUP
"""


def test_this_system_is_supported():
    supported_systems.require()


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "import tf_ssgan"],
        ["-c", "from tf_ssgan.common import locks"],
        [str(ROOT / "train_main.py"), "--help"],
        ["-m", "tf_ssgan.sweep"],
        ["-m", "tf_ssgan.report"],
        ["-m", "tf_ssgan.evaluate"],
        ["-m", "tf_ssgan.doctor"],
        ["-m", "tf_ssgan.catalog"],
        ["-m", "export.export_main"],
        ["-m", "export.predict"],
        ["-m", "export.client"],
    ],
    ids=lambda words: words[-1].rpartition("/")[2],
)
def test_without_locks_of_posix_there_is_a_sentence(tmp_path, words):
    (tmp_path / "sitecustomize.py").write_text(WINDOWS)
    environment = os.environ | {"PYTHONPATH": programs.python_path(tmp_path, ROOT)}
    done = subprocess.run(
        [sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "tf_ssgan needs Linux, and this system (linux) has no file locks of POSIX. On Windows, run "
        "it in WSL 2 or in a Docker container.\n"
    )
