"""Pi model: two stochastic passes over the same image must agree.

Laine and Aila: Temporal Ensembling for Semi-Supervised Learning (2017), algorithm 1 and public
code. Each image goes through the network twice, in two translated views, with two draws of noise
and dropout, p1 and p2 the class probabilities:

    L = 1/B sum of CE over the labeled images of the batch + w(t) E ||p1 - p2||^2 / K
    w(t) = consistency_weight (labels / images) exp(-5 (1 - t)^2), 0 in the first epoch
    learning rate: rises like w, falls as exp(-12.5 t^2) at the end, where beta_1 falls to .5

Departures: to be written.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, ramps
from tf_ssgan.nn import layers, losses

PAPER = "Laine and Aila 2017, algorithm 1, public code"


@dataclasses.dataclass(frozen=True)
class HParams(ramps.RampHParams, cnn13.CNN13HParams):
    """Hyperparameters of the Pi model."""

    learning_rate: float = inherited(hparams.HParams, "learning_rate", 0.003)
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0)
    consistency_weight: float = option(
        100.0, "Largest consistency weight, times the share of labeled images.", low=0
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, width=32, moving_decay=0.95),
        "svhn": dict(labels=1000, epochs=300),
        "cifar10": dict(labels=4000, epochs=300),
    }


class Method(ramps.RampMethod, cnn13.CNN13Method):
    """The Pi model."""

    reports = ("supervised", "consistency")

    def setup(self) -> None:
        """Builds the network and its player."""
        self.classifier = self.build_network()
        self.c = self.player("classifier", self.classifier, self.adam(), self.rate, self.beta_1)

    def ramp_time(self) -> tf.Tensor:
        """The fraction of the run that was done when the epoch began."""
        return self.epoch_progress()

    def weight(self) -> tf.Tensor:
        """w(t), 0 in the first epoch."""
        largest = self.hp.consistency_weight * self.task.labeled / self.task.unlabeled
        return tf.where(self.epoch() > 0, largest * self.rise(), 0.0)

    def streams(self) -> dict[str, Stream]:
        """All images with the labels that are known, in two translated views, flipped alike."""
        views = {"one": "translated", "two": "translated"}
        flip = "flip" if self.flips else ""
        return {"mixed": Stream("mixed", self.hp.batch_size, views, shared=flip)}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the labels of a batch, and on the agreement of two passes over it."""
        one, two, y = (batch["mixed"][name] for name in ("one", "two", "label"))
        with tf.GradientTape() as tape:
            logits = self.classifier(one, training=True)["logits"]
            with layers.frozen_statistics():
                others = self.classifier(two, training=True)["logits"]
            supervised = losses.cross_entropy(y, logits, self.label_weights(y), of_batch=True)
            consistency = losses.mean_squared_difference(logits, tf.nn.softmax(others))
            loss = supervised + self.weight() * consistency
        self.c.minimize(loss, tape)
        return self.end_step(supervised=supervised, consistency=consistency)
