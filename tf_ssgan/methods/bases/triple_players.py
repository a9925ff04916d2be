"""The three players of Triple-GAN: their hyperparameters, networks and learning rates."""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.methods.bases import cnn13 as cnn13_base
from tf_ssgan.methods.bases import gan, optimizers
from tf_ssgan.networks import cnn13, dcgan, image_normalization, pair_discriminator
from tf_ssgan.nn import distribution, layers, schedules

_LEAST_BETA_1 = 0.5
_BETA_1_FALLS, _BETA_1_RAMP = 0.25, 0.05  # fractions of the run, 250 and 50 of 1,000 epochs


@dataclasses.dataclass(frozen=True)
class TripleHParams(gan.GeneratorHParams):
    """Hyperparameters of three players."""

    beta_1: float = inherited(
        optimizers.AdamHParams, "beta_1", note="That of the classifier is classifier_beta_1."
    )
    average_decay: float = inherited(
        hparams.HParams, "average_decay", 0.99, "public code of Li et al. 2017"
    )
    norm: Literal["batch", "mean_only"] = option(
        "batch",
        "Normalization of the classifier: over the batch, of its logits too (public code: on "
        "SVHN), or of the mean alone, with weight normalization (CIFAR-10).",
    )
    width: int = inherited(cnn13_base.CNN13HParams, "width")
    dropout: float = inherited(cnn13_base.CNN13HParams, "dropout")
    input_dropout: float = option(
        0.2, "Dropout rate on the classifier's images (public code: 0.2 on SVHN).", low=0, high=0.99
    )
    image_noise: float = inherited(
        cnn13_base.CNN13HParams, "image_noise", 0.0, "public code, on SVHN; 0.15 on CIFAR-10"
    )
    slope: float = option(
        0.2,
        "Negative slope of the classifier's leaky ReLUs (public code: 0.2 on SVHN, 0.1 on "
        "CIFAR-10).",
        low=0,
        high=1,
    )
    normalization: image_normalization.Kind = option(
        "none",
        "What the classifier does to images in [-1, 1] first, generated ones too, as for pi_model "
        "(public code: zca on CIFAR-10).",
    )
    translate: bool = option(
        False, "Whether real images are randomly translated by up to 2 pixels."
    )
    generator_width: int = option(
        64,
        "One eighth of the channels of the generator's first map (public code: 64).",
        low=1,
        high=WIDEST,
    )
    discriminator_width: int = option(
        32, "Channels of the discriminator's first stage (public code: 32).", low=1, high=WIDEST
    )
    discriminator_dropout: float = option(
        0.2, "Dropout rate of the discriminator (public code: 0.2).", low=0, high=0.99
    )
    decay_start: float = option(
        0.3,
        "Fraction of the run after which learning rates fall exponentially (public code: 300 of "
        "1,000 epochs).",
        low=0,
        high=0.99,
    )
    last_rate: float = option(
        0.03, "Learning rate at the end of the run, as a fraction of the initial one (public code: "
        ".995^700 = .03).", above=0, high=1,
    )  # fmt: skip
    classifier_learning_rate: float = option(
        0.0,
        "Initial learning rate of the classifier (public code: 3e-3 on CIFAR-10); 0 takes that of "
        "the others.",
        low=0,
    )
    classifier_last_rate: float = option(
        0.03,
        "The same fraction for the classifier (public code: .99^700 = 9e-4 on CIFAR-10).",
        above=0,
        high=1,
    )
    classifier_beta_1: float = option(
        0.5,
        "Adam's beta_1 for the classifier, which falls to .5 after a quarter of the run (public "
        "code: .9 on CIFAR-10).",
        low=0.5,
        high=0.99,
    )


class TripleMethod(gan.ConditionalGAN):
    """A method with a classifier, a conditional generator and a discriminator of pairs."""

    needs_labels = True
    most_values = staticmethod(cnn13_base.CNN13Method.most_values)

    def setup(self) -> None:
        """Makes the three players, each with its own optimizer."""
        hp = self.hp
        self.classifier = cnn13.classifier(
            self.task,
            hp.width,
            hp.norm,
            hp.dropout,
            hp.image_noise,
            hp.normalization,
            head="batch_norm",
            slope=hp.slope,
            input_dropout=hp.input_dropout,
        )
        self.generator = dcgan.generator(
            self.task, hp.latent_size, hp.generator_width, conditional=True
        )
        self.discriminator = pair_discriminator.discriminator(
            self.task, hp.discriminator_width, hp.discriminator_dropout
        )
        self.d = self.player("discriminator", self.discriminator, self.adam(), self.rate)
        self.g = self.player("generator", self.generator, self.adam(), self.rate)
        adam = self.adam(beta_1=hp.classifier_beta_1)
        schedule = self.classifier_rate, self.beta_1
        self.c = self.player("classifier", self.classifier, adam, *schedule)

    def rate(self) -> tf.Tensor:
        """The learning rate of discriminator and generator at this step."""
        return self.hp.learning_rate * self._decay(self.hp.last_rate)

    def classifier_rate(self) -> tf.Tensor:
        """The learning rate of the classifier at this step."""
        initial = self.hp.classifier_learning_rate or self.hp.learning_rate
        return initial * self._decay(self.hp.classifier_last_rate)

    def beta_1(self) -> tf.Tensor:
        """Adam's beta_1 for the classifier at this step."""
        t = (self.progress() - _BETA_1_FALLS) / _BETA_1_RAMP
        falls = self.hp.classifier_beta_1 - _LEAST_BETA_1
        return _LEAST_BETA_1 + falls * schedules.sigmoid_ramp_down(t)

    def _decay(self, last: float) -> tf.Tensor:
        """The factor of a learning rate."""
        return schedules.hold_then_exponential_decay(self.progress(), self.hp.decay_start, last)

    def latents(self, rows: int) -> list[tf.Tensor]:
        """Latents z ~ U[-1, 1], and classes that all occur equally often.

        The classes take turns over the batches too, of which one may be smaller than their number.

        Args:
            rows: Number of latent vectors of this replica.

        Returns:
            float32 [rows, latent_size], and int64 [rows].
        """
        z = gan.GAN.latents(self, rows)
        turn = self.step.value * (rows * distribution.num_replicas())
        place = tf.cast(distribution.replica_rank() * rows, tf.int64)
        return [z, (turn + place + tf.range(rows, dtype=tf.int64)) % self.task.classes]

    def initialize(self, images: tf.Tensor) -> None:
        """Initializes weight normalization from images, and from latents of G."""
        latents = self._fixed_latents(images.shape[0])
        layers.initialize_from_data(self.classifier, images)
        layers.initialize_from_data(self.generator, latents)
        layers.initialize_from_data(self.discriminator, [images, latents[1]])

    def _fixed_latents(self, rows: int) -> list[tf.Tensor]:
        z = gan.GAN._fixed_latents(self, rows)
        return [z, tf.range(rows, dtype=tf.int64) % self.task.classes]
