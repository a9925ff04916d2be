"""AC-GAN with truncation: the class head learns from images of truncated latents.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equations 4 to 6, "AC-GAN with
truncation".

    z_tau = sgn(z) min(|z|, tau), z ~ N(0, I)
    D: E softplus(-s(x)) + E softplus(s(G(z, c))) + CE(p(x), y) + CE(p(G(z_tau, c)), c)
    G: E softplus(-s(G(z, c))) + CE(p(G(z_tau, c)), c)
    --tau_search=gradient, after each step of G: tau <- tau - Adam(d CE(p(G(z_tau, c)), c) / d tau)

Departures: we could not see figure 6, which shows where truncated latents go; the text feeds them
"into the classifier", so the source head has G(z, c) and the class head G(z_tau, c), of the same z
and c. The public code's tau is 1. Of the search the poster gives the outer problem alone, equation
4, whose optimum for a fixed G is near the mode; the step here is Adam's of 1e-3 with D and G in
evaluation mode, tau in [0.1, 3]. `--tau_search=grid` is ours: the first 35 % of the steps are seven
trials of tau from 0.5 to 2, each from the initial weights and judged on a fifth of the labeled
images, whose labels it does not see (the validation images are not a method's to look at); then the
run begins anew with the best. Batch normalization in G records the statistics of full latents,
unless all images are truncated. See `acgan` for the rest.
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
    """Hyper-parameters of AC-GAN with truncated latents."""

    tau: float = option(
        1.0,
        "Truncation factor (public code of Dravid et al. 2022); where a search by gradient starts, "
        "nothing to one by grid; inf truncates nothing.",
        low=0,
    )
    tau_search: Literal["none", "gradient", "grid"] = option(
        "none",
        "How tau is found: as given, by a gradient step of its own after each of the generator's "
        "(Dravid et al. 2022, equation 4), or by seven trials in the first 35 % of the steps.",
    )
    trunc_mode: Literal["clamp", "resample"] = option(
        "clamp",
        "Coordinates beyond tau are set to it (Dravid et al. 2022, equation 6), or drawn anew "
        "(Brock et al. 2019).",
    )
    trunc_scope: Literal["classifier", "all"] = option(
        "classifier", "Which loss sees images of truncated latents: the class head's, or every one."
    )


class Method(acgan.Method):
    """The auxiliary-classifier GAN whose classifier sees truncated latents."""

    search_rate = 1e-3  # of tau's own optimizer

    @property
    def reports(self) -> tuple[str, ...]:
        """As without truncation, and tau where it is searched."""
        return super().reports + self.searched

    @property
    def found(self) -> tuple[str, ...]:
        """Tau, where it is searched."""
        return ("tau",) if self.hp.tau_search != "none" else ()

    def setup(self) -> None:
        """Discriminator and generator, and what a search for tau remembers."""
        super().setup()
        if self.hp.tau_search == "gradient":
            self.factor = latent_truncation.LearnedTruncation(self.hp.tau)
            adam = keras.optimizers.Adam(self.search_rate, beta_1=self.hp.beta_1, epsilon=1e-8)
            self.t = self.player("tau", self.factor, adam)
        if self.hp.tau_search == "grid":
            self.grid = latent_truncation.TruncationSearch(
                self.task, [self.discriminator, self.generator]
            )

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on fresh images, one generator step, one of tau."""
        labeled = self.trial(batch["labeled"])
        for x, y in self.critic_batches(labeled, "image", "label"):
            z, c = self.latents(x.shape[0])
            fake, easy = self.images(z, c)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                fake_source, fake_logits = self.heads(fake, easy)
                source = losses.source_loss(real["source"], fake_source)
                supervised = self.shown(y) * losses.cross_entropy(y, real["logits"])
                conditional = losses.cross_entropy(c, fake_logits)
                loss = source + supervised + conditional
            self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            fake_source, fake_logits = self.heads(*self.images(z, c))
            fooled = losses.source_generator_loss(fake_source)
            generator = fooled + losses.cross_entropy(c, fake_logits)
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            conditional=conditional,
            source=source,
            generator=generator,
            **self.search(x.shape[0]),
        )

    def truncate(self, z: tf.Tensor) -> tf.Tensor:
        """The latents z_tau, with the tau of this step."""
        return latent_truncation.truncated(z, self.tau(), self.hp.trunc_mode)

    def tau(self) -> tf.Tensor | float:
        """The truncation factor of this step."""
        if self.hp.tau_search == "gradient":
            return self.factor.tau.value
        if self.hp.tau_search == "grid":
            return self.grid.tau(self.step.value)
        return self.hp.tau

    def images(self, z: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Images for the source head, and for the class head: the same where all are truncated."""
        if self.hp.trunc_scope == "all":
            fake = self.generator([self.truncate(z), c], training=True)
            return fake, fake
        fake = self.generator([z, c], training=True)
        with layers.frozen_statistics():
            return fake, self.generator([self.truncate(z), c], training=True)

    def heads(self, fake: tf.Tensor, easy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Source logits of some generated images, class logits of others, in a pass if the same."""
        judged = self.judge(fake)
        return judged["source"], (judged if easy is fake else self.judge(easy))["logits"]

    def search(self, rows: int) -> dict[str, tf.Tensor]:
        """A step of tau, if it is searched by gradient; what it is now, if it is searched."""
        if self.hp.tau_search == "none":
            return {}
        if self.hp.tau_search == "gradient":
            z, c = self.latents(rows)
            with tf.GradientTape() as tape:
                easy = self.generator([self.truncate(z), c], training=False)
                outer = losses.cross_entropy(c, self.discriminator(easy, training=False)["logits"])
            self.t.minimize(outer, tape)
            self.factor.keep_in_range()
        return {"tau": self.tau()}

    def trial(self, labeled: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The labeled images; to a search by grid, without the labels that its trials hold out."""
        if self.hp.tau_search != "grid":
            return labeled
        step, label = self.step.value, labeled["label"]
        self.grid.set_back(step, [p.optimizer for p in (self.d, self.g)], self._ema_pairs)
        held = self.grid.held_out(step, labeled["index"])
        logits = self.discriminator(labeled["image"], training=False)["logits"]
        self.grid.record(step, held, tf.argmax(logits, axis=-1) == label)
        return labeled | {"label": tf.where(held, tf.constant(-1, tf.int64), label)}

    def shown(self, y: tf.Tensor) -> tf.Tensor | float:
        """Share of the labels that a trial shows: so weighted, replicas that hide more agree."""
        if self.hp.tau_search != "grid":
            return 1.0
        return tf.reduce_mean(tf.cast(y >= 0, tf.float32))

    def networks(self) -> dict[str, keras.Model]:
        """As ever, and what a search by grid remembers: a run saves what is named here."""
        return super().networks() | ({"grid": self.grid} if self.hp.tau_search == "grid" else {})
