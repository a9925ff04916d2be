"""SPCTN, a reconstruction: predictions near their cluster teach, the easiest of them first.

Wu, Ji, Wang, Wong, Yu and Xu: Semi-Supervised Image Classification with Self-Paced Cross-Task
Networks (2018), known to us by its abstract and by the result that Park et al. (2020) quote. The
abstract: a classification and a clustering stream; pairwise constraints from predictions for
unlabeled images train the clustering; unlabeled images weigh by their distance to the clusters, and
are admitted from easy to difficult. Every formula here is ours. y^ is the predicted class of an
unlabeled image u, e its embedding of length 1, mu_k the mean embedding of class k:

    L = CE(labeled) + unlabeled_weight E v w CE(l(u), y^) + pair_weight E_pairs C
    v = 1[CE(l(u), y^) < lambda],  lambda: a share of the batch, 20 to 100 % over half of the run
    w = exp(-||e - mu_y^||^2)
    C = d^2 if y^ is the same, else max(0, margin - d)^2, d = ||e - e'||, over all pairs of the
        unlabeled batch with max p > pair_threshold
    mu_k <- .99 mu_k + .01 mean of e over labeled images of class k and admitted ones with y^ = k,
            at first that mean itself

v, w, lambda, y^ and mu have no gradient; a step uses the mu before it, which is 0 at first, so that
all images weigh exp(-1). Adam with the ramps of
`pi_model`. The raw weights of the classifier are exported, as there, without the embedding's layer.

Departures: as nothing but the abstract is known, none can be listed. Network, Adam and ramps are
those of Laine and Aila (2017), with batch normalization, so that it compares with `ict` and
`fast_swa`. The layer of the embedding has 64 units: 8,256 weights beside the 3,121,802 of CNN13.
Labeled and unlabeled images are one pass and share batch statistics. The .99 warms up like that of
an EMA of weights. Pairs are of unlabeled images alone.
"""

import dataclasses
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, ramps
from tf_ssgan.nn import losses, schedules

PAPER = "reconstruction of Wu et al. 2018 from its abstract; result quoted by Park et al. 2020"
GROUP = "Consistency and pseudo-labels"
EMBEDDING = 64  # width of the embedding
MEANS_DECAY = 0.99  # of the clusters' means


@dataclasses.dataclass(frozen=True)
class HParams(ramps.RampHParams, cnn13.CNN13HParams):
    """Hyperparameters of SPCTN; all are ours."""

    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0)
    network: Literal["cnn13", "cnn13_bn", "wrn_leaky", "wrn_plain"] = inherited(
        cnn13.CNN13HParams, "network", "cnn13_bn"
    )
    unlabeled_weight: float = option(
        1.0, "Weight of the cross-entropy with the own predictions for unlabeled images.", low=0
    )
    first_share: float = option(
        0.2, "Share of the unlabeled images that are admitted at first, the easiest.", low=0, high=1
    )
    share_ramp: float = option(
        0.5, "Fraction of the run over which that share rises to 1.", low=0, high=1
    )
    pair_weight: float = option(0.1, "Weight of the clustering by pairs.", low=0)
    pair_threshold: float = option(
        0.8,
        "Probability above which a predicted class takes part in pairs.",
        low=0,
        high=1,
    )
    margin: float = option(
        1.0,
        "Distance that embeddings of two classes should have; the largest possible is 2.",
        low=0,
        high=2,
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, width=32, moving_decay=0.95),
        "svhn": dict(labels=1000, epochs=300),
        "cifar10": dict(labels=4000, epochs=300),
        "cifar100": dict(labels=10000, epochs=300),
        "fashion_mnist": dict(labels=1000, epochs=300),
    }


class Method(ramps.RampMethod, cnn13.CNN13Method):
    """Classification and clustering that help each other."""

    reports = ("supervised", "unsupervised", "pairs", "admitted", "closeness")

    def setup(self) -> None:
        """Builds the classifier, the embedding's layer, their player, and the clusters' means."""
        self.classifier = self.build_network()
        self.embedding = clustering_head(self.classifier.output["features"].shape[-1])
        both = (self.classifier, self.embedding)
        self.c = self.player("classifier", both, self.adam(), self.rate, self.beta_1)
        start = np.zeros((self.task.classes, EMBEDDING), np.float32)
        self.means = self.buffer("means", start)

    def share(self) -> tf.Tensor:
        """The share of unlabeled images that are admitted at this step."""
        first, ramp = self.hp.first_share, self.hp.share_ramp
        return first + (1.0 - first) * schedules.linear_ramp(self.progress() / ramp if ramp else 1)

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, translated."""
        views = {"image": self.with_flips("translated")}
        return {
            "labeled": Stream("labeled", self.hp.batch_size, views),
            "unlabeled": Stream("unlabeled", self.hp.batch_size, views),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labels, on the easiest predictions near their clusters, and on pairs."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        u = batch["unlabeled"]["image"]

        with tf.GradientTape() as tape:
            labeled, unlabeled = self.forward_concat(self.classifier, x, u)
            supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))

            predicted, sure = losses.pseudo_labels(
                unlabeled["logits"], self.hp.pair_threshold, strict=True
            )
            own = losses.cross_entropies(predicted, unlabeled["logits"])
            easy = losses.admitted(own, self.share())
            e_labeled, e = (self.embed(part["features"]) for part in (labeled, unlabeled))
            closeness = losses.cluster_weights(e, self.means.value, predicted)
            unsupervised = tf.reduce_mean(easy * closeness * own)

            pairs = losses.pair_loss(e, predicted, sure, self.hp.margin)
            loss = supervised + self.hp.unlabeled_weight * unsupervised
            loss += self.hp.pair_weight * pairs
        self.c.minimize(loss, tape)

        classes, counted = tf.concat([y, predicted], 0), tf.concat([tf.ones(y.shape), easy], 0)
        self.move_means(tf.concat([e_labeled, e], 0), classes, counted)
        return self.end_step(
            supervised=supervised,
            unsupervised=unsupervised,
            pairs=pairs,
            admitted=tf.reduce_mean(easy),
            closeness=tf.reduce_mean(closeness),
        )

    def embed(self, features: tf.Tensor) -> tf.Tensor:
        """The embedding of length 1; float32 [rows, EMBEDDING]."""
        return tf.math.l2_normalize(self.embedding(features), axis=-1)

    def move_means(self, vectors: tf.Tensor, labels: tf.Tensor, counted: tf.Tensor) -> None:
        """Moves the mean of each class that occurs toward its mean in this batch.

        Args:
            vectors: float32 [rows, EMBEDDING].
            labels: int64 [rows].
            counted: float32 [rows], 1 for vectors that count, else 0.
        """
        sums, numbers = losses.class_sums(vectors, labels, counted, self.task.classes)
        numbers, before = numbers[:, tf.newaxis], self.means.value
        decay = schedules.ema_decay(self.step.value, MEANS_DECAY)
        now = tf.math.divide_no_nan(sums, numbers)
        never_seen = tf.reduce_all(before == 0.0, axis=-1, keepdims=True)
        moved = tf.where(never_seen, now, decay * before + (1.0 - decay) * now)
        self.means.assign(tf.where(numbers > 0, moved, before))


def clustering_head(width: int) -> keras.Model:
    """The layer of the embedding: features [batch, width] -> float32 [batch, EMBEDDING]."""
    features = keras.Input((width,), name="features")
    vectors = keras.layers.Dense(EMBEDDING, name="embedding", dtype="float32")(features)
    return keras.Model(features, vectors, name="embedding")
