"""FixMatch with attention: the attention maps of both views of an image must agree too.

Alshami and Arya: Semi-supervised Image Classification (2022), section 2.4, and their public code
(shrebox/Semi-supervised-Image-Classification). A(x) is the attention at each position of the last
feature map, see `networks.wide_resnet`.

    L = CE(labeled) + unlabeled_weight E 1[max p >= threshold] CE(l(strong(u)), argmax p)
        + attention_weight E_selected KL(softmax A(weak(u)) || softmax A(strong(u))) / positions
        + weight_decay 1/2 ||weights||^2
    learning rate: learning_rate cos(7 pi t / 16), t the fraction of the run at the start of the
        epoch; momentum .9; no EMA

Departures: the report says 100 epochs in one place and 200 in another; 200 here. It describes two
1x1 convolutions; its code has one with two output maps, as here. The report adds the divergence of
two distributions; its code averages over the positions (64 for images of 32 pixels), as here. The
report says "all the tasks used randomly initialized models" and then "For task 3, we did not used a
randomly initialized Wideresnet model"; here the weights are random. The unlabeled loss is divided
by the batch size, as in FixMatch; profile "authors" divides by the number of selected images and
has the code's strong view. Labeled, weak and strong images are one pass here, three in the code.

If the attention is 0 at all positions, the classifier sees nothing: "blank" is the fraction of such
views. The reported "attention" is the divergence itself, not divided by the positions.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, WIDEST, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.methods import fixmatch
from tf_ssgan.methods.bases import wrn
from tf_ssgan.networks import wide_resnet
from tf_ssgan.nn import losses, schedules

PAPER = "Alshami and Arya 2022"
GROUP = "Consistency and pseudo-labels"


@dataclasses.dataclass(frozen=True)
class HParams(fixmatch.HParams):
    """Hyperparameters of FixMatch with attention."""

    batch_size: int = option(
        400,
        "Labeled images per step, over all replicas (Alshami and Arya 2022).",
        low=1,
        high=LARGEST_BATCH,
    )
    unlabeled_ratio: int = inherited(wrn.UnlabeledRatioHParams, "unlabeled_ratio", 1, "public code")
    learning_rate: float = option(0.003, "Initial learning rate (public code).", low=0)
    nesterov: bool = option(False, "Whether SGD uses Nesterov momentum; the public code does not.")
    weight_decay: float = option(
        5e-5, "Weight of half the squared norm of all weights (public code).", low=0
    )
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0, "public code")
    network: Literal["wrn_leaky", "wrn_plain"] = inherited(wrn.WideResNetHParams, "network")
    attention_maps: int = option(
        2,
        "Number of maps that are summed to the attention (public code; 4 in its first runs).",
        low=1,
        high=WIDEST,
    )
    attention_weight: float = option(
        1.0,
        "Weight of the divergence between the two views' attention, which is averaged over the "
        "positions of the map (public code).",
        low=0,
    )
    attention_activated: bool = option(
        False,
        "Whether batch normalization and activation come between the last feature map and the "
        "attention; the public code has neither.",
    )
    attention_teaches: bool = option(
        False,
        "Whether the weak view's attention is a fixed target, without gradient; in the public code "
        "it gets one.",
    )

    RECIPES = {
        "digits": wrn.DIGITS | dict(unlabeled_ratio=4, learning_rate=0.03),
        "cifar10": dict(labels=4000, epochs=200),
        "cifar10@250": dict(batch_size=250),
        "cifar100": dict(labels=10000, epochs=200),
        "svhn": dict(labels=1000, epochs=200),
        "fashion_mnist": dict(labels=1000, epochs=200),
    }


class Method(fixmatch.Method):
    """Consistency regularization of predictions and of attention maps."""

    reports = ("supervised", "unsupervised", "attention", "selected", "blank")

    def build_network(self, dtype: str | None = None) -> keras.Model:
        """Builds the network that the hyperparameters specify, with attention.

        Args:
            dtype: Number format of every layer; None for the global one.
        """
        form = self.hp.network.removeprefix("wrn_")
        return wide_resnet.attention_classifier(
            self.task,
            self.hp.depth,
            self.hp.width,
            form,
            self.hp.attention_maps,
            self.hp.attention_activated,
            dtype,
        )

    def rate(self) -> tf.Tensor:
        """The learning rate of this epoch."""
        return self.hp.learning_rate * schedules.cosine_decay(self.epoch_progress())

    def decayed_weights(self) -> list[tf.Tensor]:
        """The weights that decay: all of them."""
        return [weight.value for weight in self.c.variables]

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
            target = weak["attention"]
            target = tf.stop_gradient(target) if self.hp.attention_teaches else target
            attention = losses.attention_divergence(target, strong["attention"], confident)
            decay = losses.l2_loss(self.decayed_weights())
            loss = supervised + self.hp.unlabeled_weight * unsupervised
            weight = self.hp.attention_weight / target.shape[-1]  # the mean over the positions
            loss += weight * attention + self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        blank = tf.reduce_max(tf.concat([weak["attention"], strong["attention"]], 0), axis=-1) <= 0
        return self.end_step(
            supervised=supervised,
            unsupervised=unsupervised,
            attention=attention,
            selected=tf.reduce_mean(confident),
            blank=tf.reduce_mean(tf.cast(blank, tf.float32)),
        )
