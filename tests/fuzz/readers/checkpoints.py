"""Checkpoints: their manifests, and TensorFlow's files, also with digests that are right again."""

import hashlib
import json
import pathlib

import numpy as np
from fuzz.readers import run_files
from fuzz.registry import Reader, Target
from fuzz.world import STEPS, World
from support import damage

from tf_ssgan.data import protocol
from tf_ssgan.methods.bases import contrastive
from tf_ssgan.training import manifests

_DATA, _INDEX = "state.data-00000-of-00001", "state.index"
_ASKS = ("resume", "export")


def _newest(world: World) -> pathlib.Path:
    return world.run / "checkpoints" / manifests.checkpoint_name(STEPS)


def sign(content: dict) -> None:
    """Makes the digests of a manifest right again, those of its protocol where that is possible."""
    try:
        own = content["protocol"]
        fields = {name: own[name] for name in protocol.Protocol.__dataclass_fields__}
        arrays = {k: np.array(v, np.int64) for k, v in fields.items() if isinstance(v, list)
                  and k != "classes"}  # fmt: skip
        own["sha256"] = content["split_sha256"] = protocol.Protocol(**fields | arrays).sha256
    except Exception:
        pass
    content["sha256"] = manifests._digest(content)


def _manifest(world: World) -> Target:
    _ = world.other_run
    path = _newest(world) / manifests.MANIFEST
    return Target(path, run_files.asks(world, *_ASKS), (path.name, "/toy"))


def _resigned(name: str):
    """A file of TensorFlow, and a manifest with the digest that it has when it is read."""

    def open_target(world: World) -> Target:
        _ = world.other_run
        path = _newest(world) / name
        manifest = path.with_name(manifests.MANIFEST)
        whole = manifest.read_bytes()

        def signed(ask):
            def signed_ask():
                content = json.loads(whole)
                if path.is_file() and path.stat().st_size < 2**24:
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    content["files"][name] = digest
                sign(content)
                manifest.write_text(json.dumps(content))
                return ask()

            return signed_ask

        asks = {k: signed(v) for k, v in run_files.asks(world, *_ASKS).items()}
        return Target(path, asks, (name, "/toy"), between=lambda: manifest.write_bytes(whole))

    return open_target


def _weights(world: World) -> Target:
    import keras

    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    path = world.folder("weights") / "backbone.weights.h5"
    network.save_weights(path)
    return Target(path, {"train": lambda: contrastive.load_weights(network, path)})


_SIGNED = damage.json_changed(sign)

READERS = (
    Reader("manifest.json", 3, damage.any_json, _manifest),
    Reader("manifest.json, signed again", 12, _SIGNED, _manifest),
    Reader("checkpoint data", 4, damage.any_bytes, _resigned(_DATA)),
    Reader("checkpoint index", 4, damage.any_bytes, _resigned(_INDEX)),
    Reader("pretrained weights", 8, damage.any_bytes, _weights),
)
