"""What the families share: images, Adam, the base of the steps, weight-normalized networks."""

import contextlib
from collections.abc import Callable, Iterable

import common
import steps
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

FORMATS = ("bfloat16", "float32")
SEPARATE, CONCATENATED = "separate", "concatenated"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Trainer:
    """A training step, in all variants.

    Attributes:
        formats: Number formats of the step.
        passes: Ways in which the batches can go through D: SEPARATE, CONCATENATED; perhaps with
            other choices.
        d: The discriminator or classifier.
        g: The generator, or None.
    """

    formats = FORMATS
    passes = (SEPARATE,)

    def __init__(
        self,
        step: steps.Step,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module | None = None,
    ):
        self.step, self.size = step, size
        self.d, self.g = discriminator, generator
        self.d_adam = adam(discriminator.parameters())
        self.g_adam = adam(generator.parameters()) if generator is not None else None
        self.labels = torch.randint(size.classes, (size.batch,), device=DEVICE)

    def variant(self, number_format: str, passes: str) -> Callable[[], list[float]]:
        """The step in a number format, with separate or concatenated passes."""
        return lambda: [loss.item() for loss in self.train(number_format, passes)]

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        """Takes the step and returns its losses."""
        raise NotImplementedError(f"{type(self).__module__} does not define train()")

    def forward_batches(self, batches: list[torch.Tensor], passes: str) -> list[torch.Tensor]:
        """D's outputs for each batch, if D has one output."""
        if passes == CONCATENATED:
            return list(self.d(torch.cat(batches)).float().split(self.size.batch))
        return [self.d(batch).float() for batch in batches]

    def fake(self, batches: int = 1) -> torch.Tensor:
        """Generates images from new uniform latents."""
        latents = torch.empty(batches * self.size.batch, self.size.latent, device=DEVICE)
        return self.g(latents.uniform_(common.LATENT_LOW, common.LATENT_HIGH))


def autocast(number_format: str) -> contextlib.AbstractContextManager:
    """A context in which convolutions and dense maps compute in the number format."""
    return torch.autocast(DEVICE, torch.bfloat16, enabled=number_format == "bfloat16")


def adam(weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """An Adam optimizer for the trainable ones of these weights."""
    trained = [weight for weight in weights if weight.requires_grad]
    betas = (common.BETA_1, 0.999)
    return torch.optim.Adam(trained, common.LEARNING_RATE, betas, common.EPSILON, fused=True)


def minimize(loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Takes one optimizer step on the loss."""
    optimizer.zero_grad()
    # With `inputs`, no gradients are computed for the weights of the other network.
    loss.backward(inputs=optimizer.param_groups[0]["params"])
    optimizer.step()


def images(size: steps.Size) -> torch.Tensor:
    """A batch of random images in [-1, 1]."""
    pixels = torch.rand(size.batch, size.channels, size.side, size.side, device=DEVICE) * 2 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def conv(
    channels: int, units: int, kernel: int, stride: int = 1, padding: int = 1
) -> list[nn.Module]:
    """A weight-normalized convolution and a leaky ReLU."""
    normalized = weight_norm(nn.Conv2d(channels, units, kernel, stride, padding))
    return [normalized, nn.LeakyReLU(common.SLOPE, inplace=True)]


def first_blocks(size: steps.Size, dropout: float) -> list[nn.Module]:
    """The first two blocks of FR-GAN's and ImprovedGAN's discriminators."""
    layers, channels = [], size.channels
    for units in (size.width, 2 * size.width):
        for stride in (1, 1, 2):
            layers += conv(channels, units, 3, stride)
            channels = units
        layers.append(nn.Dropout(dropout))
    return layers


class Noise(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + common.NOISE * torch.randn_like(images)


class GlobalMean(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float().mean((2, 3))


def generator(size: steps.Size) -> nn.Module:
    """Latents [batch, latent] -> images [batch, channels, side, side]."""
    side, width = size.side // 8, size.width
    units = 8 * width * side * side
    layers = [nn.Linear(size.latent, units, bias=False), shifted(nn.BatchNorm1d(units))]
    layers += [nn.ReLU(inplace=True), nn.Unflatten(1, (8 * width, side, side))]
    for channels in (4 * width, 2 * width):
        layers.append(nn.ConvTranspose2d(2 * channels, channels, 5, 2, 2, 1, bias=False))
        layers += [shifted(nn.BatchNorm2d(channels)), nn.ReLU(inplace=True)]
    last = nn.ConvTranspose2d(2 * width, size.channels, 5, 2, 2, 1)
    return nn.Sequential(*layers, weight_norm(last, dim=1), nn.Tanh())


def shifted(norm: nn.Module) -> nn.Module:
    """The batch normalization with a shift and no scale, as in ours."""
    norm.weight.requires_grad_(False)
    return norm
