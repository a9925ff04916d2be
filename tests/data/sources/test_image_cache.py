"""What the cache of decoded images trusts, and that damage to it never changes an image."""

import copy
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from support import image_folders
from support.programs import python_path

from tf_ssgan.common import cache
from tf_ssgan.data import image_decoding
from tf_ssgan.data.sources import image_cache, image_listing, image_reader

ROOT = pathlib.Path(__file__).parents[3]
SPEC = image_decoding.ImageSpec(8)
WORD = "The cache of decoded images was damaged: {} images are decoded anew.\n"


@pytest.fixture(autouse=True)
def _trust_new_files(monkeypatch):
    monkeypatch.setattr(image_cache, "_CLOCK_TOLERANCE", -10.0)
    cache.say.cache_clear()


@pytest.fixture
def name(tmp_path):
    """A folder of 34 images."""
    return image_folders.make_folder(tmp_path / "d")


@pytest.fixture
def small(tmp_path):
    """A folder of 8 images."""
    return image_folders.make_folder(tmp_path / "d", labeled=2, unlabeled=2, test=1)


def read(name, spec=SPEC):
    return image_reader.read(image_listing.list_images(name), spec)


def read_right(name, spec=SPEC):
    """Reads images, which have to be those of their files."""
    loaded = read(name, spec)
    channels = loaded.images.shape[3]
    assert len(loaded.images) == len(loaded.listing.entries) and len(loaded.images)
    for entry, image in zip(loaded.listing.entries, loaded.images, strict=True):
        assert (image == image_decoding.decode(entry.path, spec.size, channels, spec.fit)).all()
    return loaded


def files(pattern):
    return sorted((cache.folder() / "pictures").glob(pattern))


def index():
    (path,) = files("index-*.json")
    return path


def description():
    (path,) = files("array-*.json")
    return path


def array():
    (path,) = files("images-*.npy")
    return path


def exchange_content(path):
    """Writes other pixels of the same size in bytes; the image stays valid."""
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


# --- What is trusted ------------------------------------------------------------------------------


def test_the_second_time_no_file_is_opened(name, monkeypatch, capsys):
    first = read_right(name)
    monkeypatch.setattr(image_reader, "_map_parallel", lambda *_: pytest.fail("files are read"))
    second = read(name)
    assert second.decoded == 0 and (second.images == first.images).all()
    assert second.records == first.records and not capsys.readouterr().err


def test_only_new_or_changed_files_are_decoded(tmp_path, name):
    before = read(name)
    image_folders.save_image(tmp_path / "d/labeled/cat/new.png", 0, 77)
    image_folders.save_image(tmp_path / "d/labeled/dog/0.png", 1, 78)
    (tmp_path / "d/unlabeled/0.png").unlink()
    (tmp_path / "d/labeled/cat/3.png").rename(tmp_path / "d/labeled/cat/other.png")
    after = read_right(name)
    assert after.decoded == 2 and len(after.images) == len(before.images)
    assert array()  # the previous one was removed


@pytest.mark.parametrize("way", ["touch -r", "rename", "exchange", "in place", "link"])
def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path, way):
    folder = tmp_path / "d"
    name = image_folders.make_folder(folder, size=(8, 8), mode="L")
    for path in folder.rglob("*.png"):  # BMP files of one size have as many bytes
        with Image.open(path) as image:
            image.save(path.with_suffix(".bmp"))
        path.unlink()
        os.utime(path.with_suffix(".bmp"), (1e9, 1e9))
    one, two = folder / "labeled/cat/0.bmp", folder / "labeled/dog/0.bmp"
    assert one.stat().st_size == two.stat().st_size
    if way == "link":
        one.rename(tmp_path / "one.bmp")
        one.symlink_to(tmp_path / "one.bmp")
    read_right(name)
    aside = tmp_path / "aside.bmp"
    if way == "exchange":
        one.rename(aside)
        two.rename(one)
        aside.rename(two)
    elif way == "link":
        one.unlink()
        one.symlink_to(two)
    else:
        aside.write_bytes(two.read_bytes())
        os.utime(aside, (1e9, 1e9))
        if way == "rename":
            aside.replace(one)
        else:
            mode = "r+b" if way == "in place" else "wb"
            with one.open(mode) as file:
                file.write(two.read_bytes())
            os.utime(one, (1e9, 1e9))
    assert one.stat().st_mtime == 1e9
    assert read_right(name).decoded == 0  # all contents are known, but of other files


def lookup(listing):
    return image_cache.Index(listing).lookup()


def test_a_file_of_another_device_is_read_again(small, monkeypatch):
    listing = read(small).listing
    assert None not in lookup(listing)
    real = image_cache._identity
    monkeypatch.setattr(image_cache, "_identity", lambda path: (*real(path)[:4], 12345))
    assert lookup(listing) == [None] * 8


