"""An export, as predict opens it."""

import pathlib

import numpy as np
from fuzz.registry import Reader, Target
from fuzz.world import World
from support import damage

from export import MODEL_INFO_FILE, predict


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


def _opened(name: str, *, load: bool = True):
    def open_target(world: World) -> Target:
        folder = world.exported
        asks = {"predict": lambda: (_load if load else _read_info)(folder)}
        return Target(folder / name, asks, (name, str(folder)))

    return open_target


READERS = (
    Reader("model_info.json", 10, damage.any_json, _opened(MODEL_INFO_FILE, load=False)),
    Reader("model_info.json, loaded", 2, damage.any_json, _opened(MODEL_INFO_FILE)),
    Reader("saved_model.pb", 3, damage.any_bytes, _opened("saved_model.pb")),
    Reader("variables.index", 2, damage.any_bytes, _opened("variables/variables.index")),
    Reader("variables.data", 2, damage.any_bytes,
           _opened("variables/variables.data-00000-of-00001")),
)  # fmt: skip
