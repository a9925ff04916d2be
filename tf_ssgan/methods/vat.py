"""Virtual adversarial training: predictions stay where a small step would change them most.

Miyato, Maeda, Koyama and Ishii: Virtual Adversarial Training (2018), algorithm 1 and public code
(takerum/vat_tf); compared by Alshami and Arya: Semi-supervised Image Classification (2022).

    d <- unit(N(0, I));  iterations times: d <- unit(grad_r KL(p || softmax(l(u + r))) at r = xi d)
    L = CE(labeled) + adversarial_weight E KL(p || softmax(l(u + epsilon d)))
        + (with --entmin) entropy_weight E H(softmax(l(u))),   p = softmax(l(u)), no gradient

Perturbations are of images standardized with the data set's deviation, and are not clipped. Only
the pass over labeled images records batch statistics. The network computes in float32.

Departures: a wide residual network instead of the paper's, as in the comparison. xi is 1e-2, in the
public code 1e-6: spread over an image, a step of 1e-6 is less than the rounding of float32, and the
direction found with it has a cosine of 0.0 to 0.3 with that found with 1e-2 or 1e-3, which agree to
0.995 (WRN-10-1, 32 pixels). The public code's SVHN has its epsilon of 3.5 in intensities, 20 in
standardized ones; its CIFAR-10 is whitened by ZCA, and the 8 taken over as it is. Adam's decay
falls with the step size, where the public code sets it at once. Weights are averaged; the raw ones
are reported beside.

Profile "authors" is the code of Alshami and Arya (shrebox/Semi-supervised-Image-Classification):
AdamW with amsgrad and step size .03, as many unlabeled images as labeled ones, a warm-up on labels
alone, xi = epsilon = 10 and 5 iterations, entropy of the perturbed images within the adversarial
weight, no weight average. By a fault it moves only when the labeled images begin anew, once in
ceil(labels / batch) batches: its recipes count these as the steps. Not followed: every text after
its --use_entmin, "False" too, switches the entropy on; all its passes record batch statistics; its
step size falls on plateaus of the test loss, and after the warm-up it returns to the weights that
were best by it.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import stages
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import wrn
from tf_ssgan.nn import layers, losses, schedules

PAPER = "Miyato et al. 2018"


@dataclasses.dataclass(frozen=True)
class HParams(wrn.HParams):
    """Hyper-parameters of virtual adversarial training."""

    profile: Literal["paper", "authors"] = option(
        "paper", "The paper's algorithm, or what Alshami and Arya's code does; see the docstring."
    )
    batch_size: int = option(32, "Labeled images a step, over all replicas (public code).", low=1)
    unlabeled_ratio: int = option(4, "Unlabeled images a labeled one (public code).", low=1)
    learning_rate: float = option(1e-3, "Initial step size (public code).", low=0)
    decay_start: float = option(
        0.92,
        "Share of the run after which the step size falls linearly to 0 (public code, CIFAR-10).",
        low=0,
        high=1,
    )
    beta_1_end: float = option(
        0.5, "What Adam's first-moment decay falls to from 0.9 meanwhile (public code).",
        low=0, high=0.999,
    )  # fmt: skip
    weight_decay: float = option(0.0, "Decoupled, of all weights; 0 in the public code.", low=0)
    amsgrad: bool = option(False, "Adam never forgets its largest second moment.")
    epsilon: float = option(
        8.0, "Length of the perturbation (Miyato et al. 2018, CIFAR-10).", low=0
    )
    xi: float = option(
        1e-2,
        "Length of the step at which its direction is found; 1e-6 in the public code.",
        above=0,
    )
    iterations: int = option(1, "Of the power method (public code).", low=1)
    adversarial_weight: float = option(1.0, "Weight of the divergence (public code).", low=0)
    entmin: bool = option(False, "Predictions for unlabeled images shall be sure, too.")
    entropy_weight: float = option(1.0, "Weight of their entropy (public code).", low=0)
    warm_up_fraction: float = option(
        0.0, "Share of the run on the labeled images alone.", low=0, high=0.9
    )

    RECIPES = {
        "digits": wrn.DIGITS | dict(epsilon=2.0),
        "cifar10": dict(labels=4000, max_steps=200_000),
        "cifar100": dict(labels=10000, max_steps=200_000),
        "svhn": dict(labels=1000, max_steps=48_000, decay_start=2 / 3, epsilon=20.0),
        "fashion_mnist": dict(labels=1000, max_steps=48_000, decay_start=2 / 3),
        "authors": dict(
            batch_size=1024,
            unlabeled_ratio=1,
            learning_rate=0.03,
            decay_start=1.0,
            beta_1_end=0.9,
            weight_decay=5e-5,
            amsgrad=True,
            epsilon=10.0,
            xi=10.0,
            iterations=5,
            average_decay=0.0,
            warm_up_fraction=35 / 300,
        ),
        "authors/digits": wrn.DIGITS | dict(warm_up_fraction=0.0),
        # 35 passes over the labels, then 265 over the 49 batches of the pool, of which one in
        # ceil(labels / batch) counts: 4 for 4,000 labels, 10 for 10,000, 3 for 2,500, all with 250.
        "authors/cifar10": dict(max_steps=140 + 3246, warm_up_fraction=140 / 3386),
        "authors/cifar10@250": dict(batch_size=250, max_steps=53_035, warm_up_fraction=35 / 53_035),
        "authors/cifar100": dict(max_steps=350 + 1298, warm_up_fraction=350 / 1648),
        "authors/cifar100@2500": dict(max_steps=105 + 4328, warm_up_fraction=105 / 4433),
    }

    @property
    def unlabeled_examples(self) -> int:
        """Unlabeled images a step."""
        return self.batch_size * self.unlabeled_ratio


class Method(wrn.Method):
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
        return stages.warm_up_stages(self.hp.warm_up_fraction, self.task.steps)

    def rate(self) -> tf.Tensor:
        """The step size at this step."""
        return self.hp.learning_rate * self.fall()

    def beta_1(self) -> tf.Tensor:
        """Adam's first-moment decay at this step."""
        return self.hp.beta_1_end + (0.9 - self.hp.beta_1_end) * self.fall()

    def fall(self) -> tf.Tensor:
        """1, and falling to 0 in the last part of the run, if it has one."""
        if self.hp.decay_start == 1:
            return tf.constant(1.0)
        return schedules.hold_then_linear_decay(self.progress(), self.hp.decay_start)

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, seen weakly."""
        views = {"image": self.weak}
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
                adversarial = losses.kl_divergence(tf.stop_gradient(clean), perturbed)
                entropy = losses.entropy(perturbed if self.hp.profile == "authors" else clean)
                loss += self.hp.adversarial_weight * adversarial
                if self.hp.entmin:
                    loss += self.entropy_weight * entropy
        self.c.minimize(loss, tape)
        return self.end_step(supervised=supervised, adversarial=adversarial, entropy=entropy)

    def direction(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The worst direction of each image, of length 1 in standardized images."""

        def predict(perturbation: tf.Tensor) -> tf.Tensor:
            return self.classifier(images + self.scaled(perturbation), training=True)["logits"]

        start = self.step_random().normal(*images.shape)
        return losses.adversarial_direction(predict, logits, start, self.hp.xi, self.hp.iterations)

    def scaled(self, perturbation: tf.Tensor) -> tf.Tensor:
        """A perturbation of standardized images as one of images in [-1, 1]."""
        return 2.0 * tf.constant(self.task.std, tf.float32) * perturbation

    def perturbation(self, images: tf.Tensor) -> tf.Tensor:
        """What is added to images in [-1, 1], as in training; nothing is recorded."""
        with layers.frozen_statistics():
            logits = self.classifier(images, training=True)["logits"]
            return self.scaled(self.hp.epsilon * self.direction(images, logits))

    @property
    def entropy_weight(self) -> float:
        """The weight of the entropy; in profile "authors" the divergence's comes on top."""
        outer = self.hp.adversarial_weight if self.hp.profile == "authors" else 1.0
        return outer * self.hp.entropy_weight
