"""Fast-SWA: a mean teacher with cyclic learning rates, whose weights are averaged along the way.

Athiwaratkun, Finzi, Izmailov and Wilson: There Are Many Consistent Explanations of Unlabeled Data:
Why You Should Average (2019), section 4 and public code. The network has two heads, l and c. All B
images, labeled and unlabeled, go through the student in one view and through the teacher, an
exponential moving average of it, in another; means are over images and classes:

    L = 1/B sum of CE(y, l) over the labeled images
        + w(t) mean (softmax(c) - softmax(l of the teacher))^2 + distance_weight mean (l - c)^2
        + weight_decay 1/2 ||all weights||^2
    w(t) = consistency_weight exp(-5 (1 - t)^2), t the fraction of the ramp that is done
    rate: half a cosine that would end one cycle after the cycles begin; a cycle repeats its end
    teacher: its decay is min(average_decay, 1 - 1 / steps)
    average: mean of the student's weights at every tenth part of a cycle (fast-SWA), or at the end
        of each (SWA), and batch statistics estimated anew (`training/recalibration.py`)

The average is exported; before its first snapshot it is the student. In the paper, cycles of 30
epochs begin at epoch 180 of 1200.

Departures: Times are fractions of the run, which in the paper are whole epochs; w(t) rises at each
step, there once an epoch. An epoch is a pass over all images; there, over those without a label.
The teacher begins as the student, not with random weights. Batch statistics are means over 100
batches of unlabeled images; there, of 101 batches with labeled ones, the last of which count most.
The heads' gains and biases are initialized from data. Convolutions are not weight-normalized: in
front of a batch normalization, that changes only what weight decay does. Keras includes the
learning rate in the velocity; PyTorch multiplies by it afterwards. With `average_decay` 0 there are
no averages: the student is its own teacher, as in the Pi model, and is exported. The recipes of
short runs and of SVHN are not the paper's.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.recalibration import Recalibration
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, ramps
from tf_ssgan.nn import fused_optimizers, layers, losses, schedules

PAPER = "Athiwaratkun et al. 2019, public code"
GROUP = "Consistency and pseudo-labels"
MOMENTUM = 0.9  # of SGD, Nesterov's


@dataclasses.dataclass(frozen=True)
class HParams(cnn13.CNN13HParams):
    """Hyperparameters of fast-SWA; the fractions are those of 1200 epochs in the paper."""

    batch_size: int = inherited(hparams.HParams, "batch_size", 50)
    unlabeled_per_batch: int = option(
        50, "Unlabeled images per step, over all replicas.", low=1, high=LARGEST_BATCH
    )
    learning_rate: float = inherited(hparams.HParams, "learning_rate", 0.1)
    weight_decay: float = option(1e-4, "Weight of half the squared norm of all weights.", low=0)
    average_decay: float = option(
        0.97, "Decay of the teacher; 0 averages nothing, and exports the student.", low=0, high=1
    )
    network: Literal["cnn13", "cnn13_bn", "wrn_leaky", "wrn_plain"] = inherited(
        cnn13.CNN13HParams, "network", "cnn13_bn"
    )
    image_noise: float = inherited(cnn13.CNN13HParams, "image_noise", 0.0)
    consistency_weight: float = option(100.0, "Largest weight of the consistency loss.", low=0)
    ramp_up: float = option(
        5 / 1200, "Fraction of the run over which this weight rises.", low=0, high=1
    )
    distance_weight: float = option(0.01, "Weight of the distance of the heads' logits.", low=0)
    first_cycle: float = option(
        180 / 1200, "Fraction of the run before the cycles, at least one long.", low=0, high=0.99
    )
    cycles: int = option(34, "Number of cycles of the learning rate.", low=1, high=100_000)
    snapshots: int = option(
        10,
        "Snapshots per cycle of the weights that are averaged and exported: several is fast-SWA, "
        "which begins a cycle before the cycles do; 1 is SWA, which takes one at the end of each.",
        low=1,
        high=100_000,
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, width=32, learning_rate=0.05),
        "short": dict(first_cycle=0.4, cycles=6, ramp_up=0.1),
        "svhn": dict(labels=1000, epochs=300),
        "fashion_mnist": dict(labels=1000, epochs=300),
        "cifar10": dict(labels=4000, epochs=1200, normalization="standardize"),
        "cifar100": dict(
            labels=10_000, epochs=780, normalization="standardize", batch_size=31,
            unlabeled_per_batch=97, learning_rate=0.2, weight_decay=2e-4,
            first_cycle=180 / 780, cycles=20, ramp_up=5 / 780,
        ),
    }  # fmt: skip

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step, which determine the length of an epoch."""
        return self.unlabeled_per_batch


