"""What the consistency methods share: their network, and the views of their images."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import LARGEST_BATCH, WIDEST, inherited, option
from tf_ssgan.core import hparams, method
from tf_ssgan.methods.bases import wrn
from tf_ssgan.networks import cnn13, image_normalization, wide_resnet
from tf_ssgan.nn import layers

Normalization = Literal[
    "auto", "none", "standardize", "per_image", "zca", "contrast_zca", "standardize_zca"
]


WIDTHS = {"cnn": 128, "wrn": 32}  # of the networks in their papers, by the first letters


@dataclasses.dataclass(frozen=True)
class CNN13HParams(hparams.HParams):
    """Hyperparameters of the network of Laine and Aila (2017), and of the views of its images."""

    network: Literal["cnn13", "cnn13_bn", "wrn_leaky", "wrn_plain"] = option(
        "cnn13",
        "Network that is trained: that of Laine and Aila 2017 with mean-only batch normalization "
        "and weight normalization (cnn13) or with batch normalization (cnn13_bn), or a wide "
        "residual network (wrn_leaky, wrn_plain), which has neither dropout nor image noise.",
    )
    width: int = option(
        128,
        "Channels of the network's first convolutions: 128 in Laine and Aila 2017, 32 in WRN-28-2.",
        low=1,
        high=WIDEST,
    )
    depth: int = inherited(
        wrn.WideResNetHParams, "depth", note="Only the wide residual networks have it."
    )
    dropout: float = option(
        0.5, "Rate of the dropout after each stage of the network.", low=0, high=0.99
    )
    image_noise: float = option(
        0.15, "Standard deviation of the noise on the normalized images.", low=0
    )
    moving_decay: float = option(
        0.0,
        "Decay of moving means and variances, 0 to 1; 0 takes that of the papers, .999 for cnn13 "
        "and .9 for cnn13_bn. The wide residual networks have their own.",
        low=0,
        high=1,
    )
    normalization: Normalization = option(
        "auto",
        "What the network does to images in [-1, 1] first: nothing (none), mean 0 and standard "
        "deviation 1 of each channel over the data set (standardize), mean 0 and root mean square "
        "1 of each image (per_image; Laine and Aila 2017 on SVHN), ZCA whitening (zca; they on "
        "CIFAR-10), the same after contrast normalization (contrast_zca; Tarvainen and Valpola "
        "2017) or after standardization (standardize_zca; Verma et al. 2019). auto takes none for "
        "cnn13 and cnn13_bn, and standardize for a wide residual network.",
    )
    flip: Literal["auto", "yes", "no"] = inherited(wrn.WideResNetHParams, "flip")

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run, with the published width of the network that is chosen.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels" and "network".
            short: Whether the run is too short for the schedule of the paper.
        """
        recipe, network = super().recipe(dataset, given, short), given.get("network", "")
        if network and network[:3] != cls.network[:3] and "width" not in recipe:
            recipe["width"] = WIDTHS[network[:3]]
        return recipe

    def __post_init__(self):
        """Refuses values out of range, and depths that no wide residual network has.

        Raises:
            UserError: Names the hyperparameter, what was expected and the value.
        """
        super().__post_init__()
        wide_resnet.blocks_per_group(self.depth)


@dataclasses.dataclass(frozen=True)
class LabeledPerBatchHParams(CNN13HParams):
    """Hyperparameters of a method whose batches have labeled and unlabeled images."""

    labeled_per_batch: int = option(
        0, "How many images of a batch are labeled.", low=0, high=LARGEST_BATCH
    )

    def __post_init__(self):
        """Refuses values out of range, and batches without an unlabeled image.

        Raises:
            UserError: Names the hyperparameter, what was expected and the value.
        """
        super().__post_init__()
        if self.labeled_per_batch >= self.batch_size:
            raise errors.UserError(
                f"--labeled_per_batch={self.labeled_per_batch}: expected fewer than "
                f"--batch_size={self.batch_size}, which counts the unlabeled images too."
            )


class CNN13Method(method.Method):
    """A method that trains this network."""

    needs_labels = True

    def build_network(self, head: cnn13.Head = "bias", unit_features: bool = False) -> keras.Model:
        """Builds the network that the hyperparameters specify.

        Args:
            head: What the dense layer of cnn13_bn has, see `networks.cnn13`.
            unit_features: Whether features are scaled to length 1 before the dense layer.
        """
        hp = self.hp
        if hp.network.startswith("wrn_"):
            form = hp.network.removeprefix("wrn_")
            return wide_resnet.classifier(
                self.task, hp.depth, hp.width, form, normalization=self.normalization
            )
        return cnn13.classifier(
            self.task,
            hp.width,
            norm="mean_only" if hp.network == "cnn13" else "batch",
            dropout=hp.dropout,
            noise=hp.image_noise,
            normalization=self.normalization,
            head=head,
            momentum=hp.moving_decay or None,
            unit_features=unit_features,
        )

    @staticmethod
    def most_values(hp: CNN13HParams) -> int:
        """Only small images can be whitened."""
        whitens = hp.normalization in image_normalization.FLOORS
        return image_normalization.MOST_WHITENED if whitens else 0

    @property
    def normalization(self) -> image_normalization.Kind:
        """What the network does to images first."""
        if self.hp.normalization != "auto":
            return self.hp.normalization
        return "standardize" if self.hp.network.startswith("wrn_") else "none"

    def initialize(self, images: tf.Tensor) -> None:
        """Initializes weight normalization from data."""
        layers.initialize_from_data(self.classifier, images)

    def with_flips(self, operations: str) -> str:
        """The operations of a view, after a random flip if images keep their class.

        Args:
            operations: Names of `transforms.OPERATIONS`.
        """
        return f"flip {operations}" if self.flips else operations

    @property
    def flips(self) -> bool:
        """Whether views are flipped."""
        return self.task.flip if self.hp.flip == "auto" else self.hp.flip == "yes"
