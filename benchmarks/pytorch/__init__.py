"""The same networks and the same step in PyTorch, eager, as fast as its usual means make it.

Weight normalization where ours has it, channels_last, in-place ReLUs, fused Adam, no gradients for
D's kernels in G's step. The images are in memory, ready made, and there is no weight average.
Each number format (bfloat16 autocast, float32), with a pass for each batch and, where D has no
batch normalization, with one pass over all that it is trained on, is tried shortly; the fastest is
measured. A critic under a gradient penalty is in float32 in either format, as in ours.

Passes over generated images move the buffers of D's batch normalization, which ours leaves alone:
the losses do not read them, and they take no time worth speaking of.

A module for each family of steps has its networks and its training step.
"""

import itertools
import os
from typing import Any

import common
import steps
import torch

from pytorch import conditional, matching, parts, recalibrated, residual

FAMILIES = {
    steps.Recalibrated: recalibrated,
    steps.Matching: matching,
    steps.Conditional: conditional,
    steps.Residual: residual,
}


def measure(name: str, size: steps.Size, repeats: int) -> dict[str, Any]:
    """Times the step of a method in its fastest variant.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Steps that count.

    Returns:
        Seconds of each step, the variant, and the kernels and biases of each network.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    step = steps.STEPS[name]
    family = FAMILIES[type(step)]
    networks = family.networks(step, size)
    for network in networks.values():
        network.to(parts.DEVICE, memory_format=torch.channels_last)
    trainer = family.Trainer(step, size, **networks)
    variants = list(itertools.product(parts.FORMATS, trainer.passes))
    trials = {v: min(common.timed(trainer.variant(*v), 2, warm_ups=1)) for v in variants}
    best = min(trials, key=trials.get)
    return {
        "seconds": common.timed(trainer.variant(*best), repeats),
        "format": f"{best[0]}, {best[1]} passes",
        "device": parts.DEVICE.upper().replace("CUDA", "GPU"),
        "trials": {", ".join(variant): seconds for variant, seconds in trials.items()},
        "parameters": {k: _parameters(network) for k, network in networks.items()},
    }


def _parameters(network: torch.nn.Module) -> int:
    """Kernels, biases, scales and shifts, without weight normalization's gains (`original0`)."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if weight.requires_grad and not name.endswith("original0")
    )
