"""Supervised baseline: cross-entropy on the labeled images alone.

    L = CE(labeled)

Jiang, Zhang and Liu: Image Classification Algorithm Based on Feature Recalibration GAN (2019),
Salimans et al.: Improved Techniques for Training GANs (2016) and Dravid et al.: Investigating the
Potential of Auxiliary-Classifier GANs for Image Classification in Low Data Regimes (2022) compare
with this on the same network.

The baseline takes the settings of the method whose network it has (--network): batch size,
optimizer, learning rate and its decay, dropout, image noise, EMA, labels and length. That method is
`frgan` or `ssgan`; `improved_gan`, for "Supervise Only" of Park et al. (2020); `acgan` for fm_cnn,
whose public code has Adam with 2e-4 and beta_1 .5 for all networks; `vat` for the wide residual
networks; and `pi_model` for cnn13 and cnn13_bn, the network of Laine and Aila (2017).

Departures: Jiang et al., Salimans et al. and Park et al. do not give the training schedule of
their baseline. As in the public code of Salimans et al., images are not shifted;
`--translate_labeled` shifts them as FR-GAN does, or, with a wide residual network, as its weak view
does (with `--flip`, except on digits). With cnn13 and cnn13_bn it gives the views of the Pi model,
flips included; beta_1 does not fall at the end of the run. With frgan and ssgan, short runs have
the usual beta_1 of 0.9: with 0.5 and their learning rate, the loss on SVHN jumped to hundreds after
600 steps and stayed high.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import acgan, frgan, improved_gan, pi_model, ssgan, vat
from tf_ssgan.methods.bases import cnn13, gan, labels_only, optimizers, ramps, wrn
from tf_ssgan.networks import acgan_cnn, frgan_cnn, improved_gan_cnn

PAPER = "baseline of Jiang et al. 2019, Salimans et al. 2016, Park et al. 2020, Dravid et al. 2022"
GROUP = "Baselines"

FAMILIES = {
    "frgan": frgan.HParams,
    "ssgan": ssgan.HParams,
    "improved_gan": improved_gan.HParams,
    "fm_cnn": acgan.HParams,
    "wrn_leaky": vat.HParams,
    "wrn_plain": vat.HParams,
    "cnn13": pi_model.HParams,
    "cnn13_bn": pi_model.HParams,
}  # network -> hyperparameters of the method whose network it is
LENGTHS = ("labels", "epochs", "max_steps", "labeled_epochs")
NORMALIZING = ("cnn13", "wrn_")  # beginnings of the names of networks that normalize images
OWN = ("network", "translate_labeled", "flip")  # settings that no other method decides


@dataclasses.dataclass(frozen=True)
class HParams(optimizers.AdamHParams, optimizers.LinearDecayHParams):
    """Hyperparameters of the baseline."""

    network: Literal[
        "frgan", "ssgan", "improved_gan", "fm_cnn", "wrn_leaky", "wrn_plain", "cnn13", "cnn13_bn"
    ] = option(
        "frgan",
        "Network that is trained: FR-GAN's classifier (frgan), the same without recalibration "
        "(ssgan), ImprovedGAN's (improved_gan), that of Dravid et al. 2022 for Fashion-MNIST "
        "(fm_cnn), a wide residual network (wrn_leaky, wrn_plain), or that of Laine and Aila 2017 "
        "with mean-only batch normalization (cnn13) or with batch normalization (cnn13_bn); fm_cnn "
        "and wide residual networks have neither dropout nor image noise.",
    )
    translate_labeled: bool = option(
        False,
        "Whether images are shifted at random: by up to 2 pixels, as in FR-GAN, or, for a wide "
        "residual network, by up to an eighth of their side; with cnn13 and cnn13_bn they are also "
        "flipped where the Pi model flips them; the papers' baselines do not.",
    )
    flip: bool = option(
        False, "Whether images are flipped horizontally with probability 0.5, as in FixMatch."
    )
    width: int = option(
        64,
        "Channels of the first convolutions: 64 in Jiang et al. 2019, table 1, 128 in fm_cnn and "
        "cnn13, 32 in WRN-28-2.",
        low=1,
        high=WIDEST,
    )
    depth: int = inherited(wrn.WideResNetHParams, "depth")
    input_dropout: float = inherited(gan.SemiSupervisedGANHParams, "input_dropout")
    dropout: float = inherited(gan.SemiSupervisedGANHParams, "dropout")
    image_noise: float = inherited(ssgan.HParams, "image_noise")
    moving_decay: float = inherited(cnn13.CNN13HParams, "moving_decay", since="0.4.0")
    normalization: cnn13.Normalization = inherited(
        cnn13.CNN13HParams, "normalization", since="0.4.0", note="The other networks take auto."
    )
    ramp_up: float = inherited(ramps.RampHParams, "ramp_up", 0.0, since="0.4.0")
    ramp_down: float = inherited(ramps.RampHParams, "ramp_down", 0.0, since="0.4.0")

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The settings of the method whose network is trained, as far as they exist here.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "network" and "labels".
            short: Whether the run is too short for the schedule of the paper.
        """
        network = given.get("network") or ("fm_cnn" if dataset == "fashion_mnist" else cls.network)
        family = FAMILIES.get(network, frgan.HParams)
        settings = {"decay_start": 1.0, "beta_1": 0.9}  # of a method that has no such setting
        settings |= {field.name: field.default for field in dataclasses.fields(family)}
        settings |= family.recipe(dataset, given, short)
        if short and network in ("frgan", "ssgan"):
            settings["beta_1"] = 0.9
        names = {*LENGTHS, *(field.name for field in dataclasses.fields(cls))} - {*OWN}
        return {k: v for k, v in settings.items() if k in names} | {"network": network}

    def __post_init__(self):
        """Refuses values out of range, and a normalization that the network does not have.

        Raises:
            UserError: Names the hyperparameter, what was expected and the value.
        """
        super().__post_init__()
        if self.normalization != "auto" and not self.network.startswith(NORMALIZING):
            raise errors.UserError(
                f"--normalization={self.normalization} is for --network=cnn13, cnn13_bn, "
                f"wrn_leaky or wrn_plain; with --network={self.network} leave it out."
            )


