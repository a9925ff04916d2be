"""Temporal ensembling: predictions must agree with a running average of earlier ones.

Laine and Aila: Temporal Ensembling for Semi-Supervised Learning (2017), algorithm 2, appendix A and
public code. Each image of a batch of B goes through the network once. Its probabilities p of K
classes are compared with the average Z of those of its former visits, one in each epoch:

    L = 1/B sum of -log p[y] over the labeled images + w(t) 1/(B K) sum of ||p - target||^2
    target = Z / (1 - a^v), no gradient, v the visits so far;   then Z <- a Z + (1 - a) p

a is .6, and Z is 0 at first, which the division makes up for. An image that was never visited has
no target and weight 0. w(t), the learning rate and beta_1 are those of the Pi model (`pi_model`).

Departures: the division counts the visits of each image, not the epochs: each epoch leaves out
another incomplete batch, and the public code then averages in zeros for these images. Z is written
in the step in which p was predicted, not at the end of the epoch; no image is read twice in an
epoch. What else differs is what differs in the Pi model. The weights for wrong labels are those of
the paper's runs with all labels on SVHN: 300 if fewer than half are wrong, else 3000.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import pi_model
from tf_ssgan.nn import losses

PAPER = "Laine and Aila 2017, algorithm 2"
GROUP = "Consistency and pseudo-labels"


@dataclasses.dataclass(frozen=True)
class HParams(pi_model.HParams):
    """Hyperparameters of temporal ensembling."""

    consistency_weight: float = inherited(
        pi_model.HParams, "consistency_weight", 30.0, "Laine and Aila 2017, appendix A"
    )
    prediction_decay: float = option(
        0.6,
        "Decay of the running average of an image's predictions (Laine and Aila 2017: alpha).",
        low=0,
        high=0.999,
    )

    RECIPES = pi_model.HParams.RECIPES | {
        "digits": pi_model.HParams.RECIPES["digits"] | dict(max_steps=1500),
        "svhn": pi_model.HParams.RECIPES["svhn"] | dict(learning_rate=0.001),
        "cifar100": pi_model.HParams.RECIPES["cifar100"] | dict(consistency_weight=100.0),
    }

    @classmethod
    def recipe(cls, dataset: str, given: Mapping[str, Any], short: bool = False) -> dict[str, Any]:
        """The recipe of a run; with all labels, some of them wrong, that of the paper for these.

        Args:
            dataset: Name of the dataset.
            given: The flags that you have set; recipes depend on "labels", "noise", "noise_rate".
            short: Whether the run is too short for the schedule of the paper.
        """
        settings = super().recipe(dataset, given, short)
        if given.get("noise", "none") != "none" and given.get("labels") == -1:
            half = not 0 <= given.get("noise_rate", 1.0) < 0.5  # a permutation is of all labels
            settings |= dict(learning_rate=0.001, consistency_weight=3000.0 if half else 300.0)
        return settings


class Method(pi_model.Method):
    """One pass over images whose earlier predictions are remembered."""

    def setup(self) -> None:
        """Builds the network, its player, and the average predictions of all images."""
        super().setup()
        rows, classes = self.task.unlabeled, self.task.classes
        self.ensemble = self.per_example_buffer("ensemble", rows, classes, dtype="float32")
        self.visits = self.per_example_buffer("visits", rows)

    def streams(self) -> dict[str, Stream]:
        """All images with the labels that are known, each at most once a step."""
        view = self.with_flips("translated")
        return {"mixed": Stream("mixed", self.hp.batch_size, {"image": view}, distinct=True)}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the labels of a batch, and on its agreement with earlier predictions."""
        x, y, index = (batch["mixed"][name] for name in ("image", "label", "index"))
        ensemble = tf.gather(self.ensemble.value, index)
        visits = tf.gather(self.visits.value, index)
        target, known = corrected(ensemble, visits, self.hp.prediction_decay)
        with tf.GradientTape() as tape:
            logits = self.classifier(x, training=True)["logits"]
            supervised = losses.cross_entropy(y, logits, self.label_weights(y), of_batch=True)
            consistency = losses.mean_squared_difference(logits, target, weights=known)
            loss = supervised + self.weight() * consistency
        self.c.minimize(loss, tape)
        keep = self.hp.prediction_decay
        self.write(self.ensemble, index, keep * ensemble + (1.0 - keep) * tf.nn.softmax(logits))
        self.write(self.visits, index, visits + 1)
        return self.end_step(supervised=supervised, consistency=consistency)


def corrected(ensemble: tf.Tensor, visits: tf.Tensor, decay: float) -> tuple[tf.Tensor, tf.Tensor]:
    """The targets of images: their average predictions without the zeros of the start.

    Args:
        ensemble: float32 [rows, classes], Z.
        visits: int64 [rows], the number of predictions in it.
        decay: Decay of the average, in [0, 1).

    Returns:
        float32 [rows, classes], Z / (1 - decay^visits), 0 for an image that was never visited, and
        float32 [rows], 1 for images that were visited, else 0.
    """
    part = 1.0 - tf.pow(decay, tf.cast(visits, tf.float32))
    return tf.math.divide_no_nan(ensemble, part[:, tf.newaxis]), tf.cast(visits > 0, tf.float32)
