"""WAC-GAN-GP: AC-GAN whose source head is a Wasserstein critic under a gradient penalty.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equation 3, with the penalty of Gulrajani
et al. (2017).

    D: E s(G(z, c)) - E s(x) + 10 E (||grad s(x')||_2 - 1)^2 + CE(p(x), y) + CE(p(G(z, c)), c)
    G: -E s(G(z, c)) + CE(p(G(z, c)), c)
    x' = m x + (1 - m) G(z, c), m ~ U[0, 1] for each image

Departures: equation 3 adds the penalty to what D maximizes; it is subtracted there. Gulrajani et
al. have no batch normalization in a critic, because the penalty is one of each image; the public
code has, and so has this, with `--critic_norm=layer` for the other choice, which digits take. The
pass of the penalty records no statistics. The critic computes in float32 whatever the rest does.
See `acgan` for more.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.methods import acgan
from tf_ssgan.nn import losses

PAPER = "Dravid et al. 2022; Gulrajani et al. 2017"


@dataclasses.dataclass(frozen=True)
class HParams(acgan.HParams):
    """Hyper-parameters of AC-GAN with a Wasserstein critic."""

    penalty_weight: float = option(
        10.0, "Weight of the gradient penalty (Dravid et al. 2022).", low=0
    )
    critic_norm: Literal["batch", "layer"] = option(
        "batch",
        "What normalizes the critic: the batch (public code of Dravid et al. 2022), or each image "
        "by itself (Gulrajani et al. 2017); AlexNet has neither.",
    )

    RECIPES = acgan.HParams.RECIPES | {
        "digits": acgan.HParams.RECIPES["digits"] | dict(critic_norm="layer"),
    }


class Method(acgan.Method):
    """The auxiliary-classifier GAN with a Wasserstein critic."""

    reports = ("supervised", "conditional", "source", "penalty", "generator")

    def critic(self, **options) -> keras.Model:
        """As `acgan`, in float32: gradients of gradients do not survive fewer digits."""
        if self.hp.network == "fm_cnn":
            options = {"norm": self.hp.critic_norm} | options
        return super().critic(dtype="float32", **options)

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Critic steps, each on fresh images, then one generator step."""
        for x, y in self.critic_batches(batch["labeled"], "image", "label"):
            z, c = self.latents(x.shape[0])
            fake = self.generator([z, c], training=True)
            mix = self.step_random().uniform(x.shape[0], 1, 1, 1)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                generated = self.judge(fake)
                source = losses.wasserstein_critic_loss(real["source"], generated["source"])
                penalty = losses.gradient_penalty(self.score, x, fake, mix)
                supervised = losses.cross_entropy(y, real["logits"])
                conditional = losses.cross_entropy(c, generated["logits"])
                loss = source + self.hp.penalty_weight * penalty + supervised + conditional
            self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generated = self.judge(self.generator([z, c], training=True))
            fooled = losses.wasserstein_generator_loss(generated["source"])
            generator = fooled + losses.cross_entropy(c, generated["logits"])
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            conditional=conditional,
            source=source,
            penalty=penalty,
            generator=generator,
        )

    def score(self, images: tf.Tensor) -> tf.Tensor:
        """The critic's scores of images that are not real; it records no statistics."""
        return self.judge(images)["source"]
