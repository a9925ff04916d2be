"""Which passes the training steps take, a family of steps each, and at which sizes.

Imports neither TensorFlow nor PyTorch: both sides of a comparison read it.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Size:
    """Sizes of the networks and of a batch.

    Attributes:
        side: Of the square images, in pixels: a multiple of 8 but for `Conditional` steps with an
            adversary, which take 16 to 32.
        channels: Of the images.
        classes: Number of classes.
        batch: Images a batch.
        width: As the networks of ours define it.
        latent: Length of the generator's latent vector.
    """

    side: int
    channels: int
    classes: int
    batch: int
    width: int
    latent: int


TOY = Size(side=16, channels=1, classes=3, batch=8, width=4, latent=8)
PHOTOGRAPHS = {
    "paper": Size(side=32, channels=3, classes=10, batch=100, width=64, latent=100),
    "toy": TOY,
}
CLOTHES = {
    "paper": Size(side=28, channels=1, classes=10, batch=100, width=128, latent=100),
    "toy": TOY,
}


@dataclasses.dataclass(frozen=True)
class Recalibrated:
    """FR-GAN's step, and those it is compared with.

    Attributes:
        recalibrate: Whether D has the squeeze-and-excitation block.
        branches: Passes of D over unlabeled images: 0 for no GAN, 2 for two that must agree.
    """

    recalibrate: bool
    branches: int

    @property
    def adversarial(self) -> bool:
        """Whether there is a generator."""
        return self.branches > 0

    @property
    def batches(self) -> int:
        """Batches that D is trained on: labeled, unlabeled, generated."""
        return 1 + self.branches + self.adversarial

    @property
    def sizes(self) -> dict[str, Size]:
        """What it is measured at."""
        return PHOTOGRAPHS


@dataclasses.dataclass(frozen=True)
class Matching:
    """ImprovedGAN's step: D learns from three batches, G matches the features of a fourth.

    Attributes:
        fake_ratio: Images that G's step generates, in batches.
    """

    fake_ratio: int

    @property
    def adversarial(self) -> bool:
        """Whether there is a generator."""
        return True

    @property
    def sizes(self) -> dict[str, Size]:
        """What it is measured at."""
        return PHOTOGRAPHS


@dataclasses.dataclass(frozen=True)
class Conditional:
    """AC-GAN's step, on labeled images alone, and its baseline.

    Attributes:
        adversarial: Whether D also tells real from generated, for a generator that is told the
            class; without, the network is AlexNet.
        truncated: Whether the class head sees other generated images than the source head, those
            of truncated latents: a second pass of G and of D wherever there is one.
        penalty: Whether D's slope between real and generated images is penalized.
        search: Whether the truncation factor takes a step of its own.
    """

    adversarial: bool = True
    truncated: bool = False
    penalty: bool = False
    search: bool = False

    @property
    def sizes(self) -> dict[str, Size]:
        """What it is measured at."""
        return CLOTHES if self.adversarial else PHOTOGRAPHS


@dataclasses.dataclass(frozen=True)
class Residual:
    """A step of a classifier on a wide residual network, WRN-28-2 at the paper's size.

    Attributes:
        ratio: Unlabeled images a labeled one.
        views: Of each unlabeled image: 2, weak and strong, in one pass with the labeled ones; or 1,
            which is perturbed, after a pass to find in which direction.
    """

    ratio: int
    views: int

    @property
    def sizes(self) -> dict[str, Size]:
        """What it is measured at."""
        batch = 64 if self.views == 2 else 32
        paper = Size(side=32, channels=3, classes=10, batch=batch, width=32, latent=0)
        return {"paper": paper, "toy": TOY}

    def depth(self, size: Size) -> int:
        """Layers of the network."""
        return 28 if size is not TOY else 10


Step = Recalibrated | Matching | Conditional | Residual

STEPS: dict[str, Step] = {
    "supervised": Recalibrated(recalibrate=True, branches=0),
    "frgan": Recalibrated(recalibrate=True, branches=2),
    "frgan_nose": Recalibrated(recalibrate=False, branches=2),
    "frgan_nocr": Recalibrated(recalibrate=True, branches=1),
    "ssgan": Recalibrated(recalibrate=False, branches=1),
    "improved_gan": Matching(fake_ratio=1),
    "i2gan": Matching(fake_ratio=4),
    "e_i2gan": Matching(fake_ratio=1),
    "alexnet": Conditional(adversarial=False),
    "acgan": Conditional(),
    "acgan_trunc": Conditional(truncated=True),
    "wacgan_gp": Conditional(penalty=True),
    "wacgan_gpt": Conditional(truncated=True, penalty=True, search=True),
    "vat": Residual(ratio=4, views=1),
    "fixmatch": Residual(ratio=7, views=2),
}


def conditional_sides(size: Size) -> list[int]:
    """Sides of the conditional generator's maps: halved from the image, rounding up, to 4."""
    sides = [size.side]
    while sides[0] > 4:
        sides.insert(0, -(-sides[0] // 2))
    return sides
