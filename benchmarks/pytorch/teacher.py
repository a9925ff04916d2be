"""The steps of mean teacher and ICT on CNN13, in PyTorch."""

import copy

import common
import steps
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from pytorch import parts


def networks(step: steps.TeacherStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds the student; the teacher is a copy of it."""
    return {"discriminator": classifier(step, size)}


def classifier(step: steps.TeacherStep, size: steps.Size) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    mixing, width = step.mixing, size.width
    layers = [] if mixing else [parts.Noise()]
    channels = size.channels
    for units in (width, 2 * width):
        for _ in range(3):
            layers += _conv(channels, units, 3, mixing, padding=1)
            channels = units
        layers += [nn.MaxPool2d(2)] + ([] if mixing else [nn.Dropout(common.HIDDEN_DROPOUT)])
    layers += _conv(channels, 4 * width, 3, mixing, padding=0 if size.side >= 24 else 1)
    layers += _conv(4 * width, 2 * width, 1, mixing) + _conv(2 * width, width, 1, mixing)
    layers += [parts.GlobalMean(), weight_norm(nn.Linear(width, size.classes, bias=mixing))]
    return nn.Sequential(*layers, *([] if mixing else [_MeanOnlyBatchNorm(size.classes)]))


def _conv(
    channels: int, units: int, kernel: int, mixing: bool, padding: int = 0
) -> list[nn.Module]:
    """A convolution, its normalization and a leaky ReLU."""
    conv = nn.Conv2d(channels, units, kernel, 1, padding, bias=False)
    activation = nn.LeakyReLU(common.SMALL_SLOPE, inplace=True)
    if mixing:
        return [conv, nn.BatchNorm2d(units), activation]
    return [weight_norm(conv), _MeanOnlyBatchNorm(units), activation]


class _MeanOnlyBatchNorm(nn.Module):
    """Subtracts the mean of each channel over the batch, and adds a shift."""

    def __init__(self, channels: int):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("moving_mean", torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean([0, *range(2, x.ndim)], dtype=torch.float32)
        with torch.no_grad():
            self.moving_mean.lerp_(mean, 1e-3)
        shift = (self.shift - mean).to(x.dtype)
        return x + shift.view(1, -1, *[1] * (x.ndim - 2))


class Trainer(parts.Trainer):
    """The training step of mean teacher or ICT."""

    def __init__(self, step: steps.TeacherStep, size: steps.Size, discriminator: nn.Module):
        super().__init__(step, size, discriminator)
        self.images, self.others = parts.images(size), parts.images(size)
        self.teacher = copy.deepcopy(discriminator).requires_grad_(False)
        if step.mixing:
            weights = list(discriminator.parameters())
            self.d_adam = torch.optim.SGD(weights, 0.1, 0.9, weight_decay=1e-4, fused=True)

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        take = self._ict if self.step.mixing else self._mean_teacher
        loss = take(number_format)
        parts.minimize(loss, self.d_adam)
        self._average()
        return [loss]

    def _mean_teacher(self, number_format: str) -> torch.Tensor:
        with parts.autocast(number_format):
            target = self.teacher(self.others).float().softmax(-1)
            logits = self.d(self.images).float()
        loss = functional.cross_entropy(logits, self.labels)
        distance = functional.mse_loss(logits.softmax(-1), target)
        return loss + common.CONSISTENCY_WEIGHT * distance

    def _ict(self, number_format: str) -> torch.Tensor:
        # The beta distribution with both parameters 1 is the uniform one.
        share, other_share = torch.rand(2, device=parts.DEVICE)
        order, other_order = (torch.randperm(len(x), device=parts.DEVICE)
                              for x in (self.images, self.others))  # fmt: skip
        with parts.autocast(number_format):
            predicted = self.teacher(self.others).float().softmax(-1)
            logits = self.d(_mixed(self.images, order, share)).float()
            others = self.d(_mixed(self.others, other_order, other_share)).float()
        loss = share * functional.cross_entropy(logits, self.labels)
        loss = loss + (1 - share) * functional.cross_entropy(logits, self.labels[order])
        target = _mixed(predicted, other_order, other_share)
        distance = functional.mse_loss(others.softmax(-1), target)
        return loss + common.CONSISTENCY_WEIGHT * distance

    @torch.no_grad()
    def _average(self) -> None:
        """Moves the teacher's weights toward the student's."""
        for slow, fast in zip(self.teacher.parameters(), self.d.parameters(), strict=True):
            slow.lerp_(fast, 1 - common.TEACHER_DECAY)


def _mixed(values: torch.Tensor, order: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    return torch.lerp(values[order], values, share)
