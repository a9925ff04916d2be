"""What the methods on wide residual networks share: the network and the weak view."""

import dataclasses
from typing import Literal

import keras

from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core import hparams, method
from tf_ssgan.networks import wide_resnet


@dataclasses.dataclass(frozen=True)
class WideResNetHParams(hparams.HParams):
    """Hyperparameters of a wide residual network and of the weak view."""

    network: Literal["wrn_leaky", "wrn_plain"] = option(
        "wrn_plain",
        "Form of the wide residual network: that of Sohn et al. 2020 (wrn_leaky), or the plain one "
        "of Alshami and Arya 2022 (wrn_plain).",
    )
    depth: int = option(
        28, "Number of layers of the network, 6 n + 4: 28 is WRN-28-2.", low=10, high=202
    )
    width: int = option(
        32,
        "Channels of the network's first group, 16 times the widening factor: 32 is WRN-28-2.",
        low=1,
        high=WIDEST,
    )
    flip: Literal["auto", "yes", "no"] = option(
        "auto",
        "Whether weak views are flipped horizontally with probability 0.5; auto flips if the data "
        "set's images are known to keep their class, so neither digits nor your own images.",
    )

    def __post_init__(self):
        """Refuses values out of range, and depths that no wide residual network has.

        Raises:
            UserError: Names the hyperparameter, what was expected and the value.
        """
        super().__post_init__()
        wide_resnet.blocks_per_group(self.depth)


@dataclasses.dataclass(frozen=True)
class UnlabeledRatioHParams(hparams.HParams):
    """Hyperparameters of a method with more unlabeled images per step than labeled ones."""

    unlabeled_ratio: int = option(1, "Unlabeled images per labeled image.", low=1, high=1_000)

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images per step, which sets the length of an epoch."""
        return self.batch_size * self.unlabeled_ratio


# Recipe for the small digits data set, for every method.
DIGITS = {"labels": 50, "max_steps": 1000, "batch_size": 50, "depth": 10, "width": 32}


class WideResNetMethod(method.Method):
    """A method that trains a wide residual network."""

    needs_labels = True

    @property
    def weak_view(self) -> str:
        """Operations of the weak view: a flip, if allowed, and a shift by up to an eighth."""
        flip = self.task.flip if self.hp.flip == "auto" else self.hp.flip == "yes"
        return "flip crop" if flip else "crop"

    def build_network(self, dtype: str | None = None) -> keras.Model:
        """Builds the network that the hyperparameters specify.

        Args:
            dtype: Number format of every layer; None for the global one.
        """
        form = self.hp.network.removeprefix("wrn_")
        return wide_resnet.classifier(self.task, self.hp.depth, self.hp.width, form, dtype)
