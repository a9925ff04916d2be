"""Tables and class folders of a user, and lists of names."""

import os
import pathlib
import random
import shutil

from fuzz.registry import Reader, Target
from fuzz.world import World
from support import damage

from tf_ssgan.data import datasets, image_decoding

_SPEC = image_decoding.ImageSpec(8)
_ODD_NAMES = [" ", "train", "test", "unlabeled", "CAT", "a" * 200, "\udce9", "é", "e\u0301", "x\ny",
              "$HOME", "-rf", ".hidden", "@eaDir", "nan", "0", "%s"]  # fmt: skip


def _load(name: str) -> str:
    source = datasets.find(name)
    source.check(True)
    arrays = source.load(_SPEC)
    labels = arrays.train_labels
    assert labels.max() < len(arrays.info.classes) and labels.min() >= -1
    assert len(labels) == len(arrays.train_images)
    return f"{len(arrays.train_images)} images" if len(labels) != 12 else "answered"


def _load_table(name: str) -> str:
    _load(name)
    return "answered"


def _table(world: World) -> Target:
    folder = world.root / "table"
    if not folder.exists():
        shutil.copytree(world.pictures, folder)
    lines = ["file,label,split"]
    for path in sorted(folder.rglob("*.png")):
        part, label, name = path.relative_to(folder).parts
        lines.append(f"{part}/{label}/{name},{label},{'test' if part == 'test' else 'train'}")
    path = folder / "labels.csv"
    path.write_text("\n".join(lines) + "\n")
    return Target(path, {"train": lambda: _load_table(f"csv:{path}")}, ("labels.csv", str(folder)))


def _names(world: World) -> Target:
    folder = world.root / "named"
    if not folder.exists():
        shutil.copytree(world.data, folder)
    path = folder / "classes.txt"
    path.write_text("circle\nsquare\ntriangle\n")

    def load() -> str:
        arrays = datasets.find(f"npz:{folder}").load()
        assert len(arrays.train_images) == 40 and len(arrays.info.classes) >= 3
        return "answered"

    return Target(path, {"train": load}, ("classes.txt", str(folder)))


def _folder_changed(chance: random.Random, content: bytes) -> damage.Damage:
    """Something is renamed, removed, added or linked in a folder of class folders."""
    ways = {
        "a class renamed": lambda root: _rename(chance, root, "labeled"),
        "a test class renamed": lambda root: _rename(chance, root, "test"),
        "a part renamed": lambda root: (root / "labeled").rename(root / chance.choice(
            ("train", "Labelled", "labled", "x", "valid", "unlabeled"))),
        "a class emptied": lambda root: [p.unlink() for p in (root / "labeled/cat").iterdir()],
        "a class gone": lambda root: shutil.rmtree(root / chance.choice(
            ("labeled/cat", "labeled", "test/dog", "test"))),
        "a file among the classes": lambda root: (root / "labeled" / "x.png").write_bytes(b"x"),
        "a circle": lambda root: (root / "labeled/cat/up").symlink_to(".."),
        "a class is a link": lambda root: (root / "labeled/cow").symlink_to("cat"),
        "a class is a file": lambda root: (root / "labeled/cow").write_bytes(b""),
        "a class is a pipe": lambda root: os.mkfifo(root / "labeled/cow"),
        "pipes among images": lambda root: os.mkfifo(root / "labeled/cat/p.png"),
        "test is a link": lambda root: _link_test(root),
        "unlabeled with a file": lambda root: _unlabeled(root),
        "deep": lambda root: (root / "labeled/cat" / "/".join("d" * 300)).mkdir(parents=True),
        "a class among another": lambda root: (root / "labeled/cat").rename(
            root / "labeled/dog/cat"),
    }  # fmt: skip
    what = chance.choice(list(ways))

    def place(root: pathlib.Path) -> None:
        shutil.copytree(root.with_name("pictures"), root)
        ways[what](root)

    return damage.Damage(what, None, place=place)


def _rename(chance: random.Random, root: pathlib.Path, part: str) -> None:
    (root / part / "cat").rename(root / part / chance.choice(_ODD_NAMES))


def _link_test(root: pathlib.Path) -> None:
    shutil.rmtree(root / "test")
    (root / "test").symlink_to("labeled")


def _unlabeled(root: pathlib.Path) -> None:
    (root / "unlabeled").mkdir()
    (root / "unlabeled/x.png").write_bytes((root / "labeled/cat/1.png").read_bytes())


def _folder(world: World) -> Target:
    folder = world.root / "animals"
    if not folder.exists():
        shutil.copytree(world.pictures, folder)
    return Target(folder, {"train": lambda: _load(f"folder:{folder}")})


READERS = (
    Reader("CSV tables", 14, damage.any_text, _table),
    Reader("classes.txt", 6, damage.any_text, _names),
    Reader("class folders", 10, _folder_changed, _folder),
)
