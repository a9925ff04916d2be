"""Which code runs: its version and, in a checkout, the commit and whether files were changed."""

import functools
import os
import pathlib
import subprocess
from collections.abc import Mapping
from typing import Any, TypedDict

from tf_ssgan.common import version

SHORT = 12  # digits of a hash in a sentence
_PARTS = ("tf_ssgan", "flags", "export", "train_main.py")
_FILE = pathlib.Path(__file__).resolve()
_ROOT = _FILE.parents[2]
_SECONDS = 5.0
# The other variables of git are dropped: inside a git hook they name another repository or index.
_KEPT_VARIABLES = ("GIT_CONFIG", "GIT_EXEC_PATH")


class Code(TypedDict):
    """The code of a program, as it is saved in JSON.

    Attributes:
        tf_ssgan: The version; None if it was not saved.
        commit: Its hash; None if the code was no checkout, or git did not answer.
        changed: Whether the code differed from the commit; None without a commit.
    """

    tf_ssgan: str | None
    commit: str | None
    changed: bool | None


def code_version() -> Code:
    """The code of this process.

    git is asked once, at the first call. A program that runs for long calls this at its start,
    because files may change while it runs.
    """
    commit, changed = _of_this_process()
    return {"tf_ssgan": version.__version__, "commit": commit, "changed": changed}


def saved_code(content: Mapping[str, Any]) -> Code:
    """The code that wrote a file.

    Args:
        content: Of a `result.json` or of the manifest of a checkpoint. What is missing in it, or
            has a wrong type, is None.
    """
    code, versions = content.get("code"), content.get("versions")
    code = code if isinstance(code, dict) else {}
    versions = versions if isinstance(versions, dict) else {}
    known = (code.get("tf_ssgan"), versions.get("tf_ssgan"), content.get("version"))
    commit, changed = code.get("commit"), code.get("changed")
    return {
        "tf_ssgan": next((name for name in known if isinstance(name, str)), None),
        "commit": commit if isinstance(commit, str) else None,
        "changed": changed if isinstance(changed, bool) else None,
    }


def format_code(code: Code) -> str:
    """0.2.0, commit 21e8348b5e3a with changed files."""
    text = code["tf_ssgan"] or "unknown version"
    if code["commit"]:
        text += f", commit {code['commit'][:SHORT]}"
    return f"{text} with changed files" if code["changed"] else text


def same_code(some: Code, other: Code) -> bool:
    """Whether two codes are known to be the same; which files were changed is not saved."""
    return some == other and not some["changed"]


def read_commit(root: pathlib.Path) -> tuple[str | None, bool | None]:
    """The commit of the code in a folder, and whether the code differs from it.

    Documentation is not code. Nothing is written, not even git's index. Code that git does not
    track has no commit: an environment with this package may lie in another project's checkout.

    Args:
        root: The folder that contains `tf_ssgan`, `flags`, `export` and `train_main.py`.

    Returns:
        (None, None) if there is no commit, no git, or no answer of git in time.
    """
    try:
        _git(root, "ls-files", "--error-unmatch", "--", str(_FILE.relative_to(_ROOT)))
        status = _git(
            root, "status", "--porcelain=v2", "--branch", "-z", "--no-renames",
            "--untracked-files=all", "--", *_PARTS, ":(exclude)*.md",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None, None
    lines = status.split("\0")
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if len(commit) < 40:  # "(initial)": nothing is committed yet
        return None, None
    return commit, any(map(_is_change, lines))


@functools.cache
def _of_this_process() -> tuple[str | None, bool | None]:
    return read_commit(_ROOT)


def _is_change(line: str) -> bool:
    """Whether a line of git's status is of a changed file, or of code that git does not track."""
    return line.startswith(("1 ", "2 ", "u ")) or (line.startswith("? ") and line.endswith(".py"))


def _git(root: pathlib.Path, *words: str) -> str:
    """The output of a git command in a folder.

    Raises:
        OSError: There is no git.
        SubprocessError: git fails, refuses the folder (another user owns it), or takes too long.
    """
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(root), *words]
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT_VARIABLES)
    }
    done = subprocess.run(
        command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS,
        check=True,
    )  # fmt: skip
    return done.stdout.decode(errors="replace")
