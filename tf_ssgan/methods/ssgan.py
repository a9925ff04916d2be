"""Semi-supervised GAN: the discriminator is a classifier with one more class for generated images.

Salimans et al.: Improved Techniques for Training GANs (2016), section 5, with the network, the
generator loss and the batches of Jiang, Zhang and Liu (2019). It is their figure 4a and their
baseline.

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
    G: E softplus(-lse(l_g)), or feature matching

Departures: strides, padding, leaky slope, Adam's decays and the schedule of the learning rate are
those of the public code of Salimans et al. That code does not train the gains of weight
normalization; we do. Its EMA has decay 0.9999; ours has 0.999 and warms up. All images, labeled
ones too, have FR-GAN's noise and translation, so that the methods of this family differ in their
losses only. With several discriminator steps per step, each has its own unlabeled images and
latents, but the same labeled images. Runs that are too short for the paper's learning rate use 1e-3
and the half form of the real-or-fake loss (recipe "short"): with the long recipe, 1,500 steps on
SVHN end at 32.6 % errors.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan, optimizers
from tf_ssgan.networks import dcgan, frgan_cnn
from tf_ssgan.nn import losses

PAPER = "Salimans et al. 2016, section 5; baseline of Jiang et al. 2019"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(gan.SemiSupervisedGANHParams):
    """Hyperparameters of the semi-supervised GAN."""

    gen_loss: Literal["log", "fm"] = option(
        "log",
        "Generator loss: log is -log D(G(z)) (Jiang et al. 2019), fm is feature matching "
        "(Salimans et al. 2016).",
    )
    translate_labeled: bool = option(
        True,
        "Whether labeled images are randomly translated by up to 2 pixels, as unlabeled images "
        "always are (our choice, see Departures).",
    )
    image_noise: float = option(
        0.15,
        "Standard deviation of Gaussian noise on the images, which lie in [-1, 1] (Laine and Aila "
        "2017).",
        low=0,
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


class Method(optimizers.LinearDecayMethod, gan.GAN):
    """The semi-supervised GAN without recalibration and consistency penalty."""

    reports = ("supervised", "adversarial", "generator")
    recalibrate = False  # Whether D has the squeeze-and-excitation block.

    def setup(self) -> None:
        """Makes discriminator and generator, each with its own optimizer."""
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
        """Operations of the view of labeled images."""
        return "translated" if self.hp.translate_labeled else "plain"

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]

        for (real,) in self.critic_batches(batch["unlabeled"], "first"):
            fake = self.fake_images(x.shape[0])
            with tf.GradientTape() as tape:
                labeled, unlabeled, generated = self.forward_concat(
                    self.discriminator, x, real, fake
                )
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                adversarial = losses.real_or_fake(unlabeled["logits"], generated["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial
            self.d.minimize(loss, tape)

        with tf.GradientTape() as tape:
            generator = self.generator_loss(real)
        self.g.minimize(generator, tape)
        return self.end_step(supervised=supervised, adversarial=adversarial, generator=generator)

    def generator_loss(self, real: tf.Tensor) -> tf.Tensor:
        """The generator's loss on new latents.

        Args:
            real: float32 [rows, h, w, c], unlabeled images for feature matching. The logarithmic
                loss uses only their number.
        """
        generated = self.discriminator(self.fake_images(real.shape[0]), training=True)
        if self.hp.gen_loss == "log":
            return losses.generator_loss(generated["logits"])
        features = self.discriminator(real, training=True)["features"]
        return losses.feature_matching(tf.stop_gradient(features), generated["features"])