class Method(cnn13.CNN13Method):
    """A student in cycles of its learning rate, its teacher, and the average of its snapshots."""

    reports = ("supervised", "consistency", "distance")

    def setup(self) -> None:
        """Builds the student, its player and the teacher."""
        self.classifier = self.build_network()
        sgd = fused_optimizers.SGD(self.hp.learning_rate, MOMENTUM, nesterov=True)
        self.c = self.player("classifier", self.classifier, sgd, self.rate)
        self.teacher = self.average(self.classifier, self.teacher_decay, statistics="own")

    def build_network(self) -> keras.Model:
        """Builds the network, with two weight-normalized heads on its features."""
        network = super().build_network()
        outputs = {"features": network.output["features"]}
        for head in ("logits", "consistency"):
            dense = layers.Dense(self.task.classes, name=head, dtype="float32")
            outputs[head] = dense(outputs["features"])
        return keras.Model(network.input, outputs, name="classifier")

    def exported(self) -> keras.Model:
        """The average of the snapshots."""
        if self.hp.average_decay > 0:
            return self.average(self.classifier, self.snapshot_decay, statistics="own")
        return self.classifier

    def recalibrates(self) -> Recalibration | None:
        """The average of the snapshots, once there is one; the student has its own statistics."""
        if self.hp.average_decay > 0 and int(self.snapshots_after(self.step.value)):
            return Recalibration(self.exported_classifier, "unlabeled", "student")
        return None

    def cycle_steps(self) -> tuple[int, int]:
        """The step at which the cycles begin, and the length of one; the last ends with the run."""
        steps, hp = self.task.steps, self.hp
        length = max(1, round((1.0 - hp.first_cycle) * steps / hp.cycles))
        return max(length, steps - hp.cycles * length), length

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        first, length = self.cycle_steps()
        cosine = schedules.cosine_cycles(self.step.value, first + length, first, length)
        return self.hp.learning_rate * cosine

    def teacher_decay(self) -> tf.Tensor:
        """The decay of the teacher at this step."""
        return schedules.true_mean_decay(self.step.value, self.hp.average_decay)

    def snapshots_after(self, steps: tf.Tensor) -> tf.Tensor:
        """How many snapshots there are when so many steps are taken, int64."""
        first, length = self.cycle_steps()
        begin = first if self.hp.snapshots == 1 else max(1, first - length)
        taken = 1 + (steps - begin) * min(self.hp.snapshots, length) // length
        return tf.maximum(taken, 0)

    def snapshot_decay(self) -> tf.Tensor:
        """The decay of the average at this step: 1 - 1/n at the n-th snapshot, 1 between them.

        Before the first one it is 0, and the average is the student.
        """
        before, after = (self.snapshots_after(self.step.value + n) for n in (0, 1))
        mean = 1.0 - 1.0 / tf.cast(tf.maximum(after, 1), tf.float32)
        return tf.where(after == before, tf.cast(after > 0, tf.float32), mean)

    def weight(self) -> tf.Tensor:
        """w(t)."""
        return self.hp.consistency_weight * ramps.risen(self.progress(), self.hp.ramp_up)

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, each in a view for the student and one for the teacher."""
        view = self.with_flips("crop")
        views = {"student": view, "teacher": view}
        return {
            "labeled": Stream("labeled", self.hp.batch_size, views),
            "unlabeled": Stream("unlabeled", self.hp.unlabeled_examples, views),
        }

    def outputs(self, network: keras.Model, batch: dict, view: str) -> dict[str, tf.Tensor]:
        """The outputs for one view of all images, the labeled ones first."""
        images = (batch[name][view] for name in ("labeled", "unlabeled"))
        labeled, unlabeled = self.forward_concat(network, *images)
        return {name: tf.concat([labeled[name], unlabeled[name]], 0) for name in labeled}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labels, and on the agreement of the second head with the teacher's first."""
        y = tf.concat([batch["labeled"]["label"], -tf.ones_like(batch["unlabeled"]["index"])], 0)
        target = tf.nn.softmax(self.outputs(self.teacher, batch, "teacher")["logits"])
        with tf.GradientTape() as tape:
            student = self.outputs(self.classifier, batch, "student")
            logits, others = student["logits"], student["consistency"]
            supervised = losses.cross_entropy(y, logits, self.label_weights(y), of_batch=True)
            consistency = losses.mean_squared_difference(others, target)
            distance = losses.squared_distance(logits, others) / self.task.classes
            decay = losses.l2_loss([weight.value for weight in self.c.variables])
            loss = supervised + self.weight() * consistency
            loss += self.hp.distance_weight * distance + self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        return self.end_step(supervised=supervised, consistency=consistency, distance=distance)
