"""The steps of FixMatch, FlexMatch and VAT on a wide residual network, in PyTorch."""

from collections.abc import Callable

import common
import steps
import torch
from torch import nn
from torch.nn import functional

from pytorch import parts

XI, EPSILON = 1e-6, 8.0  # the time does not depend on them


def networks(step: steps.WideResNetStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds the classifier."""
    return {"discriminator": classifier(step, size)}


def classifier(step: steps.WideResNetStep, size: steps.Size) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    channels, leaky = min(16, size.width), step.form == "leaky"
    layers = [nn.Conv2d(size.channels, channels, 3, 1, 1, bias=leaky)]
    for group in range(3):
        units = size.width * 2**group
        for number in range((size.depth - 4) // 6):
            layers.append(_Block(channels, units, group, not number, leaky))
            channels = units
    activation = nn.LeakyReLU(common.SMALL_SLOPE, inplace=True) if leaky else nn.ReLU(inplace=True)
    layers += [nn.BatchNorm2d(channels), activation, parts.GlobalMean()]
    return nn.Sequential(*layers, nn.Linear(channels, size.classes))


class _Block(nn.Module):
    """A residual block; the shortcut of the first in a group is a convolution."""

    def __init__(self, channels: int, units: int, group: int, first: bool, leaky: bool):
        super().__init__()
        stride = 2 if group and first else 1
        self.raw_shortcut = leaky and group > 0
        self.slope = common.SMALL_SLOPE if leaky else 0.0
        self.norms = nn.ModuleList([nn.BatchNorm2d(channels), nn.BatchNorm2d(units)])
        self.one = nn.Conv2d(channels, units, 3, stride, 1, bias=leaky)
        self.two = nn.Conv2d(units, units, 3, 1, 1, bias=leaky)
        self.shortcut = nn.Conv2d(channels, units, 1, stride, bias=leaky) if first else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = self._activated(self.norms[0](x))
        y = self._activated(self.norms[1](self.one(active)))
        if self.shortcut is not None:
            x = self.shortcut(x if self.raw_shortcut else active)
        return self.two(y) + x

    def _activated(self, x: torch.Tensor) -> torch.Tensor:
        if self.slope:
            return functional.leaky_relu(x, self.slope, inplace=True)
        return functional.relu(x, inplace=True)


class Trainer(parts.Trainer):
    """The training step of FixMatch, FlexMatch or VAT, with batch statistics as in the papers."""

    def __init__(self, step: steps.WideResNetStep, size: steps.Size, discriminator: nn.Module):
        super().__init__(step, size, discriminator)
        self.labeled = parts.images(size)
        self.views = [
            torch.cat([parts.images(size) for _ in range(step.ratio)]) for _ in range(step.views)
        ]
        if step.views == 2:
            weights = list(discriminator.parameters())
            self.d_adam = torch.optim.SGD(
                weights, 0.03, 0.9, nesterov=True, weight_decay=5e-4, fused=True
            )
        if step.class_thresholds:
            images = common.POOL_BATCHES * size.batch
            self.latest = torch.full((images,), -1, device=parts.DEVICE)
            self.places = torch.arange(step.ratio * size.batch, device=parts.DEVICE)

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        take: Callable = self._fixmatch if self.step.views == 2 else self._vat
        return [take(number_format)]

    def _fixmatch(self, number_format: str) -> torch.Tensor:
        batches = [self.labeled, *self.views]
        with parts.autocast(number_format):
            logits = self.d(torch.cat(batches)).float()
        rows = [len(batch) for batch in batches]
        logits_labeled, logits_weak, logits_strong = logits.split(rows)
        confidence, pseudo_labels = logits_weak.detach().softmax(-1).max(-1)
        threshold = common.THRESHOLD
        if self.step.class_thresholds:
            threshold = self._thresholds()[pseudo_labels]
        each = functional.cross_entropy(logits_strong, pseudo_labels, reduction="none")
        loss = functional.cross_entropy(logits_labeled, self.labels)
        loss = loss + ((confidence >= threshold) * each).mean()
        parts.minimize(loss, self.d_adam)
        if self.step.class_thresholds:
            before = self.latest[self.places]
            sure = confidence >= common.THRESHOLD
            self.latest[self.places] = torch.where(sure, pseudo_labels, before)
        return loss

    def _thresholds(self) -> torch.Tensor:
        """A threshold for each class, by the latest confident predictions for all images."""
        counts = torch.bincount(self.latest + 1, minlength=self.size.classes + 1).float()
        learned = counts[1:] / counts.max()
        return common.THRESHOLD * learned / (2 - learned)

    def _vat(self, number_format: str) -> torch.Tensor:
        # VAT computes in float32 in both formats, as in ours.
        (unlabeled,) = self.views
        with torch.no_grad():
            clean = self.d(unlabeled).log_softmax(-1)
        trial = (XI * _unit_norm(torch.randn_like(unlabeled))).requires_grad_()
        divergence = _divergence(clean, self.d(unlabeled + trial))
        direction = _unit_norm(torch.autograd.grad(divergence, trial)[0])
        loss = functional.cross_entropy(self.d(self.labeled), self.labels)
        loss = loss + _divergence(clean, self.d(unlabeled + EPSILON * direction)) / len(unlabeled)
        parts.minimize(loss, self.d_adam)
        return loss


def _divergence(clean: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return functional.kl_div(logits.log_softmax(-1), clean, reduction="sum", log_target=True)


def _unit_norm(direction: torch.Tensor) -> torch.Tensor:
    scaled = direction / (1e-12 + direction.abs().amax((1, 2, 3), keepdim=True))
    return scaled * (1e-6 + scaled.square().sum((1, 2, 3), keepdim=True)).rsqrt()
