"""The same networks and the same step in eager PyTorch, with the usual optimizations.

These are channels_last, in-place ReLUs, fused Adam, and no gradients for D's kernels in G's step.
Weight normalization is where ours has it. The images are in memory, and there is no EMA but that of
a teacher. The variants are the number formats (bfloat16 autocast, float32), each with one pass for
each batch and, if D has no batch normalization, with one pass over all batches that it is trained
on. The fastest variant is measured. A critic with a gradient penalty computes in float32 in both
formats, as in ours. So do the networks of a localized GAN; its variants are two ways to compute
directional derivatives, by gradients of gradients and in forward mode.

Passes over generated images update the moving statistics of D, which ours does not. The losses do
not read them, and the time for this is negligible.

Each family of steps has a module with its networks and its training step.
"""

import itertools
import os

import common
import steps
import torch

from pytorch import (
    conditional,
    inference,
    local,
    matching,
    parts,
    recalibrated,
    teacher,
    triple,
    wide_resnet,
)

FAMILIES = {
    steps.RecalibrationStep: recalibrated,
    steps.MatchingStep: matching,
    steps.ConditionalStep: conditional,
    steps.WideResNetStep: wide_resnet,
    steps.TeacherStep: teacher,
    steps.InferenceStep: inference,
    steps.TripleStep: triple,
    steps.LocalStep: local,
}


def prepare(name: str, size: steps.Size) -> common.Prepared:
    """Builds the step of a method in all variants, see `common.measure`."""
    torch.set_num_threads(os.cpu_count() or 1)
    step = steps.STEPS[name]
    family = FAMILIES[type(step)]
    networks = family.networks(step, size)
    for network in networks.values():
        network.to(parts.DEVICE, memory_format=torch.channels_last)
    trainer = family.Trainer(step, size, **networks)
    variants = itertools.product(trainer.formats, trainer.passes)
    return common.Prepared(
        variants={f"{kind}, {way} passes": trainer.variant(kind, way) for kind, way in variants},
        device=parts.DEVICE.upper().replace("CUDA", "GPU"),
        parameters={k: _parameters(network) for k, network in networks.items()},
    )


def _parameters(network: torch.nn.Module) -> int:
    """Number of kernels, biases, scales and shifts, without weight-norm gains (`original0`)."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if weight.requires_grad and not name.endswith("original0")
    )
