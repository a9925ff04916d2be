"""What a method may know of the world, and what it asks of it."""

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
        steps_per_epoch: Steps in which the unlabeled pool is seen once.
        seed: Seed of initialization and of every draw.
        mean: Mean of the training images, a channel, intensities in [0, 1].
        std: Their standard deviation.
        flip: Whether a mirrored image keeps its class.
        clean: Images in the pool "clean"; all labeled ones where none is known to be clean.
        noisy: Images in the pool "noisy": the labeled ones beside those known to be clean.
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

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """[height, width, channels]."""
        return (self.height, self.width, self.channels)

    def halvings(self, pixels: int) -> int:
        """How often the images must be halved, rounding up, until no side has more than `pixels`.

        Args:
            pixels: Largest side that is allowed, at least 1.
        """
        larger = max(self.height, self.width)
        return next(n for n in itertools.count() if larger <= pixels * 2**n)


@dataclasses.dataclass(frozen=True)
class Stream:
    """Examples a method reads each step: from which pool, how many, seen through which views.

    Attributes:
        pool: "labeled"; "unlabeled", the only one without labels; "clean", labeled images that are
            known to be right, or all of them where that is known of none; "noisy", the other
            labeled images; or "merged", labeled images and those to which the method gave labels
            (`Method.pseudo_labels`).
        examples: Examples a step, over all replicas.
        views: Name in the batch -> names of `augment.OPERATIONS`, in the order they are applied.
    """

    pool: str
    examples: int
    views: dict[str, str]
