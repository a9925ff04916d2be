"""The cache folder: decoded images and kept classifiers. What is damaged is made anew."""

import json
import os
import pathlib
import shutil
from collections.abc import Callable
from unittest import mock

import numpy as np
from fuzz.registry import Reader, Target
from fuzz.world import World
from support import damage

from tf_ssgan.common import cache
from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.data.sources import npz_cache
from tf_ssgan.evaluation import reference_classifier, reference_cnn
from tf_ssgan.training import same_data

_SPEC = image_decoding.ImageSpec(8)


def _seal(content: bytes) -> bytes:
    """A file of the cache with the checksum of its content."""
    text = json.dumps(json.loads(content)["content"], separators=(",", ":")).encode()
    return b'{"checksum":"%s","content":%s}' % (cache.checksum(text).encode(), text)


def _index_changed(chance, content: bytes) -> damage.Damage:
    """A field of an index is changed, and its checksum is made right again."""
    changed = damage.json_changed()(chance, content)
    try:
        return damage.Damage(f"{changed.what}, sealed", _seal(changed.content), changed.field)
    except (ValueError, KeyError, TypeError, RecursionError):
        return changed


def _in_cache(world: World, name: str, fill: Callable[[], object], use: Callable[[], str]):
    """A cache folder of its own: (its folder, an ask with it, what makes it whole again)."""
    home = world.folder(name)
    os.chmod(home, 0o700)

    def with_cache(ask: Callable[[], str]) -> str:
        cache.say.cache_clear()
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}):
            return ask()

    with_cache(fill)
    whole = world.root / f"{name} whole"
    damage.remove(whole)
    shutil.copytree(home, whole)

    def restore() -> None:
        damage.remove(home)
        shutil.copytree(whole, home, copy_function=shutil.copy2)

    return home, lambda: with_cache(use), restore


def _pictures(pattern: str):
    def open_target(world: World) -> Target:
        source = world.root / "cached pictures"
        if not source.exists():
            shutil.copytree(world.pictures, source)
            for path in source.rglob("*.png"):
                os.utime(path, (1e9, 1e9))
        whole = datasets.find(f"folder:{source}").load(_SPEC).train_images.copy()

        def load() -> str:
            again = datasets.find(f"folder:{source}").load(_SPEC).train_images
            assert np.array_equal(again, whole), "other images"
            return "answered"

        home, ask, restore = _in_cache(world, f"cache {pattern[:5]}", load, load)
        found = sorted(home.rglob(pattern))
        assert found, pattern
        return Target(found[0], {"train": ask}, between=restore)

    return open_target


def _archive(suffix: str):
    def open_target(world: World) -> Target:
        images = np.arange(5 * 8 * 8, dtype=np.uint8).reshape(5, 8, 8, 1)

        def read() -> str:
            kept = npz_cache.read("toy")
            assert kept is None or np.array_equal(kept, images), "other images"
            return "answered" if kept is not None else "made anew"

        home, ask, restore = _in_cache(
            world, f"cache npz {suffix[1:]}", lambda: npz_cache.write(images, "toy"), read
        )
        return Target(home / "tf_ssgan" / f"toy{suffix}", {"train": ask}, between=restore)

    return open_target


def _kept(suffix: str):
    def open_target(world: World) -> Target:
        arrays = same_data.load_arrays(world.settings(world.run))
        name = reference_classifier.classifier_identity(arrays)[: reference_classifier.DIGITS]

        def fill() -> None:
            network = reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))
            weights = reference_classifier._flat(network)
            path = cache.trusted_folder("reference_classifiers") / name
            cache.write_array(weights, path.with_suffix(".npy"))
            fingerprint = {
                "network": reference_cnn.NAME, "dataset": "toy", "classes": ["0", "1", "2"],
                "trained_on": 30, "test_accuracy": 98.6, "temperature": 1.25,
                "weights_sha256": reference_classifier._sha256(weights),
            }  # fmt: skip
            cache.write_json(fingerprint, path.with_suffix(".json"))

        def read() -> str:
            path = cache.trusted_folder("reference_classifiers") / name
            kept = reference_classifier._read_kept(arrays, path)
            if kept is None:
                return "made anew"
            assert 0 < kept.temperature < 1e6, kept.temperature
            return "answered"

        home, ask, restore = _in_cache(world, f"cache kept {suffix[1:]}", fill, read)
        path: pathlib.Path = home / "tf_ssgan" / "reference_classifiers" / f"{name}{suffix}"
        return Target(path, {"evaluate": ask}, between=restore)

    return open_target


_INDEX = damage.mixed(_index_changed, _index_changed, damage.any_bytes)

READERS = (
    Reader("cached images, index", 6, _INDEX, _pictures("index-*.json")),
    Reader("cached images, array.json", 5, _INDEX, _pictures("array-*.json")),
    Reader("cached images, array", 5, damage.any_bytes, _pictures("images-*.npy")),
    Reader("cached archive, array", 3, damage.any_bytes, _archive(".npy")),
    Reader("cached archive, json", 3, _INDEX, _archive(".json")),
    Reader("kept classifier, array", 2, damage.any_bytes, _kept(".npy")),
    Reader("kept classifier, json", 4, _INDEX, _kept(".json")),
)
