"""Noise regularization: labels that may be wrong are explained by a second head beside the first.

Hu et al.: Weakly Supervised Image Classification Through Noise Regularization (2019), equations 5
to 7, in the form of Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs
(public code: rajas582/weakly-supervised-gan). One ResNet-18, two heads of two layers: c, which
ships, and r, which takes up the noise.

    L = clean_weight E_clean BCE(sigmoid(c(x)), v) + E_noisy BCE(sigmoid(r(x) + c(x)), y)
        + weight_decay 1/2 ||weights||^2,   BCE summed over the classes

c learns from noisy labels only through the sum, r never sees a clean one. Clean and noisy images
pass one after the other, each by its own batch statistics. A step's images are clean and noisy in
the proportion of the pools, as in the code, or as --nr_ratio says: 0.9 in the texts.

Departures: the papers start from weights learned on ImageNet; here a stage comes first in which the
ResNet learns to tell images apart (Chen et al. 2020), or --backbone_init=random. Weights are
averaged; the raw ones are reported beside. Profile "authors" is what the public code does, from
which the second paper's first table comes: a softmax cross-entropy whose arguments are exchanged
(--nr_loss=mae), both losses of equal weight, and 3,000 images a step.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import contrastive
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import losses

PAPER = "Hu et al. 2019"


@dataclasses.dataclass(frozen=True)
class HParams(contrastive.ContrastiveHParams):
    """Hyper-parameters of noise regularization."""

    profile: Literal["paper", "authors"] = option(
        "paper", "The papers' equations, or what the public code does; see the docstring."
    )
    batch_size: int = option(300, "Images a step, clean and noisy ones, over all replicas.", low=2)
    learning_rate: float = option(1e-4, "Step size of the last stage (Hu et al. 2019).", low=0)
    weight_decay: float = option(1e-4, "Of all weights, as torch's Adam has it.", low=0)
    clean_weight: float = option(0.2, "Weight of the clean loss (Hu et al. 2019: alpha).", low=0)
    nr_loss: Literal["bce", "softmax_ce", "mae"] = option(
        "bce",
        "Loss of a label: each class against the rest (Hu et al. 2019), softmax cross-entropy, or "
        "the same with its arguments exchanged (public code).",
    )
    nr_ratio: float = option(
        0.0, "Share of noisy images in a step; 0 takes that of the pools.", low=0, high=0.99
    )
    clean_hidden: int = option(384, "Units between the two layers of each head.", low=1)

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
    """A clean head that ships, and a residual head for labels that may be wrong."""

    reports = ("noisy", "clean")
    reports_in = {"contrast": contrastive.CONTRASTIVE_REPORTS}
    needs_labels = True
    needs_noisy = True

    def setup(self) -> None:
        """The classifier and what absorbs the noise, moved by one player."""
        hp = self.hp
        self.classifier = resnet18.classifier(self.task, hp.width, hp.clean_hidden)
        adam = keras.optimizers.Adam(hp.learning_rate, epsilon=1e-8)
        self.c = self.player("classifier", [self.classifier, *self.absorbers()], adam)
        self.make_contrast()

    def absorbers(self) -> list[keras.Model]:
        """The networks between features and r."""
        size = self.classifier.output["features"].shape[-1]
        self.residual = resnet18.head(size, self.hp.clean_hidden, self.task.classes, "residual")
        return [self.residual]

    def absorbed(self, seen: dict[str, tf.Tensor], labels: tf.Tensor) -> tf.Tensor:
        """What the noise adds to the logits of noisy images, r.

        Args:
            seen: What the classifier says of them.
            labels: int64 [rows], their labels.

        Returns:
            float32 [rows, classes].
        """
        del labels
        return self.residual(seen["features"], training=True)

    def clean_images(self) -> int:
        """Clean images a step, at least one and not all."""
        clean, noisy = self.task.clean, self.task.noisy
        share = 1.0 - self.hp.nr_ratio if self.hp.nr_ratio else clean / max(1, clean + noisy)
        # A share made of whole images may fall short by rounding.
        return min(max(1, int(share * self.hp.batch_size + 1e-6)), self.hp.batch_size - 1)

    def streams(self) -> dict[str, Stream]:
        """Unlabeled images to tell apart; then noisy ones beside clean ones."""
        if self.stage == "contrast":
            return self.contrast_streams()
        clean, views = self.clean_images(), {"image": "plain"}
        return {
            "noisy": Stream("noisy", self.hp.batch_size - clean, views),
            "clean": Stream("clean", clean, views),
        }

    def label_loss(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The loss of labels, given logits."""
        loss = {
            "bce": losses.one_vs_rest,
            "softmax_ce": losses.cross_entropy,
            "mae": losses.exchanged_cross_entropy,
        }[self.hp.nr_loss]
        return loss(labels, logits)

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the stage that the run is in."""
        if self.stage == "contrast":
            return self.contrast_step(batch)
        x, y = batch["noisy"]["image"], batch["noisy"]["label"]
        clean_x, v = batch["clean"]["image"], batch["clean"]["label"]

        with tf.GradientTape() as tape:
            seen = self.classifier(x, training=True)
            noisy = self.label_loss(y, self.absorbed(seen, y) + seen["logits"])
            clean = self.label_loss(v, self.classifier(clean_x, training=True)["logits"])
            decay = losses.l2_loss([weight.value for weight in self.c.variables])
            loss = self.hp.clean_weight * clean + noisy + self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        return self.end_step(noisy=noisy, clean=clean)
