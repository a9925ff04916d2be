"""What all measurements share: constants of the steps, and the timer.

Imports neither TensorFlow nor PyTorch: their thread pools must not share a process.
"""

import time
from collections.abc import Callable
from typing import Any

WARM_UPS = 2  # the first call traces or allocates; the second is still slower
LATENT_LOW, LATENT_HIGH = -1.0, 1.0
LEARNING_RATE, BETA_1, EPSILON = 3e-4, 0.5, 1e-8
NOISE, DROPOUT, HIDDEN_DROPOUT, SLOPE = 0.15, 0.2, 0.5, 0.2
TAU, TAU_LOW, TAU_HIGH = 1.0, 0.1, 3.0
CONSISTENCY_WEIGHT = PENALTY_WEIGHT = 10.0  # the time does not depend on the weight


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
