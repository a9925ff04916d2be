"""Bad GAN: ImprovedGAN with a generator that shall spread beyond the data.

Dai, Yang, Yang, Cohen and Salakhutdinov: Good Semi-supervised Learning that Requires a Bad GAN
(2017), section 4, as in their public code (kimiyoung/ssl_bad_gan) for images of 32 pixels. A
generator that matched the data would not help the classifier; one that covers the low densities
between the classes does. So the entropy of its images is raised, in one of two ways. f are features
of D, z the latents, and q(z | image) = N(mu, sigma^2) is an encoder that learns with G:

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
       + entropy_weight E H(p_u)
    G: || E f(x_u) - E f(G(z)) ||_1 / features
       + pull_away_weight mean_{i != j} cos^2(f(G(z_i)), f(G(z_j)))           spread=pull_away
       + code_weight E sum_j [log sigma_j + ((z_j - mu_j) / sigma_j)^2 / 2]   spread=variational

G's step matches the unlabeled images of D's step. SVHN has pull_away and entropy_weight .1, CIFAR
variational and 0. D has Gaussian noise on the images and drops whole color channels, and on SVHN
whole maps.

Departures: the paper's term that keeps images of high density away from G needs a density model
(PixelCNN); the public code has it for MNIST alone, and so do we not. Latents are U[-1, 1] instead
of U[0, 1], as in `improved_gan`. Gray images have only one channel, which is not dropped as a
whole. The public code does not train the gains of D's hidden layers; we do. Its loops never end by
themselves and keep the smallest test error; ours end after the epochs of its learning rate, and
export the last weights. On digits, width, dropout, learning rate and translations are those of
`improved_gan`.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import improved_gan
from tf_ssgan.methods.bases import gan
from tf_ssgan.networks import code_encoder, dcgan
from tf_ssgan.nn import layers, losses

PAPER = "Dai et al. 2017, section 4, public code"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(improved_gan.HParams):
    """Hyperparameters of Bad GAN."""

    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0, "public code")
    spread: Literal["pull_away", "variational"] = option(
        "pull_away", "How the entropy of generated images is raised (public code: pull_away on "
        "SVHN, variational on CIFAR-10).",
    )  # fmt: skip
    pull_away_weight: float = option(0.8, "Weight of the pull-away term (public code: 0.8).", low=0)
    code_weight: float = option(0.01, "Weight of the variational term (public code: 0.01).", low=0)
    entropy_weight: float = option(
        0.1,
        "Weight of the entropy of predictions (public code: 0.1 on SVHN, 0 on CIFAR-10).",
        low=0,
    )
    image_noise: float = option(
        0.05, "Standard deviation of the noise on D's images (public code: 0.05).", low=0
    )
    drop_maps: bool = option(
        False, "Whether D's dropout sets whole maps to 0 (public code: on SVHN)."
    )
    input_dropout: float = inherited(
        gan.SemiSupervisedGANHParams, "input_dropout", 0.15, "public code, on SVHN",
        note="It sets whole color channels to 0, and single pixels of gray images.",
    )  # fmt: skip
    generator_rate: float = option(
        1.0,
        "Learning rate of generator and encoder, as a multiple of the discriminator's (public "
        "code: 1 on SVHN, 0.5 on CIFAR-10).",
        above=0,
    )
    generator_beta_1: float = option(
        0.0, "Adam's beta_1 for generator and encoder (public code: 0).", low=0, high=1
    )
    least_learning_rate: float = option(
        0.0, "Learning rates do not fall below this (public code: 1e-4 on SVHN).", low=0
    )

    def __post_init__(self):
        """Refuses a floor above the learning rate.

        Raises:
            UserError: A value is out of range.
        """
        super().__post_init__()
        if self.least_learning_rate > self.learning_rate:
            raise errors.UserError(
                f"--least_learning_rate={self.least_learning_rate:g} is larger than "
                f"--learning_rate={self.learning_rate:g}, from which rates fall. Give a smaller "
                "one, or 0 for none."
            )

    _CIFAR = dict(
        epochs=1200, learning_rate=6e-4, generator_rate=0.5, width=96,
        generator_width=64, input_dropout=0.2, spread="variational", entropy_weight=0.0,
    )  # fmt: skip
    _SVHN = dict(
        labels=1000, epochs=900, batch_size=64, learning_rate=1e-3, least_learning_rate=1e-4,
        drop_maps=True,
    )  # fmt: skip
    RECIPES = {
        "digits": improved_gan.HParams.RECIPES["digits"],
        "svhn": _SVHN,
        "cifar10": dict(labels=4000) | _CIFAR,
        "cifar100": dict(labels=4000) | _CIFAR,
        "fashion_mnist": _SVHN,
        "short": dict(learning_rate=1e-3),
    }  # fmt: skip


class Method(improved_gan.Method):
    """ImprovedGAN with a spread generator."""

    reports = ("supervised", "adversarial", "entropy", "generator", "spread")

    def setup(self) -> None:
        """Makes the networks; the encoder, if there is one, learns with the generator."""
        self.discriminator = self.classifier = self.build_discriminator(
            noise=self.hp.image_noise,
            drop_colors=self.task.channels > 1,  # of the only channel nothing would be left
            drop_maps=self.hp.drop_maps,
        )
        sizes = self.task, self.hp.latent_size, self.generator_width
        self.generator = dcgan.generator(*sizes)
        networks = [self.generator]
        if self.hp.spread == "variational":
            self.encoder = code_encoder.encoder(*sizes)
            networks.append(self.encoder)
        self.d = self.player("discriminator", self.discriminator, self.adam(), self.rate)
        adam = self.adam(beta_1=self.hp.generator_beta_1)
        self.g = self.player("generator", networks, adam, self.rate_of_generator)

    def rate(self) -> tf.Tensor:
        """The learning rate of the discriminator at this step."""
        return tf.maximum(self.hp.least_learning_rate, super().rate())

    def rate_of_generator(self) -> tf.Tensor:
        """The learning rate of generator and encoder at this step."""
        rate = self.hp.generator_rate * super().rate()
        return tf.maximum(self.hp.least_learning_rate, rate)

    def streams(self) -> dict[str, Stream]:
        """Labeled images, and unlabeled ones for each step of D."""
        return {k: v for k, v in super().streams().items() if k != "matched"}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one step of generator and encoder."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]

        for (real,) in self.critic_batches(batch["unlabeled"], "image"):
            fake = self.fake_images(x.shape[0])
            with tf.GradientTape() as tape:
                labeled, unlabeled, generated = self.forward_concat(
                    self.discriminator, x, real, fake
                )
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                adversarial = losses.real_or_fake(unlabeled["logits"], generated["logits"])
                entropy = losses.entropy(unlabeled["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial
                loss += self.hp.entropy_weight * entropy
            self.d.minimize(loss, tape)

        matched = self.discriminator(real, training=True)
        with tf.GradientTape() as tape:
            z = self.latents(x.shape[0])
            fake = self.generator(z, training=True)
            generated = self.discriminator(fake, training=True)
            generator = losses.feature_matching(matched["features"], generated["features"])
            if self.hp.spread == "variational":
                code = self.encoder(fake, training=True)
                spread = losses.code_loss(code["mean"], code["log_scale"], z)
                loss = generator + self.hp.code_weight * spread
            else:
                spread = losses.pull_away(generated["features"])
                loss = generator + self.hp.pull_away_weight * spread
        self.g.minimize(loss, tape)
        return self.end_step(
            supervised=supervised,
            adversarial=adversarial,
            entropy=entropy,
            generator=generator,
            spread=spread,
        )

    def initialize(self, images: tf.Tensor) -> None:
        """Initializes D from images, G's output layer from latents, and the encoder from both."""
        super().initialize(images)
        if self.hp.spread == "variational":
            with layers.frozen_statistics():
                fake = self.generator(self._fixed_latents(images.shape[0]), training=True)
            layers.initialize_from_data(self.encoder, fake)
