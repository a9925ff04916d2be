"""The same networks and the same step in PyTorch, eager, as fast as its usual means make it.

Weight normalization where ours has it, channels_last, in-place leaky ReLU, fused Adam, no gradients
for D's kernels in G's step. The images are in memory, ready made, and there is no weight average.
Each number format (bfloat16 autocast, float32), with a pass for each batch and with one pass over
all of them, is tried shortly; the fastest is measured.
"""

import contextlib
import itertools
import os
from collections.abc import Callable
from typing import Any

import common
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

FORMATS = ("bfloat16", "float32")
PASSES = ("separate", "concatenated")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def measure(name: str, size: common.Size, repeats: int) -> dict[str, Any]:
    """Times the step of a method in its fastest variant.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Steps that count.

    Returns:
        Seconds of each step, the variant, and the kernels and biases of each network.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    step = common.STEPS[name]
    networks = {"discriminator": discriminator(size, step.recalibrate)}
    if step.adversarial:
        networks["generator"] = generator(size)
    for network in networks.values():
        network.to(DEVICE, memory_format=torch.channels_last)
    trainer = _Trainer(step, size, **networks)
    variants = list(itertools.product(FORMATS, PASSES if step.batches > 1 else PASSES[:1]))
    trials = {v: min(common.timed(trainer.variant(*v), 2, warm_ups=1)) for v in variants}
    best = min(trials, key=trials.get)
    return {
        "seconds": common.timed(trainer.variant(*best), repeats),
        "format": f"{best[0]}, {best[1]} passes",
        "device": DEVICE.upper().replace("CUDA", "GPU"),
        "trials": {", ".join(variant): seconds for variant, seconds in trials.items()},
        "parameters": {k: _parameters(network) for k, network in networks.items()},
    }


def discriminator(size: common.Size, recalibrate: bool) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    parts, channels = [_Noise()], size.channels
    for units in (size.width, 2 * size.width):
        for stride in (1, 1, 2):
            parts += _conv(channels, units, 3, stride)
            channels = units
        parts.append(nn.Dropout(common.DROPOUT))
    if recalibrate:
        parts.append(_Recalibration(channels))
    parts += _conv(channels, 4 * size.width, 3, padding=0 if size.side >= 24 else 1)
    parts += _conv(4 * size.width, 2 * size.width, 1, padding=0)
    parts += [_GlobalMean(), weight_norm(nn.Linear(2 * size.width, size.classes))]
    return nn.Sequential(*parts)


def generator(size: common.Size) -> nn.Module:
    """Latents [batch, latent] -> images [batch, channels, side, side]."""
    side, width = size.side // 8, size.width
    units = 8 * width * side * side
    parts = [nn.Linear(size.latent, units, bias=False), _shifted(nn.BatchNorm1d(units))]
    parts += [nn.ReLU(inplace=True), nn.Unflatten(1, (8 * width, side, side))]
    for channels in (4 * width, 2 * width):
        parts.append(nn.ConvTranspose2d(2 * channels, channels, 5, 2, 2, 1, bias=False))
        parts += [_shifted(nn.BatchNorm2d(channels)), nn.ReLU(inplace=True)]
    last = nn.ConvTranspose2d(2 * width, size.channels, 5, 2, 2, 1)
    return nn.Sequential(*parts, weight_norm(last, dim=1), nn.Tanh())


def _conv(
    channels: int, units: int, kernel: int, stride: int = 1, padding: int = 1
) -> list[nn.Module]:
    conv = weight_norm(nn.Conv2d(channels, units, kernel, stride, padding))
    return [conv, nn.LeakyReLU(common.SLOPE, inplace=True)]


def _shifted(norm: nn.Module) -> nn.Module:
    """As in ours: a shift and no scale."""
    norm.weight.requires_grad_(False)
    return norm


class _Noise(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + common.NOISE * torch.randn_like(images)


class _GlobalMean(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float().mean((2, 3))


class _Recalibration(nn.Module):
    """Squeeze-and-excitation without biases."""

    def __init__(self, channels: int):
        super().__init__()
        hidden = max(1, channels // 16)
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3))))))
        return x * gate[:, :, None, None].to(x.dtype)


class _Trainer:
    """The training step, in any of its variants."""

    def __init__(
        self, step: common.Step, size: common.Size, discriminator: nn.Module, generator=None
    ):
        self.step, self.size = step, size
        self.d, self.g = discriminator, generator
        self.d_adam = _adam(discriminator)
        self.g_adam = _adam(generator) if generator is not None else None
        self.batches = [_images(size) for _ in range(1 + step.branches)]
        self.labels = torch.randint(size.classes, (size.batch,), device=DEVICE)

    def variant(self, number_format: str, passes: str) -> Callable[[], list[float]]:
        """The step in a number format, with separate or concatenated passes."""

        def run() -> list[float]:
            taken = [self._d_step(number_format, passes)]
            if self.step.adversarial:
                taken.append(self._g_step(number_format))
            return [loss.item() for loss in taken]

        return run

    def _d_step(self, number_format: str, passes: str) -> torch.Tensor:
        with _format(number_format):
            batches = list(self.batches)
            if self.step.adversarial:
                with torch.no_grad():
                    batches.append(self._fake())
            if passes == "concatenated":
                logits = self.d(torch.cat(batches)).float().split(self.size.batch)
            else:
                logits = [self.d(batch).float() for batch in batches]
        loss = self._d_loss(*logits)
        _descend(loss, self.d_adam)
        return loss

    def _d_loss(self, labeled: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        loss = functional.cross_entropy(labeled, self.labels)
        if self.step.adversarial:
            *real, fake = others
            loss = loss + functional.softplus(-real[0].logsumexp(-1)).mean()
            loss = loss + functional.softplus(fake.logsumexp(-1)).mean()
        if self.step.branches == 2:
            distance = (real[0].softmax(-1) - real[1].softmax(-1)).square().sum(-1).mean()
            loss = loss + common.CONSISTENCY_WEIGHT * distance
        return loss

    def _g_step(self, number_format: str) -> torch.Tensor:
        with _format(number_format):
            logits = self.d(self._fake()).float()
        loss = functional.softplus(-logits.logsumexp(-1)).mean()
        _descend(loss, self.g_adam)
        return loss

    def _fake(self) -> torch.Tensor:
        latents = torch.empty(self.size.batch, self.size.latent, device=DEVICE)
        return self.g(latents.uniform_(common.LATENT_LOW, common.LATENT_HIGH))


def _format(name: str) -> contextlib.AbstractContextManager:
    return torch.autocast(DEVICE, torch.bfloat16, enabled=name == "bfloat16")


def _adam(network: nn.Module) -> torch.optim.Optimizer:
    weights = [p for p in network.parameters() if p.requires_grad]
    betas = (common.BETA_1, 0.999)
    return torch.optim.Adam(weights, common.LEARNING_RATE, betas, common.EPSILON, fused=True)


def _descend(loss: torch.Tensor, adam: torch.optim.Optimizer) -> None:
    adam.zero_grad()
    # Naming the inputs leaves out the gradients of the other player's kernels.
    loss.backward(inputs=adam.param_groups[0]["params"])
    adam.step()


def _images(size: common.Size) -> torch.Tensor:
    images = torch.rand(size.batch, size.channels, size.side, size.side, device=DEVICE) * 2 - 1
    return images.contiguous(memory_format=torch.channels_last)


def _parameters(network: nn.Module) -> int:
    """Kernels, biases and shifts, without weight normalization's gains (`original0`)."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if weight.requires_grad and not name.endswith("original0")
    )