@pytest.mark.parametrize("age, noticed", [(1.5, True), (2.5, True), (-3600, True), (3.5, False)])
def test_a_file_that_just_changed_is_read_again(small, tmp_path, monkeypatch, age, noticed):
    """On a disk whose times do not tell a second change within a tick from the first."""
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tick, real = int((time.time() - age) * 1e9), image_cache._identity

    def coarse(path):
        size, modified, _, *rest = real(path)
        return size, modified, tick, *rest

    monkeypatch.setattr(image_cache, "_identity", coarse)
    for path in (tmp_path / "d").rglob("*.png"):
        os.utime(path, ns=(tick, tick))
    path = tmp_path / "d/labeled/cat/0.png"
    first = read(small).records[0]
    exchange_content(path)
    os.utime(path, ns=(tick, tick))
    assert (read(small).records[0] != first) == noticed


def test_what_counts_is_when_reading_began(small, monkeypatch):
    """Reading may take long: what changed at its beginning is old when the index is written."""
    monkeypatch.setattr(image_cache, "_CLOCK_TOLERANCE", 3.0)
    loaded = read(small)
    index = image_cache.Index(loaded.listing)
    index.lookup()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1000)
    index.save(loaded.records)
    assert lookup(loaded.listing) == [None] * 8


def test_a_file_that_changes_while_it_is_read_is_not_trusted(small, tmp_path):
    loaded = read(small)
    index = image_cache.Index(loaded.listing)
    index.lookup()
    exchange_content(tmp_path / "d/labeled/cat/0.png")
    index.save(loaded.records)
    assert lookup(loaded.listing) == [None, *loaded.records[1:]]


def test_a_file_that_could_not_be_read_is_tried_again(small):
    loaded = read(small)
    index = image_cache.Index(loaded.listing)
    index.lookup()
    busy = image_cache.FileRecord(-1, -1, "", None, "cannot be read: Input/output error")
    index.save([busy, *loaded.records[1:]])
    assert lookup(loaded.listing) == [None, *loaded.records[1:]]


def test_images_of_each_spec_are_cached(name):
    sizes = [read(name, image_decoding.ImageSpec(size)).images.shape[1] for size in (8, 16, 8, 16)]
    assert sizes == [8, 16, 8, 16]
    assert read(name, image_decoding.ImageSpec(16)).decoded == 0
    assert read(name, image_decoding.ImageSpec(8)).decoded == 0
    cut = read(name, image_decoding.ImageSpec(8, fit="crop"))
    assert cut.decoded == 34 and (cut.images != read(name).images).any()


def test_another_version_of_the_decoder_decodes_everything_again(name, monkeypatch, capsys):
    read(name)
    monkeypatch.setattr(image_decoding, "DECODER_VERSION", 99)
    assert read(name).decoded == 34 and not capsys.readouterr().err


def test_index_and_description_are_json_and_name_no_file_of_the_cache(name):
    read(name)
    assert len(content(index())["names"]) == 34
    about = content(description())
    assert len(about["digests"]) == 34 and about["shape"] == [34, 8, 8, 3]
    assert not any(".npy" in path.read_text() for path in (index(), description()))


def test_names_may_hold_any_bytes(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    name = image_folders.make_folder(folder, classes=("cat", os.fsdecode(b"ch\xeet")))
    assert read_right(name).decoded == 34 and read_right(name).decoded == 0


# --- Damage ---------------------------------------------------------------------------------------


def npy(array, **options):
    """The bytes of an .npy file."""
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


IMAGES = np.zeros((34, 8, 8, 3), np.uint8)
ARRAYS = {
    "empty": b"", "cut": npy(IMAGES)[:-1], "longer": npy(IMAGES) + b"\0", "another": npy(IMAGES),
    "objects": npy(np.array([None] * 34), allow_pickle=True), "fewer": npy(IMAGES[:3]),
    "more": npy(np.zeros((50, 8, 8, 3), np.uint8)), "floats": npy(IMAGES.astype("<f8")),
    "gray": npy(IMAGES[..., :1]), "larger": npy(np.zeros((34, 9, 9, 3), np.uint8)),
    "huge": npy(IMAGES).replace(b"(34, 8", b"(10**12, 8"), "magic": b"\x93NUMPY",
}  # fmt: skip


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_damaged_array_is_made_anew(name, capsys, kind):
    read(name)
    array().write_bytes(ARRAYS[kind])
    assert read_right(name).decoded == 34
    assert capsys.readouterr().err == WORD.format(34)
    assert read_right(name).decoded == 0 and not capsys.readouterr().err


@pytest.mark.parametrize("damage", [
    b"", b"{", b"[]", b"null", b"\xff", b'{"rule": 1}', b"NaN", b"[" * 100_000, b'{"a":1,"a":1}',
])  # fmt: skip
@pytest.mark.parametrize("part", [index, description])
def test_a_damaged_index_is_made_anew(name, capsys, part, damage):
    read(name)
    part().write_bytes(damage)
    assert read_right(name).decoded == 34
    assert capsys.readouterr().err == WORD.format(34)
    assert read_right(name).decoded == 0 and not capsys.readouterr().err


@pytest.mark.parametrize("part", [index, description, array])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "others"])
def test_what_is_no_file_of_this_user_is_made_anew(name, tmp_path, capsys, part, kind):
    read(name)
    path, aside = part(), tmp_path / "aside"
    path.rename(aside)
    whole = aside.read_bytes()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(aside)
    else:
        path.write_bytes(whole)
        path.chmod(0o666)
    assert read_right(name).decoded == 34
    assert capsys.readouterr().err == WORD.format(34)
    assert read_right(name).decoded == 0 and not part().is_symlink()
    assert aside.read_bytes() == whole


