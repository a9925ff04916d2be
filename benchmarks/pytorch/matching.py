"""The steps of ImprovedGAN and its successors, in PyTorch."""

import common
import steps
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from pytorch import parts


def networks(step: steps.MatchingStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds discriminator and generator."""
    return {"discriminator": Discriminator(size), "generator": parts.generator(size)}


class Discriminator(nn.Module):
    """Images [batch, channels, side, side] -> logits [batch, classes], through `features`."""

    def __init__(self, size: steps.Size):
        super().__init__()
        units = 2 * size.width
        layers = [nn.Dropout(common.DROPOUT), *parts.first_blocks(size, common.HIDDEN_DROPOUT)]
        layers += parts.conv(units, units, 3, padding=0 if size.side >= 24 else 1)
        for _ in range(2):
            layers += parts.conv(units, units, 1, padding=0)
        self.features = nn.Sequential(*layers, parts.GlobalMean())
        self.logits = weight_norm(nn.Linear(units, size.classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits(self.features(images))


class Trainer(parts.Trainer):
    """The training step, in all variants."""

    passes = (parts.SEPARATE, parts.CONCATENATED)

    def __init__(
        self,
        step: steps.MatchingStep,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module,
    ):
        super().__init__(step, size, discriminator, generator)
        self.labeled, self.unlabeled, self.matched = (parts.images(size) for _ in range(3))

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        return [self._d_step(number_format, passes), self._g_step(number_format)]

    def _d_step(self, number_format: str, passes: str) -> torch.Tensor:
        with parts.autocast(number_format):
            with torch.no_grad():
                generated = self.fake()
            batches = [self.labeled, self.unlabeled, generated]
            labeled, real, fake = self.forward_batches(batches, passes)
        loss = functional.cross_entropy(labeled, self.labels)
        loss = loss + functional.softplus(-real.logsumexp(-1)).mean()
        loss = loss + functional.softplus(fake.logsumexp(-1)).mean()
        parts.minimize(loss, self.d_adam)
        return loss

    def _g_step(self, number_format: str) -> torch.Tensor:
        with parts.autocast(number_format):
            with torch.no_grad():
                matched = self.d.features(self.matched)
            fake = self.d.features(self.fake(self.step.fake_ratio))
        loss = (matched.mean(0) - fake.mean(0)).abs().mean()
        parts.minimize(loss, self.g_adam)
        return loss
