"""AC-GAN's step, its variants and its baseline AlexNet, in PyTorch."""

import common
import steps
import torch
from torch import nn
from torch.nn import functional

from pytorch import conditional_networks, parts


def networks(step: steps.ConditionalStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds discriminator and generator, or AlexNet."""
    if not step.adversarial:
        return {"discriminator": conditional_networks.alexnet(size)}
    return {
        "discriminator": conditional_networks.Discriminator(size),
        "generator": conditional_networks.generator(size),
    }


class Trainer(parts.Trainer):
    """The training step; D has batch normalization, so every batch is a separate pass."""

    def __init__(
        self,
        step: steps.ConditionalStep,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module | None = None,
    ):
        super().__init__(step, size, discriminator, generator)
        self.images = parts.images(size)
        self.tau = nn.Parameter(torch.tensor(common.TAU, device=parts.DEVICE))
        self.tau_adam = parts.adam([self.tau])

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        if not self.step.adversarial:
            return [self._supervised_step(number_format)]
        critic_format = "float32" if self.step.penalty else number_format
        losses = [self._d_step(number_format, critic_format)]
        losses.append(self._g_step(number_format, critic_format))
        return losses + ([self._tau_step(number_format, critic_format)] if self.step.search else [])

    def _supervised_step(self, number_format: str) -> torch.Tensor:
        with parts.autocast(number_format):
            logits = self.d(self.images).float()
        loss = functional.cross_entropy(logits, self.labels)
        parts.minimize(loss, self.d_adam)
        return loss

    def _d_step(self, number_format: str, critic_format: str) -> torch.Tensor:
        z, c = self._latents()
        with torch.no_grad(), parts.autocast(number_format):
            fakes = self._fakes(z, c)
        with parts.autocast(critic_format):
            source, logits = self.d(self.images)
            fake_source, fake_logits = self._score_fakes(*fakes)
        loss = functional.cross_entropy(logits, self.labels)
        loss = loss + functional.cross_entropy(fake_logits, c)
        if self.step.penalty:
            loss = loss + fake_source.mean() - source.mean()
            loss = loss + common.PENALTY_WEIGHT * self._penalty(fakes[0])
        else:
            loss = loss + functional.softplus(-source).mean()
            loss = loss + functional.softplus(fake_source).mean()
        parts.minimize(loss, self.d_adam)
        return loss

    def _g_step(self, number_format: str, critic_format: str) -> torch.Tensor:
        z, c = self._latents()
        with parts.autocast(number_format):
            fakes = self._fakes(z, c)
        with parts.autocast(critic_format):
            source, logits = self._score_fakes(*fakes)
        adversarial = -source.mean() if self.step.penalty else functional.softplus(-source).mean()
        loss = adversarial + functional.cross_entropy(logits, c)
        parts.minimize(loss, self.g_adam)
        return loss

    def _tau_step(self, number_format: str, critic_format: str) -> torch.Tensor:
        self._set_training(False)
        z, c = self._latents()
        with parts.autocast(number_format):
            fake = self._generated(self._truncated(z), c)
        with parts.autocast(critic_format):
            loss = functional.cross_entropy(self.d.logits(fake), c)
        parts.minimize(loss, self.tau_adam)
        with torch.no_grad():
            self.tau.clamp_(common.TAU_LOW, common.TAU_HIGH)
        self._set_training(True)
        return loss

    def _penalty(self, fake: torch.Tensor) -> torch.Tensor:
        mix = torch.rand(self.size.batch, 1, 1, 1, device=parts.DEVICE)
        between = (mix * self.images + (1 - mix) * fake).requires_grad_()
        scores = self.d.source(between)
        (gradient,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
        norm = (gradient.square().sum((1, 2, 3)) + 1e-12).sqrt()
        return (norm - 1).square().mean()

    def _score_fakes(
        self, fake: torch.Tensor, truncated: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Source logits of `fake` and class logits of `truncated`, in one pass if identical."""
        return (
            self.d(fake) if truncated is fake else (self.d.source(fake), self.d.logits(truncated))
        )

    def _fakes(self, z: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images for the source head and for the class head."""
        fake = self._generated(z, c)
        return fake, self._generated(self._truncated(z), c) if self.step.truncated else fake

    def _generated(self, z: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return self.g(torch.cat([z, functional.one_hot(c, self.size.classes)], 1)).float()

    def _truncated(self, z: torch.Tensor) -> torch.Tensor:
        return z.sign() * torch.minimum(z.abs(), self.tau)

    def _latents(self) -> tuple[torch.Tensor, torch.Tensor]:
        z = torch.randn(self.size.batch, self.size.latent, device=parts.DEVICE)
        return z, torch.randint(self.size.classes, (self.size.batch,), device=parts.DEVICE)

    def _set_training(self, training: bool) -> None:
        for network in (self.d, self.g):
            network.train(training)
