"""AC-GAN with truncation: the class head is trained on images of truncated latents.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equations 4 to 6, "AC-GAN with
truncation".

    z_tau = sgn(z) min(|z|, tau), z ~ N(0, I)
    D: E softplus(-s(x)) + E softplus(s(G(z, c))) + CE(p(x), y) + CE(p(G(z_tau, c)), c)
    G: E softplus(-s(G(z, c))) + CE(p(G(z_tau, c)), c)
    --tau_search=gradient, after each step of G: tau <- tau - Adam(d CE(p(G(z_tau, c)), c) / d tau)

Departures: we could not see figure 6, which shows where truncated latents go. The text feeds them
"into the classifier", so the source head sees G(z, c) and the class head G(z_tau, c), with the same
z and c. The public code's tau is 1. For the search the poster gives only the outer problem,
equation 4, whose optimum for a fixed G is near the mode. We take steps of Adam with learning rate
1e-3, with D and G in inference mode and tau in [0.1, 3]. `--tau_search=grid` is ours: the first
35 % of the steps are seven trials with tau from 0.5 to 2. Each trial begins with the initial
weights and is scored on a fifth of the labeled images, whose labels it does not see (a method has
no access to the validation images). The run then starts again with the best tau. Batch
normalization in G records the statistics of full latents, unless all latents are truncated. See
`acgan` for the rest.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.methods import acgan
from tf_ssgan.methods.bases import latent_truncation
from tf_ssgan.nn import layers, losses

PAPER = "Dravid et al. 2022, ablation without Wasserstein loss"


@dataclasses.dataclass(frozen=True)
class HParams(acgan.HParams):
    """Hyperparameters of AC-GAN with truncated latents."""

    tau: float = option(
        1.0,
        "Truncation factor, at least 0 (public code of Dravid et al. 2022: 1); inf truncates "
        "nothing. It is the initial value of a search by gradient; a grid search ignores it.",
        low=0,
    )
    tau_search: Literal["none", "gradient", "grid"] = option(
        "none",
        "How tau is found: none keeps --tau; gradient takes a gradient step on tau after each "
        "generator step (Dravid et al. 2022, equation 4); grid runs seven trials in the first 35 % "
        "of the steps.",
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


class Method(acgan.Method):
    """The auxiliary-classifier GAN whose class head is trained on truncated latents."""

    tau_learning_rate = 1e-3

    @property
    def reports(self) -> tuple[str, ...]:
        """The scalars of AC-GAN, and tau if it is searched for."""
        return super().reports + self.searched

    @property
    def searched(self) -> tuple[str, ...]:
        """Tau, if it is searched for."""
        return ("tau",) if self.hp.tau_search != "none" else ()

    def setup(self) -> None:
        """Makes discriminator and generator, and the variables of the search for tau."""
        super().setup()
        if self.hp.tau_search == "gradient":
            self.factor = latent_truncation.LearnedTruncation(self.hp.tau)
            self.t = self.player("tau", self.factor, self.adam(self.tau_learning_rate))
        if self.hp.tau_search == "grid":
            self.grid = latent_truncation.TruncationSearch(
                self.task, [self.discriminator, self.generator]
            )

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
                supervised = self.labeled_fraction(y) * losses.cross_entropy(y, real["logits"])
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
            **self.update_tau(x.shape[0]),
        )

    def generator_loss(self, z: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
        """The generator's loss: of G(z, c) on the source head, of G(z_tau, c) on the class head."""
        fake_source, fake_logits = self.source_and_logits(*self.full_and_truncated(z, c))
        return self.adversarial_loss(fake_source) + losses.cross_entropy(c, fake_logits)

    def truncate(self, z: tf.Tensor) -> tf.Tensor:
        """The latents z_tau, with the tau of this step."""
        return latent_truncation.truncate_latents(z, self.tau(), self.hp.trunc_mode)

    def tau(self) -> tf.Tensor | float:
        """The truncation factor of this step."""
        if self.hp.tau_search == "gradient":
            return self.factor.tau.value
        if self.hp.tau_search == "grid":
            return self.grid.tau(self.step.value)
        return self.hp.tau

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

    def update_tau(self, rows: int) -> dict[str, tf.Tensor]:
        """Takes one step of tau, from `rows` latents, in a search by gradient; reports tau."""
        if self.hp.tau_search == "none":
            return {}
        if self.hp.tau_search == "gradient":
            z, c = self.latents(rows)
            with tf.GradientTape() as tape:
                truncated = self.generator([self.truncate(z), c], training=False)
                logits = self.discriminator(truncated, training=False)["logits"]
                loss = losses.cross_entropy(c, logits)
            self.t.minimize(loss, tape)
            self.factor.clip_to_range()
        return {"tau": self.tau()}

    def apply_grid_search(self, labeled: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Resets the networks if a trial begins, scores it, and sets held-out labels to -1."""
        if self.hp.tau_search != "grid":
            return labeled
        step, label = self.step.value, labeled["label"]
        optimizers = [player.optimizer for player in (self.d, self.g)]
        self.grid.reset_at_trial_start(step, optimizers)
        self.restart_ema(self.grid.starts_again(step))
        held_out = self.grid.is_held_out(step, labeled["index"])
        logits = self.discriminator(labeled["image"], training=False)["logits"]
        self.grid.record(step, held_out, tf.argmax(logits, axis=-1) == label)
        return labeled | {"label": tf.where(held_out, tf.constant(-1, tf.int64), label)}

    def labeled_fraction(self, y: tf.Tensor) -> tf.Tensor | float:
        """Fraction of the batch that has a label, which weights the supervised loss in a trial.

        The loss is a mean over the labeled images of a replica. With this weight, its mean over
        replicas does not depend on how many images each of them holds out.
        """
        if self.hp.tau_search != "grid":
            return 1.0
        return tf.reduce_mean(tf.cast(y >= 0, tf.float32))

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a run saves, and with them the state of a grid search."""
        return super().networks() | ({"grid": self.grid} if self.hp.tau_search == "grid" else {})
