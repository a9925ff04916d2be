"""The commit of the code, in repositories made for the test, and what is saved of it."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tf_ssgan.common import checkout
from tf_ssgan.common.version import __version__

ROOT = pathlib.Path(checkout.__file__).parents[2]
NAME = "tf_ssgan/common/checkout.py"
COMMIT, OTHER = "0123456789ab" + "0" * 28, "f" * 40
NOTHING = (None, None)
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def git(folder, *words):
    """Runs git in a folder, without settings of this machine or of a hook."""
    known = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    known |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", folder, *identity, *words], env=known, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(folder, name, text="1\n"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.fixture
def repository(tmp_path):
    """A repository of four files of code and two others, all committed."""
    folder = tmp_path / "checkout"
    for name in (NAME, "flags/parse.py", "export/README.md", "train_main.py", "README.md"):
        write(folder, name)
    write(folder, ".gitignore", "__pycache__/\n.venv/\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=one")
    return folder


def head(folder):
    return git(folder, "rev-parse", "HEAD")


@needs_git
def test_the_commit_of_a_clean_checkout(repository):
    assert checkout.read_commit(repository) == (head(repository), False)
    assert len(head(repository)) == 40


@needs_git
@pytest.mark.parametrize("name", [NAME, "flags/parse.py", "train_main.py"])
def test_a_changed_file_of_the_code_counts(repository, name):
    write(repository, name, "2\n")
    assert checkout.read_commit(repository) == (head(repository), True)
    git(repository, "add", ".")  # staged, and not committed
    assert checkout.read_commit(repository) == (head(repository), True)
    git(repository, "commit", "--quiet", "--message=two")
    assert checkout.read_commit(repository) == (head(repository), False)


@needs_git
def test_a_removed_or_renamed_file_counts(repository):
    git(repository, "mv", "flags/parse.py", "flags/other.py")
    assert checkout.read_commit(repository)[1] is True
    git(repository, "commit", "--quiet", "--message=two")
    (repository / "train_main.py").unlink()
    assert checkout.read_commit(repository)[1] is True


@needs_git
@pytest.mark.parametrize(
    "name, counts",
    [("tf_ssgan/methods/mine.py", True), ("export/new/x.py", True), ("tf_ssgan/notes.txt", False),
     ("tf_ssgan/__pycache__/a.py", False), ("scratch.py", False), ("runs/a/x.py", False)],
)  # fmt: skip
def test_code_that_git_does_not_track_counts(repository, name, counts):
    write(repository, name)
    assert checkout.read_commit(repository) == (head(repository), counts)
    git(repository, "config", "status.showUntrackedFiles", "no")
    assert checkout.read_commit(repository) == (head(repository), counts)


@needs_git
@pytest.mark.parametrize("name", ["README.md", "export/README.md"])
def test_documentation_does_not_count(repository, name):
    write(repository, name, "2\n")
    assert checkout.read_commit(repository) == (head(repository), False)


@needs_git
def test_a_file_written_again_with_the_same_text_does_not_count(repository):
    os.utime(repository / NAME, (1, 1))
    assert checkout.read_commit(repository) == (head(repository), False)


@needs_git
def test_a_second_working_tree_has_its_own_commit(repository, tmp_path):
    git(repository, "worktree", "add", "--quiet", "--detach", str(tmp_path / "second"))
    write(tmp_path / "second", "train_main.py", "2\n")
    git(tmp_path / "second", "commit", "--quiet", "--all", "--message=two")
    assert checkout.read_commit(repository) == (head(repository), False)
    assert checkout.read_commit(tmp_path / "second") == (head(tmp_path / "second"), False)
    assert head(repository) != head(tmp_path / "second")


@needs_git
@pytest.mark.parametrize("environment", [".venv", "ours"])
def test_an_environment_in_the_checkout_of_another_project_has_no_commit(repository, environment):
    """Whether that project ignores the folder or not."""
    site = repository / environment / "lib/python3/site-packages"
    write(site, NAME)
    assert checkout.read_commit(site) == NOTHING


@needs_git
def test_a_repository_without_a_commit_has_none(tmp_path):
    write(tmp_path, NAME)
    git(tmp_path, "init", "--quiet")
    assert checkout.read_commit(tmp_path) == NOTHING
    git(tmp_path, "add", ".")
    assert checkout.read_commit(tmp_path) == NOTHING


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    write(tmp_path, NAME)
    assert checkout.read_commit(tmp_path) == NOTHING
    assert checkout.read_commit(tmp_path / "nowhere") == NOTHING


@needs_git
@pytest.mark.parametrize("inside", [True, False], ids=["checkout", "installation"])
def test_variables_of_a_git_hook_do_not_mislead(repository, tmp_path, monkeypatch, inside):
    hooked = tmp_path / "hooked"
    write(hooked, NAME, "another\n")
    git(hooked, "init", "--quiet")
    git(hooked, "add", ".")
    git(hooked, "commit", "--quiet", "--message=another")
    values = {"GIT_DIR": hooked / ".git", "GIT_WORK_TREE": hooked, "GIT_LITERAL_PATHSPECS": "1",
              "GIT_INDEX_FILE": hooked / ".git/index", "GIT_PREFIX": "tf_ssgan/"}  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))
    if inside:
        assert checkout.read_commit(repository) == (head(repository), False)
    else:
        write(tmp_path / "installed", NAME)
        assert checkout.read_commit(tmp_path / "installed") == NOTHING


@needs_git
def test_nothing_is_written_to_the_repository(repository):
    os.utime(repository / NAME, (1, 1))  # git would note this in its index
    before = {path: path.stat().st_mtime_ns for path in (repository / ".git").rglob("*")}
    assert checkout.read_commit(repository)[0]
    assert {path: path.stat().st_mtime_ns for path in (repository / ".git").rglob("*")} == before


def fake_git(folder, script):
    """A folder with a program `git`, for PATH."""
    folder.mkdir()
    (folder / "git").write_text(f"#!{sys.executable}\n{script}\n")
    (folder / "git").chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    "script",
    [
        "import sys; sys.exit('fatal: detected dubious ownership in repository')",
        "import time; time.sleep(60)",
        "print('something else')",
        "import sys; sys.stdout.buffer.write(bytes(range(256)))",
        "",
    ],
    ids=["refuses", "hangs", "talks", "bytes", "silent"],
)
def test_a_git_that_does_not_answer_leaves_no_commit(tmp_path, monkeypatch, script):
    monkeypatch.setattr(checkout, "_SECONDS", 0.5)
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin", script))
    assert checkout.read_commit(ROOT) == NOTHING


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout.read_commit(ROOT) == NOTHING


def test_git_is_asked_once_in_a_process(monkeypatch):
    asked = []
    monkeypatch.setattr(checkout, "read_commit", lambda root: asked.append(root) or (COMMIT, True))
    checkout._of_this_process.cache_clear()
    try:
        first, second = checkout.code_version(), checkout.code_version()
    finally:
        checkout._of_this_process.cache_clear()
    assert first == second == {"tf_ssgan": __version__, "commit": COMMIT, "changed": True}
    assert asked == [ROOT] and first is not second  # a caller may change what it gets


@pytest.mark.parametrize(
    "content, code",
    [
        ({"code": {"tf_ssgan": "0.2.1", "commit": COMMIT, "changed": True}}, ("0.2.1", COMMIT, True)),
        ({"versions": {"keras": "3", "tf_ssgan": "0.2.0"}}, ("0.2.0", None, None)),
        ({"version": "0.2.0"}, ("0.2.0", None, None)),
        ({"version": "0.2.0", "code": {"commit": COMMIT}}, ("0.2.0", COMMIT, None)),
        ({}, (None, None, None)),
        ({"code": None, "versions": None, "version": None}, (None, None, None)),
        ({"code": {"tf_ssgan": 2, "commit": 7, "changed": "yes"}}, (None, None, None)),
        ({"code": [1], "versions": "0.2.0"}, (None, None, None)),
    ],
)  # fmt: skip
def test_the_code_that_wrote_a_file(content, code):
    assert tuple(checkout.saved_code(content).values()) == code


def code_of(version, commit=None, changed=None):
    return {"tf_ssgan": version, "commit": commit, "changed": changed}


@pytest.mark.parametrize(
    "code, text",
    [
        (code_of("0.2.0"), "0.2.0"),
        (code_of("0.2.0", COMMIT, False), "0.2.0, commit 0123456789ab"),
        (code_of("0.2.0", COMMIT, True), "0.2.0, commit 0123456789ab with changed files"),
        (code_of(None), "unknown version"),
    ],
)
def test_the_code_in_words(code, text):
    assert checkout.format_code(code) == text


@pytest.mark.parametrize(
    "some, other, same",
    [
        (code_of("0.2.0"), code_of("0.2.0"), True),
        (code_of("0.2.0"), code_of("0.2.1"), False),
        (code_of("0.2.0", COMMIT, False), code_of("0.2.0", COMMIT, False), True),
        (code_of("0.2.0", COMMIT, False), code_of("0.2.0", OTHER, False), False),
        (code_of("0.2.0", COMMIT, False), code_of("0.2.0", COMMIT, True), False),
        (code_of("0.2.0", COMMIT, True), code_of("0.2.0", COMMIT, True), False),
        (code_of("0.2.0", COMMIT, False), code_of("0.2.0"), False),
    ],
)
def test_changed_files_are_never_known_to_be_the_same(some, other, same):
    assert checkout.same_code(some, other) is same is checkout.same_code(other, some)
