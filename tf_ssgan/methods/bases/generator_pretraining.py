"""A stage that trains a conditional generator alone, against a weak critic."""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import contrastive, gan
from tf_ssgan.networks import conditional_dcgan, wsgan_critic
from tf_ssgan.nn import layers, losses


@dataclasses.dataclass(frozen=True)
class GeneratorHParams(contrastive.ContrastiveHParams):
    """Hyper-parameters of stages that contrast images, and then train a generator."""

    profile: Literal["paper", "authors"] = option(
        "paper", "What the paper says, or what its public code does; see the docstring."
    )
    latent_size: int = option(100, "Length of the generator's latent vector.", low=1)
    generate_fraction: float = option(
        0.25, "Share of the run in which the generator is trained alone.", low=0, high=0.9
    )
    generate_rate: float = option(
        2e-4, "Step size of that stage (public code of Dravid et al. 2022).", low=0
    )
    beta_1: float = option(
        0.5, "Adam's first-moment decay in it (public code of Dravid et al. 2022).", low=0, high=1
    )
    penalty_weight: float = option(
        10.0, "Weight of its gradient penalty (Gulrajani et al. 2017).", low=0
    )

    def shares(self) -> dict[str, float]:
        """The stages before the last one, and the share of the run that each takes."""
        return super().shares() | {"generate": self.generate_fraction}


class GeneratorPretraining(gan.ConditionalGAN):
    """A method whose generator is first trained alone, against a weak critic."""

    hp: GeneratorHParams

    def make_generator(self) -> None:
        """Makes generator and critic, a player each."""
        self.generator = conditional_dcgan.generator(
            self.task, self.hp.latent_size, 2 * self.hp.width
        )
        self.critic = wsgan_critic.critic(self.task)
        adams = [
            keras.optimizers.Adam(self.hp.generate_rate, beta_1=self.hp.beta_1, epsilon=1e-8)
            for _ in range(2)
        ]
        self.d = self.player("critic", self.critic, adams[0])
        self.g = self.player("generator", self.generator, adams[1], self.generator_rate)

    def generator_rate(self) -> tf.Tensor:
        """The generator's step size."""
        return tf.constant(self.hp.generate_rate)

    def generate_streams(self) -> dict[str, Stream]:
        """All images, and those whose label is right."""
        views = {"image": "plain"}
        return {
            "unlabeled": Stream("unlabeled", self.hp.batch_size, views),
            "clean": Stream("clean", self.hp.batch_size, views),
        }

    def generate_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the critic, which also names the class, and one of the generator."""
        x, labeled, y = (
            batch["unlabeled"]["image"],
            batch["clean"]["image"],
            batch["clean"]["label"],
        )
        z, c = self.latents(x.shape[0])
        fake = self.generator([z, c], training=True)
        with tf.GradientTape() as tape:
            real = self.critic(x, training=True)["source"]
            generated = self.score_fake(fake)
            source, penalty = self.critic_loss(x, fake, real, generated["source"])
            named = losses.cross_entropy(y, self.critic(labeled, training=True)["logits"])
            conditional = losses.cross_entropy(c, generated["logits"])
            loss = source + self.hp.penalty_weight * penalty + named + conditional
        self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generated = self.score_fake(self.generator([z, c], training=True))
            generator = self.generator_loss(generated["source"])
            generator += losses.cross_entropy(c, generated["logits"])
        self.g.minimize(generator, tape)
        return self.end_step(
            source=source,
            penalty=penalty,
            named=named,
            conditional=conditional,
            generator=generator,
        )

    def critic_loss(
        self, x: tf.Tensor, fake: tf.Tensor, real: tf.Tensor, doubt: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """How badly the critic tells real images from generated ones, and its gradient penalty.

        Args:
            x: Real images.
            fake: As many generated ones.
            real: What it says of the real ones.
            doubt: What it says of the generated ones.
        """
        if self.hp.profile == "authors":
            return losses.source_loss(real, doubt), tf.zeros([])
        mix = self.step_random().uniform(x.shape[0], 1, 1, 1)
        penalty = losses.gradient_penalty(
            lambda images: self.score_fake(images)["source"], x, fake, mix
        )
        return losses.wasserstein_critic_loss(real, doubt), penalty

    def generator_loss(self, doubt: tf.Tensor) -> tf.Tensor:
        """How badly the generator fools the critic, which says this of its images."""
        authors = self.hp.profile == "authors"
        return (
            losses.source_generator_loss(doubt)
            if authors
            else losses.wasserstein_generator_loss(doubt)
        )

    def score_fake(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the critic says of images that are not real; it records nothing."""
        with layers.frozen_statistics():
            return self.critic(images, training=True)


GENERATOR_REPORTS = ("source", "penalty", "named", "conditional", "generator")
