"""The networks of AC-GAN and its baseline AlexNet, in PyTorch."""

import itertools

import common
import steps
import torch
from torch import nn


def alexnet(size: steps.Size) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    w, side = size.width, size.side // 2
    layers = [nn.Conv2d(size.channels, w, 3, 2, 1), nn.ReLU(inplace=True)]
    side = _pool(layers, side)
    layers += [nn.Conv2d(w, 3 * w, 3, padding=1), nn.ReLU(inplace=True)]
    side = _pool(layers, side)
    for before, after in ((3, 6), (6, 4), (4, 4)):
        layers += [nn.Conv2d(before * w, after * w, 3, padding=1), nn.ReLU(inplace=True)]
    side = _pool(layers, side)
    units = [4 * w * side * side, 64 * w, 64 * w]
    layers.append(nn.Flatten())
    for before, after in itertools.pairwise(units):
        layers += [nn.Dropout(common.HIDDEN_DROPOUT), nn.Linear(before, after)]
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers, nn.Linear(units[-1], size.classes))


def _pool(layers: list[nn.Module], side: int) -> int:
    """Appends a pooling layer if 2 pixels a side remain; returns the side of its output."""
    if side < 4:
        return side
    layers.append(nn.MaxPool2d(2))
    return side // 2


class Discriminator(nn.Module):
    """Images [batch, channels, side, side] -> source [batch, 1], logits [batch, classes]."""

    def __init__(self, size: steps.Size):
        super().__init__()
        layers, channels = [], size.channels
        for units in (size.width, 2 * size.width, 4 * size.width):
            layers += [nn.Conv2d(channels, units, 4, 2, 1, bias=False), nn.BatchNorm2d(units)]
            layers.append(nn.LeakyReLU(common.SLOPE, inplace=True))
            channels = units
        side = size.side // 8
        self.trunk = nn.Sequential(*layers)
        self.source_head = nn.Sequential(nn.Conv2d(channels, 1, side, bias=False), nn.Flatten())
        self.class_head = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * side * side, size.classes)
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.trunk(images)
        return self.source_head(x).float(), self.class_head(x).float()

    def source(self, images: torch.Tensor) -> torch.Tensor:
        """Output of the source head only."""
        return self.source_head(self.trunk(images)).float()

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Output of the class head only."""
        return self.class_head(self.trunk(images)).float()


def generator(size: steps.Size) -> nn.Module:
    """Latents and one-hot classes [batch, latent + classes] -> images."""
    first, *sides = steps.conditional_sides(size)
    inputs = size.latent + size.classes
    channels = [size.width * 2**i for i in reversed(range(len(sides)))] + [size.channels]
    layers = [nn.Unflatten(1, (inputs, 1, 1))]
    layers.append(nn.ConvTranspose2d(inputs, channels[0], first, bias=False))
    for (before, after), side in zip(itertools.pairwise(channels), sides, strict=True):
        layers += [nn.BatchNorm2d(before), nn.ReLU(inplace=True)]
        # With kernel size 3, 4 pixels become 7.
        layers.append(nn.ConvTranspose2d(before, after, 4 - side % 2, 2, 1, bias=False))
    return nn.Sequential(*layers, nn.Tanh())
