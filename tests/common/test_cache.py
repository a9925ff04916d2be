"""The cache folder: who may write to it, and files in it that are as they were written or nothing."""

import io
import json
import os
import pathlib
import pwd
import time

import numpy as np
import pytest

from tf_ssgan.common import cache

ARRAY = np.arange(6, dtype=np.uint8).reshape(2, 3)
FULL = OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _say_again():
    cache.say.cache_clear()


@pytest.fixture
def root(monkeypatch, tmp_path):
    """The cache folder, which does not exist yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    return tmp_path / "new/tf_ssgan"


def read(path, shape=(2, 3), dtype="|u1"):
    return cache.read_array(path, shape, dtype)


def test_the_folder_is_that_of_the_environment_or_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "tf_ssgan" and not cache.folder().exists()
    monkeypatch.setenv("HOME", "/somewhere")
    for unset in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert cache.folder() == pathlib.Path("/somewhere/.cache/tf_ssgan")


def test_without_a_home_folder_nothing_is_cached(monkeypatch, capsys):
    def unknown(uid):
        raise KeyError(uid)

    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert cache.trusted_folder("a") is None and cache.trusted_folder("b") is None
    assert capsys.readouterr().err == (
        "Nothing is cached, because the home folder of this user is unknown: set XDG_CACHE_HOME "
        "to a folder.\n"
    )


def test_folders_and_files_are_of_this_user_alone(root):
    folder = cache.trusted_folder("pictures")
    assert folder == root / "pictures" and not folder.exists()
    old = os.umask(0)
    try:
        cache.write_array(ARRAY, folder / "images.npy")
    finally:
        os.umask(old)
    modes = [path.stat().st_mode & 0o777 for path in (root.parent, root, folder)]
    assert modes == [0o700] * 3 and (folder / "images.npy").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
@pytest.mark.parametrize("which", ["", "pictures"])
def test_a_folder_that_others_can_write_to_is_not_used(root, capsys, which, mode):
    (root / "pictures").mkdir(parents=True)
    (root / which).chmod(mode)
    for path in (root, root / "pictures"):
        path.chmod(mode if path == root / which else 0o755)
    assert cache.trusted_folder("pictures") is None is cache.trusted_folder("pictures")
    (line,) = capsys.readouterr().err.splitlines()
    assert "can be written to by other users" in line and f"chmod go-w {root / which}" in line
    (root / which).chmod(mode & ~0o022)  # what the sentence says
    assert cache.trusted_folder("pictures") == root / "pictures"


def test_a_folder_of_another_user_is_not_used(root, capsys, monkeypatch):
    root.mkdir(0o700, parents=True)
    monkeypatch.setattr(os, "getuid", lambda: root.stat().st_uid + 1)
    assert cache.trusted_folder() is None
    assert f"{root} is not used, because it belongs to another user" in capsys.readouterr().err


def test_a_link_to_a_folder_of_ones_own_is_used(root, tmp_path, monkeypatch):
    (tmp_path / "large disk").mkdir(0o700)
    root.parent.mkdir()
    root.symlink_to(tmp_path / "large disk")
    assert cache.trusted_folder() == root
    real = os.lstat
    other = root.stat().st_uid + 1

    def lstat(path):
        status = list(real(path))
        return os.stat_result([*status[:4], other, *status[5:]])

    monkeypatch.setattr(os, "lstat", lstat)  # the link is somebody else's
    assert cache.trusted_folder() is None


def test_a_file_instead_of_the_folder(root, capsys):
    root.parent.mkdir()
    root.touch()
    assert cache.trusted_folder("pictures") is None
    assert "is not a folder: remove it" in capsys.readouterr().err


def test_an_array_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "folder" / "images.npy"
    assert cache.write_array(ARRAY, path)
    np.testing.assert_array_equal(read(path), ARRAY)
    np.testing.assert_array_equal(np.load(path), ARRAY)
    assert [p.name for p in path.parent.iterdir()] == ["images.npy"]


@pytest.mark.parametrize("array", [
    np.zeros((0, 8, 8, 3), np.uint8), np.arange(5, dtype="<f4"), np.asfortranarray(ARRAY), ARRAY[:, ::2],
])  # fmt: skip
def test_arrays_of_each_kind(tmp_path, array):
    path = tmp_path / "a.npy"
    assert cache.write_array(array, path)
    again = read(path, array.shape, array.dtype.str)
    np.testing.assert_array_equal(again, array)
    assert again.dtype == array.dtype and again.flags.writeable
    assert cache.checksum(again) == cache.checksum(np.ascontiguousarray(array))


def saved(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


GOOD = saved(ARRAY)


@pytest.mark.parametrize("damage", [
    b"", b"not an array", b"\x93NUMPY", GOOD[:-1], GOOD + b"\0", GOOD[:60],
    saved(ARRAY.astype("<f8")), saved(ARRAY.T), saved(ARRAY[:1]), saved(ARRAY.view(np.int8)),
    saved(np.array([{}, {}, {}], object), allow_pickle=True),
    GOOD.replace(b"(2, 3)", b"(9**9, 9**9)"), GOOD.replace(b"(2, 3)", b"(1000000000000,)"),
    GOOD.replace(b"'shape'", b"((((((("),
])  # fmt: skip
def test_a_damaged_array_is_refused(tmp_path, damage):
    path = tmp_path / "images.npy"
    path.write_bytes(damage)
    with pytest.raises(cache.DamagedError):
        read(path)


def test_memory_is_allocated_only_for_what_is_there(tmp_path, monkeypatch):
    path = tmp_path / "images.npy"
    path.write_bytes(GOOD)
    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("allocated"))
    with pytest.raises(cache.DamagedError, match="another size"):
        read(path, (10**12, 10**12))


def test_what_is_missing_is_none(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "a", tmp_path / "none/a", tmp_path / "file/a"):
        assert read(path) is None and cache.read_json(path) is None


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "to nothing", "others", "socket"])
def test_only_ones_own_files_are_read(tmp_path, kind, monkeypatch):
    folder = tmp_path / "folder"
    path = folder / "index.json"
    cache.write_json([1], tmp_path / "outside.json")
    folder.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(tmp_path / "outside.json")
    elif kind == "to nothing":
        path.symlink_to(tmp_path / "nothing")
    elif kind == "others":
        cache.write_json([1], path)
        path.chmod(0o620)
    else:
        os.mknod(path, 0o140600)
    with pytest.raises(cache.DamagedError):
        cache.read_json(path)
    assert cache.write_json([2], path) and cache.read_json(path) == [2]
    assert cache.read_json(tmp_path / "outside.json") == [1]
    monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(cache.DamagedError):
        cache.read_json(path)


CONTENT = {"caf\udce9 ö": [1, 2.5, None, "]}"], "b": {"checksum": "x"}}


def test_json_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "a.json"
    assert cache.write_json(CONTENT, path) and cache.read_json(path) == CONTENT
    assert json.loads(path.read_text())["content"] == CONTENT


def sealed(text):
    return b'{"checksum":"%s","content":%s}' % (cache.checksum(text).encode(), text)


@pytest.mark.parametrize("damage", [
    b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b'{"rule":1}', b'{"checksum":"00000000","content":{}}',
    sealed(b"{"), sealed(b"\xff"), sealed(b"[" * 100_000), sealed(b"1" * 5000), sealed(b"[1]") + b" ",
])  # fmt: skip
def test_damaged_json_is_refused(tmp_path, damage):
    path = tmp_path / "a.json"
    path.write_bytes(damage)
    with pytest.raises(cache.DamagedError):
        cache.read_json(path)


def test_each_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "a.json"
    cache.write_json(CONTENT, path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(cache.DamagedError):
            cache.read_json(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(cache.DamagedError, match="too large"):
        cache.read_json(path)


def test_a_disk_that_cannot_be_written_is_no_error(tmp_path, monkeypatch, capsys):
    path = tmp_path / "index.json"
    cache.write_json("old", path)

    def full(partial, target):
        raise FULL

    monkeypatch.setattr(os, "replace", full)
    assert not cache.write_json("new", path) and not cache.write_array(ARRAY, path)
    assert cache.read_json(path) == "old" and list(tmp_path.iterdir()) == [path]
    assert capsys.readouterr().err == (
        f"What was computed is not kept for the next run: {tmp_path} (No space left on device).\n"
    )
    (tmp_path / "file").touch()
    assert not cache.write_array(ARRAY, tmp_path / "file" / "images.npy")  # its folder is a file
    assert (tmp_path / "file").read_bytes() == b""


def test_old_files_are_removed(root, tmp_path):
    folder = root / "pictures"
    folder.mkdir(0o700, parents=True)
    root.chmod(0o700)
    (tmp_path / "outside.npy").touch()
    days = {".partial-new": 0.5, ".partial-old": 1.1, "index.json": 61, "new.npy": 59, "old.npy": 61,
            "README": 1000, "sub.npy": 1000, "link.npy": 1000}  # fmt: skip
    for name, age in days.items():
        if name == "link.npy":
            (folder / name).symlink_to(tmp_path / "outside.npy")
        else:
            (folder / name).mkdir() if name == "sub.npy" else (folder / name).touch()
        then = time.time() - age * 86_400
        os.utime(folder / name, (then, then), follow_symlinks=False)
    cache.trusted_folder("pictures")
    assert {path.name for path in folder.iterdir()} == set(days) - {".partial-old"}
    cache.trusted_folder("pictures", unused_days=60)
    left = {path.name for path in folder.iterdir()}
    assert left == set(days) - {".partial-old", "index.json", "old.npy"}
    assert (tmp_path / "outside.npy").exists()


def test_reading_counts_as_use(tmp_path):
    cache.write_array(ARRAY, tmp_path / "a.npy")
    cache.write_json(1, tmp_path / "a.json")
    for name in ("a.npy", "a.json"):
        os.utime(tmp_path / name, (0, 0))
    assert read(tmp_path / "a.npy") is not None and cache.read_json(tmp_path / "a.json") == 1
    for name in ("a.npy", "a.json"):
        assert time.time() - (tmp_path / name).stat().st_mtime < 1000
