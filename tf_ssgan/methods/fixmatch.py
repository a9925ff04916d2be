"""FixMatch: confident predictions on weakly augmented images teach strongly augmented ones.

Sohn, Berthelot, Li, Zhang, Carlini, Cubuk, Kurakin, Zhang and Raffel: FixMatch: Simplifying
Semi-Supervised Learning with Consistency and Confidence (2020), algorithm 1 and public code.
Alshami and Arya: Semi-supervised Image Classification (2022) add attention to it.

    L = CE(labeled) + unlabeled_weight E 1[max p >= threshold] CE(l(strong(u)), argmax p)
        + weight_decay 1/2 ||kernels||^2,   p = softmax(l(weak(u))), no gradient
    learning rate: learning_rate cos(7 pi t / 16), t the fraction of the run; Nesterov momentum

Labeled, weak and strong images go through the network in one pass, so they share batch statistics.
What --align_distribution does to p is in `bases.alignment`.

Departures: 2^17 steps instead of 2^20. Short runs use the plain network (recipe "short"): the
batch statistics of the other one have momentum .999, so after 1,000 steps a third of their value is
still the initial one. Keras includes the learning rate in the velocity; the public code multiplies
by it afterwards, which is the same as long as it is constant. Profile "authors" is the code of
Alshami and Arya: RandAugment operations with probability .5 and integer magnitudes, CutOut of half
the side, the unlabeled loss divided by the number of selected images instead of the batch size,
weight decay of all weights, a learning rate updated once an epoch, and their batch size, learning
rate and weight decay. Not followed: their labeled, weak and strong images are three passes, each
with its own batch statistics.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core.monitoring import PseudoLabels
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import alignment, profile, wrn
from tf_ssgan.nn import fused_optimizers, losses, schedules, weights

PAPER = "Sohn et al. 2020"
GROUP = "Consistency and pseudo-labels"


@dataclasses.dataclass(frozen=True)
class HParams(
    profile.ProfileHParams,
    wrn.UnlabeledRatioHParams,
    alignment.AlignmentHParams,
    wrn.WideResNetHParams,
):
    """Hyperparameters of FixMatch; profile "authors" is the code of Alshami and Arya."""

    batch_size: int = option(
        64,
        "Labeled images per step, over all replicas (Sohn et al. 2020: B).",
        low=1,
        high=LARGEST_BATCH,
    )
    unlabeled_ratio: int = inherited(
        wrn.UnlabeledRatioHParams, "unlabeled_ratio", 7, "Sohn et al. 2020, mu"
    )
    learning_rate: float = option(0.03, "Initial learning rate (Sohn et al. 2020: eta).", low=0)
    momentum: float = option(0.9, "Momentum of SGD (Sohn et al. 2020: beta).", low=0, high=1)
    nesterov: bool = option(
        True, "Whether SGD uses Nesterov momentum (Sohn et al. 2020, public code)."
    )
    weight_decay: float = option(
        5e-4, "Weight of half the squared norm of the kernels (Sohn et al. 2020).", low=0
    )
    threshold: float = option(
        0.95,
        "Smallest probability at which a prediction becomes a label (Sohn et al. 2020: tau).",
        above=0,
        high=1,
    )
    unlabeled_weight: float = option(
        1.0, "Weight of the unlabeled loss (Sohn et al. 2020: lambda_u).", low=0
    )
    network: Literal["wrn_leaky", "wrn_plain"] = inherited(
        wrn.WideResNetHParams, "network", "wrn_leaky"
    )

    RECIPES = {
        "digits": wrn.DIGITS | dict(unlabeled_ratio=4),
        "short": dict(network="wrn_plain"),
        "cifar10": dict(labels=4000, max_steps=2**17),
        "cifar100": dict(labels=10000, max_steps=2**17, weight_decay=1e-3),
        "svhn": dict(labels=1000, max_steps=2**17),
        "fashion_mnist": dict(labels=1000, max_steps=2**17),
        "authors": dict(
            batch_size=400,
            unlabeled_ratio=1,
            learning_rate=0.003,
            nesterov=False,
            weight_decay=5e-5,
            average_decay=0.0,
            network="wrn_plain",
        ),
        "authors/digits": wrn.DIGITS,
        "authors/cifar10": dict(epochs=200, max_steps=0),
        "authors/cifar10@250": dict(batch_size=250),
        "authors/cifar100": dict(epochs=200, max_steps=0),
    }


class Method(alignment.DistributionAlignment, wrn.WideResNetMethod):
    """Consistency regularization with confident pseudo-labels."""

    reports = ("supervised", "unsupervised", "selected")

    def setup(self) -> None:
        """Builds the network and its player."""
        self.classifier = self.build_network()
        sgd = fused_optimizers.SGD(self.hp.learning_rate, self.hp.momentum, self.hp.nesterov)
        self.c = self.player("classifier", self.classifier, sgd, self.rate)
        self.make_alignment(alignment.BATCHES)

    def rate(self) -> tf.Tensor:
        """The learning rate at this step; in profile "authors", at the start of its epoch."""
        progress = self.progress() if self.hp.profile == "paper" else self.epoch_progress()
        return self.hp.learning_rate * schedules.cosine_decay(progress)

    def decayed_weights(self) -> list[tf.Tensor]:
        """The weights that decay: the kernels; in profile "authors", all weights."""
        if self.hp.profile == "paper":
            return weights.kernels(self.classifier)
        return [weight.value for weight in self.c.variables]

    def streams(self) -> dict[str, Stream]:
        """Labeled images in a weak view; unlabeled images in a weak and a strong view."""
        suffix = "" if self.hp.profile == "paper" else "_authors"
        strong = f"{self.weak_view} randaugment{suffix} cutout{suffix}"
        views = {"weak": self.weak_view, "strong": strong}
        return {
            "labeled": Stream("labeled", self.hp.batch_size, {"image": self.weak_view}),
            "unlabeled": Stream("unlabeled", self.hp.unlabeled_examples, views),
        }

    def monitors(self) -> tuple[PseudoLabels, ...]:
        """The pseudo-labels that confident predictions would be."""
        return (PseudoLabels(self.hp.threshold, aligned=self.aligned),)

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labeled images, and on strong views of confidently classified images."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        u_weak, u_strong = batch["unlabeled"]["weak"], batch["unlabeled"]["strong"]

        with tf.GradientTape() as tape:
            labeled, weak, strong = self.forward_concat(self.classifier, x, u_weak, u_strong)
            supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
            aligned = self.align(weak["logits"])
            pseudo_labels, confident = losses.pseudo_labels(aligned, self.hp.threshold)
            unsupervised = self.unlabeled_loss(pseudo_labels, strong["logits"], confident)
            decay = losses.l2_loss(self.decayed_weights())
            loss = supervised + self.hp.unlabeled_weight * unsupervised
            loss += self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        return self.end_step(
            supervised=supervised, unsupervised=unsupervised, selected=tf.reduce_mean(confident)
        )

    def unlabeled_loss(
        self, pseudo_labels: tf.Tensor, logits_strong: tf.Tensor, confident: tf.Tensor
    ) -> tf.Tensor:
        """Cross-entropy of the confident images over the batch; "authors": over the confident.

        Args:
            pseudo_labels: int64 [rows].
            logits_strong: float32 [rows, classes], for the strong views.
            confident: float32 [rows], 1 for confident predictions, else 0.
        """
        of_selected = self.hp.profile == "authors"
        return losses.masked_cross_entropy(pseudo_labels, logits_strong, confident, of_selected)
