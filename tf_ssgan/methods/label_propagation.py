"""Label propagation: labels spread over the graph of nearest neighbors of all images.

Iscen, Tolias, Avrithis and Chum: Label Propagation for Deep Semi-supervised Learning (2019),
algorithm 1 and public code (ahmetius/LP-DeepSSL). After a warm-up on labels alone, at the start of
each evaluation interval, the features v of all images, of length 1, make a graph:

    A_ij = (v_i v_j)^3 for the `neighbors` nearest neighbors j of i;  W = A + A^T
    (I - graph_weight D^-1/2 W D^-1/2) z_c = (y_i = c) / labels of class c,   z < 0 is set to 0
    pseudo-label: the class of the largest z;  w = 1 - H(z / sum z) / log K, divided by the largest
    labeled images keep their labels, and have w = 1
    class weight: images / (K images with the pseudo-label c)

    warm-up: L = CE(y, p)                                      on labeled images
    then:    L = 1/B sum w_i (class weight of y_i) CE(y_i, p_i)
             on labeled images and images with their pseudo-labels
    both: + weight_decay / 2 ||weights||^2, learning rate: a cosine from its largest value

Pseudo-labels determine the weights of classes, so --class_weight is refused.

Departures: features are those of images without augmentation; the public code shifts and flips
them. An evaluation interval is the smallest number of whole epochs with at least 50 steps, there an
epoch. Unlabeled images are all images, there those without a label. Images that no label reaches do
not count for class weights. The dense layer starts from data. Velocities include the learning rate,
unlike PyTorch's. Convolutions are not weight-normalized: before a batch norm, that changes only
what weight decay does. The warm-up takes at most half of a run.
"""

import dataclasses
from typing import Literal

import numpy as np
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core import hparams, looks
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, warm_up
from tf_ssgan.nn import distribution, fused_optimizers, label_propagation, losses, schedules

PAPER = "Iscen et al. 2019, algorithm 1, public code"
GROUP = "Consistency and pseudo-labels"
CODE = "Iscen et al. 2019, public code"
MOMENTUM = 0.9  # of SGD, Nesterov's


