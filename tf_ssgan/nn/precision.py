"""Which number format the layers compute in."""

import contextlib
import pathlib
from collections.abc import Iterator

import keras
import tensorflow as tf


def resolve(precision: str) -> str:
    """Settles "auto": bfloat16 where matrix units make it fast, else float32.

    On a GPU of compute capability 8 or more, or a CPU with AMX. AVX-512's bfloat16 instructions
    alone do not pay: a 3x3 convolution of 64 channels took 168 ms with them and 91 ms in float32.
    float16 is not offered: Keras checks its loss scale on the first replica only.

    Args:
        precision: "auto", "float32" or "mixed_bfloat16".
    """
    if precision != "auto":
        return precision
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        fast = all(d.get("compute_capability", (0, 0))[0] >= 8 for d in details)
    else:
        fast = "amx_bf16" in cpu_flags()
    return "mixed_bfloat16" if fast else "float32"


def cpu_flags() -> set[str]:
    """Instruction sets of this CPU, as Linux names them; empty elsewhere."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return set(line.split(":", 1)[1].split())
    return set()


@contextlib.contextmanager
def policy(name: str) -> Iterator[None]:
    """Builds layers in a number format, and leaves Keras' global setting as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