def test_an_array_that_another_process_removed_is_made_anew(name, capsys):
    read(name)
    array().unlink()
    assert read_right(name).decoded == 34 and not capsys.readouterr().err
    assert read_right(name).decoded == 0


def test_parts_of_other_images_are_not_used(small, tmp_path, capsys):
    """Valid files under the names of others."""
    crop = image_decoding.ImageSpec(8, fit="crop")
    read(small), read(small, crop)
    before = {path: path.read_bytes() for path in files("*")}
    for pattern in ("array-*", "images-*"):
        one, two = files(pattern)
        one.write_bytes(before[two])
        two.write_bytes(before[one])
        for spec in (SPEC, crop):
            cache.say.cache_clear()
            assert read_right(small, spec).decoded == 8
            assert capsys.readouterr().err == WORD.format(8)


def test_the_index_of_another_folder_is_not_used(tmp_path, capsys):
    names = [image_folders.make_folder(tmp_path / part, labeled=2) for part in ("a", "b")]
    read(names[0])
    whole = index().read_bytes()
    index().unlink()
    read(names[1])
    index().write_bytes(whole)
    assert read_right(names[1]).decoded == 18
    assert capsys.readouterr().err == WORD.format(18)


def content(path):
    return json.loads(path.read_text())["content"]


def sign(content, path):
    """Writes content with the right checksum, which damage does not have."""
    text = json.dumps(content).encode()
    seal = b'{"checksum":"%s","content":' % cache.checksum(text).encode()
    path.write_bytes(seal + text + b"}")


@pytest.mark.parametrize("outside", ["absolute", "relative", "link"])
def test_nothing_outside_of_the_folder_is_read_or_removed(name, tmp_path, outside):
    read(name)
    target = tmp_path / "outside.npy"
    np.save(target, np.full((34, 8, 8, 3), 7, np.uint8))
    whole, path = target.read_bytes(), str(target)
    if outside == "relative":
        path = os.path.relpath(target, cache.folder() / "pictures")
    elif outside == "link":
        path = "images-" + "0" * 32 + ".npy"
        (cache.folder() / "pictures" / path).symlink_to(target)
    for field in ("name", "path", "array", "arrays", "checksum"):
        for part in (index, description):
            sign(content(part()) | {field: path}, part())
            assert read_right(name).decoded in (0, 34)
    poisoned = content(description())
    poisoned |= {"digests": [path] * 34, "checksum": cache.checksum(np.load(target))}
    sign(poisoned, description())
    expected = f"images-{image_cache._hash([poisoned['key'], poisoned['digests']])[:32]}.npy"
    (cache.folder() / "pictures" / expected).symlink_to(target)  # the array of such a description
    assert read_right(name).decoded == 34
    image_folders.save_image(tmp_path / "d/labeled/cat/new.png", 0, 77)
    read_right(name)
    assert target.read_bytes() == whole


ODD = [
    None,
    True,
    -1,
    10**30,
    1.5,
    float("inf"),
    "",
    "x",
    "../../etc/passwd",
    [],
    [[]],
    {},
    {"a": 1},
]


def places(value, path=()):
    """The paths of all parts of a JSON value."""
    yield path
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in parts:
        yield from places(part, (*path, key))


def mutate(content, rng):
    """A copy with one part replaced, removed, doubled or exchanged with another."""
    content = {"": copy.deepcopy(content)}
    *path, last = rng.choice(list(places(content))[1:])
    parent = content
    for key in path:
        parent = parent[key]
    way = rng.choice(["replace", "replace", "remove", "double", "other"])
    if way == "replace":
        parent[last] = rng.choice(ODD)
    elif way == "remove":
        del parent[last]
    elif way == "double" and isinstance(parent, list):
        parent.append(parent[last])
    else:
        parent[last] = parent[
            rng.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        ]
    return content.get("")


