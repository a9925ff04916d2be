"""Triple-GAN's step, in PyTorch."""

import common
import steps
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from pytorch import parts


def networks(step: steps.TripleStep, size: steps.Size) -> dict[str, nn.Module]:
    """Builds discriminator, generator and classifier."""
    return {
        "discriminator": Discriminator(size),
        "generator": Generator(size),
        "classifier": classifier(size),
    }


def classifier(size: steps.Size) -> nn.Module:
    """Images [batch, channels, side, side] -> logits [batch, classes]."""
    width, channels = size.width, size.channels
    layers = [nn.Dropout(common.DROPOUT)]
    for units in (width, 2 * width):
        for _ in range(3):
            layers += _normalized(channels, units, 3, padding=1)
            channels = units
        layers += [nn.MaxPool2d(2), nn.Dropout(common.HIDDEN_DROPOUT)]
    layers += _normalized(channels, 4 * width, 3, padding=0 if size.side >= 24 else 1)
    layers += _normalized(4 * width, 2 * width, 1) + _normalized(2 * width, width, 1)
    layers += [parts.GlobalMean(), nn.Linear(width, size.classes, bias=False)]
    return nn.Sequential(*layers, nn.BatchNorm1d(size.classes))


def _normalized(channels: int, units: int, kernel: int, padding: int = 0) -> list[nn.Module]:
    """A convolution, batch normalization and a leaky ReLU."""
    conv = nn.Conv2d(channels, units, kernel, padding=padding, bias=False)
    return [conv, nn.BatchNorm2d(units), nn.LeakyReLU(common.SLOPE, inplace=True)]


