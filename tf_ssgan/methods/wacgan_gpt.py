"""WAC-GAN-GPT: WAC-GAN-GP whose class head is trained on images of truncated latents.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equations 3 to 6. It has the losses
of `wacgan_gp` and the latents of `acgan_trunc`.

    z_tau = sgn(z) min(|z|, tau), z ~ N(0, I)
    D: E s(G(z, c)) - E s(x) + 10 E (||grad s(x')||_2 - 1)^2 + CE(p(x), y) + CE(p(G(z_tau, c)), c)
    G: -E s(G(z, c)) + CE(p(G(z_tau, c)), c)
    tau <- tau - Adam(d CE(p(G(z_tau, c)), c) / d tau), after each step of G
    x' = m x + (1 - m) G(z, c), m ~ U[0, 1] for each image

Departures: those of `wacgan_gp` and `acgan_trunc`. The poster gives tau for each number of labels,
from 0.89 at 500 to 1.63 at 40,000; here every search by gradient or by validation starts from 1.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import inherited
from tf_ssgan.methods import acgan_trunc, wacgan_gp
from tf_ssgan.nn import losses

PAPER = "Dravid et al. 2022"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(acgan_trunc.HParams, wacgan_gp.HParams):
    """Hyperparameters of the Wasserstein AC-GAN with truncated latents."""

    tau_search: Literal["none", "gradient", "validation", "grid"] = inherited(
        acgan_trunc.HParams, "tau_search", "gradient"
    )

    RECIPES = wacgan_gp.HParams.RECIPES


class Method(acgan_trunc.Method, wacgan_gp.Method):
    """The Wasserstein auxiliary-classifier GAN whose class head is trained on truncated latents."""

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Critic steps, each on new images, one generator step, one step of tau."""
        labeled = self.apply_grid_search(batch["labeled"])
        for x, y in self.critic_batches(labeled, "image", "label"):
            z, c = self.latents(x.shape[0])
            fake, truncated = self.full_and_truncated(z, c)
            mix = self.step_random().uniform(x.shape[0], 1, 1, 1)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                fake_source, fake_logits = self.source_and_logits(fake, truncated)
                source = losses.wasserstein_critic_loss(real["source"], fake_source)
                penalty = self.gradient_penalty(x, fake, mix)
                supervised = losses.cross_entropy(y, real["logits"], self.label_weights(y))
                supervised *= self.labeled_fraction(y)
                conditional = losses.cross_entropy(c, fake_logits)
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
            **self.update_tau(batch),
        )
