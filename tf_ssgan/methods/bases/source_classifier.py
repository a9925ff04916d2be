"""A step of WSGAN's classifier: the classes of clean images, and which images are generated."""

import keras
import tensorflow as tf

from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import contrastive, generator_pretraining
from tf_ssgan.networks import wsgan_classifier
from tf_ssgan.nn import fused_optimizers, layers, losses

GENERATOR_RATE_FACTOR = 1 / 6  # in the paper, the generator learns in one epoch of six
CLASSIFY_REPORTS = ("supervised", "source", "generator")


class SourceClassifier(generator_pretraining.GeneratorPretraining):
    """A method with WSGAN's classifier, which also learns to detect generated images.

    Attributes:
        branches: WSGAN's classifier.
    """

    branches: keras.Model

    def make_branches(self, name: str, rate: float) -> None:
        """Builds WSGAN's classifier and its player.

        Args:
            name: Name of the player.
            rate: Its learning rate.
        """
        self.branches = wsgan_classifier.classifier(self.task, self.hp.width)
        adam = fused_optimizers.Adam(rate, epsilon=1e-8)
        self.k = self.player(name, self.branches, adam)

    def generator_rate(self) -> tf.Tensor:
        """The generator's learning rate, a sixth of it while WSGAN's classifier learns."""
        factor = 1.0 if self.stage == "generate" else GENERATOR_RATE_FACTOR
        return super().generator_rate() * factor

    def classify_streams(self) -> dict[str, Stream]:
        """All images as the generator imitates them, and clean images as they are."""
        augmented = {"image": contrastive.augmented_view(self.task)}
        return {
            "unlabeled": Stream("unlabeled", self.hp.batch_size, augmented),
            "clean": Stream("clean", self.hp.batch_size, {"image": "plain"}),
        }

    def classify_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of WSGAN's classifier, and one of the generator against it."""
        x, y = batch["clean"]["image"], batch["clean"]["label"]
        u = batch["unlabeled"]["image"]

        z, c = self.latents(u.shape[0])
        fake = self.generator([z, c], training=True)
        with tf.GradientTape() as tape:
            labeled = self.branches(x, training=True)["logits"]
            supervised = losses.cross_entropy(y, labeled, self.label_weights(y))
            real = self.branches(u, training=True)["source"]
            source = losses.least_squares_critic_loss(real, self.source_of_fake(fake))
            loss = supervised + source
        self.k.minimize(loss, tape)

        z, c = self.latents(u.shape[0])
        with tf.GradientTape() as tape:
            fake = self.generator([z, c], training=True)
            generator = losses.least_squares_generator_loss(self.source_of_fake(fake))
        self.g.minimize(generator, tape)
        return self.end_step(supervised=supervised, source=source, generator=generator)

    def source_of_fake(self, images: tf.Tensor) -> tf.Tensor:
        """Source logits of WSGAN's classifier for generated images; records no statistics."""
        with layers.frozen_statistics():
            return self.branches(images, training=True)["source"]
