"""What ADGM and SDGM share: networks, samples, learning rate, generated images, what is watched."""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, inherited, option
from tf_ssgan.core import hparams, monitoring, player
from tf_ssgan.core.recalibration import Recalibration
from tf_ssgan.methods.bases import gan
from tf_ssgan.networks import vae
from tf_ssgan.nn import layers, losses, precision

CODE = "public code of Maaloe et al. 2016"
TEST_SAMPLES = 100  # of a, in inference
LONGEST_GRADIENT, LARGEST_GRADIENT = 5.0, 1.0
STAGES, DROP = 5, 0.75  # of the learning rate
SHOWN = 6  # images in the picture of reconstructions


@dataclasses.dataclass(frozen=True)
class AuxiliaryHParams(gan.GeneratorHParams):
    """Hyperparameters of generative classifiers with an auxiliary latent."""

    batch_size: int = option(
        100,
        "Labeled images per step, and as many unlabeled ones, over all replicas; a batch of one "
        "has no variance.",
        low=2,
        high=LARGEST_BATCH,
    )
    beta_1: float = inherited(gan.GeneratorHParams, "beta_1", 0.9, CODE)
    average_decay: float = inherited(hparams.HParams, "average_decay", 0.0, CODE)
    latent_size: int = option(
        100, "Length of the auxiliary latent a, and of z (public code: 100).", low=1, high=10_000
    )
    width: int = option(
        500, "Units of both hidden layers of each network (public code: 500).", low=1, high=10_000
    )
    samples: int = option(
        5,
        "Samples of a of an image in a training step, each with a sample of z for each class; the "
        "public code's script for MNIST has 1. The classifier takes 100 samples of a.",
        low=1,
        high=1_000,
    )
    label_weight: float = option(
        0.1,
        "beta: the cross-entropy of labels weighs beta N / n, with n labels among N images (public "
        "code: 0.1).",
        low=0,
    )
    likelihood: layers.Likelihood = option(
        "bernoulli",
        "Distribution of pixels: bernoulli, for gray images, whose intensities are probabilities; "
        "gaussian, for dequantized pixels in units of their standard deviation (SVHN in the "
        "paper).",
    )


