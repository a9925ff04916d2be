"""What all measurements share: constants of the steps, the timer, and the choice of a variant.

Imports neither TensorFlow nor PyTorch: their thread pools must not share a process.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

WARM_UPS = 2  # the first call traces or allocates; the second is still slower
POOL_BATCHES = 10  # size of the pools of images, in batches
LATENT_LOW, LATENT_HIGH = -1.0, 1.0
LEARNING_RATE, BETA_1, EPSILON = 3e-4, 0.5, 1e-8
NOISE, DROPOUT, HIDDEN_DROPOUT, SLOPE = 0.15, 0.2, 0.5, 0.2
SMALL_SLOPE = 0.1  # of CNN13 and of the leaky wide residual network
ALI_SLOPE = 0.01
TEACHER_DECAY, THRESHOLD = 0.999, 0.95
TAU, TAU_LOW, TAU_HIGH = 1.0, 0.1, 3.0
CONSISTENCY_WEIGHT = PENALTY_WEIGHT = 10.0  # the time does not depend on the weight
FLATNESS_WEIGHT, REBUILT_WEIGHT = 1e-3, 100.0  # of the localized GAN; nor on these
PSEUDO_SHARE, PAIR_WEIGHT = 0.9, 0.03  # of Triple-GAN; nor on these


def time_calls(step: Callable[[], Any], repeats: int, warm_ups: int = WARM_UPS) -> list[float]:
    """Times calls, after a few warm-up calls.

    Args:
        step: A function that returns only after its work is done.
        repeats: Number of timed calls.
        warm_ups: Number of calls before them.

    Returns:
        Seconds of each timed call.
    """
    for _ in range(warm_ups):
        step()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return times


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A training step that is ready to be measured.

    Attributes:
        variants: Number format, and what else distinguishes a variant -> a call that takes a step.
        device: "CPU" or "GPU".
        parameters: Network -> its number of kernels and biases.
        images: Images that a step reads; 0 if the step reads none.
    """

    variants: dict[str, Callable[[], Any]]
    device: str
    parameters: dict[str, int]
    images: int = 0


def measure(prepared: Prepared, repeats: int) -> dict[str, Any]:
    """Times a step in its fastest variant; if there are several, each is tried briefly.

    Args:
        prepared: The step.
        repeats: Number of timed steps.

    Returns:
        Seconds of each step, the variant as "format", the seconds of the trials, and the other
        facts of `prepared`.
    """
    variants = prepared.variants
    trials = {}
    if len(variants) > 1:
        trials = {k: min(time_calls(step, 2, warm_ups=1)) for k, step in variants.items()}
    best = min(variants, key=lambda variant: trials.get(variant, 0.0))
    return {
        "seconds": time_calls(variants[best], repeats),
        "format": best,
        "trials": trials,
        "device": prepared.device,
        "parameters": prepared.parameters,
        "images": prepared.images,
    }
