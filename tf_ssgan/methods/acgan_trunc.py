"""AC-GAN with truncation: the class head is trained on images of truncated latents.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equations 4 to 6, "AC-GAN with
truncation".

    z_tau = sgn(z) min(|z|, tau), z ~ N(0, I)
    D: E softplus(-s(x)) + E softplus(s(G(z, c))) + CE(p(x), y) + CE(p(G(z_tau, c)), c)
    G: E softplus(-s(G(z, c))) + CE(p(G(z_tau, c)), c)
    --tau_search=gradient, after each step of G: tau <- tau - Adam(d CE(p(G(z_tau, c)), c) / d tau)
    --tau_search=validation: tau <- tau - Adam(d M(theta') / d tau), with M the class loss of
    held-out images and theta' the weights of D after a step of Adam on CE(p(G(z_tau, c)), c)

Departures: we could not see figure 6, which shows where truncated latents go. The text feeds them
"into the classifier", so the source head sees G(z, c) and the class head G(z_tau, c), with the same
z and c. The public code's tau is 1. For the search the poster gives only the outer problem,
equation 4, whose optimum for a fixed G is near the mode. We take steps of Adam with learning rate
1e-3, with D and G in inference mode and tau in [0.1, 3]. `--tau_search=validation` is ours: tau is
what a bilevel problem would ask for, the one whose images teach D most about held-out images
(Luketina et al. 2016). It looks one step of D ahead, to first order in D's learning rate, and
compares tau + 0.1 with tau - 0.1; tau's learning rate is 5e-3. It leaves out that tau changes G,
too, and with `--trunc_scope=all` the source head. With it the labels of the validation images
determine tau, so the validation error is no longer that of images that the run has never used. Test
labels determine nothing. `--tau_search=grid` is ours, too: the first 35 % of the steps are seven
trials with tau from 0.5 to 2. Each trial begins with the initial weights and is scored on a fifth
of the labeled images, whose labels it does not see; it needs no validation images. The run then
starts again with the best tau. Batch normalization in G records the statistics of full latents,
unless all latents are truncated. See `acgan` for the rest.
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.methods import acgan
from tf_ssgan.methods.bases import tau_search
from tf_ssgan.nn import layers, losses

PAPER = "Dravid et al. 2022, ablation without Wasserstein loss"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(acgan.HParams):
    """Hyperparameters of AC-GAN with truncated latents."""

    tau: float = option(
        1.0,
        "Truncation factor, at least 0 (public code of Dravid et al. 2022: 1); inf truncates "
        "nothing. A search by gradient or by validation starts from it; a grid search ignores it.",
        low=0,
    )
    tau_search: Literal["none", "gradient", "validation", "grid"] = option(
        "none",
        "How tau is found: none keeps --tau; gradient takes a gradient step on tau after each "
        "generator step (Dravid et al. 2022, equation 4); validation does so for the loss of "
        "held-out images after a discriminator step; grid runs seven trials in the first 35 % of "
        "the steps.",
    )
    trunc_mode: Literal["clamp", "resample"] = option(
        "clamp",
        "What happens to latent coordinates beyond tau: they are clamped to it (Dravid et al. "
        "2022, equation 6), or drawn again (Brock et al. 2019).",
    )
    trunc_scope: Literal["classifier", "all"] = option(
        "classifier",
        "Which losses see images of truncated latents: that of the class head (Dravid et al. "
        "2022), or all.",
    )


class Method(tau_search.TauSearch, acgan.Method):
    """The auxiliary-classifier GAN whose class head is trained on truncated latents."""

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, one generator step, one step of tau."""
        labeled = self.apply_grid_search(batch["labeled"])
        for x, y in self.critic_batches(labeled, "image", "label"):
            z, c = self.latents(x.shape[0])
            fake, truncated = self.full_and_truncated(z, c)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                fake_source, fake_logits = self.source_and_logits(fake, truncated)
                source = losses.source_loss(real["source"], fake_source)
                supervised = losses.cross_entropy(y, real["logits"], self.label_weights(y))
                supervised *= self.labeled_fraction(y)
                conditional = losses.cross_entropy(c, fake_logits)
                loss = source + supervised + conditional
            self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generator = self.generator_loss(z, c)
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            conditional=conditional,
            source=source,
            generator=generator,
            **self.update_tau(batch),
        )

    def generator_loss(self, z: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
        """The generator's loss: of G(z, c) on the source head, of G(z_tau, c) on the class head."""
        fake_source, fake_logits = self.source_and_logits(*self.full_and_truncated(z, c))
        return self.adversarial_loss(fake_source) + losses.cross_entropy(c, fake_logits)

    def full_and_truncated(self, z: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Images for the source head, G(z, c), and for the class head, G(z_tau, c).

        Both are the same tensor if all latents are truncated.
        """
        if self.hp.trunc_scope == "all":
            fake = self.generator([self.truncate(z), c], training=True)
            return fake, fake
        fake = self.generator([z, c], training=True)
        with layers.frozen_statistics():
            return fake, self.generator([self.truncate(z), c], training=True)

    def source_and_logits(
        self, fake: tf.Tensor, truncated: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Source logits of `fake`, class logits of `truncated`; one pass if they are the same."""
        outputs = self.score_fake(fake)
        class_outputs = outputs if truncated is fake else self.score_fake(truncated)
        return outputs["source"], class_outputs["logits"]
