"""FixMatch on a network with an attention map, which both views of an image shall share.

Alshami and Arya: Semi-supervised Image Classification (2022), section 2.4, and their public code
(shrebox/Semi-supervised-Image-Classification). A(x) are the attention values of the positions of
the last map, see `networks.wide_resnet.attentive`.

    L = CE(labeled) + unlabeled_weight E 1[max p >= threshold] CE(l(strong(u)), argmax p)
        + attention_weight E_selected KL(softmax A(weak(u)) || softmax A(strong(u)))
        + weight_decay 1/2 ||weights||^2
    step size: learning_rate cos(7 pi e / 16), once an epoch e; momentum .9; no weight average

Departures: the report says 100 epochs and 200; 200 here. It speaks of two 1x1 convolutions, which
its code has as one with two maps. Its code takes the mean of the divergence over all 64 positions,
hence the weight 1/64 of the sum here. The unlabeled loss is divided by the batch, as in FixMatch;
profile "authors" divides by how many images are selected, and has the code's strong view. Labeled,
weak and strong images are one pass here, three in its code. Where all maps are 0 at all positions
the classifier sees nothing: "blank" is the share of such images.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.methods import fixmatch
from tf_ssgan.methods.bases import wrn
from tf_ssgan.networks import wide_resnet
from tf_ssgan.nn import losses, schedules

PAPER = "Alshami and Arya 2022"


@dataclasses.dataclass(frozen=True)
class HParams(fixmatch.HParams):
    """Hyper-parameters of FixMatch with attention."""

    batch_size: int = option(
        400, "Labeled images a step, over all replicas (Alshami and Arya 2022).", low=1
    )
    unlabeled_ratio: int = option(1, "Unlabeled images a labeled one (public code).", low=1)
    learning_rate: float = option(0.003, "Initial step size (public code).", low=0)
    nesterov: bool = option(False, "Momentum looks ahead; not in the public code.")
    weight_decay: float = option(
        5e-5, "Weight of half the squared norm of all weights (public code).", low=0
    )
    average_decay: float = option(
        0.0,
        "Decay of the weight average that is shipped, warmed up as min(decay, (1+t)/(10+t)); "
        "0, as in the public code, ships the raw weights.",
        low=0,
        high=1,
    )
    network: Literal["wrn_leaky", "wrn_plain"] = option(
        "wrn_plain",
        "A wide residual network: that of Sohn et al. 2020, or the plain one of Alshami and Arya "
        "2022.",
    )
    attention_maps: int = option(
        2, "Maps whose sum is the attention (public code; 4 in its first runs).", low=1
    )
    attention_weight: float = option(
        1 / 64, "Weight of the divergence between the views' attention (public code).", low=0
    )
    attention_activated: bool = option(
        False, "The last map is normalized and rectified before attention; not in the public code."
    )
    attention_teaches: bool = option(
        False, "No gradient goes into the weak view's attention; it does in the public code."
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
    """Consistency of predictions and of what they attend to."""

    reports = ("supervised", "unsupervised", "attention", "selected", "blank")

    def wide_resnet(self, dtype: str | None = None) -> keras.Model:
        """The network that the knobs say, with attention."""
        form = self.hp.network.removeprefix("wrn_")
        return wide_resnet.attentive(
            self.task,
            self.hp.depth,
            self.hp.width,
            form,
            self.hp.attention_maps,
            self.hp.attention_activated,
            dtype,
        )

    def rate(self) -> tf.Tensor:
        """The step size of this epoch."""
        epoch = tf.cast(self.step // self.task.steps_per_epoch, tf.float32)
        return self.hp.learning_rate * schedules.cosine_decay(
            epoch * self.task.steps_per_epoch / self.task.steps
        )

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labeled images, and on strong views of images it is sure of."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        weak, strong = batch["unlabeled"]["weak"], batch["unlabeled"]["strong"]

        with tf.GradientTape() as tape:
            labeled, seen, hidden = self.forward_concat(self.classifier, x, weak, strong)
            supervised = losses.cross_entropy(y, labeled["logits"])
            guessed, sure = losses.pseudo_labels(seen["logits"], self.hp.threshold)
            unsupervised = losses.masked_cross_entropy(
                guessed, hidden["logits"], sure, of_selected=self.hp.profile == "authors"
            )
            target = seen["attention"]
            target = tf.stop_gradient(target) if self.hp.attention_teaches else target
            attention = losses.attention_divergence(target, hidden["attention"], sure)
            decay = losses.l2_loss([w.value for w in self.c.variables])
            loss = supervised + self.hp.unlabeled_weight * unsupervised
            loss += self.hp.attention_weight * attention + self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        blank = tf.reduce_max(tf.concat([seen["attention"], hidden["attention"]], 0), axis=-1) <= 0
        return self.end_step(
            supervised=supervised,
            unsupervised=unsupervised,
            attention=attention,
            selected=tf.reduce_mean(sure),
            blank=tf.reduce_mean(tf.cast(blank, tf.float32)),
        )
