"""WAC-GAN-GP: AC-GAN whose source head is a Wasserstein critic with a gradient penalty.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equation 3, with the penalty of Gulrajani
et al. (2017).

    D: E s(G(z, c)) - E s(x) + 10 E (||grad s(x')||_2 - 1)^2 + CE(p(x), y) + CE(p(G(z, c)), c)
    G: -E s(G(z, c)) + CE(p(G(z, c)), c)
    x' = m x + (1 - m) G(z, c), m ~ U[0, 1] for each image

Departures: equation 3 adds the penalty to the objective that D maximizes; here it is subtracted.
Gulrajani et al. use no batch normalization in the critic, because the penalty is defined for each
image by itself. The public code does, and so do we; `--critic_norm=layer` is the alternative, which
digits use. Gulrajani et al. take five steps of the critic for one of the generator. The poster does
not say how many it takes, and the README of its public code gives all methods the same settings:
one here, `--critic_steps=5` takes five. The penalty's pass does not update moving averages. The
critic computes in float32 in any precision. See `acgan` for the rest.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.methods import acgan
from tf_ssgan.methods.bases import auxiliary_classifier
from tf_ssgan.nn import losses

PAPER = "Dravid et al. 2022; Gulrajani et al. 2017"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(acgan.HParams, auxiliary_classifier.GradientPenaltyHParams):
    """Hyperparameters of AC-GAN with a Wasserstein critic."""

    critic_norm: Literal["batch", "layer"] = option(
        "batch",
        "Normalization of the critic: over the batch (public code of Dravid et al. 2022), or of "
        "each image by itself (Gulrajani et al. 2017); alexnet has no normalization.",
    )

    RECIPES = acgan.HParams.RECIPES | {
        "digits": acgan.HParams.RECIPES["digits"] | dict(critic_norm="layer"),
    }


class Method(acgan.Method):
    """The auxiliary-classifier GAN with a Wasserstein critic."""

    reports = ("supervised", "conditional", "source", "penalty", "generator")

    def build_discriminator(self, **options) -> keras.Model:
        """Builds the network of `acgan` in float32, which gradients of gradients need.

        Args:
            **options: Further arguments of the network.
        """
        if self.hp.network == "fm_cnn":
            options = {"norm": self.hp.critic_norm} | options
        return super().build_discriminator(dtype="float32", **options)

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Critic steps, each on new images, then one generator step."""
        for x, y in self.critic_batches(batch["labeled"], "image", "label"):
            z, c = self.latents(x.shape[0])
            fake = self.generator([z, c], training=True)
            mix = self.step_random().uniform(x.shape[0], 1, 1, 1)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                generated = self.score_fake(fake)
                source = losses.wasserstein_critic_loss(real["source"], generated["source"])
                penalty = self.gradient_penalty(x, fake, mix)
                supervised = losses.cross_entropy(y, real["logits"], self.label_weights(y))
                conditional = losses.cross_entropy(c, generated["logits"])
                loss = source + self.hp.penalty_weight * penalty + supervised + conditional
            self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generator = self.generator_loss(z, c)
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            conditional=conditional,
            source=source,
            penalty=penalty,
            generator=generator,
        )

    def adversarial_loss(self, fake_scores: tf.Tensor) -> tf.Tensor:
        """The generator's loss on the source head, -E s(G(z, c))."""
        return losses.wasserstein_generator_loss(fake_scores)
