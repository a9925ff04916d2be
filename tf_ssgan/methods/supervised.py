"""Supervised baseline: cross-entropy on the labeled images alone.

    L = CE(labeled)

Jiang, Zhang and Liu: Image Classification Algorithm Based on Feature Recalibration GAN (2019),
Salimans et al.: Improved Techniques for Training GANs (2016) and Dravid et al.: Investigating the
Potential of Auxiliary-Classifier GANs for Image Classification in Low Data Regimes (2022) compare
with this on the same network.

Departures: none of the papers gives the training schedule of its baseline. Here it has the network,
optimizer, learning rate, batch size, image noise and number of steps of the method it is compared
with: on Fashion-MNIST `acgan`, whose learning rate is constant, elsewhere `frgan`. Adam's beta_1,
however, is the usual 0.9: with the 0.5 of the GANs and the learning rate of short runs, the loss on
SVHN jumped to hundreds after 600 steps and stayed high. As in the public code of Salimans et al.,
images are not shifted; `--translate_labeled` shifts them as FR-GAN does. The baseline of the
methods on wide residual networks is `--network=wrn_plain` or `wrn_leaky` with their weak view
(`--translate_labeled`, and `--flip` except on digits) and their `--width`, `--depth` and
`--batch_size`.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import acgan, ssgan
from tf_ssgan.methods.bases import labels_only, optimizers, wrn
from tf_ssgan.networks import acgan_cnn, frgan_cnn, wide_resnet
from tf_ssgan.nn import layers

PAPER = "baseline of Jiang et al. 2019, Salimans et al. 2016 and Dravid et al. 2022"


@dataclasses.dataclass(frozen=True)
class HParams(optimizers.LinearDecayHParams):
    """Hyperparameters of the baseline."""

    network: Literal["frgan", "ssgan", "fm_cnn", "wrn_leaky", "wrn_plain"] = option(
        "frgan",
        "Network that is trained: FR-GAN's classifier (frgan), the same without recalibration "
        "(ssgan), that of Dravid et al. 2022 for Fashion-MNIST (fm_cnn), or a wide residual "
        "network (wrn_leaky, wrn_plain); the last three have neither dropout nor image noise.",
    )
    translate_labeled: bool = option(
        False,
        "Whether images are shifted at random: by up to 2 pixels, as in FR-GAN, or, for a wide "
        "residual network, by up to an eighth of their side; the papers' baselines do not.",
    )
    flip: bool = option(
        False, "Whether images are flipped horizontally with probability 0.5, as in FixMatch."
    )
    width: int = option(
        64,
        "Channels of the first convolutions (Jiang et al. 2019, table 1), 32 in WRN-28-2; fm_cnn "
        "has twice as many.",
        low=1,
    )
    depth: int = inherited(wrn.WideResNetHParams, "depth")
    dropout: float = inherited(ssgan.HParams, "dropout")
    image_noise: float = inherited(ssgan.HParams, "image_noise")

    RECIPES = {
        name: {k: v for k, v in recipe.items() if k != "unlabeled_weight"}
        for name, recipe in ssgan.HParams.RECIPES.items()
    } | {
        "fashion_mnist": acgan.HParams.RECIPES["fashion_mnist"]
        | dict(network="fm_cnn", learning_rate=2e-4, decay_start=0.999),
        "fashion_mnist/short": dict(learning_rate=2e-4),
    }


class Method(labels_only.LabelsOnlyMethod, optimizers.LinearDecayMethod):
    """Trains a classifier on the labeled images only."""

    def setup(self) -> None:
        """Builds the network and its player."""
        if self.hp.network == "fm_cnn":
            self.classifier = acgan_cnn.classifier(self.task, 2 * self.hp.width)
        elif self.hp.network.startswith("wrn_"):
            form = self.hp.network.removeprefix("wrn_")
            self.classifier = wide_resnet.classifier(self.task, self.hp.depth, self.hp.width, form)
        else:
            self.classifier = frgan_cnn.classifier(
                self.task,
                width=self.hp.width,
                recalibrate=self.hp.network == "frgan",
                dropout=self.hp.dropout,
                noise=self.hp.image_noise,
            )
        adam = keras.optimizers.Adam(self.hp.learning_rate, beta_1=0.9, epsilon=1e-8)
        self.c = self.player("classifier", self.classifier, adam, self.rate)

    def streams(self) -> dict[str, Stream]:
        """Labeled images only, in one view."""
        shifted = "crop" if self.hp.network.startswith("wrn_") else "translated"
        view = shifted if self.hp.translate_labeled else "plain"
        view = f"flip {view}" if self.hp.flip else view
        return {"labeled": Stream("labeled", self.hp.batch_size, {"image": view})}

    def initialize(self, images: tf.Tensor) -> None:
        """Initializes weight normalization from data."""
        layers.initialize_from_data(self.classifier, images)
