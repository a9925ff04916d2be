"""What the methods on wide residual networks share: their network, their views, their warm-up."""

import dataclasses
from typing import Literal

import keras

from tf_ssgan import method
from tf_ssgan.knobs import knob
from tf_ssgan.networks import wide_resnet


@dataclasses.dataclass(frozen=True)
class HParams(method.HParams):
    """Hyper-parameters of a wide residual network and of the images it sees."""

    network: Literal["wrn_leaky", "wrn_plain"] = knob(
        "wrn_plain",
        "A wide residual network: that of Sohn et al. 2020, or the plain one of Alshami and Arya "
        "2022.",
    )
    depth: int = knob(28, "Layers of the network, 6 n + 4.", low=10)
    width: int = knob(
        32, "Channels of its first group, 16 times the widening factor: 32 is WRN-28-2.", low=1
    )
    flip: bool = knob(True, "Weak views are mirrored half of the time; house numbers may not be.")

    @property
    def weak(self) -> str:
        """The weak view: mirrored, and moved by up to an eighth of the image."""
        return "flip crop" if self.flip else "crop"


# What holds for digits, whatever the method: a mirrored one is another sign, and they are small.
DIGITS = {
    "labels": 50, "max_steps": 1000, "batch_size": 50, "depth": 10, "width": 32, "flip": False,
}  # fmt: skip
SIZES = {name: DIGITS[name] for name in ("depth", "width", "flip", "labels")}


class Method(method.Method):
    """A method that trains a wide residual network."""

    needs_labels = True

    def wide_resnet(self, dtype: str | None = None) -> keras.Model:
        """The network that the knobs say.

        Args:
            dtype: Number format of every layer; None for the global one.
        """
        form = self.hp.network.removeprefix("wrn_")
        return wide_resnet.classifier(self.task, self.hp.depth, self.hp.width, form, dtype)
