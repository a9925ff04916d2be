"""How much memory a step needs at least, so that a batch which cannot fit is refused before it.

A machine does not refuse memory that it does not have: it ends the process, without a word, when
the memory is written to.
"""

import math
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_ssgan.common import cluster
from tf_ssgan.core.method import Method
from tf_ssgan.data import memory_limit

# The backward pass needs what most layers gave in the forward pass. Some give a view of what they
# were given, or what nobody needs again, so that half of it is certainly needed.
_KEPT = 0.5
_FLOAT32 = 4  # bytes of a pixel in a batch


def check(method: Method) -> None:
    """Refuses a batch whose images and activations do not fit into the memory that is free.

    The memory of GPUs is not counted, only that of the machine.

    Args:
        method: A method that is built, at its first stage.

    Raises:
        UserError: They do not fit; the message names the memory and --batch_size.
    """
    batch_size, here = method.hp.batch_size, cluster.read()
    required = _images(method)
    if not tf.config.list_physical_devices("GPU"):
        required += batch_size * activations(method.classifier)
    memory_limit.check_bytes(
        required // (len(here.workers) if here else 1),  # the hosts share a batch
        f"--batch_size={batch_size}: the images of one step and what the classifier makes of them",
        "give a smaller one",
    )


def activations(network: keras.Model) -> int:
    """Bytes that one image takes in the layers of a network, at least; 0 if they do not say it."""
    total = 0
    for layer in _layers(network):
        if isinstance(layer, keras.layers.InputLayer) or not hasattr(layer, "compute_dtype"):
            continue
        for output in _outputs(layer):
            size = 2 if layer.compute_dtype in ("bfloat16", "float16") else 4
            total += math.prod(length or 1 for length in output.shape[1:]) * size
    return round(_KEPT * total)


def _layers(network: keras.Model) -> Iterator[keras.Layer]:
    """The layers of a network, those of networks in it too."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _outputs(layer: keras.Layer) -> list:
    """The tensors that a layer gives; none if it is not connected to others."""
    try:
        return keras.tree.flatten(layer.output)
    except (AttributeError, ValueError):
        return []


def _images(method: Method) -> int:
    """Bytes of the images of the largest batch of all stages."""
    pixels, largest = math.prod(method.task.image_shape), 0
    for first in method.stages().values():
        method.set_stage(first)
        streams = method.streams().values()
        largest = max(largest, sum(stream.examples * len(stream.views) for stream in streams))
    method.set_stage(0)
    return _FLOAT32 * pixels * largest
