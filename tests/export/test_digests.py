"""A model is read only if all of its files are those that were exported."""

import os
import shutil
import subprocess

import pytest

from export import digests
from tf_ssgan.common import errors


@pytest.fixture
def model(tmp_path):
    """A small folder with the files of a SavedModel, and their list."""
    folder = tmp_path / "1"
    for name in ("saved_model.pb", "fingerprint.pb", "variables/variables.index", "assets/a b.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 100)
    digests.write(folder)
    return folder


def test_a_whole_model_is_taken(model):
    digests.check(model)
    (model / ".DS_Store").touch()
    (model / "assets" / "Thumbs.db").touch()
    digests.check(model)
    shutil.copytree(model, model.parent / "copy")
    digests.check(model.parent / "copy")


def test_sha256sum_checks_it_too(model):
    if not shutil.which("sha256sum"):
        pytest.skip("needs sha256sum")
    command = ["sha256sum", "--strict", "-c", digests.FILE]
    done = subprocess.run(command, cwd=model, capture_output=True, text=True)
    assert (done.returncode, done.stdout.count(": OK\n")) == (0, 4)


@pytest.mark.parametrize("name", ["saved_model.pb", "fingerprint.pb", "variables/variables.index",
                                  "assets/a b.txt"])  # fmt: skip
@pytest.mark.parametrize(
    "change", ["cut", "longer", "flipped", "empty", "missing", "pipe", "folder"]
)
def test_a_file_that_differs_is_named(model, name, change):
    path = model / name
    content = path.read_bytes()
    path.unlink()
    if change == "pipe":
        os.mkfifo(path)
    elif change == "folder":
        path.mkdir()
    elif change != "missing":
        other = {"cut": content[:50], "longer": content + b"\\n", "empty": b"",
                 "flipped": bytes([content[0] ^ 1]) + content[1:]}  # fmt: skip
        path.write_bytes(other[change])
    with pytest.raises(errors.UserError, match=r"is damaged|cannot be read") as refused:
        digests.check(model)
    assert str(refused.value).startswith(str(path))
    assert str(refused.value).endswith("Export it again.")


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "variables/more", "assets/b", "new/file"])
def test_a_file_that_was_added_is_named(model, name):
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).touch()
    with pytest.raises(errors.UserError, match=f"{name} was added"):
        digests.check(model)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\xff\xfe", b"0" * 64, b"0" * 64 + b"  /etc/passwd\n", b"x" * 2_000_000,
     b"0" * 64 + b"  saved_model.pb\n" + b"0" * 64 + b"  ../../x\n", b"\0" * 100,
     b"0" * 63 + b"  saved_model.pb\n"],
)  # fmt: skip
def test_a_damaged_list_is_named(model, content):
    (model / digests.FILE).write_bytes(content)
    with pytest.raises(errors.UserError, match=r"SHA256SUMS (is damaged|cannot be read)"):
        digests.check(model)


def test_a_model_without_a_list_is_refused(model):
    (model / digests.FILE).unlink()
    with pytest.raises(errors.UserError, match="SHA256SUMS is missing: .*Export it again."):
        digests.check(model)
    os.mkfifo(model / digests.FILE)
    with pytest.raises(errors.UserError, match="SHA256SUMS cannot be read .*a pipe"):
        digests.check(model)
