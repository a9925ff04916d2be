"""What a method knows about the learning problem, and which images it reads."""

import dataclasses
import itertools


@dataclasses.dataclass(frozen=True)
class Task:
    """The learning problem as a method sees it: sizes and a few numbers, never the data.

    Attributes:
        classes: Number of classes K.
        height: Image height in pixels.
        width: Image width in pixels.
        channels: 1 (gray) or 3 (color).
        labeled: Images in the labeled pool.
        unlabeled: Images in the unlabeled pool, the labeled ones included.
        steps: Length of the whole run, in training steps.
        steps_per_epoch: Steps in which the unlabeled pool is read once.
        seed: Seed of the initial weights and of all random numbers.
        mean: Mean of the training images per channel, of intensities in [0, 1].
        std: Their standard deviation per channel.
        flip: Whether a mirrored image keeps its class.
        clean: Images in the pool "clean"; all labeled ones if none is known to be clean.
        noisy: Images in the pool "noisy", the labeled ones that are not known to be clean.
        held_out: Images in the pool "held_out", those of validation.
        class_frequencies: Share of each class among the labels, sum 1; empty without labels.
        class_weights: Weight of the labels of each class in the labeled loss, of mean 1 over the
            labels; empty if all weigh the same.
    """

    classes: int
    height: int
    width: int
    channels: int
    labeled: int
    unlabeled: int
    steps: int
    steps_per_epoch: int
    seed: int = 0
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    flip: bool = False
    clean: int = 0
    noisy: int = 0
    held_out: int = 0
    class_frequencies: tuple[float, ...] = ()
    class_weights: tuple[float, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """[height, width, channels]."""
        return (self.height, self.width, self.channels)

    def halvings(self, pixels: int) -> int:
        """How often images must be halved, rounding up, until no side is longer than `pixels`.

        Args:
            pixels: Length of the longest side allowed, at least 1.
        """
        larger = max(self.height, self.width)
        return next(n for n in itertools.count() if larger <= pixels * 2**n)


@dataclasses.dataclass(frozen=True)
class Stream:
    """Examples that a method reads at each step: their pool, their number and their views.

    Attributes:
        pool: One of
            "labeled";
            "unlabeled", the only one without labels;
            "clean", labeled images whose labels are known to be right, or all labeled images if
            none is known to be;
            "noisy", the other labeled images;
            "merged", labeled images and images with pseudo-labels (`Method.pseudo_labels`);
            "mixed", all unlabeled images in the order of "unlabeled", each with its label where it
            has one, else with -1;
            "held_out", the validation images, for methods that tune themselves by their labels;
            or a name of `Method.subsets`, a part of the labeled images.
        examples: Examples a step, over all replicas.
        views: Name in the batch -> names of `transforms.OPERATIONS`, in the order of application.
        shared: Operations that come first and are drawn once for all views; "" for none.
        distinct: Whether no image may occur twice in a step, because the step writes per-example
            buffers at the indices of this stream. A smaller pool is refused.
    """

    pool: str
    examples: int
    views: dict[str, str]
    shared: str = ""
    distinct: bool = False
