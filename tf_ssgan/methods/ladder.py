"""Ladder network: noisy and clean encoders share weights, and a decoder denoises every layer.

Rasmus, Berglund, Honkala, Valpola and Raiko: Semi-supervised Learning with Ladder Networks (2015),
algorithm 1 and public code (CuriousAI/ladder). The noisy encoder has noise on the images and on the
normalized values z~ of each layer. The decoder estimates the clean values z of each layer from z~
and from its estimate of the layer above:

    u = batchnorm(softmax(l~)) at the top, batchnorm(V z^) of the layer above elsewhere
    z^ = g(z~, u), which is 0 at first (`nn.layers.GaussCombinator`)
    L = CE(l~ of labeled images, y) + sum over layers of lambda C,   C = E ((z^ - mu) / sigma - z)^2

l are logits; C is of unlabeled images, a mean over them and over the units of the layer; mu and
sigma are the means and the standard deviations by which the clean values of the step are
normalized, for the images 0 and 1. The sum is over all layers, images included, of dense networks
(--network=mlp), and over the top alone of convolutional ones (--network=conv, the Gamma model).
Labeled and unlabeled images are normalized apart. The clean encoder is the classifier.

Batch statistics of the classifier are estimated anew on labeled images before each evaluation
(`training/recalibration.py`), and those of unlabeled images are recorded by the steps in between;
in the public code, the clean labeled ones, with an unbiased variance.

Departures: the learning rate falls at each step, there once an epoch. Rows of a batch that is
larger than the labeled pool are repeated; there, such a batch is smaller. The paper has MNIST and
CIFAR-10: on Fashion-MNIST we take the settings of MNIST, and on SVHN and CIFAR-100 those of
CIFAR-10, on SVHN with images normalized each by itself. With `average_decay` an EMA of the weights
is exported, which the paper does not have. Networks compute in float32.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, WIDEST, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.recalibration import Recalibration
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, optimizers
from tf_ssgan.networks import image_normalization, ladder
from tf_ssgan.nn import fused_optimizers, layers, losses, precision

PAPER = "Rasmus et al. 2015, algorithm 1, public code"
GROUP = "Autoencoders and deep generative models"
NETWORKS = {  # what goes with each, see `HParams.recipe`
    "mlp": dict(width=1000, denoising_weight=0.1, decay_start=0.67),
    "conv": dict(width=96, denoising_weight=4.0, decay_start=0.86),
}


@dataclasses.dataclass(frozen=True)
class HParams(optimizers.LinearDecayHParams):
    """Hyperparameters of ladder networks; those of MNIST with 100 labels."""

    batch_size: int = option(
        100,
        "Labeled images per step, and as many unlabeled ones, over all replicas; a batch of one "
        "has no variance.",
        low=2,
        high=LARGEST_BATCH,
    )
    learning_rate: float = inherited(
        hparams.HParams, "learning_rate", 0.002, "public code of Rasmus et al. 2015"
    )
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0)
    decay_start: float = inherited(
        optimizers.LinearDecayHParams, "decay_start", 0.67,
        note="Default: public code of Rasmus et al. 2015, on MNIST; 0.86 on CIFAR-10.",
    )  # fmt: skip
    network: Literal["mlp", "conv"] = option(
        "mlp",
        "Network that is trained: dense layers, each of which is denoised (mlp; MNIST in the "
        "paper), or convolutions with a denoised top (conv; CIFAR-10).",
    )
    width: int = option(
        1000,
        "Units of the first dense layer (1000 in Rasmus et al. 2015), or channels of the first "
        "convolutions (96).",
        low=1,
        high=WIDEST,
    )
    image_noise: float = option(
        0.3, "Standard deviation of the noise on the normalized images (public code: 0.3).", low=0
    )
    layer_noise: float = option(
        0.3,
        "Standard deviation of the noise on each layer's normalized values (public code: 0.3, and "
        "0.2 with 1,000 labels of MNIST).",
        low=0,
    )
    image_weight: float = option(
        1000.0, "Weight of the denoising cost of the images; mlp alone has it.", low=0
    )
    first_weight: float = option(
        10.0, "Weight of the denoising cost of the first dense layer; mlp alone has it.", low=0
    )
    denoising_weight: float = option(
        0.1,
        "Weight of the denoising cost of each other layer, and of the top (public code: 0.1 on "
        "MNIST, 4 on CIFAR-10).",
        low=0,
    )
    normalization: image_normalization.Kind = option(
        "none",
        "What the network does to images first, as for pi_model; none leaves intensities in [0, 1] "
        "(public code: none on MNIST, contrast_zca on CIFAR-10).",
    )

    _CONV = dict(network="conv", epochs=70) | NETWORKS["conv"]
    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, image_weight=2000.0, first_weight=20.0),
        "fashion_mnist": dict(
            labels=1000, epochs=150, layer_noise=0.2, image_weight=2000.0, first_weight=20.0
        ),
        "fashion_mnist@50": dict(layer_noise=0.3),
        "fashion_mnist@100": dict(layer_noise=0.3, image_weight=1000.0, first_weight=10.0),
        "fashion_mnist@-1": dict(
            layer_noise=0.3, image_weight=1000.0, first_weight=1.0, denoising_weight=0.01
        ),
        "svhn": dict(labels=1000, normalization="per_image") | _CONV,
        "cifar10": dict(labels=4000, normalization="contrast_zca") | _CONV,
        "cifar100": dict(labels=10_000, normalization="contrast_zca") | _CONV,
    }

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run, with what goes with the network that is chosen.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels" and "network".
            short: Whether the run is too short for the schedule of the paper.
        """
        recipe, network = super().recipe(dataset, given, short), given.get("network")
        if network in NETWORKS and network != recipe.get("network", cls.network):
            recipe |= NETWORKS[network]
        return recipe


