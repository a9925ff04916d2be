"""Localized GAN: a generator of images near a given one, and a classifier that is flat there.

Qi, Zhang, Hu, Edraki, Wang and Hua: Global versus Localized Generative Adversarial Nets (2018),
sections 3 and 4, as in the two-phase public code for CIFAR-10 (hhkunming/SSL_LGAN). G(z, x) draws
an image near x, and G(0, x) is x itself; so dG/dz at z = 0 is a basis of tangents of the manifold
at x. D is ImprovedGAN's, f are its features and p its class probabilities, J_a is dG/dz_a at z = 0,
and d_a is the derivative along J_a:

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
       + labeled_flatness E mean_a |d_a log p_y(G(0, x_l))|
       + unlabeled_flatness E mean_a,k |d_a log p_k(G(0, x_u))|
    G: || E f(x_u') - E f(G(z, x)) ||_1 / features + reconstruction_weight E (x - G(0, x))^2
       + labeled_generator_weight CE(D(G(0, x_l)), y)
       + orthonormality_weight E sum_ab |(J^T J - I)_ab| / tangents^2

The first half of the run has no terms with J; z ~ U[0, 1], so 0 is a corner. There are other random
axes a in each step.

Departures: derivatives are exact. The public code takes differences, with a dropout mask for each
of two images: divided by their distance, that is the difference of two masks. Its batch
normalization centers latents over the batch, in which those of reconstructions, all 0, do not vary.
Here G draws its three kinds of images in one pass, so that z = 0 has its place among the others;
tangents, and the generated images of D's step, are those of G in inference mode, where an image
does not depend on its batch. There each half is a run of 1,200 epochs with a learning rate and Adam
of its own, the second one from the weights of the smallest test error and with the EMA of the
first, which starts from 0; here both share 1,200 epochs, one learning rate and Adam, and the EMA
warms up again. G's step has the labeled images and those near which it draws in common with D's
last one; there it has others. See `improved_gan` for the rest. Networks compute in float32.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import improved_gan
from tf_ssgan.methods.bases import gan, local_generator, manifold
from tf_ssgan.networks import local_generator as networks_local_generator
from tf_ssgan.nn import losses, tangents

PAPER = "Qi et al. 2018, sections 3 and 4, public code"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(improved_gan.HParams, manifold.TangentHParams):
    """Hyperparameters of the localized GAN."""

    latent_size: int = inherited(
        gan.GeneratorHParams, "latent_size", 256, "public code of Qi et al. 2018"
    )
    reconstruction_weight: float = option(
        100.0, "Weight of the squared difference of x and G(0, x) (public code: 100).", low=0
    )
    labeled_generator_weight: float = option(
        1.0, "Weight of D's cross-entropy of G(0, x), which moves G (public code: 1).", low=0
    )
    orthonormality_weight: float = option(
        1e-3, "Weight of the orthonormality of tangents (public code: 0.001).", low=0
    )
    labeled_flatness: float = option(
        0.01, "Weight of the derivatives of labeled images (public code: 0.01).", low=0
    )
    unlabeled_flatness: float = option(
        0.001, "Weight of the derivatives of unlabeled images (public code: 0.001).", low=0
    )

    RECIPES = improved_gan.HParams.RECIPES | {
        # G's digits soon look real: with a weight of 1, held-out errors grew after some 200 steps.
        "digits": improved_gan.HParams.RECIPES["digits"]
        | dict(tangents=2, latent_size=64, learning_rate=3e-4, max_steps=600, unlabeled_weight=0.1),
    }


class Method(local_generator.LocalGeneratorMethod, improved_gan.Method):
    """ImprovedGAN with a generator of images near given ones."""

    reports = (
        "supervised", "adversarial", "generator", "reconstruction", "labeled_generator",
        "labeled_slope", "unlabeled_slope", "orthonormality",
    )  # fmt: skip
    reports_in = {"plain": reports[:5]}

    def setup(self) -> None:
        """Makes discriminator and generator, each with its own optimizer."""
        with self.in_float32():
            self.discriminator = self.classifier = self.build_discriminator()
            self.generator = networks_local_generator.generator(
                self.task, self.hp.latent_size, self.generator_width
            )
        self.d = self.player("discriminator", self.discriminator, self.adam(), self.rate)
        self.g = self.player("generator", self.generator, self.adam(), self.rate)
        self.make_anchors()

    def streams(self) -> dict[str, Stream]:
        """The streams of ImprovedGAN, and images near which others are generated."""
        local = Stream("unlabeled", self.hp.batch_size * self.hp.critic_steps, self.view)
        return super().streams() | {"local": local}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        weights, slopes, tangent_loss = self.label_weights(y), {}, {}
        axes = self.axes(x.shape[0]) if self.stage == "train" else []
        streams = (self.critic_batches(batch[k], "image") for k in ("unlabeled", "local"))

        for (real,), (near,) in zip(*streams, strict=True):
            fake = self.generator([self.latents(x.shape[0]), near], training=False)
            at = [self.tangents_at(images, axes) for images in (x, real) if axes]
            with tf.GradientTape() as tape:
                labeled, unlabeled, generated = self.forward_concat(
                    self.discriminator, x, real, fake
                )
                supervised = losses.cross_entropy(y, labeled["logits"], weights)
                adversarial = losses.real_or_fake(unlabeled["logits"], generated["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial
                if axes:
                    one, other = (tangents.tangents(self.log_p, *place)[1] for place in at)
                    slopes["labeled_slope"] = losses.steepness(one, y, weights)
                    slopes["unlabeled_slope"] = losses.steepness(other)
                    loss += self.hp.labeled_flatness * slopes["labeled_slope"]
                    loss += self.hp.unlabeled_flatness * slopes["unlabeled_slope"]
            self.d.minimize(loss, tape)

        matched = self.discriminator(batch["matched"]["image"], training=True)
        with tf.GradientTape() as tape:
            z = self.latents(x.shape[0])
            codes = tf.concat([z, tf.zeros_like(z), tf.zeros_like(z)], 0)
            images = self.generator([codes, tf.concat([near, near, x], 0)], training=True)
            fake, rebuilt, labeled = tf.split(images, 3)
            generated, judged = self.forward_concat(self.discriminator, fake, labeled)
            generator = losses.feature_matching(matched["features"], generated["features"])
            reconstruction = tf.reduce_mean(tf.square(near - rebuilt))
            labeled_generator = losses.cross_entropy(y, judged["logits"], weights)
            loss = generator + self.hp.reconstruction_weight * reconstruction
            loss += self.hp.labeled_generator_weight * labeled_generator
            if axes:
                columns = self.tangents_at(near, axes)[1]
                tangent_loss["orthonormality"] = losses.orthonormality(columns)
                loss += self.hp.orthonormality_weight * tangent_loss["orthonormality"]
        self.g.minimize(loss, tape)
        return self.end_step(
            supervised=supervised,
            adversarial=adversarial,
            generator=generator,
            reconstruction=reconstruction,
            labeled_generator=labeled_generator,
            **slopes,
            **tangent_loss,
        )

    def log_p(self, images: tf.Tensor) -> tf.Tensor:
        """Logarithms of D's class probabilities in a training pass, with one mask."""
        return tf.nn.log_softmax(self.discriminator(images, training=True)["logits"])
