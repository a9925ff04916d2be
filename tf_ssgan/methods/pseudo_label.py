"""Pseudo-labels: confident predictions for unlabeled images become their labels.

Lee: Pseudo-Label (2013), in the form of Alshami and Arya: Semi-supervised Image Classification
(2022) and their public code (shrebox/Semi-supervised-Image-Classification):

    --pl_mode=epoch   after a warm-up on labels alone, at the start of each evaluation interval:
                      X = {(u, argmax p(u)): max p(u) > threshold}, recomputed
                      L = CE(labeled and X), where labels and pseudo-labels weigh the same
    --pl_mode=online  L = CE(labeled) + w(t) E 1[max p(u) > threshold] CE(u, argmax p(u)), p without
                      gradient; w(t) rises linearly over the first 40 % of the run (Oliver et al.
                      2018, public code); batch statistics record labeled images only
    learning rate: learning_rate times a cosine between 1 and 1/50, updated once an epoch

An epoch of the warm-up is a pass over the labeled images, of ceil(labels / batch_size) steps:
nothing else is in the merged pool then, whose order still drops incomplete batches. Afterwards an
epoch is a pass over the unlabeled pool. With --class_weight, pseudo-labels weigh 1. What
--align_distribution does to p is in `bases.alignment`; a mean by epoch is that over the pool.

Departures: in the public code an epoch after the warm-up is a pass over labeled images and X; here
its length does not depend on the size of X. X may be empty; the public code then keeps the one
before. An evaluation interval is the smallest number of whole epochs with at least 50 steps. The
warm-up takes at most half of a run. Predicted images are not augmented; the public code shifts and
flips them. Training continues from the last warm-up weights; the public code returns to those with
the best test loss. An EMA of the weights is exported. Profile "authors" has no EMA and keeps a bug:
images with a pseudo-label are standardized floats cast to bytes, nearly all black or white.
"""

import dataclasses
from typing import Literal

import numpy as np
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core import looks
from tf_ssgan.core.monitoring import PseudoLabels
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import alignment, profile, warm_up, wrn
from tf_ssgan.nn import fused_optimizers, layers, losses, pixels, schedules

PAPER = "Lee 2013; Alshami and Arya 2022"
GROUP = "Consistency and pseudo-labels"
RAMP = 0.4  # fraction of the run over which the weight of the online form rises


@dataclasses.dataclass(frozen=True)
class HParams(
    profile.ProfileHParams, warm_up.WarmUpHParams, alignment.AlignmentHParams, wrn.WideResNetHParams
):
    """Hyperparameters of pseudo-labels; profile "authors" is the code of Alshami and Arya."""

    pl_mode: Literal["epoch", "online"] = option(
        "epoch",
        "When pseudo-labels are computed: once per evaluation interval of whole epochs (Alshami "
        "and Arya 2022), or at every step.",
    )
    batch_size: int = option(
        512,
        "Images per step, over all replicas; with pl_mode=online, from each pool.",
        low=1,
        high=LARGEST_BATCH,
    )
    learning_rate: float = option(1e-3, "Largest learning rate (public code).", low=0)
    swing_epochs: int = option(
        10,
        "Epochs in which the cosine takes the learning rate from its largest to its smallest "
        "value (public code).",
        low=1,
    )
    weight_decay: float = option(
        5e-5, "Decoupled weight decay of AdamW, of all weights (public code).", low=0
    )
    threshold: float = option(
        0.95,
        "Probability that a prediction must exceed to become a label (Alshami and Arya 2022: tau).",
        above=0,
        high=1,
    )
    unlabeled_weight: float = option(
        1.0, "Final weight w(t) of the unlabeled loss with pl_mode=online.", low=0
    )
    warm_up_epochs: int = inherited(
        warm_up.WarmUpHParams, "warm_up_epochs", 10, "public code",
        note="With pl_mode=online there is no warm-up.",
    )  # fmt: skip

    RECIPES = {
        "digits": wrn.DIGITS,
        "cifar10": dict(labels=4000, epochs=300),
        "cifar10@250": dict(batch_size=250),
        "cifar100": dict(labels=10000, epochs=300, learning_rate=5e-4),
        "svhn": dict(labels=1000, epochs=300),
        "fashion_mnist": dict(labels=1000, epochs=300),
        "authors": dict(average_decay=0.0),
    }

    def __post_init__(self):
        """Refuses values out of range, and the authors' profile with the online form.

        Raises:
            UserError: Names the hyperparameter, what was expected and the value.
        """
        super().__post_init__()
        if self.profile == "authors" and self.pl_mode == "online":
            raise errors.UserError(
                "--profile=authors has no online form; use --pl_mode=epoch or --profile=paper."
            )


