"""Semi-supervised GAN: the discriminator is a classifier with one more class, "generated".

Salimans et al.: Improved Techniques for Training GANs (2016), section 5, with the network, the
generator loss and the batches of Jiang, Zhang and Liu (2019), whose figure 4a and baseline it is.

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
    G: E softplus(-lse(l_g)), or feature matching

Departures: strides, padding, leaky slope, Adam's decays and the fall of the step size are those of
the public code of Salimans et al.; its frozen weight-norm gains are trained here, and its average
of decay .9999 has .999 and warms up. Images carry FR-GAN's noise and translation, labeled ones
too, so that the methods of this family differ in their losses only. With several discriminator
steps a step, each has unlabeled images and latents of its own and the same labeled ones. Runs too
short for the paper's step size take 1e-3 and the half-form loss (recipe "short"): with the long
recipe, 1,500 steps on house numbers end at 32.6 % errors.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan
from tf_ssgan.networks import dcgan, frgan_cnn
from tf_ssgan.nn import losses

PAPER = "Salimans et al. 2016, section 5; baseline of Jiang et al. 2019"


@dataclasses.dataclass(frozen=True)
class HParams(gan.HParams):
    """Hyper-parameters of a GAN whose discriminator classifies."""

    unlabeled_weight: float = option(
        1.0,
        "Weight of the real-or-fake loss in its full form (Jiang et al. 2019, algorithm 1); "
        "0.5 is the half form of the public code of Salimans et al. 2016.",
        low=0,
    )
    gen_loss: Literal["log", "fm"] = option(
        "log",
        "Generator loss: -log D(G(z)) (Jiang et al. 2019), or feature matching "
        "(Salimans et al. 2016).",
    )
    width: int = option(
        64, "Channels of the first convolutions at 32 pixels (Jiang et al. 2019, table 1).", low=1
    )
    translate_labeled: bool = option(
        True,
        "Labeled images are moved by up to 2 pixels, as unlabeled ones are; off shows them as they "
        "are.",
    )
    input_dropout: float = option(
        0.0, "Dropout rate on the images; 0.2 in Salimans et al. 2016.", low=0, high=0.99
    )
    dropout: float = option(
        0.2,
        "Rate of the hidden dropout layers (table 1); 0.5 in Salimans et al. 2016.",
        low=0,
        high=0.99,
    )
    image_noise: float = option(
        0.15, "Deviation of Gaussian noise on the images, in [-1, 1] (Laine and Aila 2017).", low=0
    )

    RECIPES = {
        "digits": dict(
            labels=50,
            max_steps=1000,
            batch_size=64,
            width=32,
            learning_rate=1e-3,
            unlabeled_weight=0.5,
        ),
        "svhn": dict(labels=1000, epochs=300),
        "cifar10": dict(labels=4000, epochs=300),
        "cifar100": dict(labels=10000, epochs=300),
        "fashion_mnist": dict(labels=1000, epochs=300),
        "short": dict(learning_rate=1e-3, unlabeled_weight=0.5),
    }


class Method(gan.GAN):
    """The plain semi-supervised GAN."""

    reports = ("supervised", "adversarial", "generator")
    recalibrate = False  # with the squeeze-and-excitation block

    def setup(self) -> None:
        """Discriminator and generator, a player each."""
        self.discriminator = self.classifier = frgan_cnn.classifier(
            self.task,
            width=self.hp.width,
            recalibrate=self.recalibrate,
            dropout=self.hp.dropout,
            input_dropout=self.hp.input_dropout,
            noise=self.hp.image_noise,
        )
        self.generator = dcgan.generator(self.task, self.hp.latent_size, self.hp.width)
        self.d = self.player("discriminator", self.discriminator, self.adam(), self.rate)
        self.g = self.player("generator", self.generator, self.adam(), self.rate)

    def streams(self) -> dict[str, Stream]:
        """One labeled batch, and unlabeled images for each discriminator step."""
        n = self.hp.batch_size
        return {
            "labeled": Stream("labeled", n, {"image": self.labeled_view()}),
            "unlabeled": Stream("unlabeled", n * self.hp.critic_steps, {"first": "translated"}),
        }

    def labeled_view(self) -> str:
        """How labeled images are seen."""
        return "translated" if self.hp.translate_labeled else "plain"

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on fresh images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]

        for (real,) in self.critic_batches(batch["unlabeled"], "first"):
            fake = self.fake(x.shape[0])
            with tf.GradientTape() as tape:
                labeled, one, generated = self.forward_concat(self.discriminator, x, real, fake)
                supervised = losses.cross_entropy(y, labeled["logits"])
                adversarial = losses.real_or_fake(one["logits"], generated["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial
            self.d.minimize(loss, tape)

        with tf.GradientTape() as tape:
            generator = self.generator_loss(real)
        self.g.minimize(generator, tape)
        return self.end_step(supervised=supervised, adversarial=adversarial, generator=generator)

    def generator_loss(self, real: tf.Tensor) -> tf.Tensor:
        """What the generator minimizes, on fresh latents.

        Args:
            real: float32 [rows, h, w, c], unlabeled images, whose features are matched by "fm".
        """
        judged = self.discriminator(self.fake(real.shape[0]), training=True)
        if self.hp.gen_loss == "log":
            return losses.generator_loss(judged["logits"])
        features = self.discriminator(real, training=True)["features"]
        return losses.feature_matching(tf.stop_gradient(features), judged["features"])
