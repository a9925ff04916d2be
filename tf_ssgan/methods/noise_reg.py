"""Noise regularization: a residual head absorbs the label noise and is not exported.

Hu et al.: Weakly Supervised Image Classification Through Noise Regularization (2019), equations 5
to 7, in the form of Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs
(public code: rajas582/weakly-supervised-gan). One ResNet-18 with two heads of two layers: the clean
head c, which is exported, and the residual head r, which absorbs the noise.

    L = clean_weight E_clean BCE(sigmoid(c(x)), v) + E_noisy BCE(sigmoid(r(x) + c(x)), y)
        + weight_decay 1/2 ||weights||^2,   BCE summed over the classes

c learns from noisy labels only through the sum; r never gets a clean image. Noisy and clean images
are two passes, each with its own batch statistics. The fraction of noisy images in a step is that
of the pools, as in the code, or --nr_ratio (0.9 in the papers' texts).

Departures: the papers start from ImageNet weights. Here a first stage trains the ResNet by
contrastive learning (Chen et al. 2020), unless --backbone_init=random. The exported weights are an
EMA; the raw weights are reported too. Profile "authors" is the public code, which gave the second
paper's first table: a softmax cross-entropy with exchanged arguments (--nr_loss=mae), equal weights
of both losses, and 3,000 images per step.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import contrastive, profile
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import fused_optimizers, losses

PAPER = "Hu et al. 2019"
GROUP = "Noisy labels"


@dataclasses.dataclass(frozen=True)
class HParams(profile.ProfileHParams, contrastive.ContrastiveHParams):
    """Hyperparameters of noise regularization."""

    batch_size: int = option(
        300,
        "Images per step, clean and noisy together, over all replicas.",
        low=2,
        high=LARGEST_BATCH,
    )
    learning_rate: float = option(1e-4, "Learning rate of the last stage (Hu et al. 2019).", low=0)
    weight_decay: float = option(
        1e-4, "Weight of half the squared norm of all weights, as in torch's Adam.", low=0
    )
    clean_weight: float = option(
        0.2, "Weight of the loss on clean labels (Hu et al. 2019: alpha).", low=0
    )
    nr_loss: Literal["bce", "softmax_ce", "mae"] = option(
        "bce",
        "Loss of both heads: binary cross-entropy of each class (bce, Hu et al. 2019), softmax "
        "cross-entropy (softmax_ce), or the same with exchanged arguments (mae, public code).",
    )
    nr_ratio: float = option(
        0.0,
        "Fraction of noisy images in a step; 0 takes their fraction in the pools.",
        low=0,
        high=0.99,
    )
    clean_hidden: int = option(
        384, "Hidden units of each head, clean and residual (public code).", low=1, high=65_536
    )

    RECIPES = {
        "digits": dict(
            labels=-1, noise="permute", clean_fraction=0.2, max_steps=1000, batch_size=50, width=16,
            contrast_fraction=0.25, learning_rate=1e-3,
        ),
        "fashion_mnist": dict(labels=-1, noise="permute", clean_fraction=0.2, epochs=20),
        "authors": dict(nr_loss="mae", clean_weight=1.0, batch_size=3000, average_decay=0.0),
        "authors/digits": dict(batch_size=50),
    }  # fmt: skip


class Method(contrastive.ContrastivePretraining):
    """A clean head, which is exported, and a residual head for noisy labels."""

    reports = ("noisy", "clean")
    reports_in = {"contrast": contrastive.CONTRASTIVE_REPORTS}
    trains_in = {"contrast": ("backbone", "projector"), "train": ("classifier", "residual")}
    needs_labels = True
    needs_noisy = True

    def setup(self) -> None:
        """Builds the classifier and the residual branch, trained by one player."""
        hp = self.hp
        self.classifier = resnet18.classifier(self.task, hp.width, hp.clean_hidden)
        adam = fused_optimizers.Adam(hp.learning_rate, epsilon=1e-8)
        self.c = self.player("classifier", [self.classifier, *self.residual_networks()], adam)
        self.make_contrast()

    def residual_networks(self) -> list[keras.Model]:
        """Builds the networks that compute r from the features."""
        size = self.classifier.output["features"].shape[-1]
        self.residual = resnet18.mlp_head(size, self.hp.clean_hidden, self.task.classes, "residual")
        return [self.residual]

    def residual_logits(self, outputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tf.Tensor:
        """The residual logits r, which are added to the logits c of noisy images.

        Args:
            outputs: Outputs of the classifier for the noisy images.
            labels: int64 [rows], the noisy labels.

        Returns:
            float32 [rows, classes].
        """
        del labels
        return self.residual(outputs["features"], training=True)

    def clean_examples(self) -> int:
        """Clean images per step: at least one, and fewer than batch_size."""
        clean, noisy = self.task.clean, self.task.noisy
        share = 1.0 - self.hp.nr_ratio if self.hp.nr_ratio else clean / max(1, clean + noisy)
        # A share that means a whole number of images may fall just below it by rounding.
        return min(max(1, int(share * self.hp.batch_size + 1e-6)), self.hp.batch_size - 1)

    def streams(self) -> dict[str, Stream]:
        """Unlabeled images in the contrastive stage; then noisy and clean images."""
        if self.stage == "contrast":
            return self.contrast_streams()
        clean, views = self.clean_examples(), {"image": "plain"}
        return {
            "noisy": Stream("noisy", self.hp.batch_size - clean, views),
            "clean": Stream("clean", clean, views),
        }

    def label_loss(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The loss that `nr_loss` names.

        Args:
            labels: int64 [rows].
            logits: float32 [rows, classes].
        """
        loss = {
            "bce": losses.one_vs_rest,
            "softmax_ce": losses.cross_entropy,
            "mae": losses.exchanged_cross_entropy,
        }[self.hp.nr_loss]
        return loss(labels, logits, self.label_weights(labels))

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the current stage."""
        if self.stage == "contrast":
            return self.contrast_step(batch)
        x, y = batch["noisy"]["image"], batch["noisy"]["label"]
        clean_x, v = batch["clean"]["image"], batch["clean"]["label"]

        with tf.GradientTape() as tape:
            outputs = self.classifier(x, training=True)
            noisy = self.label_loss(y, self.residual_logits(outputs, y) + outputs["logits"])
            clean = self.label_loss(v, self.classifier(clean_x, training=True)["logits"])
            decay = losses.l2_loss([weight.value for weight in self.c.variables])
            loss = self.hp.clean_weight * clean + noisy + self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        return self.end_step(noisy=noisy, clean=clean)