@pytest.mark.parametrize("part", [index, description])
def test_a_changed_index_never_changes_an_image(small, capsys, part):
    rng = random.Random(0)
    read(small)
    good = part().read_bytes()
    for _ in range(200):
        changed = json.dumps(mutate(json.loads(good), rng)).encode()
        if rng.random() < 0.3:
            place = rng.randrange(len(good))
            changed = good[:place] + bytes([rng.randrange(256)]) + good[place + rng.randrange(2) :]
        part().write_bytes(changed)
        assert read_right(small).decoded in (0, 8)
        part().write_bytes(good)
    assert set(capsys.readouterr().err.splitlines()) == {WORD.format(8).strip()}


@pytest.mark.parametrize("part", [index, description])
def test_an_index_with_wrong_fields_is_no_traceback(small, part):
    """Even with the right checksum."""
    rng = random.Random(1)
    read(small)
    good = content(part())
    for _ in range(200):
        sign(mutate(good, rng), part())
        loaded = read(small)
        assert loaded.images.shape[1:] == (8, 8, 3) and loaded.images.dtype == np.uint8
        assert len(loaded.records) == 8
        sign(good, part())


def test_a_changed_array_never_changes_an_image(small):
    rng = random.Random(2)
    read(small)
    good = array().read_bytes()
    for _ in range(200):
        changed = bytearray(good)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        array().write_bytes(changed)
        assert read_right(small).decoded == 8
        assert array().read_bytes() == good


# --- Folders, disks and other processes -----------------------------------------------------------


def test_without_a_cache_folder_all_files_are_decoded(name, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read(name).decoded == read(name).decoded == 34
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("What was computed is not kept for the next run: ")


def test_a_folder_that_others_can_write_to_is_not_used(name, capsys):
    read(name)
    before = {path: path.read_bytes() for path in files("*")}
    (cache.folder() / "pictures").chmod(0o777)
    assert read_right(name).decoded == read_right(name).decoded == 34
    (line,) = capsys.readouterr().err.splitlines()
    assert "can be written to by other users: run chmod go-w" in line
    assert before == {path: path.read_bytes() for path in files("*")}


def test_on_a_full_disk_the_old_files_stay(name, tmp_path, monkeypatch, capsys):
    read(name)
    before = {path: path.read_bytes() for path in files("*")}
    image_folders.save_image(tmp_path / "d/labeled/cat/0.png", 0, 77)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        assert read_right(name).decoded == read_right(name).decoded == 1
    assert before == {path: path.read_bytes() for path in files("*")}
    (line,) = capsys.readouterr().err.splitlines()
    assert "(No space left on device)" in line


def test_what_nobody_used_for_long_is_removed(small, tmp_path):
    other = image_folders.make_folder(tmp_path / "other", labeled=2)
    read(small)
    mine = set(files("*"))
    read(other)
    for path in files("*"):
        os.utime(path, (time.time() - 61 * 86_400,) * 2)
    for path in mine:
        os.utime(path, (time.time() - 59 * 86_400,) * 2)
    assert read(small).decoded == 0 and set(files("*")) == mine
    assert all(time.time() - path.stat().st_mtime < 1000 for path in mine)


def test_processes_write_at_once(small, tmp_path):
    """Two processes change files and decode them, and remove the cache now and then."""
    code = (
        "import pathlib, random, sys, time\n"
        "import numpy as np\n"
        "from tf_ssgan.common import cache\n"
        "from tf_ssgan.data import image_decoding\n"
        "from tf_ssgan.data.sources import image_cache, image_listing, image_reader\n"
        "image_cache._CLOCK_TOLERANCE = -10.0\n"
        "name, seed = sys.argv[1], int(sys.argv[2])\n"
        "rng, end = random.Random(seed), time.time() + 4\n"
        "while time.time() < end:\n"
        "    spec = image_decoding.ImageSpec(rng.choice([8, 9]))\n"
        "    loaded = image_reader.read(image_listing.list_images(name), spec)\n"
        "    for entry, image in zip(loaded.listing.entries, loaded.images, strict=True):\n"
        "        right = image_decoding.decode(entry.path, spec.size, 3, 'resize')\n"
        "        assert (image == right).all(), entry\n"
        "    for path in (cache.folder() / 'pictures').iterdir():\n"
        "        if rng.random() < 0.05 and not path.name.startswith('.'):\n"
        "            path.unlink(missing_ok=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": python_path(ROOT)}
    command = [sys.executable, "-W", "error", "-c", code, small]
    processes = [
        subprocess.Popen([*command, str(seed)], env=environment, stderr=subprocess.PIPE, text=True)
        for seed in range(2)
    ]
    errors = [process.communicate(timeout=100)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert not any("Traceback" in error or "damaged" in error for error in errors)
    assert not files(".partial-*")
