"""The step of the localized GAN, in PyTorch."""

from collections.abc import Callable

import common
import steps
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from pytorch import matching, parts

DOUBLE_BACKWARD, FORWARD_MODE = "double backward", "forward mode"
Function = Callable[[torch.Tensor], torch.Tensor]


def networks(step: steps.LocalStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds discriminator and generator."""
    return {"discriminator": matching.Discriminator(size), "generator": Generator(size)}


class Generator(nn.Module):
    """Latents [batch, latent], images [batch, channels, side, side] -> images near them."""

    def __init__(self, size: steps.Size):
        super().__init__()
        side, width = size.side // 8, size.width
        layers, channels = [], size.channels
        for units in (width // 2, width, 2 * width):
            layers += [nn.Conv2d(channels, units, 5, 2, 2, bias=False), *_normalized(units)]
            channels = units
        self.of_images = nn.Sequential(*layers, parts.GlobalMean())
        inputs, units = size.latent + channels, 8 * width * side * side
        layers = [parts.shifted(nn.BatchNorm1d(inputs)), nn.Linear(inputs, units, bias=False)]
        layers += [parts.shifted(nn.BatchNorm1d(units)), nn.ReLU(inplace=True)]
        layers.append(nn.Unflatten(1, (8 * width, side, side)))
        for units in (4 * width, 2 * width):
            layers += _refined(2 * units)
            layers.append(nn.ConvTranspose2d(2 * units, units, 5, 2, 2, 1, bias=False))
            layers += [parts.shifted(nn.BatchNorm2d(units)), nn.ReLU(inplace=True)]
        layers += _refined(2 * width)
        last = nn.ConvTranspose2d(2 * width, size.channels, 5, 2, 2, 1)
        self.joint = nn.Sequential(*layers, weight_norm(last, dim=1), nn.Tanh())

    def forward(self, latents: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return self.joint(torch.cat([latents, self.of_images(images)], 1))


def _refined(channels: int) -> list[nn.Module]:
    """A convolution to half of the channels, and one that mixes them."""
    half = channels // 2
    layers = [nn.Conv2d(channels, half, 3, padding=1, bias=False), *_normalized(half)]
    layers += [nn.Conv2d(half, channels, 1, bias=False), nn.BatchNorm2d(channels)]
    return [*layers, nn.LeakyReLU(common.SLOPE, inplace=True)]


def _normalized(units: int) -> list[nn.Module]:
    norm = parts.shifted(nn.BatchNorm2d(units))
    return [norm, nn.LeakyReLU(common.SLOPE, inplace=True)]


class Trainer(parts.Trainer):
    """The training step in float32, with derivatives by double backward or in forward mode."""

    formats = ("float32",)
    passes = tuple(
        f"{passes}, {mode}"
        for passes in (parts.SEPARATE, parts.CONCATENATED)
        for mode in (DOUBLE_BACKWARD, FORWARD_MODE)
    )

    def __init__(
        self,
        step: steps.LocalStep,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module,
    ):
        super().__init__(step, size, discriminator, generator)
        self.labeled, self.unlabeled, self.matched, self.near = (
            parts.images(size) for _ in range(4)
        )

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        passes, mode = passes.split(", ")
        differentiate = _doubly if mode == DOUBLE_BACKWARD else _forward
        axes = torch.randperm(self.size.latent, device=parts.DEVICE)[: self.step.tangents]
        rows = functional.one_hot(axes, self.size.latent).float()
        directions = rows[:, None].expand(-1, self.size.batch, -1)
        losses = [self._d_step(passes, differentiate, directions)]
        return [*losses, self._g_step(passes, differentiate, directions)]

    def _d_step(
        self, passes: str, differentiate: Callable, directions: torch.Tensor
    ) -> torch.Tensor:
        self.g.eval()
        with torch.no_grad():
            generated = self.g(self._latents(), self.near)
        at, others_at = (
            self._tangents_at(x, differentiate, directions, keep=False)
            for x in (self.labeled, self.unlabeled)
        )
        self.g.train()
        batches = [self.labeled, self.unlabeled, generated]
        labeled, real, fake = self.forward_batches(batches, passes)
        loss = functional.cross_entropy(labeled, self.labels)
        loss = loss + functional.softplus(-real.logsumexp(-1)).mean()
        loss = loss + functional.softplus(fake.logsumexp(-1)).mean()
        slopes, other_slopes = (
            differentiate(self._log_p, *place, keep=True)[1].abs() for place in (at, others_at)
        )
        own = self.labels.expand(self.step.tangents, -1)[..., None]
        flatness = slopes.gather(-1, own).mean() + other_slopes.mean()
        loss = loss + common.FLATNESS_WEIGHT * flatness
        parts.minimize(loss, self.d_adam)
        return loss

    def _g_step(
        self, passes: str, differentiate: Callable, directions: torch.Tensor
    ) -> torch.Tensor:
        with torch.no_grad():
            matched = self.d.features(self.matched)
        z = self._latents()
        codes = torch.cat([z, torch.zeros_like(z), torch.zeros_like(z)])
        # One pass, in which batch normalization sees all three kinds, as in ours.
        images = self.g(codes, torch.cat([self.near, self.near, self.labeled]))
        fake, rebuilt, labeled = images.split(self.size.batch)
        if passes == parts.CONCATENATED:
            features, judged = self.d.features(torch.cat([fake, labeled])).chunk(2)
        else:
            features, judged = self.d.features(fake), self.d.features(labeled)
        loss = (matched.mean(0) - features.mean(0)).abs().mean()
        loss = loss + common.REBUILT_WEIGHT * functional.mse_loss(rebuilt, self.near)
        loss = loss + functional.cross_entropy(self.d.logits(judged), self.labels)
        self.g.eval()
        _, columns = self._tangents_at(self.near, differentiate, directions, keep=True)
        self.g.train()
        loss = loss + common.FLATNESS_WEIGHT * _orthonormality(columns)
        parts.minimize(loss, self.g_adam)
        return loss

    def _tangents_at(
        self, images: torch.Tensor, differentiate: Callable, directions: torch.Tensor, keep: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """G(0, x) and its derivatives along axes of the latents."""
        corner = torch.zeros_like(directions[0])
        return differentiate(lambda z: self.g(z, images), corner, directions, keep=keep)

    def _log_p(self, images: torch.Tensor) -> torch.Tensor:
        return self.d(images).log_softmax(-1)

    def _latents(self) -> torch.Tensor:
        return torch.rand(self.size.batch, self.size.latent, device=parts.DEVICE)


def _doubly(
    function: Function, at: torch.Tensor, directions: torch.Tensor, keep: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """The value of a function and its derivatives, by gradients of a gradient.

    Args:
        function: [batch, ...] -> [batch, ...].
        at: Where.
        directions: [directions, *shape of `at`].
        keep: Whether gradients by the weights will be taken.

    Returns:
        The value, and the derivatives [directions, *shape of the value].
    """
    at = at.detach().requires_grad_()
    value = function(at)
    unit = torch.zeros_like(value, requires_grad=True)
    (pulled_back,) = torch.autograd.grad(value, at, unit, create_graph=True)
    derivatives = [
        torch.autograd.grad(pulled_back, unit, direction, retain_graph=True, create_graph=keep)[0]
        for direction in directions
    ]
    return value if keep else value.detach(), torch.stack(derivatives)


def _forward(
    function: Function, at: torch.Tensor, directions: torch.Tensor, keep: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same as `_doubly` in one forward pass, with the same dropout for all directions."""

    def along(direction: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.func.jvp(function, (at,), (direction,))

    with torch.set_grad_enabled(keep):
        mapped = torch.func.vmap(along, out_dims=(None, 0), randomness="same")
        return mapped(directions)


def _orthonormality(columns: torch.Tensor) -> torch.Tensor:
    """The mean of |J^T J - I| for the columns of J, [columns, batch, ...]."""
    flat = columns.flatten(2).transpose(0, 1)
    return (flat @ flat.mT - torch.eye(len(columns), device=parts.DEVICE)).abs().mean()
