"""The number format in which layers compute."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_ssgan.common import cpu


def resolve(precision: str) -> str:
    """Resolves "auto": bfloat16 if matrix units make it fast, else float32.

    It is fast on a GPU of compute capability 8 or more, and on a CPU with AMX. With AVX-512's
    bfloat16 instructions alone it depends on the processor: a 3x3 convolution of 64 channels took
    1.8 times as long as in float32 on one, and .55 times as long on an AMD EPYC. float16 is not
    offered, because Keras checks its loss scale on the first replica only.

    Args:
        precision: "auto", "float32" or "mixed_bfloat16".

    Returns:
        "float32" or "mixed_bfloat16".
    """
    if precision != "auto":
        return precision
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        fast = all(d.get("compute_capability", (0, 0))[0] >= 8 for d in details)
    else:
        fast = "amx_bf16" in cpu.flags()
    return "mixed_bfloat16" if fast else "float32"


@contextlib.contextmanager
def policy(name: str) -> Iterator[None]:
    """A context in which layers are built for a number format; it restores Keras' setting."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def rebuild_in_float32(network: keras.Model) -> keras.Model:
    """Rebuilds a functional network in float32, with the same weights.

    The weights are float32 in every number format.
    """

    def layer_in_float32(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config(_without_bfloat16(layer.get_config()))

    with policy("float32"):
        rebuilt = keras.models.clone_model(network, clone_function=layer_in_float32, recursive=True)
    for new, old in zip(rebuilt.variables, network.variables, strict=True):
        new.assign(old.value)
    return rebuilt


def _without_bfloat16(config: Any) -> Any:
    """A layer's configuration, including wrapped layers, with every dtype policy float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return config | {"config": {"name": "float32"}}
        return {name: _without_bfloat16(value) for name, value in config.items()}
    return [_without_bfloat16(c) for c in config] if isinstance(config, list) else config
