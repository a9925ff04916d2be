"""M1+M2: a variational autoencoder learns codes of images, and a second one classifies the codes.

Kingma, Mohamed, Rezende and Welling: Semi-supervised Learning with Deep Generative Models (2014),
sections 3 and 4, and public code (dpkingma/nips14-ssl). M1 generates values x of an image from a
code a, M2 a code from one of K classes y and latents z. Stage "features" trains M1, and stage
"train" M2 on codes a ~ q(a|x), drawn anew in each step:

    J(x) = log p(x|a) - KL(q(a|x) || N(0, I)),   a ~ q(a|x)
    M1: -E J(x_u) + ||kernels||^2 / 2N
    L(a, y) = log p(a|y, z) - log K - KL(q(z|a, y) || N(0, I)),   z ~ q(z|a, y)
    U(a) = sum of q(y|a) (L(a, y) - log q(y|a)) over all classes
    M2: -n/N E L(a_l, y_l) - E U(a_u) + supervised_weight E CE(y_l, q(y|a_l)) + ||kernels||^2 / 2N

It is the paper's loss divided by N, the number of images, of which n are labeled. Densities are
sums over values. The classifier is q(y|a) of the mean of q(a|x); images are drawn by the means of
p(a|y, z) and p(x|a). Values are whitened principal components (--likelihood=gaussian; SVHN in the
paper) or pixels (bernoulli; MNIST), drawn as 0 or 1 in stage "features", and else intensities.
"test_bound" is J of test images: its mean over binary images, or of components a log density.

Departures: the public code trains M1 on SVHN until its bound no longer rises, with the 'extra'
images, whitens by 10,000 images, and has no prior of its kernels there; here M1 has a part of the
run, and all is learned from the unlabeled pool. Whitened components are not correlated; until M1
has found more in them, after thousands of steps, KL keeps q(a|x) at N(0, I). So in short runs the
weight of KL rises from 0 (Sonderby et al. 2016). Log variances of p(x|a) are at least -10, as a
component that hardly varies has a density without limit. On MNIST that code drops values of codes
whose means do not vary. It has 200 steps a pass, and a step here as many labeled as unlabeled
images. Adam corrects its bias; epsilon is 1e-8. Recipes of digits and of short runs are ours.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core import hparams, monitoring, player, stages
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan
from tf_ssgan.networks import image_normalization, image_values, vae
from tf_ssgan.nn import layers, losses, pixels, precision, schedules

PAPER = "Kingma et al. 2014, sections 3 and 4, public code"
GROUP = "Autoencoders and deep generative models"
SHOWN = 6  # images in the picture of reconstructions


@dataclasses.dataclass(frozen=True)
class HParams(gan.GeneratorHParams):
    """Hyperparameters of M1+M2; sizes are those of SVHN."""

    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0)
    beta_1: float = inherited(gan.GeneratorHParams, "beta_1", 0.9, "Kingma et al. 2014")
    latent_size: int = inherited(gan.GeneratorHParams, "latent_size", 50, "Kingma et al. 2014")
    likelihood: Literal["bernoulli", "gaussian"] = option(
        "bernoulli", "What M1 generates: binary pixels (bernoulli; MNIST in Kingma et al. 2014), "
        "or whitened principal components (gaussian; SVHN).",
    )  # fmt: skip
    components: int = option(
        600, "Principal components of gaussian, at most the values of an image, and one less than "
        "there are images (public code: 600).", low=1, high=image_normalization.MOST_WHITENED,
    )  # fmt: skip
    feature_size: int = option(
        300, "Length of M1's codes (public code: 300 on SVHN, 50 on MNIST).", low=1, high=WIDEST
    )
    feature_width: int = option(
        600, "Units of each of the two hidden layers of M1's networks (public code: 600 on SVHN, "
        "500 on MNIST).", low=1, high=WIDEST,
    )  # fmt: skip
    width: int = option(
        500, "Units of the hidden layer of M2's networks (public code: 500, and 300 with 100 "
        "labels).", low=1, high=WIDEST,
    )  # fmt: skip
    supervised_weight: float = option(
        0.1, "Weight of the cross-entropy (Kingma et al. 2014: alpha, 0.1 N).", low=0
    )
    features_fraction: float = option(
        0.5, "Fraction of the run in which M1 is trained, before M2.", low=0, high=0.9
    )
    divergence_ramp: float = option(
        0.0, "Fraction of M1's part over which the weight of its KL rises to 1, so that codes are "
        "learned sooner (Sonderby et al. 2016); 0 in Kingma et al. 2014.", low=0, high=1,
    )  # fmt: skip

    _MNIST = dict(feature_size=50, feature_width=500)
    _SVHN = dict(epochs=3000, batch_size=200, likelihood="gaussian")
    RECIPES = {
        "digits": _MNIST | dict(labels=50, max_steps=4000, batch_size=50, feature_width=300,
                                width=200, latent_size=10, supervised_weight=3.0),
        "fashion_mnist": dict(labels=100, epochs=3000, batch_size=200) | _MNIST,
        "fashion_mnist@100": dict(width=300),
        "svhn": dict(labels=1000) | _SVHN,
        "cifar10": dict(labels=4000) | _SVHN,
        "cifar100": dict(labels=10_000) | _SVHN,
        "short": dict(learning_rate=1e-3, divergence_ramp=0.5),
        "digits/short": dict(learning_rate=2e-3),
    }  # fmt: skip


class Method(gan.ConditionalGAN):
    """Two variational autoencoders, of images and of their codes."""

    reports = ("supervised", "labeled_bound", "unlabeled_bound")
    reports_in = {"features": ("bound",)}
    trains_in = {"features": ("features", "feature_decoder"),
                 "train": ("class_posterior", "posterior", "decoder")}  # fmt: skip
    needs_labels = True

    @staticmethod
    def most_values(hp: HParams) -> int:
        """Only small images can be whitened."""
        return image_normalization.MOST_WHITENED if hp.likelihood == "gaussian" else 0

    def setup(self) -> None:
        """Makes M1 and M2, the classifier of images, and the generator of images of a class."""
        hp, classes = self.hp, self.task.classes
        sizes = hp.feature_size, hp.latent_size, [hp.width]
        with precision.policy("float32"):
            self.m1 = image_values.autoencoder(
                self.task, hp.likelihood, hp.components, hp.feature_size, hp.feature_width
            )
            self.class_posterior = vae.m2_classifier(classes, hp.feature_size, [hp.width])
            self.posterior = vae.m2_posterior(classes, *sizes)
            self.decoder = vae.m2_decoder(classes, *sizes)
        mean, inputs = self.m1.features.output["mean"], self.decoder.input
        outputs = {"features": mean} | self.class_posterior(mean)
        self.classifier = keras.Model(self.m1.features.input, outputs, name="classifier")
        images = self.m1.images(self.decoder(inputs)["mean"])
        self.generator = keras.Model(inputs, images, name="generator")
        self.one = self.player("m1", [self.m1.features, self.m1.decoder], self.adam())
        networks = self.class_posterior, self.posterior, self.decoder
        self.two = self.player("m2", networks, self.adam())

    def stages(self) -> dict[str, int]:
        """M1, then M2."""
        return stages.consecutive_stages(self.task.steps, {"features": self.hp.features_fraction})

    def streams(self) -> dict[str, Stream]:
        """Unlabeled images; in stage "train", labeled ones too."""
        pools = ("unlabeled",) if self.stage == "features" else ("labeled", "unlabeled")
        return {pool: Stream(pool, self.hp.batch_size, {"image": "plain"}) for pool in pools}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of M1, or of M2."""
        u = batch["unlabeled"]["image"]
        if self.stage == "features":
            return self.feature_step(u)
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        codes = self.forward_concat(self.m1.features, x, u)
        a, b = (layers.sample_gaussian(**code) for code in codes)
        with tf.GradientTape() as tape:
            of_a, of_b = self.forward_concat(self.class_posterior, a, b)
            weights = self.label_weights(y)
            supervised = losses.cross_entropy(y, of_a["logits"], weights)
            bound = self.class_bound(a, y)
            known = tf.reduce_mean(bound if weights is None else weights * bound)
            bounds = self.bounds_of_classes(b)
            opened = tf.reduce_mean(losses.open_class_bound(bounds, of_b["logits"]))
            share = self.task.labeled / self.task.unlabeled
            loss = self.hp.supervised_weight * supervised - share * known - opened
            loss += self.prior(self.two)
        self.two.minimize(loss, tape)
        return self.end_step(supervised=supervised, labeled_bound=known, unlabeled_bound=opened)

    def feature_step(self, u: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step of M1."""
        x = pixels.binarized(u) if self.hp.likelihood == "bernoulli" else self.m1.values(u)
        with tf.GradientTape() as tape:
            likelihood, divergence = (tf.reduce_mean(term) for term in self.m1.terms(x))
            loss = self.divergence_weight() * divergence - likelihood + self.prior(self.one)
        self.one.minimize(loss, tape)
        return self.end_step(bound=likelihood - divergence)

    def divergence_weight(self) -> tf.Tensor | float:
        """The weight of M1's KL at this step."""
        steps = self.hp.divergence_ramp * self.stages()["train"]
        return schedules.linear_ramp(tf.cast(self.step, tf.float32) / steps) if steps else 1.0

    def class_bound(self, codes: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """L of M2 for each code with a class: float32 [rows]."""
        latents = self.posterior([codes, label])
        found = self.decoder([layers.sample_gaussian(**latents), label])
        likelihood = losses.gaussian_log_density(codes, **found)
        divergence = losses.gaussian_divergence(**latents)
        return losses.class_bound(likelihood, divergence, self.task.classes)

    def bounds_of_classes(self, codes: tf.Tensor) -> tf.Tensor:
        """L of M2 for each code with each class: float32 [rows, classes]."""
        rows, classes = codes.shape[0], self.task.classes
        label = tf.tile(tf.range(classes, dtype=tf.int64), [rows])
        return tf.reshape(self.class_bound(tf.repeat(codes, classes, 0), label), [rows, classes])

    def prior(self, of: player.Player) -> tf.Tensor:
        """-log N(kernels; 0, I) / N, without a constant."""
        return losses.l2_loss([v for v in of.variables if v.name == "kernel"]) / self.task.unlabeled

    def monitors(self) -> tuple[monitoring.Monitored, ...]:
        """Images beside their reconstructions, and the bound of M1."""
        pairs = monitoring.ImagePairs("reconstructions", self.m1.reconstructed, SHOWN)
        return pairs, monitoring.Bound(self.m1.bound)
