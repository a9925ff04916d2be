"""Virtual adversarial training: predictions stay where a small step would change them most.

Miyato, Maeda, Koyama and Ishii: Virtual Adversarial Training (2018), algorithm 1 and public code
(takerum/vat_tf); compared by Alshami and Arya: Semi-supervised Image Classification (2022).

    d <- unit(N(0, I));  iterations times: d <- unit(grad_r KL(p || softmax(l(u + r))) at r = xi d)
    L = CE(labeled) + adversarial_weight E KL(p || softmax(l(u + epsilon d)))
        + (with --entmin) entropy_weight E H(softmax(l(u))),   p = softmax(l(u)), no gradient

Perturbations are of images standardized with the data set's deviation, and are not clipped. Only
the pass over labeled images records batch statistics. All of it is float32, whose rounding is about
a tenth of what a step of xi = 1e-6 changes: no harm to the direction, but other devices find
another.

Departures: a wide residual network instead of the paper's, as in the comparison. Adam's decay falls
with the step size, where the public code sets it at once. Profile "authors" is the code of Alshami
and Arya (shrebox/Semi-supervised-Image-Classification): AdamW with amsgrad and step size .03, as
many unlabeled images as labeled ones, a warm-up on labels alone, xi = epsilon = 10 and 5
iterations, entropy of the perturbed images within the adversarial weight, no weight average; and
its fault: the unlabeled terms count only in the one step of each pass over the labeled images at
which their iterator begins anew. Its plateaus, judged on the test set, and the return to the best
warm-up weights, likewise, are left out: the step size stays, and training goes on from the last
ones.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan import layers, losses, residual, schedules
from tf_ssgan.knobs import knob
from tf_ssgan.task import Stream

PAPER = "Miyato et al. 2018"


@dataclasses.dataclass(frozen=True)
class HParams(residual.HParams):
    """Hyper-parameters of virtual adversarial training."""

    profile: Literal["paper", "authors"] = knob(
        "paper", "The paper's algorithm, or what Alshami and Arya's code does; see the docstring."
    )
    batch_size: int = knob(32, "Labeled images a step, over all replicas (public code).", low=1)
    unlabeled_ratio: int = knob(4, "Unlabeled images a labeled one (public code).", low=1)
    learning_rate: float = knob(1e-3, "Initial step size (public code).", low=0)
    decay_start: float = knob(
        0.92,
        "Share of the run after which the step size falls linearly to 0 (public code, CIFAR-10).",
        low=0,
        high=0.999,
    )
    beta_1_end: float = knob(
        0.5, "What Adam's first-moment decay falls to from 0.9 meanwhile (public code).",
        low=0, high=0.999,
    )  # fmt: skip
    weight_decay: float = knob(0.0, "Decoupled, of all weights; 0 in the public code.", low=0)
    amsgrad: bool = knob(False, "Adam never forgets its largest second moment.")
    epsilon: float = knob(8.0, "Length of the perturbation (Miyato et al. 2018, CIFAR-10).", low=0)
    xi: float = knob(
        1e-6, "Length of the step at which its direction is found (public code).", above=0
    )
    iterations: int = knob(1, "Of the power method (public code).", low=1)
    adversarial_weight: float = knob(1.0, "Weight of the divergence (public code).", low=0)
    entmin: bool = knob(False, "Predictions for unlabeled images shall be sure, too.")
    entropy_weight: float = knob(1.0, "Weight of their entropy (public code).", low=0)
    warm_up_fraction: float = knob(
        0.0, "Share of the run on the labeled images alone.", low=0, high=0.9
    )

    RECIPES = {
        "digits": residual.DIGITS | dict(epsilon=2.0),
        "cifar10": dict(labels=4000, epochs=500),
        "cifar100": dict(labels=10000, epochs=500),
        "svhn": dict(labels=1000, epochs=120, decay_start=2 / 3, epsilon=3.5, flip=False),
        "fashion_mnist": dict(labels=1000, epochs=120, decay_start=2 / 3),
        "authors": dict(
            batch_size=1024,
            unlabeled_ratio=1,
            learning_rate=0.03,
            decay_start=0.999,
            beta_1_end=0.9,
            weight_decay=5e-5,
            amsgrad=True,
            epsilon=10.0,
            xi=10.0,
            iterations=5,
            warm_up_fraction=35 / 300,
            average_decay=0.0,
        ),
        "authors/digits": residual.DIGITS,
        "authors/cifar10": dict(epochs=300),
        "authors/cifar10@250": dict(batch_size=250),
        "authors/cifar100": dict(epochs=300),
    }

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step."""
        return self.batch_size * self.unlabeled_ratio


