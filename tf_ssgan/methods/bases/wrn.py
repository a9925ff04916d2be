"""What the methods on wide residual networks share: their network, their weak view, a warm-up."""

import dataclasses
from typing import Literal

import keras

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method
from tf_ssgan.networks import wide_resnet


@dataclasses.dataclass(frozen=True)
class HParams(hparams.HParams):
    """Hyper-parameters of a wide residual network and of the images it sees."""

    network: Literal["wrn_leaky", "wrn_plain"] = option(
        "wrn_plain",
        "A wide residual network: that of Sohn et al. 2020, or the plain one of Alshami and Arya "
        "2022.",
    )
    depth: int = option(28, "Layers of the network, 6 n + 4.", low=10)
    width: int = option(
        32, "Channels of its first group, 16 times the widening factor: 32 is WRN-28-2.", low=1
    )
    flip: Literal["auto", "yes", "no"] = option(
        "auto",
        "Weak views are mirrored half of the time; auto where a mirrored image is known to keep "
        "its class: not digits, nor pictures of one's own.",
    )

    def __post_init__(self):
        """Refuses values out of range, and depths that no network has.

        Raises:
            UserError: Naming the knob, what was expected and what came.
        """
        super().__post_init__()
        wide_resnet.blocks_a_group(self.depth)


# What holds for digits, whatever the method: they are small.
DIGITS = {"labels": 50, "max_steps": 1000, "batch_size": 50, "depth": 10, "width": 32}


class Method(method.Method):
    """A method that trains a wide residual network."""

    needs_labels = True

    @property
    def weak(self) -> str:
        """The weak view: mirrored where that is right, and moved by up to an eighth."""
        flip = self.task.flip if self.hp.flip == "auto" else self.hp.flip == "yes"
        return "flip crop" if flip else "crop"

    def wide_resnet(self, dtype: str | None = None) -> keras.Model:
        """The network that the knobs say.

        Args:
            dtype: Number format of every layer; None for the global one.
        """
        form = self.hp.network.removeprefix("wrn_")
        return wide_resnet.classifier(self.task, self.hp.depth, self.hp.width, form, dtype)
