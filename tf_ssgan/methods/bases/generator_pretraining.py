"""A stage that trains a conditional generator against a small critic, on augmented images."""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import auxiliary_classifier, contrastive, gan, profile
from tf_ssgan.networks import conditional_dcgan, wsgan_critic
from tf_ssgan.nn import losses


@dataclasses.dataclass(frozen=True)
class PretrainingHParams(
    profile.ProfileHParams,
    contrastive.ContrastiveHParams,
    gan.GeneratorHParams,
    auxiliary_classifier.GradientPenaltyHParams,
):
    """Hyperparameters of contrastive learning and of the generator's own stage.

    Adam's `beta_1` is that of generator and critic; other networks have the usual 0.9.
    """

    generate_fraction: float = option(
        0.25,
        "Fraction of the run in which only the generator and its critic are trained.",
        low=0,
        high=0.9,
    )
    generate_rate: float = option(
        2e-4, "Learning rate of generator and critic (public code of Dravid et al. 2022).", low=0
    )

    def stage_fractions(self) -> dict[str, float]:
        """The stages before the last one, and the fraction of the run that each takes."""
        return super().stage_fractions() | {"generate": self.generate_fraction}


class GeneratorPretraining(auxiliary_classifier.AuxiliaryClassifierGAN):
    """A method whose generator has a stage of its own, against a small critic."""

    hp: PretrainingHParams

    def make_generator(self) -> None:
        """Builds generator and critic, and a player for each."""
        self.generator = conditional_dcgan.generator(
            self.task, self.hp.latent_size, 2 * self.hp.width
        )
        self.discriminator = wsgan_critic.critic(self.task)
        adams = [self.adam(self.hp.generate_rate) for _ in range(2)]
        self.d = self.player("critic", self.discriminator, adams[0])
        self.g = self.player("generator", self.generator, adams[1], self.generator_rate)

    def generator_rate(self) -> tf.Tensor:
        """The generator's learning rate."""
        return tf.constant(self.hp.generate_rate)

    def generate_streams(self) -> dict[str, Stream]:
        """All images without labels, and clean images with theirs, all augmented."""
        views = {"image": contrastive.augmented_view(self.task)}
        return {
            "unlabeled": Stream("unlabeled", self.hp.batch_size, views),
            "clean": Stream("clean", self.hp.batch_size, views),
        }

    def generate_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the critic, which also predicts the class, and one of the generator."""
        x, labeled, y = (
            batch["unlabeled"]["image"],
            batch["clean"]["image"],
            batch["clean"]["label"],
        )
        z, c = self.latents(x.shape[0])
        fake = self.generator([z, c], training=True)
        with tf.GradientTape() as tape:
            real = self.discriminator(x, training=True)["source"]
            generated = self.score_fake(fake)
            source, penalty = self.critic_loss(x, fake, real, generated["source"])
            logits = self.discriminator(labeled, training=True)["logits"]
            named = losses.cross_entropy(y, logits, self.label_weights(y))
            conditional = losses.cross_entropy(c, generated["logits"])
            loss = source + self.hp.penalty_weight * penalty + named + conditional
        self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generator = self.generator_loss(z, c)
        self.g.minimize(generator, tape)
        return self.end_step(
            source=source,
            penalty=penalty,
            named=named,
            conditional=conditional,
            generator=generator,
        )

    def critic_loss(
        self, x: tf.Tensor, fake: tf.Tensor, real_scores: tf.Tensor, fake_scores: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The critic's loss on real and generated images, and its gradient penalty.

        Args:
            x: float32 [rows, h, w, c], real images.
            fake: The same shape, generated images.
            real_scores: The critic's scores of the real images.
            fake_scores: The critic's scores of the generated images.

        Returns:
            Two float32 scalars; in profile "authors" the penalty is 0.
        """
        if self.hp.profile == "authors":
            return losses.source_loss(real_scores, fake_scores), tf.zeros([])
        mix = self.step_random().uniform(x.shape[0], 1, 1, 1)
        penalty = self.gradient_penalty(x, fake, mix)
        return losses.wasserstein_critic_loss(real_scores, fake_scores), penalty

    def adversarial_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """The generator's loss, given the critic's scores of its images."""
        if self.hp.profile == "authors":
            return super().adversarial_loss(fake_scores)
        return losses.wasserstein_generator_loss(fake_scores)


GENERATOR_REPORTS = ("source", "penalty", "named", "conditional", "generator")
