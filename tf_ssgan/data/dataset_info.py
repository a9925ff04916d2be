"""Descriptions of data sets, and the table of those known by name."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """Describes the images and classes of a data set.

    Attributes:
        name: name on the command line.
        height: in pixels.
        width: in pixels.
        channels: 1 or 3.
        classes: class names; label k is classes[k].
        mean: mean per channel, of intensities in [0, 1].
        std: standard deviation per channel, of intensities in [0, 1].
        flip: whether a mirrored image keeps its class.
        source: where the images came from.
        fit: how image files of another shape are fitted, see `image_decoding`.
        bits: bits in use of gray image files with 16 bits, see `image_depth`; 16 without such.
    """

    name: str
    height: int
    width: int
    channels: int
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    flip: bool
    source: str
    fit: str = "resize"
    bits: int = 16

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.height, self.width, self.channels

    def as_json(self) -> dict[str, Any]:
        """Returns a dictionary for `json.dump`."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "DatasetInfo":
        """Returns the info that `as_json` describes."""
        values = {field.name: content[field.name] for field in dataclasses.fields(cls)}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


@dataclasses.dataclass
class Arrays:
    """A data set in memory: images uint8 [n, h, w, c], labels int64 [n].

    An evaluation set has no training images: its training arrays have length 0.

    Attributes:
        info: Description of the data set.
        train_images: All training images, labeled or not.
        train_labels: Labels of the training images; -1 for unknown labels.
        test_images: Images for evaluation only.
        test_labels: Labels of the test images; all are known.
        train_held_out: bool [n], the training images that the data set itself holds out for
            validation; None leaves the choice to the split.
        train_files: The file of each training image, in the order of the source; empty if the
            images are not files of their own.
        train_groups: int64 [n], the group of each training image, say the patient that it shows,
            whose images are never divided between training, held-out and test images: a hash
            of the group's name (`groups.ids`); None if each image is its own.
        test_groups: int64 [test images], as `train_groups`.
        test_files: As `train_files`, of the test images.
        train_keys: uint64 [n], hashes of the training images; None before
            `content_hash.sort_by_content`.
        train_source_indices: int64 [n], the index of each training image in the source; None before
            `content_hash.sort_by_content`.
        test_keys: as `train_keys`, of the test images, if they are known.
        train_checked: bool [n], the training images whose labels a person has checked; all of them
            have a label. None if the data say of no label that it is checked.
        default_pool: the number of images with a label by which the default of --validation is
            decided; None for those of `train_labels`. With folds it is one number for all.
    """

    info: DatasetInfo
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    train_held_out: np.ndarray | None = None
    train_files: tuple[str, ...] = ()
    train_groups: np.ndarray | None = None
    test_groups: np.ndarray | None = None
    test_files: tuple[str, ...] = ()
    train_keys: np.ndarray | None = None
    train_source_indices: np.ndarray | None = None
    test_keys: np.ndarray | None = None
    train_checked: np.ndarray | None = None
    default_pool: int | None = None


@dataclasses.dataclass(frozen=True)
class KnownDataset:
    """What is known about a named data set before reading it.

    Attributes:
        shape: (height, width, channels).
        classes: as in `DatasetInfo`, like `mean`, `std` and `flip`.
        train_count: number of training images as published; 0 for an evaluation set.
        tfds: name and config in TensorFlow Datasets.
        version: version in TensorFlow Datasets, named in messages.
        url: where TensorFlow Datasets downloads it from.
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train_count: int
    flip: bool = False
    tfds: str = ""
    version: str = ""
    url: str = ""

    @property
    def training(self) -> bool:
        """Whether it has training images; an evaluation set has none."""
        return self.train_count > 0


_DIGITS = tuple("0123456789")
_CIFAR10 = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
_CIFAR100 = tuple(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
    lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
    oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
    possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
    spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
    train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()
)
_FASHION_MNIST = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

# Mean and standard deviation of the training images: CIFAR as in Sohn et al. 2020 and later work,
# SVHN as in TorchSSL (Zhang et al. 2021, FlexMatch); Fashion-MNIST and digits were measured.
KNOWN = {
    "digits": KnownDataset((16, 16, 1), _DIGITS, (0.3053,), (0.3185,), 1_297),
    "svhn": KnownDataset(
        (32, 32, 3), _DIGITS, (0.4380, 0.4440, 0.4730), (0.1751, 0.1771, 0.1744), 73_257,
        tfds="svhn_cropped", version="3.1.0", url="http://ufldl.stanford.edu",
    ),
    "cifar10": KnownDataset(
        (32, 32, 3), _CIFAR10, (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616), 50_000,
        flip=True, tfds="cifar10", version="3.0.2", url="https://www.cs.toronto.edu",
    ),
    "cifar100": KnownDataset(
        (32, 32, 3), _CIFAR100, (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761), 50_000,
        flip=True, tfds="cifar100", version="3.0.2", url="https://www.cs.toronto.edu",
    ),
    "fashion_mnist": KnownDataset(
        (28, 28, 1), _FASHION_MNIST, (0.2860,), (0.3530,), 60_000,
        flip=True, tfds="fashion_mnist", version="3.0.1",
        url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    # Recht et al. 2018: new test images for CIFAR-10, with the classes and statistics of CIFAR-10.
    "cifar10_1/v6": KnownDataset(
        (32, 32, 3), _CIFAR10, (0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616), 0,
        flip=True, tfds="cifar10_1/v6", version="1.1.0", url="https://github.com",
    ),
}  # fmt: skip


def known_info(
    name: str, known: KnownDataset, classes: tuple[str, ...], source: str
) -> DatasetInfo:
    """Returns the info of a known data set with the given class names and source."""
    return DatasetInfo(name, *known.shape, classes, known.mean, known.std, known.flip, source)


def channel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and standard deviation per channel, of intensities in [0, 1].

    They are computed from integer counts, so they are the same on every machine.

    Args:
        images: uint8 [n, h, w, c].
    """
    mean, std = [], []
    for channel in range(images.shape[3]):
        counts = np.bincount(images[..., channel].ravel(), minlength=256)
        values = np.arange(256) / 255
        center = float((counts * values).sum() / counts.sum())
        mean.append(round(center, 4))
        stddev = float(np.sqrt((counts * (values - center) ** 2).sum() / counts.sum()))
        # At least one gray level, so that a constant channel does not lead to a division by zero.
        std.append(max(round(stddev, 4), 0.0039))
    return tuple(mean), tuple(std)
