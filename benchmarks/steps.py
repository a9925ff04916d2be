"""Families of training steps, the step of each method, and what a size is.

Imports neither TensorFlow nor PyTorch: both sides of a comparison read it.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Size:
    """Sizes of the networks and of a batch.

    Attributes:
        side: Side of the square images, in pixels: a multiple of 8, or 16 to 32 for a
            `ConditionalStep` with an adversary; 16 or 32 for an `InferenceStep`.
        channels: Channels of the images.
        classes: Number of classes.
        batch: Batch size.
        width: Width of the networks, as the methods define it.
        latent: Length of the generator's latent vector; 0 without a generator.
        depth: Number of layers of a wide residual network; 0 for other networks.
    """

    side: int
    channels: int
    classes: int
    batch: int
    width: int
    latent: int
    depth: int = 0


TOY = Size(side=16, channels=1, classes=3, batch=8, width=4, latent=8, depth=10)
CIFAR10 = {"side": 32, "channels": 3, "classes": 10}
FASHION_MNIST = {"side": 28, "channels": 1, "classes": 10}


@dataclasses.dataclass(frozen=True)
class RecalibrationStep:
    """The step of FR-GAN, and of the methods it is compared with.

    Attributes:
        recalibrate: Whether D has the squeeze-and-excitation block.
        branches: Passes of D over unlabeled images: 0 without a GAN, 2 for consistency.
    """

    recalibrate: bool
    branches: int

    @property
    def adversarial(self) -> bool:
        """Whether there is a generator."""
        return self.branches > 0

    @property
    def batches(self) -> int:
        """Number of batches that D is trained on: labeled, unlabeled, generated."""
        return 1 + self.branches + self.adversarial

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return CIFAR10


@dataclasses.dataclass(frozen=True)
class MatchingStep:
    """The step of ImprovedGAN: D learns from three batches, G matches the features of a fourth.

    Attributes:
        fake_ratio: Number of batches that G's step generates.
    """

    fake_ratio: int

    @property
    def adversarial(self) -> bool:
        """Whether there is a generator."""
        return True

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return CIFAR10


@dataclasses.dataclass(frozen=True)
class ConditionalStep:
    """The step of AC-GAN, on labeled images only, and of its baseline.

    Attributes:
        adversarial: Whether there is a conditional generator, and D has a source head; if not,
            the network is AlexNet.
        truncated: Whether the class head gets other generated images than the source head, those
            of truncated latents: this doubles every pass of G, and of D over generated images.
        penalty: Whether D has a gradient penalty.
        search: Whether the truncation factor has a gradient step of its own.
    """

    adversarial: bool = True
    truncated: bool = False
    penalty: bool = False
    search: bool = False

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return FASHION_MNIST if self.adversarial else CIFAR10


@dataclasses.dataclass(frozen=True)
class WideResNetStep:
    """The step of FixMatch, FlexMatch or VAT on a wide residual network.

    Attributes:
        ratio: Unlabeled images per labeled image.
        views: Views of each unlabeled image: 2 for FixMatch, weak and strong, in one pass with
            the labeled images; 1 for VAT, perturbed in the direction that another pass finds.
        form: Form of the network, see `networks.wide_resnet`: "plain", or "leaky" with biases.
        class_thresholds: Whether each class has a threshold, by the latest predictions for all
            unlabeled images (FlexMatch).
    """

    ratio: int
    views: int
    form: str = "plain"
    class_thresholds: bool = False

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return CIFAR10


@dataclasses.dataclass(frozen=True)
class TeacherStep:
    """The step of mean teacher or ICT: a CNN13 learns from its average, the teacher.

    Attributes:
        mixing: Whether it is that of ICT: two passes of the student, over mixtures of labeled and
            of unlabeled images, one of the teacher over the unlabeled images, and a network with
            batch normalization. In that of mean teacher both see a view of one batch, and the
            network has weight normalization and mean-only batch normalization.
    """

    mixing: bool

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return CIFAR10


@dataclasses.dataclass(frozen=True)
class InferenceStep:
    """The step of ALI: D judges pairs of image and code; all networks move by one forward pass.

    D and the encoder see labeled and unlabeled images in one pass, and D generated ones in another,
    because batch normalization keeps the two kinds apart.
    """

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return CIFAR10


@dataclasses.dataclass(frozen=True)
class TripleStep:
    """The step of Triple-GAN as on SVHN: D of pairs of image and class, then G, then a classifier.

    The classifier labels images for D, and learns from its scores, from the images that G's step
    generated, and from one pass over labeled and unlabeled images. `Size.width` is its width; G has
    half of it and D a quarter, as in the public code.
    """

    @property
    def images(self) -> dict[str, int]:
        """Images of the shape of its paper's."""
        return CIFAR10


@dataclasses.dataclass(frozen=True)
class LocalStep:
    """The step of the localized GAN in stage "train", the second half of a run.

    Attributes:
        tangents: Derivatives of G's image along axes of the latents, at three batches of images;
            along those at two of them, D's probabilities are differentiated too. The step is
            measured with two, the method's default is ten: more take longer in proportion.
    """

    tangents: int

    @property
    def images(self) -> dict[str, int]:
        """The images of its paper."""
        return CIFAR10


Step = (
    RecalibrationStep
    | MatchingStep
    | ConditionalStep
    | WideResNetStep
    | TeacherStep
    | InferenceStep
    | TripleStep
    | LocalStep
)

STEPS: dict[str, Step] = {
    "supervised": RecalibrationStep(recalibrate=True, branches=0),
    "frgan": RecalibrationStep(recalibrate=True, branches=2),
    "frgan_nose": RecalibrationStep(recalibrate=False, branches=2),
    "frgan_nocr": RecalibrationStep(recalibrate=True, branches=1),
    "ssgan": RecalibrationStep(recalibrate=False, branches=1),
    "improved_gan": MatchingStep(fake_ratio=1),
    "i2gan": MatchingStep(fake_ratio=4),
    "e_i2gan": MatchingStep(fake_ratio=1),
    "alexnet": ConditionalStep(adversarial=False),
    "acgan": ConditionalStep(),
    "acgan_trunc": ConditionalStep(truncated=True),
    "wacgan_gp": ConditionalStep(penalty=True),
    "wacgan_gpt": ConditionalStep(truncated=True, penalty=True, search=True),
    "vat": WideResNetStep(ratio=4, views=1),
    "fixmatch": WideResNetStep(ratio=7, views=2),
    "flexmatch": WideResNetStep(ratio=7, views=2, form="leaky", class_thresholds=True),
    "mean_teacher": TeacherStep(mixing=False),
    "ict": TeacherStep(mixing=True),
    "ali": InferenceStep(),
    "triple_gan": TripleStep(),
    "local_gan": LocalStep(tangents=2),
}


def inference_convolutions(size: Size) -> list[tuple[int, int, int]]:
    """Kernel, stride and channels of the convolutions of ALI, which its decoder mirrors."""
    w = size.width
    return [(5, 1, w), (4, 2, 2 * w), (4, 1, 4 * w), (4, 2, 8 * w)]


def triple_widths(size: Size) -> dict[str, int]:
    """The widths of Triple-GAN's other networks, as the method defines them."""
    return {"generator": size.width // 2, "discriminator": size.width // 4}


def conditional_sides(size: Size) -> list[int]:
    """Sides of the conditional generator's maps, from 4 up: each half of the next, rounded up."""
    sides = [size.side]
    while sides[0] > 4:
        sides.insert(0, -(-sides[0] // 2))
    return sides