class Generator(nn.Module):
    """Latents [batch, latent], one-hot classes [batch, classes] -> images."""

    def __init__(self, size: steps.Size):
        super().__init__()
        side, width = size.side // 8, steps.triple_widths(size)["generator"]
        units = 8 * width * side * side
        self.first = nn.Sequential(
            nn.Linear(size.latent + size.classes, units, bias=False),
            parts.shifted(nn.BatchNorm1d(units)),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (8 * width, side, side)),
        )
        self.doublings = nn.ModuleList()
        for channels in (4 * width, 2 * width):
            inputs = 2 * channels + size.classes
            double = nn.ConvTranspose2d(inputs, channels, 5, 2, 2, 1, bias=False)
            norm = parts.shifted(nn.BatchNorm2d(channels))
            self.doublings.append(nn.Sequential(double, norm, nn.ReLU(inplace=True)))
        last = nn.ConvTranspose2d(2 * width + size.classes, size.channels, 5, 2, 2, 1)
        self.doublings.append(nn.Sequential(weight_norm(last, dim=1), nn.Tanh()))

    def forward(self, latents: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        x = self.first(torch.cat([latents, classes], 1))
        x = x.contiguous(memory_format=torch.channels_last)
        for double in self.doublings:
            x = double(_joined(x, classes))
        return x


class Discriminator(nn.Module):
    """Images [batch, channels, side, side], one-hot classes [batch, classes] -> [batch, 1]."""

    def __init__(self, size: steps.Size):
        super().__init__()
        width = steps.triple_widths(size)["discriminator"]
        self.dropout, self.convolutions = nn.Dropout(common.DROPOUT), nn.ModuleList()
        channels, padding = size.channels, 0 if size.side >= 24 else 1

        def add(units: int, *last: nn.Module, **options) -> None:
            nonlocal channels
            conv = parts.conv(channels + size.classes, units, 3, **options)
            self.convolutions.append(nn.Sequential(*conv, *last))
            channels = units

        for units in (width, 2 * width):
            add(units)
            add(units, nn.Dropout(common.DROPOUT), stride=2)
        for _ in range(2):
            add(4 * width, padding=padding)
        self.mean = parts.GlobalMean()
        self.score = weight_norm(nn.Linear(channels + size.classes, 1))

    def forward(self, images: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        x = self.dropout(images)
        for convolution in self.convolutions:
            x = convolution(_joined(x, classes))
        return self.score(torch.cat([self.mean(x), classes], 1))


def _joined(x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """A map with the classes as further channels, the same at every position."""
    spread = classes[:, :, None, None].to(x.dtype).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, spread.contiguous(memory_format=torch.channels_last)], 1)


class Trainer(parts.Trainer):
    """The training step; the classifier has batch normalization, D has not."""

    passes = (parts.SEPARATE, parts.CONCATENATED)

    def __init__(
        self,
        step: steps.TripleStep,
        size: steps.Size,
        discriminator: nn.Module,
        generator: nn.Module,
        classifier: nn.Module,
    ):
        super().__init__(step, size, discriminator, generator)
        self.c, self.c_adam = classifier, parts.adam(classifier.parameters())
        self.labeled, self.unlabeled, self.others = (parts.images(size) for _ in range(3))
        self.wanted = torch.arange(size.batch, device=parts.DEVICE) % size.classes

    def train(self, number_format: str, passes: str) -> list[torch.Tensor]:
        d_loss = self._d_step(number_format, passes)
        g_loss, fake = self._g_step(number_format)
        return [d_loss, g_loss, self._c_step(number_format, fake)]

    def _d_step(self, number_format: str, passes: str) -> torch.Tensor:
        with parts.autocast(number_format):
            with torch.no_grad():
                guessed, pseudo = (x.argmax(-1) for x in self._both(self.unlabeled, self.others))
                fake = self.fake()
            images = [self.labeled, self.others, fake, self.unlabeled]
            labels = [self.labels, pseudo, self.wanted, guessed]
            one, two, three, four = self._scores(images, labels, passes)
        share = common.PSEUDO_SHARE
        real = (1 - share) * functional.softplus(-one).mean()
        real = real + share * functional.softplus(-two).mean()
        loss = real + (functional.softplus(three).mean() + functional.softplus(four).mean()) / 2
        parts.minimize(loss, self.d_adam)
        return loss

    def _g_step(self, number_format: str) -> tuple[torch.Tensor, torch.Tensor]:
        with parts.autocast(number_format):
            fake = self.fake()
            score = self.d(fake, self._one_hot(self.wanted)).float()
        loss = functional.softplus(-score).mean() / 2
        parts.minimize(loss, self.g_adam)
        return loss, fake.detach()

    def _c_step(self, number_format: str, fake: torch.Tensor) -> torch.Tensor:
        with parts.autocast(number_format):
            labeled, guesses = self._both(self.labeled, self.unlabeled)
            with torch.no_grad():
                score = self.d(self.unlabeled, self._one_hot(guesses.argmax(-1))).float()
            generated = self.c(fake).float()
        log_p = guesses.log_softmax(-1)
        p = log_p.exp()
        doubt = (p.amax(-1) * functional.softplus(-score)[:, 0]).mean() / 2
        entropy = -(p * log_p).sum(-1).mean()
        balance = -p.mean(0).log().mean()
        others = doubt + entropy + balance + functional.cross_entropy(generated, self.wanted)
        loss = functional.cross_entropy(labeled, self.labels) + common.PAIR_WEIGHT * others
        parts.minimize(loss, self.c_adam)
        return loss

    def fake(self, batches: int = 1) -> torch.Tensor:
        """Generates images of the wanted classes from new uniform latents."""
        latents = torch.empty(self.size.batch, self.size.latent, device=parts.DEVICE)
        latents.uniform_(common.LATENT_LOW, common.LATENT_HIGH)
        return self.g(latents, self._one_hot(self.wanted))

    def _both(self, one: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The classifier's logits of two batches, whose statistics are common, as in ours."""
        return self.c(torch.cat([one, other])).float().chunk(2)

    def _scores(
        self, images: list[torch.Tensor], labels: list[torch.Tensor], passes: str
    ) -> list[torch.Tensor]:
        """D's scores of each batch of pairs."""
        if passes == parts.CONCATENATED:
            scores = self.d(torch.cat(images), self._one_hot(torch.cat(labels)))
            return list(scores.float().split(self.size.batch))
        pairs = zip(images, labels, strict=True)
        return [self.d(batch, self._one_hot(some)).float() for batch, some in pairs]

    def _one_hot(self, labels: torch.Tensor) -> torch.Tensor:
        return functional.one_hot(labels, self.size.classes).float()
