"""CatGAN: a GAN whose discriminator is sure of real images, and unsure of generated ones.

Springenberg: Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial
Networks (2016), equations 7 to 9. The discriminator is a classifier of the K classes, without one
for generated images. H is the entropy of a prediction, p of an image x is softmax(D(x)):

    D: CE(labeled) + unlabeled_weight [E H(p_u) - H(E p_u) - E H(p_g)]
    G: E H(p_g) - H(E p_g)

Real images get sure predictions that use all classes, generated ones unsure ones; the generator
wants the opposite. The prediction is argmax p.

Departures: the network is ImprovedGAN's with batch normalization instead of weight normalization,
and its generator; the paper's is like them (DCGAN-like, batch normalization, dropout .5). Batch
normalization records real images alone. Batches of the public code, xinario/catgan_pytorch, have 20
images, ours 100, because the mean prediction of few images is not that of all. It has no labels;
the weight of the unlabeled terms is ours. The EMA of the weights is exported.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan, optimizers
from tf_ssgan.networks import dcgan, improved_gan_cnn
from tf_ssgan.nn import layers, losses

PAPER = "Springenberg 2016, equations 7 to 9"
GROUP = "GAN classifiers"
BETA_2 = 0.9  # Adam's, of the public code


@dataclasses.dataclass(frozen=True)
class HParams(gan.SemiSupervisedGANHParams):
    """Hyperparameters of CatGAN."""

    learning_rate: float = inherited(
        hparams.HParams, "learning_rate", 2e-4, "xinario/catgan_pytorch"
    )
    unlabeled_weight: float = option(
        1.0, "Weight of the discriminator's entropies, which need no labels.", low=0
    )
    dropout: float = inherited(gan.SemiSupervisedGANHParams, "dropout", 0.5)
    decay_start: float = inherited(
        optimizers.LinearDecayHParams, "decay_start", 1.0, "xinario/catgan_pytorch"
    )
    generator_width: int = option(
        0,
        "Width of the generator, one eighth of the channels of its first map; 0 uses --width.",
        low=0,
        high=WIDEST,
    )
    translate: bool = option(
        False, "Whether labeled and unlabeled images are randomly translated by up to 2 pixels."
    )

    RECIPES = {
        "digits": dict(
            labels=50, max_steps=1000, batch_size=64, width=32, learning_rate=1e-3, dropout=0.2,
            translate=True,
        ),
        "svhn": dict(labels=1000, epochs=200),
        "cifar10": dict(labels=4000, epochs=200, width=96, generator_width=64),
        "cifar100": dict(labels=4000, epochs=200, width=96, generator_width=64),
        "fashion_mnist": dict(labels=1000, epochs=200),
        "short": dict(learning_rate=1e-3),
    }  # fmt: skip


class Method(optimizers.LinearDecayMethod, gan.NormalGAN):
    """The categorical GAN."""

    reports = ("supervised", "adversarial", "generator", "marginal_entropy")

    def setup(self) -> None:
        """Makes discriminator and generator, each with its own optimizer."""
        self.discriminator = self.classifier = improved_gan_cnn.classifier(
            self.task,
            width=self.hp.width,
            dropout=self.hp.dropout,
            input_dropout=self.hp.input_dropout,
            norm="batch",
        )
        self.generator = dcgan.generator(
            self.task, self.hp.latent_size, self.hp.generator_width or self.hp.width
        )
        adams = [self.adam(beta_2=BETA_2) for _ in range(2)]
        self.d = self.player("discriminator", self.discriminator, adams[0], self.rate)
        self.g = self.player("generator", self.generator, adams[1], self.rate)

    def streams(self) -> dict[str, Stream]:
        """Labeled images, and unlabeled ones for each step of D."""
        n, view = self.hp.batch_size, {"image": "translated" if self.hp.translate else "plain"}
        return {
            "labeled": Stream("labeled", n, view),
            "unlabeled": Stream("unlabeled", n * self.hp.critic_steps, view),
        }

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]

        for (real,) in self.critic_batches(batch["unlabeled"], "image"):
            fake = self.fake_images(x.shape[0])
            with tf.GradientTape() as tape:
                labeled, unlabeled = self.forward_concat(self.discriminator, x, real)
                generated = self.judged(fake)
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                marginal = losses.marginal_entropy(unlabeled["logits"])
                unsure = losses.entropy(unlabeled["logits"]) - losses.entropy(generated)
                loss = supervised + self.hp.unlabeled_weight * (unsure - marginal)
            self.d.minimize(loss, tape)

        with tf.GradientTape() as tape:
            generated = self.judged(self.fake_images(x.shape[0]))
            generator = losses.entropy(generated) - losses.marginal_entropy(generated)
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            adversarial=unsure - marginal,
            generator=generator,
            marginal_entropy=marginal,
        )

    def judged(self, fake: tf.Tensor) -> tf.Tensor:
        """Logits of generated images, whose statistics D does not record."""
        with layers.frozen_statistics():
            return self.discriminator(fake, training=True)["logits"]
