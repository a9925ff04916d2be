"""An export, as predict opens it."""

import contextlib
import pathlib

import numpy as np
from fuzz.registry import Reader, Target
from fuzz.world import World
from support import damage

from export import MODEL_INFO_FILE, digests, predict


def _read_info(folder: pathlib.Path) -> str:
    info = predict.read_model_info(str(folder))
    assert info.classes and len(info.shape) == 3
    return "answered"


def _load(folder: pathlib.Path) -> str:
    info = predict.read_model_info(str(folder))
    classify = predict.load_classifier(info)
    rows = classify(np.zeros((2, *info.shape), np.uint8))
    assert rows.shape == (2, len(info.classes))
    return "answered" if np.isfinite(rows).all() else "NaN"


def _signed_again(folder: pathlib.Path) -> str:
    """As if somebody had computed the digests again after the damage."""
    with contextlib.suppress(OSError):
        if (folder / MODEL_INFO_FILE).stat().st_size < 2**24:
            digests.write(folder)
    return _load(folder)


def _opened(name: str, ask=_load):
    def open_target(world: World) -> Target:
        folder = world.exported
        asks = {"predict": lambda: ask(folder)}
        whole = (folder / digests.FILE).read_bytes()
        return Target(
            folder / name, asks, (name, str(folder)),
            between=lambda: (folder / digests.FILE).write_bytes(whole),
        )  # fmt: skip

    return open_target


READERS = (
    Reader("model_info.json", 10, damage.any_json, _opened(MODEL_INFO_FILE, _read_info)),
    Reader("model_info.json, signed again", 4, damage.any_json,
           _opened(MODEL_INFO_FILE, _signed_again)),
    Reader("SHA256SUMS", 3, damage.any_text, _opened(digests.FILE)),
    Reader("saved_model.pb", 3, damage.any_bytes, _opened("saved_model.pb")),
    Reader("variables.index", 2, damage.any_bytes, _opened("variables/variables.index")),
    Reader("variables.data", 2, damage.any_bytes,
           _opened("variables/variables.data-00000-of-00001")),
)  # fmt: skip
