"""npz archives: of pixels, and of encoded images; their bytes, and arrays that claim other things."""

import io
import pathlib
import random
import shutil
import warnings
import zipfile

import numpy as np
from fuzz.registry import Reader, Target
from fuzz.world import World
from PIL import Image
from support import damage, image_bytes

from tf_ssgan.data import datasets

_SHAPES = ["()", "(0,)", "(-1,)", "(40,)", "(41,)", "(10**12,)", "(2**62,)", "(40, 10**6, 10**6, 3)",
           "(40, 8, 8, 2)", "(40, 8, 9, 1)", "(40, 0, 0, 1)", "(40,) * 40", "'x'", "None", "[40]",
           "(40.0,)", "(True,)", "(40, 8, 8)"]  # fmt: skip
_TYPES = ["|O", "<f8", "<i8", "|u1", "|i1", "<u8", "<U9", "<c16", "<M8[s]", "|V8", ">i4", "|b1", "x",
          "<f2", [("a", "<i8")]]  # fmt: skip


def _claims(chance: random.Random, name: str, content: bytes) -> tuple[str, bytes]:
    """An array whose header claims another shape or type, or whose values make no sense."""
    array = np.load(io.BytesIO(content))
    way = chance.choice(("shape", "type", "values", "bytes", "order"))
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    data = array.tobytes()
    if way == "shape":
        text = text.replace(str(array.shape), chance.choice(_SHAPES))
    elif way == "type":
        text = text.replace(f"'{array.dtype.str}'", repr(chance.choice(_TYPES)))
    elif way == "order":
        text = text.replace("False", chance.choice(("True", "None", "1", "x()")))
    elif way == "bytes":
        return f"{name}: bytes changed", damage.bytes_changed(chance, content).content
    else:
        odd = chance.choice((-1, -2, 2**31, 2**40, 2**62, 255, 10**6))
        array = array.copy()
        array.reshape(-1)[chance.randrange(array.size)] = np.array(odd).astype(array.dtype)
        return f"{name}: the value {odd}", _npy(array)
    header = text.encode() + b" " * (64 - len(text) % 64) + b"\n"
    head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    return f"{name}: {text}", head + header + data


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _members_changed(chance: random.Random, content: bytes) -> damage.Damage:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    way = chance.choice(
        ("claims", "claims", "claims", "missing", "other", "bomb", "twice", "shorter")
    )
    what = f"{name}: {way}"
    if way == "claims":
        what, members[name] = _claims(chance, name, members[name])
    elif way == "missing":
        del members[name]
    elif way == "other":
        members[name] = members[chance.choice(list(members))]
    elif way == "bomb":  # 2 GB that take 2 MB
        members[name] = members[name][:128] + bytes(2**28)
    elif way == "shorter":
        members[name] = _npy(np.load(io.BytesIO(members[name]))[:-1])
    file = io.BytesIO()
    kind = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    kind = zipfile.ZIP_DEFLATED if way == "bomb" else kind
    with zipfile.ZipFile(file, "w", kind) as archive, warnings.catch_warnings():
        for member, data in members.items():
            archive.writestr(member, data)
        if way == "twice":
            warnings.simplefilter("ignore")
            archive.writestr(name, members[name][:100])
    return damage.Damage(what, file.getvalue())


def _load(folder: pathlib.Path) -> str:
    source = datasets.find(f"npz:{folder}")
    source.check(True)
    arrays = source.load()
    classes = len(arrays.info.classes)
    assert classes <= 1000, f"{classes} classes"
    for images, labels in (
        (arrays.train_images, arrays.train_labels), (arrays.test_images, arrays.test_labels),
    ):  # fmt: skip
        assert len(images) == len(labels) > 0 and images.dtype == np.uint8
        assert -1 <= labels.min() and labels.max() < classes
    return "answered"


def _opened(name: str, folder_name: str, encoded: bool):
    def open_target(world: World) -> Target:
        folder = world.root / folder_name
        if not folder.exists():
            shutil.copytree(world.data, folder)
            if encoded:
                for split in ("train", "test"):
                    _encode(folder / f"{split}.npz")
        return Target(folder / name, {"train": lambda: _load(folder)}, (name, str(folder)))

    return open_target


def _encode(path: pathlib.Path) -> None:
    """Makes an archive of pixels one of encoded images."""
    with np.load(path) as arrays:
        labels, images = arrays["label"], arrays["image"]
    files = [image_bytes.encode(Image.fromarray(image[..., 0])) for image in images]
    offset = np.cumsum([0, *map(len, files)])
    np.savez(path, label=labels, offset=offset, encoded=np.frombuffer(b"".join(files), np.uint8))


_KIND = damage.mixed(_members_changed, _members_changed, damage.any_bytes)

READERS = (
    Reader("train.npz", 10, _KIND, _opened("train.npz", "plain", False)),
    Reader("test.npz", 4, _KIND, _opened("test.npz", "plain", False)),
    Reader("train.npz, encoded", 8, _KIND, _opened("train.npz", "encoded", True)),
)