class AuxiliaryMethod(gan.ConditionalGAN):
    """A generative classifier with latents a and z.

    Attributes:
        form: Its networks' form.
        q_a: q(a | x).
        q_y: q(y | a, x).
        q_z: q(z | a, x, y).
        p_a: p(a | .).
        p_x: p(x | .).
        values: Images -> x, the values whose distribution p(x | .) is.
    """

    form: vae.Form
    needs_labels = True

    def setup(self) -> None:
        """Builds the networks and the one player of all of them."""
        hp, task = self.hp, self.task
        pixels = layers.PixelValues(hp.likelihood, task.std)
        to_images = layers.PixelImages(hp.likelihood, task.std, task.image_shape)
        self.values, self.to_images = pixels, to_images
        with precision.policy("float32"):
            images = keras.Input(task.image_shape, name="images")
            x = pixels(images)
            sizes = x.shape[-1], task.classes, hp.likelihood, hp.latent_size, (hp.width, hp.width)
            networks = vae.auxiliary_networks(self.form, *sizes)
            self.q_a, self.q_y = networks.auxiliary_posterior, networks.class_posterior
            self.q_z = networks.posterior
            self.p_a, self.p_x = networks.auxiliary_decoder, networks.decoder
            logits = vae.auxiliary_logits(x, networks, hp.samples, TEST_SAMPLES)
            self.classifier = keras.Model(images, {"logits": logits}, name="classifier")
            self.generator = self.image_generator()
        clip = player.Clip(LONGEST_GRADIENT, LARGEST_GRADIENT)
        networks = [self.classifier, self.q_z, self.p_a, self.p_x]
        self.model = self.player("model", networks, self.adam(), self.rate, clip=clip)

    def image_generator(self) -> keras.Model:
        """Means of images: [z [batch, latent_size], y int64 [batch]] -> images in [-1, 1]."""
        z = keras.Input((self.hp.latent_size,), name="latents")
        y = keras.Input((), dtype="int64", name="label")
        one = keras.layers.Reshape((1, self.hp.latent_size))(z), keras.layers.Reshape((1,))(y)
        images = self.to_images(self.mean_values(self.generated(*one)))
        return keras.Model([z, y], images, name="generator")

    def rate(self) -> tf.Tensor:
        """The learning rate, .75 of it after each fifth of the run: .32 of it in the last one."""
        drops = tf.cast(STAGES * self.step.value // self.task.steps, tf.float32)
        return self.hp.learning_rate * DROP**drops

    def recalibrates(self) -> Recalibration:
        """The classifier, by unlabeled images as it is given them, which no step records."""
        return Recalibration(self.exported_classifier, "unlabeled", "image")

    def weight_prior(self) -> tf.Tensor:
        """-log N(W; 0, 1) of all kernels, up to a constant, for one of N images."""
        kernels = [v.value for v in self.model.variables if v.name == "kernel"]
        return losses.l2_loss(kernels) / self.task.unlabeled

    def weighted_mean(self, values: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The mean of values of labeled images, weighted by their labels; both [batch, n]."""
        weights = self.label_weights(labels)
        return tf.reduce_mean(values if weights is None else weights * values)

    def sampled(self, x: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Samples of q(a | x), and the classes that they give.

        Args:
            x: float32 [batch, values].
            training: Whether batch statistics are used.

        Returns:
            a, float32 [batch, samples, latent_size]; log q(a | x), float32 [batch, samples]; logits
            of q(y | a, x), float32 [batch, samples, classes].
        """
        code = self.q_a(x, training=training)
        draw = self.classifier.get_layer("auxiliary_samples")
        mean, log_variance = code["mean"], code["log_variance"]
        a = draw(mean, log_variance, training=True)
        log_q = losses.gaussian_log_density(a, mean[:, tf.newaxis], log_variance[:, tf.newaxis])
        known = {"x": x[:, tf.newaxis], "auxiliary": a}
        return a, log_q, self.q_y(known, training=training)["logits"]

    def log_likelihood(self, x: tf.Tensor, outputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """The log-density log p(x | .): float32 [batch, n].

        Args:
            x: float32 [batch, 1, values].
            outputs: Those of `p_x`, [batch, n, values] each.
        """
        if self.hp.likelihood == "bernoulli":
            return losses.bernoulli_log_density(x, outputs["logits"])
        return losses.gaussian_log_density(x, outputs["mean"], outputs["log_variance"])

    def mean_values(self, outputs: dict) -> tf.Tensor | keras.KerasTensor:
        """The mean of p(x | .): float32 [batch, n, values]."""
        if self.hp.likelihood == "bernoulli":
            return keras.ops.sigmoid(outputs["logits"])
        return outputs["mean"]

    def reconstructed(self, images: tf.Tensor) -> tf.Tensor:
        """Images from the means of a and z, with the likeliest class, in inference mode.

        Args:
            images: float32 [rows, h, w, c] in [-1, 1].

        Returns:
            The same shape.
        """
        x = self.values(images)
        known = {"x": x[:, tf.newaxis], "auxiliary": self.q_a(x)["mean"][:, tf.newaxis]}
        y = tf.argmax(self.q_y(known)["logits"], axis=-1)
        z = self.q_z(known | {"label": y})["mean"]
        return self.to_images(self.mean_values(self.of_x(known["auxiliary"], z, y)))

    def bound(self, images: tf.Tensor) -> tf.Tensor:
        """A lower bound of log p(x) in nats, in inference mode: float32 [rows].

        Of a Bernoulli likelihood it bounds the mean over binary images; of a Gaussian one the
        probability of the gray levels, of which the density of dequantized ones is a bound.

        Args:
            images: float32 [rows, h, w, c] in [-1, 1].
        """
        x = self.values.judged(images)
        a, log_q, logits = self.sampled(x, training=False)
        bounds = losses.open_class_bound(self.all_bounds(x, a, log_q, training=False), logits)
        return tf.reduce_mean(bounds, axis=-1) - self.values.log_levels(x.shape[-1])

    def monitors(self) -> tuple[monitoring.Monitored, ...]:
        """Images beside their reconstructions, and the bound."""
        pairs = monitoring.ImagePairs("reconstructions", self.reconstructed, SHOWN)
        return pairs, monitoring.Bound(self.bound)
