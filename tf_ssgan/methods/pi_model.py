"""Pi model: two stochastic passes over the same image must agree.

Laine and Aila: Temporal Ensembling for Semi-Supervised Learning (2017), algorithm 1, appendix A and
public code. Each image of a batch of B goes through the network twice, as two translated views with
two draws of noise and dropout; p1 and p2 are the probabilities of its K classes, y its label:

    L = 1/B sum of -log p1[y] over the labeled images + w(t) 1/(B K) sum of ||p1 - p2||^2
    w(t) = consistency_weight (labels / images) exp(-5 (1 - t)^2), 0 in the first epoch
    learning rate: rises as w does, falls as exp(-12.5 t^2) at the end, where beta_1 falls to .5

Each t is the fraction of its ramp that is done. Where images are flipped, the two views are flipped
alike, as in the public code. The gradient goes into both passes.

Departures: the public code moves the ramps once an epoch. Here they move at each step, so that a
run of few epochs has ramps as well; the first epoch without consistency is at most a tenth of the
run for the same reason. Ramps are fractions of the run, those of its 300 epochs: 80 up, 50 down.
The first pass records the moving means, in the public code the second one; both are views of the
same images. Gradients that are not a number stop the run; the public code makes them 0.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, ramps
from tf_ssgan.nn import layers, losses

PAPER = "Laine and Aila 2017, algorithm 1"
GROUP = "Consistency and pseudo-labels"
LONGEST_QUIET = 0.1  # fraction of a run that the epoch without consistency takes at most


@dataclasses.dataclass(frozen=True)
class HParams(ramps.RampHParams, cnn13.CNN13HParams):
    """Hyperparameters of the Pi model."""

    batch_size: int = option(
        100,
        "Images per step, with and without labels, over all replicas.",
        low=1,
        high=LARGEST_BATCH,
    )
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0)
    consistency_weight: float = option(
        100.0,
        "Largest weight of the consistency; the share of images that have a label multiplies it "
        "(Laine and Aila 2017: w_max).",
        low=0,
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1500, width=32),
        "svhn": dict(labels=1000, epochs=300, normalization="per_image"),
        "cifar10": dict(labels=4000, epochs=300, normalization="zca"),
        "cifar100": dict(labels=10000, epochs=300, normalization="zca"),
        "fashion_mnist": dict(labels=1000, epochs=300),
        "short": dict(moving_decay=0.99),
        "digits/short": dict(moving_decay=0.95),
    }


class Method(ramps.RampMethod, cnn13.CNN13Method):
    """Two passes over the same images, which must agree."""

    reports = ("supervised", "consistency")

    def setup(self) -> None:
        """Builds the network and its player."""
        self.classifier = self.build_network()
        self.c = self.player("classifier", self.classifier, self.adam(), self.rate, self.beta_1)

    def weight(self) -> tf.Tensor:
        """The consistency weight w(t) at this step."""
        largest = self.hp.consistency_weight * self.task.labeled / self.task.unlabeled
        quiet = min(self.task.steps_per_epoch, int(LONGEST_QUIET * self.task.steps))
        return tf.where(self.step >= quiet, largest * self.rise(), 0.0)

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
