"""FR-GAN: a semi-supervised GAN with feature recalibration and a consistency penalty.

Jiang, Zhang and Liu: Image Classification Algorithm Based on Feature Recalibration Generative
Adversarial Networks (Application Research of Computers 37(3), 2019), algorithm 1.
The discriminator is the classifier: it has K logits, and the logit of the fake class is fixed at 0.
A squeeze-and-excitation block recalibrates its channels. Each unlabeled image goes through two
random branches, whose outputs must agree.

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
       + w(t) E || p(first branch) - p(second branch) ||^2
    G: E softplus(-lse(l_g)), or feature matching

Departures: algorithm 1 writes the adversarial loss without its minus sign. The paper says of the
ramp only that it is zero, grows, and then stays constant; we use exp(-5(1-t)^2) of Laine and Aila
(2017) over a fraction of the run (their 80 of 300 epochs), and their final weight. The "different
states" of the branches are dropout, Gaussian noise and translation. The penalty compares class
probabilities of real images, as the text says. The formula compares outputs, and the text also
mentions the "feature level": both are values of --consistency_space. See `ssgan` for the rest.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import ssgan
from tf_ssgan.nn import losses, schedules

PAPER = "Jiang, Zhang and Liu 2019"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(ssgan.HParams):
    """Hyperparameters of FR-GAN."""

    consistency_weight: float = option(
        10.0,
        "Final weight w(t) of the consistency penalty. The penalty is a sum over classes, so for "
        "10 classes this is the 100 of Laine and Aila 2017, who take the mean.",
        low=0,
    )
    ramp_fraction: float = option(
        80 / 300,
        "Fraction of the run, 0 to 1, over which w(t) rises (Laine and Aila 2017: 80 of 300 "
        "epochs).",
        low=0,
        high=1,
    )
    consistency_space: Literal["probability", "logit", "feature"] = option(
        "probability",
        "Outputs of the two branches that the penalty compares (Jiang et al. 2019: probability in "
        "the text, logit in the formula, feature in a remark).",
    )
    consistency_on_fake: bool = option(
        False,
        "Whether the penalty includes generated images (Jiang et al. 2019 mention this once, in "
        "section 1).",
    )


class Method(ssgan.Method):
    """The semi-supervised GAN with recalibrated channels and two branches that must agree."""

    reports = ("supervised", "adversarial", "consistency", "generator", "consistency_weight")
    recalibrate = True

    def streams(self) -> dict[str, Stream]:
        """The streams of `ssgan`, with two views of each unlabeled image."""
        views = {"first": "translated", "second": "translated"}
        n = self.hp.batch_size
        return {
            "labeled": Stream("labeled", n, {"image": self.labeled_view()}),
            "unlabeled": Stream("unlabeled", n * self.hp.critic_steps, views),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        weight = self.hp.consistency_weight * self.ramp_up()

        for first, second in self.critic_batches(batch["unlabeled"], "first", "second"):
            fake = self.fake_images(x.shape[0])
            repeated = [fake] if self.hp.consistency_on_fake else []
            with tf.GradientTape() as tape:
                labeled, one, two, generated, *generated_again = self.forward_concat(
                    self.discriminator, x, first, second, fake, *repeated
                )
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                adversarial = losses.real_or_fake(one["logits"], generated["logits"])
                consistency = self.consistency_penalty(one, two)
                if generated_again:
                    consistency += self.consistency_penalty(generated, *generated_again)
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

    def ramp_up(self) -> tf.Tensor:
        """w(t) divided by its final value, in (0, 1]; always 1 if ramp_fraction is 0."""
        fraction = self.hp.ramp_fraction
        return schedules.sigmoid_ramp(self.progress() / fraction if fraction > 0 else 1.0)

    def consistency_penalty(
        self, one: dict[str, tf.Tensor], two: dict[str, tf.Tensor]
    ) -> tf.Tensor:
        """Mean squared distance of two branches' outputs, in the space `consistency_space`."""
        if self.hp.consistency_space == "feature":
            return losses.squared_distance(one["features"], two["features"])
        if self.hp.consistency_space == "logit":
            return losses.squared_distance(one["logits"], two["logits"])
        return losses.squared_distance(tf.nn.softmax(one["logits"]), tf.nn.softmax(two["logits"]))
