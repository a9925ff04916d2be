"""What the methods on wide residual networks share: the network and the weak view."""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core import hparams, method, stages
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


@dataclasses.dataclass(frozen=True)
class WarmUpHParams(hparams.HParams):
    """Hyperparameters of a method that learns from labels alone at first."""

    warm_up_epochs: int = option(
        0,
        "Passes over the labeled images at the start of the run, which learns from them alone; "
        f"at most {stages.LONGEST_WARM_UP:.0%} of its steps.",
        low=0,
    )


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


class WarmUpMethod(WideResNetMethod):
    """A method that learns from labels alone at first.

    An epoch of the warm-up is a pass over the labeled images (`HParams.labeled_pass`).
    """

    def stages(self) -> dict[str, int]:
        """A warm-up on labels alone, if warm_up_epochs is not 0."""
        warm_up_steps = self.hp.warm_up_epochs * self.hp.labeled_pass(self.task.labeled)
        return stages.warm_up_stages(warm_up_steps, self.task.steps)

    def epoch(self) -> tf.Tensor:
        """Number of the epoch, from 0: float32 scalar. Those of the warm-up count too."""
        begin = self.stages()["train"]
        passes = tf.minimum(self.step, begin) // self.hp.labeled_pass(self.task.labeled)
        epochs = tf.maximum(self.step - begin, 0) // self.task.steps_per_epoch
        return tf.cast(passes + epochs, tf.float32)
