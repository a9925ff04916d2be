"""Pseudo-labels: what the classifier is sure of becomes a label.

Lee: Pseudo-Label (2013), in the form of Alshami and Arya: Semi-supervised Image Classification
(2022) and their public code (shrebox/Semi-supervised-Image-Classification):

    --pl_mode=epoch   after a warm-up on labels alone, at the beginning of each lap:
                      X = {(u, argmax p(u)): max p(u) > threshold}, anew; then train on labels and X
                      L = CE(labels and X), one as good as the other
    --pl_mode=online  L = CE(labeled) + w(t) E 1[max p(u) > threshold] CE(u, argmax p(u)), p without
                      gradient; w(t) rises linearly over the first 40 % (Oliver et al. 2018, public
                      code); only labeled images are recorded in batch statistics
    step size: learning_rate times a cosine that swings to 1/50 and back, once an epoch

Departures: predictions are of the images as they are, where the public code moves and mirrors them.
A lap is the fewest whole epochs, passes over the unlabeled pool, with 50 steps; it has as many
steps however many images are in X. Training goes on from the last warm-up weights; the public code
returns to the best ones by its test set. Weights are averaged, the raw ones reported beside.
Profile "authors" has no average and keeps a fault: images with a pseudo-label are standardized
floats turned into bytes, of which little but black and white is left.
"""

import dataclasses
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.core import stages
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import wrn
from tf_ssgan.nn import layers, losses, schedules

PAPER = "Lee 2013; Alshami and Arya 2022"
RAMP = 0.4  # share of the run over which the weight of the online form rises


@dataclasses.dataclass(frozen=True)
class HParams(wrn.HParams):
    """Hyper-parameters of pseudo-labels."""

    profile: Literal["paper", "authors"] = option(
        "paper", "The report's algorithm, or what its code does; see the docstring."
    )
    pl_mode: Literal["epoch", "online"] = option(
        "epoch", "Labels are given once an epoch (Alshami and Arya 2022), or at every step."
    )
    batch_size: int = option(
        512, "Images a step, over all replicas; of either pool in the online form.", low=1
    )
    learning_rate: float = option(1e-3, "Largest step size (public code).", low=0)
    swing_epochs: int = option(
        10, "Passes over the pool from the largest step size to the least (public code).", low=1
    )
    weight_decay: float = option(5e-5, "Decoupled, of all weights (public code).", low=0)
    threshold: float = option(
        0.95, "Probability that a label must exceed (Alshami and Arya 2022: tau).",
        above=0, high=1,
    )  # fmt: skip
    unlabeled_weight: float = option(1.0, "Final weight w(t) of the online form.", low=0)
    warm_up_fraction: float = option(
        10 / 300, "Share of the run on labels alone, of the form by epochs (public code).",
        low=0, high=0.9,
    )  # fmt: skip

    RECIPES = {
        "digits": wrn.DIGITS | dict(swing_epochs=11, warm_up_fraction=0.3),
        "cifar10": dict(labels=4000, epochs=300),
        "cifar10@250": dict(batch_size=250),
        "cifar100": dict(labels=10000, epochs=300, learning_rate=5e-4),
        "svhn": dict(labels=1000, epochs=300),
        "fashion_mnist": dict(labels=1000, epochs=300),
        "authors": dict(average_decay=0.0),
    }

    def __post_init__(self):
        """Refuses values out of range, and a profile that there is not.

        Raises:
            UserError: Naming the knob, what was expected and what came.
        """
        super().__post_init__()
        if self.profile == "authors" and self.pl_mode == "online":
            raise errors.UserError(
                "--profile=authors has no online form; take --pl_mode=epoch, or --profile=paper."
            )


