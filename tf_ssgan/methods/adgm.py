"""ADGM: a generative classifier with an auxiliary latent, which makes its posterior richer.

Maaloe, Sonderby, Sonderby and Winther: Auxiliary Deep Generative Models (2016). An image x has a
class y and latents z and a, and there are networks for all but p(z) = N(0, I) and p(y) = 1/K in

    p(x, y, z, a) = p(z) p(y) p(x | z, y) p(a | x, z, y)
    q(a, y, z | x) = q(a | x) q(y | a, x) q(z | a, x, y)

The bounds of log p(x, y) and log p(x), of samples a ~ q(a | x) and z ~ q(z | a, x, y), and the loss
with n labels among N images, where W are the kernels, whose prior is N(0, 1):

    L(x, y) = log p(x | z, y) + log p(a | x, z, y) - log q(a | x) + log p(y) - KL(q(z | .) || p(z))
    U(x) = sum_y q(y | a, x) (L(x, y) - log q(y | a, x))
    beta N/n CE(q(y | a, x), y) - E L(x, y) of labeled - E U(x) of unlabeled images + |W|^2 / 2N

The classifier is the mean of q(y | a, x) over 100 samples of a. Pixels are drawn anew in each step:
binary ones for a Bernoulli likelihood; for a Gaussian one they are dequantized, and divided by the
standard deviation of their channel. The classifier takes the means of these.

The loss, the sizes and the schedule are those of the public code, which is SDGM's
(larsmaaloee/auxiliary-deep-generative-models). Its learning rate falls to .75 of it after each 200
of 1,000 epochs, here after each fifth of the run, however long it is; so its least rate of 3e-5 is
never reached.

Departures: U is a mean over samples of a, as in the paper; the code takes the mean of q(y | a, x)
first, and the KL of the sample. Its script for MNIST, the only one, leaves out the code's batch
normalization and draws one sample of a where we have 5. Like the code, we normalize labeled and
unlabeled images apart and record the unlabeled ones; where networks take y, the code records them
with q(y | a, x) in its place, and we with all classes. Statistics of the classifier are estimated
anew on unlabeled images before each evaluation, because intensities vary less than binary pixels.
Dequantized pixels are drawn anew, there once. Images are generated from means. Fashion-MNIST has
the settings of MNIST, and CIFAR those of SVHN. Networks compute in float32. Short runs use the
learning rate 1e-3.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import auxiliary_latents
from tf_ssgan.nn import layers, losses

PAPER = "Maaloe et al. 2016, public code"
GROUP = "Autoencoders and deep generative models"


@dataclasses.dataclass(frozen=True)
class HParams(auxiliary_latents.AuxiliaryHParams):
    """Hyperparameters of ADGM."""

    RECIPES = {
        "digits": dict(
            labels=50, max_steps=1000, batch_size=50, learning_rate=1e-3, width=200,
            latent_size=32, samples=1,
        ),
        "fashion_mnist": dict(labels=100, epochs=1000),
        "svhn": dict(labels=1000, epochs=1000, likelihood="gaussian"),
        "cifar10": dict(labels=4000, epochs=1000, likelihood="gaussian"),
        "cifar100": dict(labels=10_000, epochs=1000, likelihood="gaussian"),
        "short": dict(learning_rate=1e-3),
    }  # fmt: skip


class Method(auxiliary_latents.AuxiliaryMethod):
    """The auxiliary deep generative model."""

    form = "adgm"
    reports = ("supervised", "labeled_bound", "unlabeled_bound")

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images, as they are."""
        view = {"image": "plain"}
        return {k: Stream(k, self.hp.batch_size, view) for k in ("labeled", "unlabeled")}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of all networks, on the bounds and on the labels."""
        x = self.values.drawn(batch["labeled"]["image"])
        u = self.values.drawn(batch["unlabeled"]["image"])
        y = tf.repeat(batch["labeled"]["label"][:, tf.newaxis], self.hp.samples, axis=1)
        with tf.GradientTape() as tape:
            with layers.frozen_statistics():
                a, log_q, logits = self.sampled(x, training=True)
                bounds = self.bounds(x, a, log_q, y, training=True)
            labeled = self.weighted_mean(bounds, y)
            supervised = self.weighted_mean(losses.cross_entropies(y, logits), y)

            a, log_q, logits = self.sampled(u, training=True)
            bounds = self.all_bounds(u, a, log_q, training=True)
            unlabeled = tf.reduce_mean(losses.open_class_bound(bounds, logits))

            label_weight = self.hp.label_weight * self.task.unlabeled / self.task.labeled
            loss = label_weight * supervised - labeled - unlabeled + self.weight_prior()
        self.model.minimize(loss, tape)
        return self.end_step(
            supervised=supervised, labeled_bound=labeled, unlabeled_bound=unlabeled
        )

    def bounds(
        self, x: tf.Tensor, a: tf.Tensor, log_q: tf.Tensor, y: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """L(x, y) of one sample of z for each of a: float32 [batch, n].

        Args:
            x: float32 [batch, values].
            a: float32 [batch, n, latent_size].
            log_q: log q(a | x), float32 [batch, n].
            y: int64 [batch, n].
            training: Whether batch statistics are used.
        """
        x = x[:, tf.newaxis]
        q_z = self.q_z({"x": x, "auxiliary": a, "label": y}, training=training)
        z = layers.sample_gaussian(**q_z)
        of_a, of_x = self.of_a(x, z, y, training), self.of_x(a, z, y, training)
        auxiliary = losses.gaussian_log_density(a, **of_a) - log_q
        log_likelihood, divergence = self.log_likelihood(x, of_x), losses.gaussian_divergence(**q_z)
        return losses.class_bound(log_likelihood, divergence, self.task.classes, auxiliary)

    def all_bounds(self, x: tf.Tensor, a: tf.Tensor, log_q: tf.Tensor, training: bool) -> tf.Tensor:
        """L(x, y) of each class y: float32 [batch, samples, classes]; arguments as of `bounds`."""
        (rows, samples), classes = log_q.shape, self.task.classes
        y = tf.tile(tf.range(classes, dtype=tf.int64)[tf.newaxis], [rows, samples])
        a, log_q = tf.repeat(a, classes, axis=1), tf.repeat(log_q, classes, axis=1)
        return tf.reshape(self.bounds(x, a, log_q, y, training), [rows, samples, classes])

    def of_a(self, x: tf.Tensor, z: tf.Tensor, y: tf.Tensor, training: bool = False) -> dict:
        """p(a | x, z, y)."""
        return self.p_a({"x": x, "latents": z, "label": y}, training=training)

    def of_x(self, a: tf.Tensor | None, z: tf.Tensor, y: tf.Tensor, training: bool = False) -> dict:
        """p(x | z, y), for which a does not count."""
        return self.p_x({"latents": z, "label": y}, training=training)

    def generated(self, z: tf.Tensor, y: tf.Tensor) -> dict:
        """p(x | z, y)."""
        return self.of_x(None, z, y)