class Method(alignment.DistributionAlignment, warm_up.WarmUpMethod, wrn.WideResNetMethod):
    """Self-training with pseudo-labels."""

    reports = ("supervised", "unsupervised", "selected")
    steps_differ = False  # the warm-up merges no image that has no label

    def setup(self) -> None:
        """Builds the network, its player and the buffer with a label per unlabeled image."""
        self.classifier = self.build_network()
        adam = fused_optimizers.AdamW(
            self.hp.learning_rate, self.hp.weight_decay, amsgrad=True, epsilon=1e-8
        )
        self.c = self.player("classifier", self.classifier, adam, self.rate)
        self.make_alignment(1 if self.hp.pl_mode == "epoch" else alignment.BATCHES)
        self.reads_pools = self.hp.pl_mode == "epoch"
        if self.reads_pools:
            self.label_buffer = self.per_example_buffer(
                "pseudo_labels", self.task.unlabeled, initial=-1
            )

    def stages(self) -> dict[str, int]:
        """A warm-up on labels alone, except with pl_mode=online."""
        return {"train": 0} if self.hp.pl_mode == "online" else super().stages()

    def rate(self) -> tf.Tensor:
        """The learning rate of this epoch."""
        swings = self.epoch() / self.hp.swing_epochs
        return self.hp.learning_rate * schedules.cosine_annealing(swings, 1 / 50)

    def streams(self) -> dict[str, Stream]:
        """Labeled and pseudo-labeled images in one pool; online, labeled and unlabeled images."""
        n, views = self.hp.batch_size, {"image": self.weak_view}
        if self.hp.pl_mode == "epoch":
            return {"merged": Stream("merged", n, views)}
        return {"labeled": Stream("labeled", n, views), "unlabeled": Stream("unlabeled", n, views)}

    def pseudo_labels(self) -> np.ndarray | None:
        """The current pseudo-labels, -1 for images without one; None with pl_mode=online."""
        return self.label_buffer.numpy() if self.hp.pl_mode == "epoch" else None

    def monitors(self) -> tuple[PseudoLabels, ...]:
        """The pseudo-labels that confident predictions would be."""
        return (PseudoLabels(self.hp.threshold, strict=True, aligned=self.aligned),)

    def look_at_pools(self, look: looks.Look) -> None:
        """Replaces all pseudo-labels, once the warm-up is over."""
        if self.stage == "train":
            logits = look.predict(self.classifier, "unlabeled", "logits")["logits"]
            aligned = self.align(logits, included=True)
            labels, confident = losses.pseudo_labels(aligned, self.hp.threshold, strict=True)
            self.label_buffer.assign(tf.where(confident > 0, labels, tf.constant(-1, tf.int64)))

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labels and pseudo-labels."""
        if self.hp.pl_mode == "online":
            return self.online_step(batch)
        x, y = batch["merged"]["image"], batch["merged"]["label"]
        unlabeled = tf.cast(batch["merged"]["index"] >= self.task.labeled, tf.float32)
        if self.hp.profile == "authors":
            standardized = layers.Standardize(self.task.mean, self.task.std)(x)
            x = tf.where(unlabeled[:, None, None, None] > 0, pixels.cast_to_bytes(standardized), x)
        true_labels = tf.where(unlabeled > 0, tf.constant(-1, tf.int64), y)
        with tf.GradientTape() as tape:
            logits = self.classifier(x, training=True)["logits"]
            loss = losses.cross_entropy(y, logits, self.label_weights(true_labels))
        self.c.minimize(loss, tape)
        per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(y, 0), logits)
        return self.end_step(
            supervised=losses.masked_mean(per_example, 1.0 - unlabeled),
            unsupervised=losses.masked_mean(per_example, unlabeled),
            selected=tf.reduce_mean(tf.cast(self.label_buffer >= 0, tf.float32)),
        )

    def online_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labeled images and on confidently classified unlabeled images."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        weight = self.hp.unlabeled_weight * schedules.linear_ramp(self.progress() / RAMP)
        with tf.GradientTape() as tape:
            labeled = self.classifier(x, training=True)["logits"]
            supervised = losses.cross_entropy(y, labeled, self.label_weights(y))
            with layers.frozen_statistics():
                logits = self.classifier(batch["unlabeled"]["image"], training=True)["logits"]
            aligned = self.align(logits)
            labels, confident = losses.pseudo_labels(aligned, self.hp.threshold, strict=True)
            unsupervised = losses.masked_cross_entropy(labels, logits, confident)
            loss = supervised + weight * unsupervised
        self.c.minimize(loss, tape)
        return self.end_step(
            supervised=supervised, unsupervised=unsupervised, selected=tf.reduce_mean(confident)
        )