class Method(optimizers.LinearDecayMethod):
    """An encoder that classifies noisy images, and a decoder that denoises its layers."""

    reports = ("supervised", "denoising")
    needs_labels = True
    most_values = staticmethod(cnn13.CNN13Method.most_values)

    def setup(self) -> None:
        """Builds both encoders over the same weights, the decoder, and the player of both."""
        hp = self.hp
        with precision.policy("float32"):
            self.classifier, self.noisy = ladder.encoders(
                self.task, hp.network, hp.width, hp.image_noise, hp.layer_noise, hp.normalization
            )
            self.decoder = ladder.decoder(ladder.units(self.task, hp.network, hp.width))
        adam = fused_optimizers.Adam(hp.learning_rate, epsilon=1e-8)
        self.c = self.player("ladder", [self.classifier, self.decoder], adam, self.rate)

    def recalibrates(self) -> Recalibration:
        """The classifier, by labeled images."""
        return Recalibration(self.exported_classifier, "labeled", "image")

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, as they are."""
        view = {"image": "plain"}
        return {k: Stream(k, self.hp.batch_size, view) for k in ("labeled", "unlabeled")}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the labels of noisy images, and on the denoising of others."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        u = batch["unlabeled"]["image"]
        with tf.GradientTape() as tape:
            with layers.frozen_statistics():
                labeled = self.noisy(x, training=True)
                corrupted = self.noisy(u, training=True)
            clean = self.classifier(u, training=True)
            probabilities = tf.nn.softmax(corrupted["logits"])
            estimated = self.decoder([*corrupted["z"], probabilities], training=True)

            supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
            denoising = self.denoising_cost(estimated["z"], clean)
            loss = supervised + denoising
        self.c.minimize(loss, tape)
        return self.end_step(supervised=supervised, denoising=denoising)

    def denoising_cost(self, estimates: list[tf.Tensor], clean: dict) -> tf.Tensor:
        """The sum over layers of lambda E ((z^ - mu) / sigma - z)^2.

        Args:
            estimates: z^ of each layer that the decoder has, from below.
            clean: The outputs of the clean encoder.
        """
        hp, (z, means, deviations) = self.hp, (clean[k] for k in ("z", "mean", "deviation"))
        weights = [hp.denoising_weight] * len(z)
        if len(z) > len(means):  # the images are among them, which are not normalized
            means, deviations = [0.0, *means], [1.0, *deviations]
            weights[:2] = hp.image_weight, hp.first_weight
        rows = zip(weights, estimates, z, means, deviations, strict=True)
        return tf.add_n([weight * losses.denoising(*values) for weight, *values in rows])
