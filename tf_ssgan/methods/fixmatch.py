"""FixMatch: confident predictions on weakly augmented images teach strongly augmented ones.

Sohn, Berthelot, Li, Zhang, Carlini, Cubuk, Kurakin, Zhang and Raffel: FixMatch: Simplifying
Semi-Supervised Learning with Consistency and Confidence (2020), algorithm 1 and public code; what
Alshami and Arya: Semi-supervised Image Classification (2022) add attention to.

    L = CE(labeled) + unlabeled_weight E 1[max p >= threshold] CE(l(strong(u)), argmax p)
        + weight_decay 1/2 ||kernels||^2,   p = softmax(l(weak(u))), no gradient
    step size: learning_rate cos(7 pi t / 16), Nesterov momentum

One pass over labeled, weak and strong images: they share their batch statistics.

Departures: 2^17 steps instead of 2^20. Short runs take the plain network (recipe "short"): the
other one's batch statistics follow with .999, and after 1,000 steps a third of them is still the
start. Keras keeps the step size in the velocity, where the public code multiplies it in afterwards:
the same while it is constant. Profile "authors" is the code of Alshami and Arya: operations of
RandAugment with probability .5 and whole magnitudes, CutOut of half the side, the unlabeled loss
divided by how many images are selected instead of by the batch, a decay of all weights, a step size
that falls once an epoch, and their batch, step size and decay. Not followed there: labeled, weak
and strong images are three passes, each with batch statistics of its own.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import wrn
from tf_ssgan.nn import losses, schedules, weights

PAPER = "Sohn et al. 2020"


@dataclasses.dataclass(frozen=True)
class HParams(wrn.HParams):
    """Hyper-parameters of FixMatch."""

    profile: Literal["paper", "authors"] = option(
        "paper", "The paper's algorithm, or what Alshami and Arya's code does; see the docstring."
    )
    batch_size: int = option(64, "Labeled images a step, over all replicas.", low=1)
    unlabeled_ratio: int = option(
        7, "Unlabeled images a labeled one (Sohn et al. 2020: mu).", low=1
    )
    learning_rate: float = option(0.03, "Initial step size (Sohn et al. 2020).", low=0)
    momentum: float = option(0.9, "Of the gradients (Sohn et al. 2020).", low=0, high=1)
    nesterov: bool = option(True, "Momentum looks ahead (Sohn et al. 2020).")
    weight_decay: float = option(
        5e-4, "Weight of half the squared norm of the kernels (Sohn et al. 2020).", low=0
    )
    threshold: float = option(
        0.95, "Probability from which on a prediction is a label (Sohn et al. 2020: tau).",
        above=0, high=1,
    )  # fmt: skip
    unlabeled_weight: float = option(
        1.0, "Weight of the unlabeled loss (Sohn et al. 2020: lambda_u).", low=0
    )
    network: Literal["wrn_leaky", "wrn_plain"] = option(
        "wrn_leaky",
        "A wide residual network: that of Sohn et al. 2020, or the plain one of Alshami and Arya "
        "2022.",
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

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step."""
        return self.batch_size * self.unlabeled_ratio


class Method(wrn.Method):
    """Consistency with one's own confident predictions."""

    reports = ("supervised", "unsupervised", "selected")

    def setup(self) -> None:
        """One network, one player."""
        self.classifier = self.wide_resnet()
        sgd = keras.optimizers.SGD(self.hp.learning_rate, self.hp.momentum, self.hp.nesterov)
        self.c = self.player("classifier", self.classifier, sgd, self.rate)

    def rate(self) -> tf.Tensor:
        """The step size at this step; of the authors, at the beginning of its epoch."""
        if self.hp.profile == "paper":
            return self.hp.learning_rate * schedules.cosine_decay(self.progress())
        begun = self.step // self.task.steps_per_epoch * self.task.steps_per_epoch
        done = tf.cast(begun, tf.float32) / self.task.steps
        return self.hp.learning_rate * schedules.cosine_decay(done)

    def decayed(self) -> list[tf.Tensor]:
        """The weights that decay: the kernels; of the authors, all."""
        if self.hp.profile == "paper":
            return weights.kernels(self.classifier)
        return [weight.value for weight in self.c.variables]

    def streams(self) -> dict[str, Stream]:
        """Labeled images, seen weakly; unlabeled ones, each seen weakly and strongly."""
        suffix = "" if self.hp.profile == "paper" else "_authors"
        strong = f"{self.weak} randaugment{suffix} cutout{suffix}"
        views = {"weak": self.weak, "strong": strong}
        return {
            "labeled": Stream("labeled", self.hp.batch_size, {"image": self.weak}),
            "unlabeled": Stream("unlabeled", self.hp.unlabeled_examples, views),
        }

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
            decay = losses.l2_loss(self.decayed())
            loss = supervised + self.hp.unlabeled_weight * unsupervised
            loss += self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        return self.end_step(
            supervised=supervised, unsupervised=unsupervised, selected=tf.reduce_mean(sure)
        )
