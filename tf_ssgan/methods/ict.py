"""Interpolation consistency training (ICT): predictions for mixtures are mixtures of predictions.

Verma, Lamb, Kannala, Bengio and Lopez-Paz: Interpolation Consistency Training for Semi-Supervised
Learning (2019), algorithm 1 and public code. f is the student and g the teacher, whose weights are
an average of the student's; both give class probabilities. x' and u' are the labeled and the
unlabeled images of the step in another order, and Mix(a, b) = lambda a + (1 - lambda) b:

    L = lambda CE(f(Mix(x, x')), y) + (1 - lambda) CE(f(Mix(x, x')), y')
        + w(t) E ||f(Mix(u, u')) - Mix(g(u), g(u'))||^2 / K + weight_decay / 2 ||weights||^2
    lambda ~ Beta(alpha, alpha), one for the labeled and one for the unlabeled images of a step
    w(t) = consistency_weight exp(-5 (1 - t)^2), t from 0 to 1 over the first quarter of the run
    learning rate: learning_rate / 2 (1 + cos(pi t)), t from 0 to 400/450 over the run
    g <- d g + (1 - d) f, d = min(average_decay, 1 - 1 / (step + 2)), the first step is 0

The teacher sees unlabeled images as they are, in training mode, so its batch statistics are those
of these passes. It is the classifier that is evaluated. With `average_decay` 0 the student makes
its own targets, like --pseudo_label=single of the public code, and is evaluated.

Departures: probabilities are mixed, as in the paper; the public code mixes logits and then takes
the softmax. In the public code the teacher also sees x, and the student also sees x and u, to
report errors; these passes enter the moving statistics there, but are not made here. The teacher
starts as the student; in the public code it starts from other random weights, which count for a
hundredth after a hundred steps. Convolutions are not weight-normalized: in front of a batch
normalization, that changes only what weight decay does. The dense layer is initialized from data.
CIFAR-100 and Fashion-MNIST are not in the paper; their recipes are those of CIFAR-10 and SVHN. In
short runs the decay is at most .99: a teacher with .999 would be the mean of 1,000 steps.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, ramps
from tf_ssgan.nn import fused_optimizers, losses, mixing, schedules

PAPER = "Verma et al. 2019, algorithm 1, public code"
GROUP = "Consistency and pseudo-labels"
CODE = "Verma et al. 2019, public code"


@dataclasses.dataclass(frozen=True)
class HParams(cnn13.CNN13HParams):
    """Hyperparameters of ICT."""

    learning_rate: float = inherited(hparams.HParams, "learning_rate", 0.1, CODE)
    momentum: float = option(0.9, "Momentum of SGD (Verma et al. 2019).", low=0, high=1)
    nesterov: bool = option(
        False, "Whether SGD uses Nesterov momentum (Verma et al. 2019, public code: no)."
    )
    weight_decay: float = option(
        1e-4, "Weight of half the squared norm of all weights (Verma et al. 2019).", low=0
    )
    average_decay: float = option(
        0.999,
        "Largest decay of the average of the weights that is the teacher, and is exported "
        "(Verma et al. 2019). 0: the student teaches itself, and is exported.",
        low=0,
        high=1,
    )
    consistency_weight: float = option(
        100.0, "Largest weight of the consistency of mixtures (Verma et al. 2019, code).", low=0
    )
    ramp_up: float = option(
        0.25,
        "Fraction of the run over which the consistency weight rises (Verma et al. 2019).",
        low=0,
        high=1,
    )
    annealing: float = option(
        400 / 450,
        "Fraction of half a cosine, from 1 to 0, that the learning rate goes through in the run "
        "(Verma et al. 2019, public code: 400 of 450 epochs).",
        low=0,
        high=1,
    )
    labeled_alpha: float = option(
        1.0,
        "Both parameters of the beta distribution of the share of a labeled image in a mixture "
        "(Verma et al. 2019, alpha).",
        above=0,
    )
    unlabeled_alpha: float = option(
        1.0, "The same for unlabeled images (Verma et al. 2019, alpha).", above=0
    )
    network: Literal["cnn13", "cnn13_bn", "wrn_leaky", "wrn_plain"] = inherited(
        cnn13.CNN13HParams, "network", "cnn13_bn"
    )
    dropout: float = inherited(cnn13.CNN13HParams, "dropout", 0.0, CODE)
    image_noise: float = inherited(cnn13.CNN13HParams, "image_noise", 0.0, CODE)

    RECIPES = {
        "digits": dict(
            labels=50, max_steps=1500, batch_size=50, width=24, moving_decay=0.95,
            consistency_weight=20.0,
        ),
        "short": dict(average_decay=0.99),
        "svhn": dict(labels=1000, epochs=400, labeled_alpha=0.1, unlabeled_alpha=0.1),
        "cifar10": dict(labels=4000, epochs=400, normalization="standardize_zca"),
        "cifar100": dict(labels=10000, epochs=400, normalization="standardize_zca"),
        "fashion_mnist": dict(labels=1000, epochs=400),
    }  # fmt: skip


class Method(cnn13.CNN13Method):
    """Interpolation consistency training."""

    reports = ("supervised", "consistency")

    def setup(self) -> None:
        """Builds the student and its player."""
        self.classifier = self.build_network(head="weight_norm")
        sgd = fused_optimizers.SGD(self.hp.learning_rate, self.hp.momentum, self.hp.nesterov)
        self.c = self.player("classifier", self.classifier, sgd, self.rate)

    def exported(self) -> keras.Model:
        """The teacher, which has batch statistics of its own."""
        if self.hp.average_decay == 0:
            return self.classifier
        return self.average(self.classifier, self.teacher_decay, statistics="own")

    def teacher_decay(self) -> tf.Tensor:
        """The decay of the teacher's weights at this step."""
        return schedules.true_mean_decay(self.step, self.hp.average_decay)

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        annealed = schedules.cosine_annealing(self.hp.annealing * self.progress(), floor=0.0)
        return self.hp.learning_rate * annealed

    def weight(self) -> tf.Tensor:
        """w(t)."""
        return self.hp.consistency_weight * ramps.risen(self.progress(), self.hp.ramp_up)

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, translated after padding with black, and flipped."""
        n = self.hp.batch_size
        view = {"image": self.with_flips("translated_zeros")}
        return {
            "labeled": Stream("labeled", n, view),
            "unlabeled": Stream("unlabeled", n, view),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on mixtures of labeled images, and on mixtures of unlabeled images."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        u, teacher = batch["unlabeled"]["image"], self.exported_classifier
        of_x = mixing.draw(self.step_random(), self.hp.labeled_alpha, x.shape[0])
        of_u = mixing.draw(self.step_random(), self.hp.unlabeled_alpha, u.shape[0])

        predicted = tf.nn.softmax(teacher(u, training=True)["logits"])
        target = tf.stop_gradient(of_u.mixed(predicted))
        with tf.GradientTape() as tape:
            logits = self.classifier(of_x.mixed(x), training=True)["logits"]
            others = of_x.partners(y)
            weights = self.label_weights(y), self.label_weights(others)
            supervised = losses.mixed_cross_entropy(y, others, of_x.share, logits, *weights)
            logits = self.classifier(of_u.mixed(u), training=True)["logits"]
            consistency = losses.mean_squared_difference(logits, target)
            decay = losses.l2_loss([weight.value for weight in self.c.variables])
            loss = supervised + self.weight() * consistency
            loss += self.hp.weight_decay * decay
        self.c.minimize(loss, tape)
        return self.end_step(supervised=supervised, consistency=consistency)
