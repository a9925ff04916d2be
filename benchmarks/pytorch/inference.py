"""ALI's step, in PyTorch."""

import common
import steps
import torch
from torch import nn
from torch.nn import functional

from pytorch import parts


def networks(step: steps.InferenceStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds discriminator, generator and encoder."""
    return {
        "discriminator": Discriminator(size),
        "generator": generator(size),
        "encoder": encoder(size),
    }


def encoder(size: steps.Size) -> nn.Module:
    """Images [batch, channels, side, side] -> means, log scales [batch, 2 latent]."""
    layers, channels = [], size.channels
    for kernel, stride, units in steps.inference_convolutions(size):
        layers += [*_conv(size, channels, units, kernel, stride, bias=False), *_normalized(units)]
        channels = units
    layers.append(nn.Flatten())
    inputs, units = 4 * 4 * channels, 16 * size.width
    for before in (inputs, units):
        layers += [nn.Linear(before, units, bias=False), nn.BatchNorm1d(units), _leaky()]
    return nn.Sequential(*layers, nn.Linear(units, 2 * size.latent))


def generator(size: steps.Size) -> nn.Module:
    """Latents [batch, latent] -> images [batch, channels, side, side]."""
    w, channels = size.width, 8 * size.width
    layers = [nn.Linear(size.latent, 4 * 4 * channels, bias=False)]
    layers += [nn.Unflatten(1, (channels, 4, 4)), *_normalized(channels)]
    convolutions = steps.inference_convolutions(size)
    widths = [w, *(units for _, _, units in convolutions)]
    for (kernel, stride, _), units in reversed(list(zip(convolutions, widths, strict=False))):
        layers += [_Transposed(size, channels, units, kernel, stride), *_normalized(units)]
        channels = units
    layers += [nn.Conv2d(w, w, 1, bias=False), *_normalized(w)]
    layers += [nn.Conv2d(w, size.channels, 1, bias=False), _PixelBias(size)]
    return nn.Sequential(*layers, nn.Tanh())


class Discriminator(nn.Module):
    """Images [batch, channels, side, side], codes [batch, latent] -> logits [batch, classes]."""

    def __init__(self, size: steps.Size):
        super().__init__()
        layers, channels = [], size.channels
        for place, (kernel, stride, units) in enumerate(steps.inference_convolutions(size)):
            layers.append(nn.Dropout(common.DROPOUT))
            layers += _conv(size, channels, units, kernel, stride, bias=not place)
            layers += _normalized(units) if place else [_leaky()]
            channels = units
        hidden, joint = 16 * size.width, 32 * size.width
        layers += [nn.Flatten(), nn.Dropout(common.DROPOUT)]
        layers += [nn.Linear(4 * 4 * channels, hidden, bias=False), nn.BatchNorm1d(hidden)]
        self.of_images = nn.Sequential(*layers, _leaky())
        self.of_codes = nn.Sequential(
            *_hidden(size.latent, hidden, bias=False), *_hidden(hidden, hidden, bias=False)
        )
        self.joint = nn.Sequential(
            *_hidden(2 * hidden, joint),
            *_hidden(joint, joint),
            nn.Dropout(common.DROPOUT),
            nn.Linear(joint, size.classes),
        )

    def forward(self, images: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        return self.joint(torch.cat([self.of_images(images), self.of_codes(codes)], 1))


class _Transposed(nn.ConvTranspose2d):
    """A transposed convolution whose padding is that of TensorFlow, VALID or SAME."""

    def __init__(self, size: steps.Size, channels: int, units: int, kernel: int, stride: int):
        # SAME leaves out kernel - stride pixels: if that is odd, one more at the end.
        padding, self.last = (0, 0) if _valid(size) else divmod(kernel - stride, 2)
        super().__init__(channels, units, kernel, stride, padding, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = super().forward(x)
        return y[:, :, : -self.last, : -self.last] if self.last else y


class _PixelBias(nn.Module):
    """Adds a bias of its own to each pixel and channel."""

    def __init__(self, size: steps.Size):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(size.channels, size.side, size.side))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float() + self.bias


def _conv(
    size: steps.Size, channels: int, units: int, kernel: int, stride: int, bias: bool
) -> list[nn.Module]:
    """A convolution whose padding is that of TensorFlow, VALID or SAME."""
    padding = 0 if _valid(size) else (kernel - stride) // 2 if stride > 1 else "same"
    return [nn.Conv2d(channels, units, kernel, stride, padding, bias=bias)]


def _valid(size: steps.Size) -> bool:
    return size.side == 32


def _hidden(inputs: int, units: int, bias: bool = True) -> list[nn.Module]:
    """Dropout, a dense layer and a leaky ReLU."""
    return [nn.Dropout(common.DROPOUT), nn.Linear(inputs, units, bias=bias), _leaky()]


def _normalized(units: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(units), _leaky()]


def _leaky() -> nn.Module:
    return nn.LeakyReLU(common.ALI_SLOPE, inplace=True)


class Trainer(parts.Trainer):
    """The training step; D has batch normalization, so real images are always a single pass."""

    def __init__(
        self,
        step: steps.InferenceStep,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module,
        encoder: nn.Module,
    ):
        super().__init__(step, size, discriminator, generator)
        self.encoder = encoder
        self.g_adam = parts.adam([*encoder.parameters(), *generator.parameters()])
        self.labeled, self.unlabeled = parts.images(size), parts.images(size)

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        z = torch.randn(self.size.batch, self.size.latent, device=parts.DEVICE)
        with parts.autocast(number_format):
            real = torch.cat([self.labeled, self.unlabeled])
            mean, log_scale = self.encoder(real).float().chunk(2, 1)
            codes = mean + log_scale.exp() * torch.randn_like(mean)
            labeled, encoded = self.d(real, codes).float().chunk(2)
            decoded = self.d(self.g(z), z).float()
        loss = functional.cross_entropy(labeled, self.labels) + _real_or_fake(encoded, decoded)
        g_loss = _real_or_fake(decoded, encoded)
        self._minimize_both(loss, g_loss)
        return [loss, g_loss]

    def _minimize_both(self, loss: torch.Tensor, g_loss: torch.Tensor) -> None:
        """Takes both optimizer steps, by the gradients at the same weights."""
        for adam, one in ((self.d_adam, loss), (self.g_adam, g_loss)):
            adam.zero_grad()
            one.backward(inputs=adam.param_groups[0]["params"], retain_graph=one is loss)
        self.d_adam.step()
        self.g_adam.step()


def _real_or_fake(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    real_loss = functional.softplus(-real.logsumexp(-1)).mean()
    return real_loss + functional.softplus(fake.logsumexp(-1)).mean()
