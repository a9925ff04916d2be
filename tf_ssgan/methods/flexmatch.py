"""FlexMatch: FixMatch with a threshold for each class, lower where less is learned.

Zhang, Wang, Hou, Wu, Wang, Okumura and Shinozaki: FlexMatch: Boosting Semi-Supervised Learning with
Curriculum Pseudo Labeling (2021), algorithm 1 and public code (TorchSSL). For each unlabeled image
the latest class that was predicted with max p >= threshold is remembered. sigma_c images are
remembered as class c, `unused` images as none.

    beta_c = sigma_c / max(max sigma, unused),   T_c = threshold beta_c / (2 - beta_c)
    L = CE(labeled) + unlabeled_weight E 1[max p >= T_argmax] CE(l(strong(u)), argmax p)
        + weight_decay 1/2 ||kernels||^2,   p = softmax(l(weak(u))), no gradient

The thresholds of a step are those before it; all are 0 at first. What is remembered is decided by
the fixed threshold. With --align_distribution, p is aligned first: aligned predictions are compared
with both thresholds. All else is as in `fixmatch`; the EMA is exported.

Departures: those of profile "paper" of `fixmatch`; there is no other profile here, because the code
of Alshami and Arya has no FlexMatch. The warm-up of the thresholds, `unused` in the maximum, is
always on; it is an option of the public code. If the latest predictions for all images are of one
class, the public code keeps the thresholds of the step before. Its strong view has three
RandAugment operations before the crop; this one has the two of Sohn et al. after it. With several
devices each of its processes remembers its own images; here all are remembered together. Its
alignment divides by an average of all predictions, that of the step included; `bases.alignment`
takes the last 128 steps before it. --network=cnn13_bn is not in the paper: it is for comparison
with methods on that network.
"""

import dataclasses
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core.monitoring import PseudoLabels
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import fixmatch
from tf_ssgan.methods.bases import cnn13, profile, wrn
from tf_ssgan.nn import losses

PAPER = "Zhang et al. 2021, algorithm 1, public code"
GROUP = "Consistency and pseudo-labels"


@dataclasses.dataclass(frozen=True)
class HParams(fixmatch.HParams, cnn13.CNN13HParams):
    """Hyperparameters of FlexMatch: those of FixMatch, and of a second network."""

    profile: Literal["paper"] = inherited(
        profile.ProfileHParams, "profile", note="The authors' code has no FlexMatch."
    )
    threshold: float = inherited(
        fixmatch.HParams, "threshold", note="Those of classes that are learned less are lower."
    )
    network: Literal["wrn_leaky", "wrn_plain", "cnn13_bn"] = option(
        "wrn_leaky",
        "Network that is trained: a wide residual network in the form of Sohn et al. 2020 "
        "(wrn_leaky) or of Alshami and Arya 2022 (wrn_plain), or that of Laine and Aila 2017 with "
        "batch normalization (cnn13_bn).",
    )
    width: int = inherited(cnn13.CNN13HParams, "width", 32)

    RECIPES = {
        "digits": wrn.DIGITS | dict(unlabeled_ratio=4),
        "short": dict(network="wrn_plain"),
        "cifar10": dict(labels=4000, max_steps=2**17),
        "cifar100": dict(labels=10000, max_steps=2**17, weight_decay=1e-3, width=128),
        "svhn": dict(labels=1000, max_steps=2**17),
        "fashion_mnist": dict(labels=1000, max_steps=2**17),
    }


class Method(fixmatch.Method, cnn13.CNN13Method):
    """FixMatch whose thresholds follow what is learned of each class."""

    reports = ("supervised", "unsupervised", "selected", "threshold")

    def setup(self) -> None:
        """Builds the network, its player, and the memory of confident predictions."""
        super().setup()
        self.latest = self.per_example_buffer("latest", self.task.unlabeled, initial=-1)

    def build_network(self) -> keras.Model:
        """Builds the network that the hyperparameters specify."""
        return cnn13.CNN13Method.build_network(self)

    def streams(self) -> dict[str, Stream]:
        """As in FixMatch; no unlabeled image twice in a step, because each has one memory."""
        streams = super().streams()
        return streams | {"unlabeled": dataclasses.replace(streams["unlabeled"], distinct=True)}

    def monitors(self) -> tuple[PseudoLabels, ...]:
        """The pseudo-labels that the predictions would be with the thresholds of that time."""
        return (PseudoLabels(self.thresholds_now, aligned=self.aligned),)

    def thresholds(self) -> tf.Tensor:
        """The threshold of each class, float32 [classes]."""
        return losses.class_thresholds(self.latest.value, self.task.classes, self.hp.threshold)

    def thresholds_now(self) -> np.ndarray:
        """As `thresholds`, outside of a step."""
        return self.thresholds().numpy()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labeled images, and on strong views of those above their threshold."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        u_weak, u_strong = batch["unlabeled"]["weak"], batch["unlabeled"]["strong"]
        thresholds = self.thresholds()

        with tf.GradientTape() as tape:
            labeled, weak, strong = self.forward_concat(self.classifier, x, u_weak, u_strong)
            supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
            aligned = self.align(weak["logits"])
            pseudo_labels, selected = losses.pseudo_labels(aligned, thresholds)
            unsupervised = self.unlabeled_loss(pseudo_labels, strong["logits"], selected)
            decay = losses.l2_loss(self.decayed_weights())
            loss = supervised + self.hp.unlabeled_weight * unsupervised
            loss += self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        self.remember(batch["unlabeled"]["index"], aligned)
        return self.end_step(
            supervised=supervised,
            unsupervised=unsupervised,
            selected=tf.reduce_mean(selected),
            threshold=tf.reduce_mean(thresholds),
        )

    def remember(self, index: tf.Tensor, aligned: tf.Tensor) -> None:
        """Remembers the predictions that are confident by the fixed threshold.

        Args:
            index: int64 [rows], places of the images in the unlabeled pool.
            aligned: [rows, classes], logits of the predictions for them.
        """
        predicted, confident = losses.pseudo_labels(aligned, self.hp.threshold)
        before = tf.gather(self.latest.value, index)
        self.write(self.latest, index, tf.where(confident > 0, predicted, before))
