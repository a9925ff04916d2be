"""WSGAN: contrast, then a generator against a weak critic, then a classifier that sees through it.

Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs, after Mao et al.
(2021); public code: rajas582/weakly-supervised-gan. C is a ResNet-18 beside two networks with
attention, and names the class (l) and whether an image is real (s).

    stage "contrast"   L = NT-Xent(two views of all images)
                           + E ||decoder(h1 + h2) - x||^2,   h the ResNet's features of the views
    stage "generate"   WGAN-GP of G(z, c) against a simple critic, which also names the class
    stage "train"      C: CE(l(x), y) + E (sigmoid s(u) - 1)^2 + E sigmoid(s(G))^2
                       G: E (sigmoid s(G) - 1)^2, at a sixth of its step size

Labels are those known to be right (--clean_fraction), or all; u is any image.

Profile "authors" is the public code where it differs: the contrast's temperature is the root of the
number of views, which flattens the loss; G and its critic have a binary cross-entropy, no penalty
and a step size of 0.01, for 50 epochs instead of 100; no weight average.

Departures: G learns in every step of the last stage, at a sixth of its step size, where the paper
gives it turns of an epoch "after a few iterations": short runs have no turns. The last G is kept,
not the best one by a distance that some other network would judge. G is that of AC-GAN for
classification, told the class as a one-hot vector: Keras cannot build the paper's, whose images are
also of another range than the data. One batch size serves all stages (the public code: 100, 256,
256). Mao et al. also guess labels by MixMatch, which the paper leaves out, and so does this.
"""

import dataclasses
import math

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import contrastive, generator_pretraining
from tf_ssgan.networks import dcgan, wsgan_classifier
from tf_ssgan.nn import layers, losses

PAPER = "Axelrod, Kashi and Pandey, after Mao et al. 2021"
TURN = 1 / 6  # the paper's generator has one epoch of six


@dataclasses.dataclass(frozen=True)
class HParams(generator_pretraining.GeneratorHParams):
    """Hyper-parameters of WSGAN."""

    batch_size: int = option(256, "Images a step, of each pool, over all replicas.", low=1)
    learning_rate: float = option(1e-3, "Step size of the last stage (public code).", low=0)
    reconstruction_weight: float = option(
        1.0, "Weight of the decoder's squared error in the first stage.", low=0
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, batch_size=50, width=16),
        "fashion_mnist": dict(
            labels=1000, epochs=160, contrast_fraction=10 / 160, generate_fraction=100 / 160
        ),
        "authors": dict(average_decay=0.0, generate_rate=0.01),
        "authors/fashion_mnist": dict(
            epochs=110, contrast_fraction=10 / 110, generate_fraction=50 / 110
        ),
        "short": dict(contrast_fraction=0.25, generate_fraction=0.25),
    }


class Method(contrastive.ContrastivePretraining, generator_pretraining.GeneratorPretraining):
    """A classifier with three branches, and the generator it learns to see through."""

    reports = ("supervised", "source", "generator")
    reports_in = {
        "contrast": (*contrastive.CONTRASTIVE_REPORTS, "reconstruction"),
        "generate": generator_pretraining.GENERATOR_REPORTS,
    }
    needs_labels = True

    def setup(self) -> None:
        """Classifier, decoder, and generator with its weak critic."""
        self.classifier = wsgan_classifier.classifier(self.task, self.hp.width)
        adam = keras.optimizers.Adam(self.hp.learning_rate, epsilon=1e-8)
        self.c = self.player("classifier", self.classifier, adam)
        drawn = self.decoders() if self.hp.backbone_init == "contrastive" else []
        self.make_contrast(*drawn)
        self.make_generator()

    def decoders(self) -> list[keras.Model]:
        """What draws an image from the features of its views."""
        size = self.classifier.output["features"].shape[-1]
        self.decoder = dcgan.generator(self.task, size, self.hp.width, "decoder")
        return [self.decoder]

    def generator_rate(self) -> tf.Tensor:
        """The generator's step size: in the last stage less, see the docstring."""
        return super().generator_rate() * (1.0 if self.stage == "generate" else TURN)

    def temperature(self) -> float:
        """Of the similarities of views."""
        authors = self.hp.profile == "authors"
        return math.sqrt(2 * self.hp.batch_size) if authors else super().temperature()

    def streams(self) -> dict[str, Stream]:
        """All images, in the first stage twice; beside them those whose label is right."""
        return self.contrast_streams() if self.stage == "contrast" else self.generate_streams()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the stage that the run is in."""
        if self.stage == "contrast":
            return self.contrast_step(batch)
        if self.stage == "generate":
            return self.generate_step(batch)
        x, y = batch["clean"]["image"], batch["clean"]["label"]
        u = batch["unlabeled"]["image"]

        z, c = self.latents(u.shape[0])
        fake = self.generator([z, c], training=True)
        with tf.GradientTape() as tape:
            supervised = losses.cross_entropy(y, self.classifier(x, training=True)["logits"])
            real = self.classifier(u, training=True)["source"]
            source = losses.least_squares_critic_loss(real, self.judged(fake))
            loss = supervised + source
        self.c.minimize(loss, tape)

        z, c = self.latents(u.shape[0])
        with tf.GradientTape() as tape:
            fake = self.generator([z, c], training=True)
            generator = losses.least_squares_generator_loss(self.judged(fake))
        self.g.minimize(generator, tape)
        return self.end_step(supervised=supervised, source=source, generator=generator)

    def judged(self, images: tf.Tensor) -> tf.Tensor:
        """Whether images that are not real look real, in logits; nothing is recorded."""
        with layers.frozen_statistics():
            return self.classifier(images, training=True)["source"]

    def contrast_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Each image shall find its other view, and both together shall draw it."""
        x, augmented = batch["unlabeled"]["image"], batch["unlabeled"]["augmented"]
        with tf.GradientTape() as tape:
            views = self.forward_concat(self.backbone, x, augmented)
            one, two = [view["features"] for view in views]
            projected = [self.projector(view, training=True) for view in (one, two)]
            contrastive = losses.nt_xent(*projected, self.temperature())
            drawn = self.decoder(one + two, training=True)
            reconstruction = tf.reduce_mean(tf.square(drawn - x))
            loss = contrastive + self.hp.reconstruction_weight * reconstruction
        self.b.minimize(loss, tape)
        return self.end_step(contrastive=contrastive, reconstruction=reconstruction)