class Method(wrn.Method):
    """Self-training."""

    reports = ("supervised", "unsupervised", "selected")

    def setup(self) -> None:
        """One network, one player, and a label for each unlabeled image, or none."""
        self.classifier = self.wide_resnet()
        adam = keras.optimizers.AdamW(
            self.hp.learning_rate, self.hp.weight_decay, amsgrad=True, epsilon=1e-8
        )
        self.c = self.player("classifier", self.classifier, adam, self.rate)
        if self.hp.pl_mode == "epoch":
            self.given = self.per_example_buffer("given", self.task.unlabeled, initial=-1)

    def stages(self) -> dict[str, int]:
        """Labels alone for a while; of the same steps as what follows. Online there is no while."""
        if self.hp.pl_mode == "online":
            return {"train": 0}
        return stages.warm_up_stages(self.hp.warm_up_fraction, self.task.steps)

    def rate(self) -> tf.Tensor:
        """The step size of this epoch."""
        epoch = tf.cast(self.step // self.task.steps_per_epoch, tf.float32)
        return self.hp.learning_rate * schedules.cosine_annealing(
            epoch / self.hp.swing_epochs, 1 / 50
        )

    def streams(self) -> dict[str, Stream]:
        """Labeled and pseudo-labeled images in one; or labeled and unlabeled ones, side by side."""
        n, views = self.hp.batch_size, {"image": self.weak}
        if self.hp.pl_mode == "epoch":
            return {"merged": Stream("merged", n, views)}
        return {"labeled": Stream("labeled", n, views), "unlabeled": Stream("unlabeled", n, views)}

    def pseudo_labels(self) -> np.ndarray | None:
        """The labels that are in force, -1 where there is none."""
        return self.given.numpy() if self.hp.pl_mode == "epoch" else None

    def refresh_pseudo_labels(self, logits: np.ndarray) -> None:
        """Gives labels anew, once the warm-up is over."""
        if self.stage == "train":
            labels, sure = losses.pseudo_labels(logits, self.hp.threshold, strict=True)
            self.given.assign(tf.where(sure > 0, labels, tf.constant(-1, tf.int64)))

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labels, given and guessed."""
        if self.hp.pl_mode == "online":
            return self.online_step(batch)
        x, y = batch["merged"]["image"], batch["merged"]["label"]
        guessed = tf.cast(batch["merged"]["index"] >= self.task.labeled, tf.float32)
        if self.hp.profile == "authors":
            x = tf.where(guessed[:, None, None, None] > 0, self.damaged(x), x)

        with tf.GradientTape() as tape:
            logits = self.classifier(x, training=True)["logits"]
            loss = losses.cross_entropy(y, logits)
        self.c.minimize(loss, tape)
        per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(y, 0), logits)
        return self.end_step(
            supervised=losses.masked_mean(per_example, 1.0 - guessed),
            unsupervised=losses.masked_mean(per_example, guessed),
            selected=tf.reduce_mean(tf.cast(self.given >= 0, tf.float32)),
        )

    def online_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labeled images, and on those unlabeled ones it is sure of."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        weight = self.hp.unlabeled_weight * schedules.linear_ramp(self.progress() / RAMP)

        with tf.GradientTape() as tape:
            supervised = losses.cross_entropy(y, self.classifier(x, training=True)["logits"])
            with layers.frozen_statistics():
                logits = self.classifier(batch["unlabeled"]["image"], training=True)["logits"]
            guessed, sure = losses.pseudo_labels(logits, self.hp.threshold, strict=True)
            unsupervised = losses.masked_cross_entropy(guessed, logits, sure)
            loss = supervised + weight * unsupervised
        self.c.minimize(loss, tape)
        return self.end_step(
            supervised=supervised, unsupervised=unsupervised, selected=tf.reduce_mean(sure)
        )

    def damaged(self, images: tf.Tensor) -> tf.Tensor:
        """Standardized, turned into bytes as NumPy does (-1.3 becomes 255), and read as pixels."""
        standardized = layers.Standardize(self.task.mean, self.task.std)(images)
        pixels = tf.math.floormod(tf.cast(standardized, tf.int32), 256)
        return (tf.cast(pixels, images.dtype) - 127.5) / 127.5
