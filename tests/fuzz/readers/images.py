"""Image files of every format, as training, predict and the client read them."""

import random

import numpy as np
from fuzz.registry import Reader, Target
from fuzz.world import World
from support import damage, image_bytes

from export import client, model_info, predict, predictions
from tf_ssgan.data import datasets, image_decoding

_SPEC = image_decoding.ImageSpec(8)


def _image_changed(chance: random.Random, content: bytes) -> damage.Damage:
    """One of the small files of every format is damaged."""
    whole = chance.choice(image_bytes.SMALL_FILES)
    name = f"{whole[:4]!r}"
    if chance.random() < 0.5:
        return damage.Damage(f"{name} damaged", image_bytes.damaged(chance, whole))
    changed = damage.any_bytes(chance, whole)
    return damage.Damage(f"{name} {changed.what}", changed.content, place=changed.place)


def _train(world: World) -> str:
    source = datasets.find(f"folder:{world.pictures}")
    arrays = source.load(_SPEC)
    assert len(arrays.train_images) in (11, 12), len(arrays.train_images)
    return "answered" if len(arrays.train_images) == 12 else "left out"


def _predict(world: World) -> str:
    info = model_info.ModelInfo(world.root, ("a", "b"), (8, 8, 3), "resize", 16, {})
    path = str(world.pictures / "labeled" / "cat" / "0.png")
    row, image = predict.read_image(predictions.Prediction(path), info, thumbnail=True)
    assert (image is None) == bool(row.reason)
    assert image is None or (image.shape == (8, 8, 3) and image.dtype == np.uint8)
    assert "\n" not in (row.reason or ""), row.reason
    return "left out" if row.reason else "answered"


def _client(world: World) -> str:
    path = world.pictures / "labeled" / "cat" / "0.png"
    answer = client._read_or_reason(path)
    assert isinstance(answer, bytes) or "\n" not in answer, answer
    return "answered" if isinstance(answer, bytes) else "left out"


def _open(world: World) -> Target:
    asks = {
        "train": lambda: _train(world),
        "predict": lambda: _predict(world),
        "client": lambda: _client(world),
    }
    return Target(world.pictures / "labeled" / "cat" / "0.png", asks, ("0.png", "pictures"))


READERS = (Reader("image files", 30, _image_changed, _open),)
