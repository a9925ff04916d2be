"""What the methods share whose discriminator also predicts the class (Odena et al. 2017)."""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams
from tf_ssgan.methods.bases import gan
from tf_ssgan.nn import layers, losses


@dataclasses.dataclass(frozen=True)
class GradientPenaltyHParams(hparams.HParams):
    """Hyperparameters of a Wasserstein critic with a gradient penalty."""

    penalty_weight: float = option(
        10.0,
        "Weight of the critic's gradient penalty (Gulrajani et al. 2017; Dravid et al. 2022).",
        low=0,
    )


class AuxiliaryClassifierGAN(gan.ConditionalGAN):
    """A conditional GAN whose discriminator has a source head s and a class head p."""

    discriminator: keras.Model

    def score_fake(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """The discriminator's outputs for generated images; moving averages are not updated."""
        with layers.frozen_statistics():
            return self.discriminator(images, training=True)

    def critic_score(self, images: tf.Tensor) -> tf.Tensor:
        """The critic's score s of each image, [rows, 1]; moving averages are not updated."""
        return self.score_fake(images)["source"]

    def gradient_penalty(self, x: tf.Tensor, fake: tf.Tensor, mix: tf.Tensor) -> tf.Tensor:
        """E (||grad s(x')||_2 - 1)^2 for images x' between real and generated ones.

        Args:
            x: float32 [rows, h, w, c], real images.
            fake: The same shape, generated images.
            mix: float32 [rows, 1, 1, 1] in [0, 1], the share of the real image.
        """
        return losses.gradient_penalty(self.critic_score, x, fake, mix)

    def generator_loss(self, z: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
        """The generator's loss on latents z and classes c: that of both heads."""
        generated = self.score_fake(self.generator([z, c], training=True))
        adversarial = self.adversarial_loss(generated["source"])
        return adversarial + losses.cross_entropy(c, generated["logits"])

    def adversarial_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """The generator's loss on the source head, E softplus(-s(G(z, c)))."""
        return losses.source_generator_loss(fake_scores)
