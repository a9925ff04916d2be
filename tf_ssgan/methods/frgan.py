"""FR-GAN: a semi-supervised GAN with feature recalibration.

Jiang, Zhang and Liu: Image Classification Algorithm Based on Feature Recalibration Generative
Adversarial Networks (Application Research of Computers 37(3), 2019), algorithm 1.
The discriminator is the classifier: K logits, the fake class fixed at logit 0. A
squeeze-and-excitation block recalibrates its channels, and two random branches of one unlabeled
image must agree.

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
       + w(t) E || p(first branch) - p(second branch) ||^2
    G: E softplus(-lse(l_g)), or feature matching

Departures: algorithm 1 writes the adversarial loss without its minus sign. The ramp is only said to
be zero, growing, then stable: exp(-5(1-t)^2) of Laine and Aila (2017), over a share of the run
(their 80 of 300 epochs), with their weight. "Different states" are dropout, Gaussian noise and
translation. The penalty compares class probabilities of real images, as the text says; the
formula's outputs and the "feature level" are options. See `ssgan` for the rest.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import ssgan
from tf_ssgan.nn import losses, schedules

PAPER = "Jiang, Zhang and Liu 2019"


@dataclasses.dataclass(frozen=True)
class HParams(ssgan.HParams):
    """Hyper-parameters of FR-GAN."""

    consistency_weight: float = option(
        10.0, "Final w(t); the sum over classes makes it the 100 of Laine and Aila 2017.", low=0
    )
    ramp_fraction: float = option(
        80 / 300,
        "Share of the run over which w(t) rises (Laine and Aila 2017: 80 of 300 epochs).",
        low=0,
        high=1,
    )
    consistency_space: Literal["probability", "logit", "feature"] = option(
        "probability", "What the two branches must agree in."
    )
    consistency_on_fake: bool = option(
        False, "Generated images must agree too (said once by Jiang et al. 2019, section 1)."
    )


class Method(ssgan.Method):
    """Two branches that must agree, and recalibrated channels."""

    reports = ("supervised", "adversarial", "consistency", "generator", "consistency_weight")
    recalibrate = True

    def streams(self) -> dict[str, Stream]:
        """As `ssgan`, but each unlabeled image is seen in two ways."""
        views = {"first": "translated", "second": "translated"}
        n = self.hp.batch_size
        return {
            "labeled": Stream("labeled", n, {"image": self.labeled_view()}),
            "unlabeled": Stream("unlabeled", n * self.hp.critic_steps, views),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on fresh images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        weight = self.hp.consistency_weight * self.ramp()

        for first, second in self.critic_batches(batch["unlabeled"], "first", "second"):
            fake = self.fake(x.shape[0])
            again = [fake] if self.hp.consistency_on_fake else []
            with tf.GradientTape() as tape:
                labeled, one, two, generated, *other = self.forward_concat(
                    self.discriminator, x, first, second, fake, *again
                )
                supervised = losses.cross_entropy(y, labeled["logits"])
                adversarial = losses.real_or_fake(one["logits"], generated["logits"])
                consistency = self.disagreement(one, two)
                if other:
                    consistency += self.disagreement(generated, *other)
                loss = supervised + self.hp.unlabeled_weight * adversarial + weight * consistency
            self.d.minimize(loss, tape)

        with tf.GradientTape() as tape:
            generator = self.generator_loss(first)
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            adversarial=adversarial,
            consistency=consistency,
            generator=generator,
            consistency_weight=weight,
        )

    def ramp(self) -> tf.Tensor:
        """w(t) / w(end) at this step; 1 throughout where the ramp has no length."""
        length = self.hp.ramp_fraction
        return schedules.sigmoid_ramp(self.progress() / length if length > 0 else 1.0)

    def disagreement(self, one: dict[str, tf.Tensor], two: dict[str, tf.Tensor]) -> tf.Tensor:
        """The penalty on two branches' outputs, in the space that the knob says."""
        if self.hp.consistency_space == "feature":
            return losses.squared_distance(one["features"], two["features"])
        if self.hp.consistency_space == "logit":
            return losses.squared_distance(one["logits"], two["logits"])
        return losses.squared_distance(tf.nn.softmax(one["logits"]), tf.nn.softmax(two["logits"]))
