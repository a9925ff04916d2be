"""AC-GAN's networks and its baseline AlexNet, in PyTorch."""

import itertools

import common
import steps
import torch
from torch import nn


def alexnet(size: steps.Size) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    w, side = size.width, size.side // 2
    made = [nn.Conv2d(size.channels, w, 3, 2, 1), nn.ReLU(inplace=True)]
    side = _pool(made, side)
    made += [nn.Conv2d(w, 3 * w, 3, padding=1), nn.ReLU(inplace=True)]
    side = _pool(made, side)
    for before, after in ((3, 6), (6, 4), (4, 4)):
        made += [nn.Conv2d(before * w, after * w, 3, padding=1), nn.ReLU(inplace=True)]
    side = _pool(made, side)
    units = [4 * w * side * side, 64 * w, 64 * w]
    made.append(nn.Flatten())
    for before, after in itertools.pairwise(units):
        made += [nn.Dropout(common.HIDDEN_DROPOUT), nn.Linear(before, after)]
        made.append(nn.ReLU(inplace=True))
    return nn.Sequential(*made, nn.Linear(units[-1], size.classes))


def _pool(made: list[nn.Module], side: int) -> int:
    """Adds a pooling if it leaves 2 pixels a side; what side the map has then."""
    if side < 4:
        return side
    made.append(nn.MaxPool2d(2))
    return side // 2


class Discriminator(nn.Module):
    """Images [batch, channels, side, side] -> source [batch, 1], logits [batch, classes]."""

    def __init__(self, size: steps.Size):
        super().__init__()
        made, channels = [], size.channels
        for units in (size.width, 2 * size.width, 4 * size.width):
            made += [nn.Conv2d(channels, units, 4, 2, 1, bias=False), nn.BatchNorm2d(units)]
            made.append(nn.LeakyReLU(common.SLOPE, inplace=True))
            channels = units
        side = size.side // 8
        self.trunk = nn.Sequential(*made)
        self.source_head = nn.Sequential(nn.Conv2d(channels, 1, side, bias=False), nn.Flatten())
        self.class_head = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * side * side, size.classes)
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.trunk(images)
        return self.source_head(x).float(), self.class_head(x).float()

    def source(self, images: torch.Tensor) -> torch.Tensor:
        """The source head alone."""
        return self.source_head(self.trunk(images)).float()

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """The class head alone."""
        return self.class_head(self.trunk(images)).float()


def generator(size: steps.Size) -> nn.Module:
    """Latents and one-hot classes [batch, latent + classes] -> images."""
    first, *sides = steps.conditional_sides(size)
    told = size.latent + size.classes
    channels = [size.width * 2**i for i in reversed(range(len(sides)))] + [size.channels]
    made = [nn.Unflatten(1, (told, 1, 1)), nn.ConvTranspose2d(told, channels[0], first, bias=False)]
    for (before, after), side in zip(itertools.pairwise(channels), sides, strict=True):
        made += [nn.BatchNorm2d(before), nn.ReLU(inplace=True)]
        # A kernel of 3 makes 7 pixels of 4.
        made.append(nn.ConvTranspose2d(before, after, 4 - side % 2, 2, 1, bias=False))
    return nn.Sequential(*made, nn.Tanh())