class Method(
    labels_only.LabelsOnlyMethod,
    optimizers.LinearDecayMethod,
    optimizers.AdamMethod,
    cnn13.CNN13Method,
    ramps.RampMethod,
):
    """Trains a classifier on the labeled images only."""

    def setup(self) -> None:
        """Builds the network and its player."""
        self.classifier = self.build_network()
        self.c = self.player("classifier", self.classifier, self.adam(), self.rate)

    def build_network(self) -> keras.Model:
        """Builds the network that the hyperparameters specify."""
        hp = self.hp
        if hp.network == "fm_cnn":
            return acgan_cnn.classifier(self.task, hp.width)
        if hp.network.startswith(NORMALIZING):
            return super().build_network()
        if hp.network == "improved_gan":
            return improved_gan_cnn.classifier(self.task, hp.width, hp.dropout, hp.input_dropout)
        return frgan_cnn.classifier(
            self.task,
            width=hp.width,
            recalibrate=hp.network == "frgan",
            dropout=hp.dropout,
            input_dropout=hp.input_dropout,
            noise=hp.image_noise,
        )

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        return super().rate() * self.rise() * self.fall()

    @property
    def flips(self) -> bool:
        """Whether views are flipped."""
        as_pi_model = self.hp.network.startswith("cnn13") and self.hp.translate_labeled
        return self.hp.flip or (as_pi_model and self.task.flip)

    def streams(self) -> dict[str, Stream]:
        """Labeled images only, in one view."""
        shifted = "crop" if self.hp.network.startswith("wrn_") else "translated"
        view = shifted if self.hp.translate_labeled else "plain"
        view = self.with_flips(view)
        return {"labeled": Stream("labeled", self.hp.batch_size, {"image": view})}