class Method(residual.Method):
    """Smoothness where it is worst."""

    reports = ("supervised", "adversarial", "entropy")

    def setup(self) -> None:
        """One network in float32 and one player."""
        self.classifier = self.wide_resnet(dtype="float32")
        adam = keras.optimizers.AdamW(
            self.hp.learning_rate, self.hp.weight_decay, amsgrad=self.hp.amsgrad, epsilon=1e-8
        )
        self.c = self.player("classifier", self.classifier, adam, self.rate, self.beta_1)

    def stages(self) -> dict[str, int]:
        """Labels alone for a while, where the knobs say so."""
        begin = int(self.hp.warm_up_fraction * self.task.steps)
        return {"warm_up": 0, "train": begin} if begin else {"train": 0}

    def rate(self) -> tf.Tensor:
        """The step size at this step."""
        return self.hp.learning_rate * self.fall()

    def beta_1(self) -> tf.Tensor:
        """Adam's first-moment decay at this step."""
        return self.hp.beta_1_end + (0.9 - self.hp.beta_1_end) * self.fall()

    def fall(self) -> tf.Tensor:
        """1, and falling to 0 in the last part of the run."""
        return schedules.hold_then_fall(self.progress(), self.hp.decay_start)

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, seen weakly."""
        views = {"image": self.hp.weak}
        return {
            "labeled": Stream("labeled", self.hp.batch_size, views),
            "unlabeled": Stream("unlabeled", self.hp.unlabeled_examples, views),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labeled images, and against the worst perturbation of unlabeled ones."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        u = batch["unlabeled"]["image"]
        adversarial = entropy = tf.constant(0.0)

        with tf.GradientTape() as tape:
            supervised = loss = losses.cross_entropy(y, self.classifier(x, training=True)["logits"])
            if self.stage == "train":
                with layers.frozen_statistics():
                    clean = self.classifier(u, training=True)["logits"]
                    with tape.stop_recording():
                        r = self.hp.epsilon * self.direction(u, clean)
                    perturbed = self.classifier(u + self.scaled(r), training=True)["logits"]
                adversarial = losses.divergence(tf.stop_gradient(clean), perturbed)
                entropy = losses.entropy(perturbed if self.hp.profile == "authors" else clean)
                loss += self.hp.adversarial_weight * self.counts() * adversarial
                if self.hp.entmin:
                    loss += self.entropy_weight() * entropy
        self.c.descend(loss, tape)
        return self.finish(supervised=supervised, adversarial=adversarial, entropy=entropy)

    def direction(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The worst direction of each image, of length 1 in standardized images."""

        def predict(perturbation: tf.Tensor) -> tf.Tensor:
            return self.classifier(images + self.scaled(perturbation), training=True)["logits"]

        start = self.draws().normal(*images.shape)
        return losses.adversarial_direction(predict, logits, start, self.hp.xi, self.hp.iterations)

    def scaled(self, perturbation: tf.Tensor) -> tf.Tensor:
        """A perturbation of standardized images as one of images in [-1, 1]."""
        return 2.0 * tf.constant(self.task.std, tf.float32) * perturbation

    def perturbation(self, images: tf.Tensor) -> tf.Tensor:
        """What is added to images in [-1, 1], as in training; nothing is recorded."""
        with layers.frozen_statistics():
            logits = self.classifier(images, training=True)["logits"]
            return self.scaled(self.hp.epsilon * self.direction(images, logits))

    def counts(self) -> tf.Tensor | float:
        """1, or in profile "authors" only where the labeled images begin anew, else 0."""
        if self.hp.profile == "paper":
            return 1.0
        batches = -(-self.task.labeled // self.hp.batch_size)
        return tf.cast(self.step % batches == batches - 1, tf.float32)

    def entropy_weight(self) -> tf.Tensor | float:
        """The weight of the entropy; in profile "authors" the divergence's comes on top."""
        if self.hp.profile == "paper":
            return self.hp.entropy_weight
        return self.hp.adversarial_weight * self.counts() * self.hp.entropy_weight
