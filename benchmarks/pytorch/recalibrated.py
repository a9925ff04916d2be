"""The steps of FR-GAN and the methods it is compared with, in PyTorch."""

import common
import steps
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from pytorch import parts


def networks(step: steps.RecalibrationStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds the discriminator and, if there is one, the generator."""
    d = {"discriminator": discriminator(size, step.recalibrate)}
    return d | ({"generator": parts.generator(size)} if step.adversarial else {})


def discriminator(size: steps.Size, recalibrate: bool) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    layers = [parts.Noise(), *parts.first_blocks(size, common.DROPOUT)]
    if recalibrate:
        layers.append(_Recalibration(2 * size.width))
    layers += parts.conv(2 * size.width, 4 * size.width, 3, padding=0 if size.side >= 24 else 1)
    layers += parts.conv(4 * size.width, 2 * size.width, 1, padding=0)
    return nn.Sequential(
        *layers, parts.GlobalMean(), weight_norm(nn.Linear(2 * size.width, size.classes))
    )


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


class Trainer(parts.Trainer):
    """The training step, in all variants."""

    def __init__(
        self,
        step: steps.RecalibrationStep,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module | None = None,
    ):
        super().__init__(step, size, discriminator, generator)
        self.batches = [parts.images(size) for _ in range(1 + step.branches)]
        if step.batches > 1:
            self.passes = (parts.SEPARATE, parts.CONCATENATED)

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        losses = [self._d_step(number_format, passes)]
        return losses + ([self._g_step(number_format)] if self.step.adversarial else [])

    def _d_step(self, number_format: str, passes: str) -> torch.Tensor:
        with parts.autocast(number_format):
            batches = list(self.batches)
            if self.step.adversarial:
                with torch.no_grad():
                    batches.append(self.fake())
            logits = self.forward_batches(batches, passes)
        loss = self._d_loss(*logits)
        parts.minimize(loss, self.d_adam)
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
        with parts.autocast(number_format):
            logits = self.d(self.fake()).float()
        loss = functional.softplus(-logits.logsumexp(-1)).mean()
        parts.minimize(loss, self.g_adam)
        return loss
