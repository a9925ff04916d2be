"""mmDGM: a max-margin classifier whose features a class-conditional autoencoder explains.

Li, Zhu, Shi and Zhang: Max-Margin Deep Generative Models (2015), public code
(zhenxuan00/mmdgm, SVHN), and its semi-supervised form, Li, Zhu and Zhang: Max-Margin Deep
Generative Models for (Semi-)Supervised Learning (2018). f are the K scores of an image, v the
features below them; y^ is the class with the largest score:

    ELBO(x, y) = log N(x; mu(z, y), s(z, y)) + log 1/K - KL(q(z | v(x), y) || N(0, I)),  z ~ q
    hinge(x, y) = max_k (margin [k != y] + f_k(x) - f_y(x))

    labels: hinge(x, y)                                              on labeled images
    then:   hinge(x, y) - bound_weight ELBO(x, y)                    on labeled images
            + hat_weight hinge(u, u^) - bound_weight ELBO(u, u^)     on unlabeled images, u^ = y^(u)
            + balance_weight KL(1/K || mean softmax f(u))
    both:   + weight_decay / 2 ||kernels||^2

The learning rate is divided by 3 where the public code's epochs 30, 50 and 70 of 80 begin. Biases
learn at twice the rate. The classifier is f, whose probabilities are its softmax, and draws no
latent. hinge(u, u^) is the hat loss. The bound that is watched is ELBO(x, y^) <= log p(x), that of
a density of pixels in [-1, 1], which are not dequantized: so it may be above 0.

Departures: the public code is supervised; terms of unlabeled images are those of the 2018 paper,
with its weights of the hat loss and of the balance. That paper's own code (thu-ml/mmdcgm-ssl) has
an encoder of images with Bernoulli pixels, a margin of 1, ten times the weight on the bound than
on the scores, and a further gradient by which the bound moves the scores; it balances by the
distance between mean scores of labeled and unlabeled images. Here features are shared as in the
2015 code, to which we add the class and log 1/K. Its local contrast normalization, of the decoded
images too, is replaced by `normalization`, which the classifier alone sees; the decoder's images
are in [-1, 1]. The first stage, there 10 epochs without dropout, is a fraction of the run, and
Adam's moments go on after it. Batches have 100 labeled and 100 unlabeled images, there 500 labeled
ones. Only SVHN has published settings of this network; all others are ours.
"""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core import hparams, monitoring, player, stages
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import cnn13, gan, optimizers
from tf_ssgan.networks import image_normalization, mmdgm
from tf_ssgan.nn import layers, losses, weights

PAPER = "Li et al. 2015, public code; Li et al. 2018"
GROUP = "Autoencoders and deep generative models"
CODE = "public code of Li et al. 2015"
DROPS = (29 / 80, 49 / 80, 69 / 80)  # of the run, where epochs 30, 50 and 70 of 80 begin
SHOWN = 6  # images in the picture of reconstructions


@dataclasses.dataclass(frozen=True)
class HParams(gan.GeneratorHParams):
    """Hyperparameters of the max-margin generative model."""

    learning_rate: float = inherited(hparams.HParams, "learning_rate", 1e-3, CODE)
    beta_1: float = inherited(optimizers.AdamHParams, "beta_1", 0.9, CODE)
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0, CODE)
    latent_size: int = inherited(gan.GeneratorHParams, "latent_size", 256, CODE)
    width: int = option(
        64, "Channels of the first convolution (public code: 64).", low=1, high=WIDEST
    )
    margin: float = option(10.0, "Lead of the class in the scores (public code: 10).", low=0)
    bound_weight: float = option(1e-4, "Weight of the bound (public code: 0.0001).", low=0)
    hat_weight: float = option(0.3, "Weight of the hat loss (Li et al. 2018: 0.3).", low=0)
    balance_weight: float = option(1e-3, "Weight of the balance (Li et al. 2018: 0.001).", low=0)
    weight_decay: float = option(2e-6, "Weight of half the squared norm of all kernels.", low=0)
    labels_fraction: float = option(
        0.05, "Fraction of the run in which the classifier alone learns, from labels.",
        low=0, high=0.9,
    )  # fmt: skip
    normalization: image_normalization.Kind = option(
        "none", "What the classifier does to images first, as for pi_model; none is decoded."
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, batch_size=50, width=24, latent_size=32),
        "fashion_mnist": dict(labels=100, epochs=200, width=32, latent_size=100),
        "svhn": dict(labels=1000, epochs=200, normalization="per_image"),
        "cifar10": dict(labels=4000, epochs=200),
        "cifar100": dict(labels=10_000, epochs=200),
        # Hat losses of an untrained classifier choose one class.
        "short": dict(labels_fraction=0.2),
    }


