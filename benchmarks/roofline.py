"""The time that the linear maps of a step take alone, a lower bound for the step.

The convolutions, transposed convolutions and dense maps are those of the networks that ours trains,
for any width. Each is timed alone, in the number format of its layer and at the batch size of the
step: forward, gradient by its input, gradient by its kernel. `uses.py` counts how often the step
needs each. The time of an empty call is subtracted. At toy size a map takes less time than the
call, so the sum is meaningless there, as it is on a busy machine.
"""

import dataclasses
import statistics
from collections.abc import Callable
from typing import Any

import common
import ours
import steps
import tensorflow as tf
import uses
from linear import BY_INPUT, FORWARD, Use

from tf_ssgan.nn import precision


def measure(name: str, size: steps.Size, repeats: int) -> dict[str, Any]:
    """Times every linear map of a method's step.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Number of timed calls of each map and direction.

    Returns:
        The sum of the medians as the only entry of "seconds", the number format, the device,
        and the layers of the step with the time of each.
    """
    method = ours.build(name, size)
    all_uses = uses.linear_uses(ours.networks(method), steps.STEPS[name], size.batch)
    medians = {use: _median(use, repeats) for use in dict.fromkeys(all_uses)}
    table = [
        {**dataclasses.asdict(use.linear), "batch": use.batch, "direction": use.direction,
         "times": all_uses.count(use), "seconds": median}
        for use, median in medians.items()
    ]  # fmt: skip
    return {
        "seconds": [sum(row["times"] * row["seconds"] for row in table)],
        "format": precision.resolve("auto"),
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "layers": table,
    }


def _median(use: Use, repeats: int) -> float:
    """Seconds of one pass of one map, minus those of an empty call with the same arguments."""
    linear = use.linear
    x = _random(use.batch, *linear.inputs, dtype=linear.dtype)
    kernel = _random(*linear.kernel, dtype=linear.dtype)
    upstream = _random(*linear(x, kernel).shape, dtype=linear.dtype)

    @tf.function
    def run(x: tf.Tensor, kernel: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        if use.direction == FORWARD:
            return linear(x, kernel)
        source = x if use.direction == BY_INPUT else kernel
        with tf.GradientTape() as tape:
            tape.watch(source)
            outputs = linear(x, kernel)
        # The gradient of a linear map does not need the forward pass, which the graph prunes.
        return tape.gradient(outputs, source, upstream)

    @tf.function
    def empty(x: tf.Tensor, kernel: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        return kernel

    def median(function: Callable[..., tf.Tensor]) -> float:
        def step() -> None:
            function(x, kernel, upstream)
            tf.test.experimental.sync_devices()

        return statistics.median(common.time_calls(step, repeats))

    return max(0.0, median(run) - median(empty))


def _random(*shape: int, dtype: str) -> tf.Tensor:
    return tf.cast(tf.random.normal(shape), dtype)