@dataclasses.dataclass(frozen=True)
class HParams(warm_up.WarmUpHParams, cnn13.LabeledPerBatchHParams):
    """Hyperparameters of label propagation."""

    batch_size: int = option(100, "Images per step, over all replicas.", low=2, high=LARGEST_BATCH)
    labeled_per_batch: int = option(
        0, "How many of these are labeled; 0 takes half of them. In the warm-up, all are.",
        low=0, high=LARGEST_BATCH,
    )  # fmt: skip
    learning_rate: float = inherited(hparams.HParams, "learning_rate", 0.05, CODE)
    weight_decay: float = option(2e-4, "Weight of half the squared norm of all weights.", low=0)
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0, CODE)
    network: Literal["cnn13", "cnn13_bn", "wrn_leaky", "wrn_plain"] = inherited(
        cnn13.CNN13HParams, "network", "cnn13_bn"
    )
    image_noise: float = inherited(cnn13.CNN13HParams, "image_noise", 0.0, CODE)
    warm_up_epochs: int = inherited(warm_up.WarmUpHParams, "warm_up_epochs", 180, CODE)
    annealing: float = option(
        180 / 210, "Fraction of half a cosine that the learning rate goes through in a stage.",
        low=0, high=1,
    )  # fmt: skip
    neighbors: int = option(50, "Nearest neighbors of an image in the graph.", low=1, high=1_000)
    graph_weight: float = option(
        0.99, "Weight of neighbors against given labels (Iscen et al. 2019: alpha).",
        low=0, high=0.9999,
    )  # fmt: skip

    RECIPES = {
        "digits": dict(
            labels=50, max_steps=1000, width=32, moving_decay=0.95, neighbors=10,
        ),
        "svhn": dict(labels=1000, epochs=180),
        "fashion_mnist": dict(labels=1000, epochs=180),
        "cifar10": dict(labels=4000, epochs=180, normalization="standardize"),
        "cifar100": dict(
            labels=10_000, epochs=180, normalization="standardize", batch_size=128,
            labeled_per_batch=31, learning_rate=0.2,
        ),
    }  # fmt: skip

    @property
    def labeled_share(self) -> int:
        """Labeled images a step, after the warm-up."""
        return self.labeled_per_batch or self.batch_size // 2

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step, which set the length of an epoch."""
        return self.batch_size - self.labeled_share


class Method(warm_up.WarmUpMethod, cnn13.CNN13Method):
    """A classifier that learns the labels that its own features spread."""

    reports = ("labeled", "propagated", "certainty")
    reports_in = {"warm_up": ("labeled",)}
    weighs_classes = True
    reads_pools = True

    def setup(self) -> None:
        """Builds the network, its player, and the buffers of what a look finds."""
        self.classifier = self.build_network(head="weight_norm", unit_features=True)
        sgd = fused_optimizers.SGD(self.hp.learning_rate, MOMENTUM, nesterov=True)
        self.c = self.player("classifier", self.classifier, sgd, self.rate)
        images = self.task.unlabeled
        self.propagated = self.per_example_buffer("propagated", images)
        self.certainty = self.per_example_buffer("certainty", images, dtype="float32")
        self.class_weights = self.buffer("class_weights", np.ones(self.task.classes))

    def rate(self) -> tf.Tensor:
        """The learning rate at this step; its cosine begins anew in each stage."""
        first, train = (self.stages()[name] for name in (self.stage, "train"))
        last = train if self.stage == "warm_up" else self.task.steps
        done = tf.cast(self.step.value - first, tf.float32) / max(1, last - first)
        cosine = schedules.cosine_annealing(self.hp.annealing * done, floor=0.0)
        return self.hp.learning_rate * cosine

    def streams(self) -> dict[str, Stream]:
        """Labeled images; in stage "train", unlabeled ones too."""
        view = {"image": self.with_flips("crop")}
        if self.stage == "warm_up":
            return {"labeled": Stream("labeled", self.hp.batch_size, view)}
        return {
            "labeled": Stream("labeled", self.hp.labeled_share, view),
            "unlabeled": Stream("unlabeled", self.hp.unlabeled_examples, view),
        }

    def look_at_pools(self, look: looks.Look) -> None:
        """Spreads the labels over the graph of all images, once the warm-up is over."""
        if self.stage == "warm_up":
            return
        classes, seen = self.task.classes, look.predict(self.classifier, "mixed", "features")
        near = label_propagation.nearest_neighbors(
            seen["features"], self.hp.neighbors,
            look.progress("Searching for neighbors", len(seen["label"])),
        )  # fmt: skip
        graph = label_propagation.affinity(*near)
        scores = label_propagation.propagate(
            graph, seen["label"], classes, self.hp.graph_weight,
            done=look.progress("Spreading labels", classes),
        )  # fmt: skip
        labels, certainty = label_propagation.pseudo_labels(scores, seen["label"])
        weights = label_propagation.class_weights(np.where(certainty > 0, labels, -1), classes)
        buffers = (self.propagated, self.certainty, self.class_weights)
        for buffer, values in zip(buffers, (labels, certainty, weights), strict=True):
            buffer.assign(distribution.of_first_worker(values))  # others may round otherwise

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labels; in stage "train", on propagated ones too."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        if self.stage == "warm_up":
            return self.label_step(x, y)
        u, index = batch["unlabeled"]["image"], batch["unlabeled"]["index"]
        others, certainty = (tf.gather(of.value, index) for of in (self.propagated, self.certainty))
        with tf.GradientTape() as tape:
            outputs = self.forward_concat(self.classifier, x, u)
            labeled = self.weighed(y, outputs[0]["logits"], tf.ones([x.shape[0]]))
            propagated = self.weighed(others, outputs[1]["logits"], certainty)
            share = self.hp.labeled_share / self.hp.batch_size
            loss = share * labeled + (1.0 - share) * propagated + self.decay()
        self.c.minimize(loss, tape)
        certain = tf.reduce_mean(certainty)
        return self.end_step(labeled=labeled, propagated=propagated, certainty=certain)

    def label_step(self, x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step on labels alone."""
        with tf.GradientTape() as tape:
            labeled = losses.cross_entropy(y, self.classifier(x, training=True)["logits"])
            loss = labeled + self.decay()
        self.c.minimize(loss, tape)
        return self.end_step(labeled=labeled)

    def weighed(self, labels: tf.Tensor, logits: tf.Tensor, certainty: tf.Tensor) -> tf.Tensor:
        """Mean of certainty (class weight) CE."""
        weights = certainty * tf.gather(self.class_weights.value, labels)
        return losses.cross_entropy(labels, logits, weights, of_batch=True)

    def decay(self) -> tf.Tensor:
        """Weight decay."""
        return self.hp.weight_decay * losses.l2_loss([w.value for w in self.c.variables])