class Method(gan.ConditionalGAN):
    """A classifier with a margin, and an autoencoder of its features."""

    reports = ("hinge", "hat", "balance", "labeled_bound", "unlabeled_bound")
    reports_in = {"labels": ("hinge",)}
    trains_in = {"labels": ("classifier",)}
    needs_labels = True
    most_values = staticmethod(cnn13.CNN13Method.most_values)

    def setup(self) -> None:
        """Builds the networks: the classifier is a player, and the rest of the model is one."""
        hp = self.hp
        self.classifier = mmdgm.classifier(self.task, hp.width, hp.normalization)
        self.posterior = mmdgm.posterior(self.task, hp.latent_size, hp.width)
        self.decoder = mmdgm.decoder(self.task, hp.latent_size, hp.width)
        self.generator = mmdgm.image_generator(self.decoder)
        self.c = self.player("classifier", self.classifier, self.adam(), self.rate)
        self.v = self.player("autoencoder", [self.posterior, self.decoder], self.adam(), self.rate)

    def adam(self) -> keras.optimizers.Optimizer:
        """Adam, which moves biases faster."""
        rate, beta_1 = self.hp.learning_rate, self.hp.beta_1
        return optimizers.FastBiasAdam(rate, beta_1, epsilon=1e-8, bias_factor=2.0)

    def initialize(self, images: tf.Tensor) -> None:
        """Does nothing: initial weights do not come from data."""

    def stages(self) -> dict[str, int]:
        """Labels alone at first."""
        return stages.consecutive_stages(self.task.steps, {"labels": self.hp.labels_fraction})

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        begin = self.stages()["train"]
        t = tf.cast(self.step.value - begin, tf.float32) / (self.task.steps - begin)
        drops = tf.reduce_sum(tf.cast(t >= tf.constant(DROPS), tf.float32))
        return self.hp.learning_rate * 3.0**-drops

    def streams(self) -> dict[str, Stream]:
        """Labeled images; in stage "train", unlabeled ones too."""
        pools = ("labeled",) if self.stage == "labels" else ("labeled", "unlabeled")
        return {pool: Stream(pool, self.hp.batch_size, {"image": "plain"}) for pool in pools}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on labels; in stage "train", of the whole model and on unlabeled images too."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        if self.stage == "labels":
            return self.labels_step(x, y)
        u, hp, w = batch["unlabeled"]["image"], self.hp, self.label_weights(y)
        with tf.GradientTape() as tape:
            labeled, unlabeled = self.forward_concat(self.classifier, x, u)
            hinge = losses.hinge_loss(y, labeled["logits"], hp.margin, w)
            hat = losses.hat_loss(unlabeled["logits"], hp.margin)
            balance = losses.uniform_divergence(unlabeled["logits"])
            bound = self.bound(x, labeled, y)
            labeled_bound = tf.reduce_mean(bound if w is None else w * bound)
            predicted = tf.argmax(unlabeled["logits"], axis=-1)
            unlabeled_bound = tf.reduce_mean(self.bound(u, unlabeled, predicted))
            loss = hinge + hp.hat_weight * hat + hp.balance_weight * balance
            loss -= hp.bound_weight * (labeled_bound + unlabeled_bound)
            loss += self.decay(self.classifier, self.posterior, self.decoder)
        gradient = player.SharedGradient(loss, tape, self.c, self.v)
        self.c.minimize(loss, gradient)
        self.v.minimize(loss, gradient)
        values = (hinge, hat, balance, labeled_bound, unlabeled_bound)
        return self.end_step(**dict(zip(self.reports, values, strict=True)))

    def labels_step(self, x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step of the classifier on labels."""
        with tf.GradientTape() as tape:
            logits = self.classifier(x, training=True)["logits"]
            hinge = losses.hinge_loss(y, logits, self.hp.margin, self.label_weights(y))
            loss = hinge + self.decay(self.classifier)
        self.c.minimize(loss, tape)
        return self.end_step(hinge=hinge)

    def bound(self, images: tf.Tensor, outputs: dict[str, tf.Tensor], y: tf.Tensor) -> tf.Tensor:
        """ELBO(x, y), a lower bound of log p(x, y) in nats, for one sample of z: float32 [rows].

        Args:
            images: x, float32 [rows, h, w, c] in [-1, 1].
            outputs: What the classifier makes of them.
            y: Their classes, int64 [rows].
        """
        code = self.posterior([outputs["features"], y])
        made = self.decoder([layers.sample_gaussian(**code), y])
        log_p = losses.gaussian_log_density(images, **made, axes=3)
        divergence = losses.gaussian_divergence(**code)
        return losses.class_bound(log_p, divergence, self.task.classes)

    def decay(self, *networks: keras.Model) -> tf.Tensor:
        """Weight decay of networks, which spares biases."""
        kernels = [kernel for network in networks for kernel in weights.kernels(network)]
        return self.hp.weight_decay * losses.l2_loss(kernels)

    def predicted(self, images: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """What the classifier makes of images in inference mode, and y^, int64 [rows]."""
        outputs = self.classifier(images, training=False)
        return outputs, tf.argmax(outputs["logits"], axis=-1)

    def bound_of_images(self, images: tf.Tensor) -> tf.Tensor:
        """ELBO(x, y^), a lower bound of log p(x): float32 [rows]."""
        return self.bound(images, *self.predicted(images))

    def reconstructed(self, images: tf.Tensor) -> tf.Tensor:
        """The image of the mean of q(z | x, y^): float32 [rows, h, w, c] in [-1, 1]."""
        outputs, y = self.predicted(images)
        return self.generator([self.posterior([outputs["features"], y])["mean"], y])

    def monitors(self) -> tuple[monitoring.Monitored, ...]:
        """Images beside their reconstructions, and the bound."""
        pairs = monitoring.ImagePairs("reconstructions", self.reconstructed, SHOWN)
        return pairs, monitoring.Bound(self.bound_of_images)
