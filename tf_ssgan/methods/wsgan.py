"""WSGAN: contrastive learning, then a generator, then a classifier that detects its images.

Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs, after Mao et al.
(2021); public code: rajas582/weakly-supervised-gan. C is a ResNet-18 beside two networks with
attention; its outputs are class logits l and a source logit s, whether an image is real.

    stage "contrast"   L = NT-Xent(two views of all images)
                           + E ||decoder(h1 + h2) - x||^2,   h the ResNet's features of the views
    stage "generate"   WGAN-GP of G(z, c) against a simple critic, which also predicts the class
    stage "train"      C: CE(l(x), y) + E (sigmoid s(u) - 1)^2 + E sigmoid(s(G))^2
                       G: E (sigmoid s(G) - 1)^2, at a sixth of its learning rate

Labels are the clean ones (those that the data say are checked, or --clean_fraction), or all if none
is known to be clean; u is any image.
G learns from augmented images: crops, changes of brightness, and flips if classes survive them. So
u and all images of stage "generate" are augmented; x in stage "train" is the image as it is.

Profile "authors" is the public code where it differs: the temperature of the contrastive loss is
the square root of the number of views, which flattens the loss; G and its critic have a binary
cross-entropy, no gradient penalty and a learning rate of 0.01, for 50 epochs instead of 100; no
EMA.

Departures: u is augmented in stage "train" too, where the public code takes the images as they are.
G learned to draw augmented images, so that a classifier of plain images against those of G would
only learn to tell whole images from crops. G learns in every step of the last stage, at a sixth of
its learning rate; in the paper it has an epoch of its own "after a few iterations", for which short
runs are too short. The last G is kept, not the best by a distance in the features of another
network. G is that of AC-GAN, with the class as a one-hot vector: the paper's cannot be built in
Keras, and its images have another range than the data. One batch size serves all stages (the public
code: 100, 256, 256). Mao et al. also guess labels as in MixMatch; the paper leaves that out, and so
does this method.
"""

import dataclasses
import math

import keras
import tensorflow as tf

from tf_ssgan.common.options import LARGEST_BATCH, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import contrastive, generator_pretraining, source_classifier
from tf_ssgan.networks import dcgan
from tf_ssgan.nn import losses

PAPER = "Axelrod, Kashi and Pandey, after Mao et al. 2021"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(generator_pretraining.PretrainingHParams):
    """Hyperparameters of WSGAN."""

    batch_size: int = option(
        256,
        "Images per step from each pool, over all replicas (public code).",
        low=1,
        high=LARGEST_BATCH,
    )
    learning_rate: float = option(
        1e-3, "Learning rate of the classifier in the last stage (public code).", low=0
    )
    reconstruction_weight: float = option(
        1.0, "Weight of the decoder's mean squared error in the first stage.", low=0
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


class Method(contrastive.ContrastivePretraining, source_classifier.SourceClassifier):
    """A classifier with three branches that also learns to detect generated images."""

    reports = source_classifier.CLASSIFY_REPORTS
    reports_in = {
        "contrast": (*contrastive.CONTRASTIVE_REPORTS, "reconstruction"),
        "generate": generator_pretraining.GENERATOR_REPORTS,
    }
    trains_in = {
        "contrast": ("backbone", "projector", "decoder"),
        "generate": ("critic", "generator"),
        "train": ("classifier", "generator"),
    }
    needs_labels = True
    prefers_clean = True

    def setup(self) -> None:
        """Builds classifier, projector, decoder, generator and critic, and their players."""
        self.make_branches("classifier", self.hp.learning_rate)
        self.classifier = self.branches
        decoders = [self.make_decoder()] if self.hp.backbone_init == "contrastive" else []
        self.make_contrast(*decoders)
        self.make_generator()

    def make_decoder(self) -> keras.Model:
        """Builds the decoder, which reconstructs an image from the features of its two views."""
        size = self.classifier.output["features"].shape[-1]
        self.decoder = dcgan.generator(self.task, size, self.hp.width, "decoder")
        return self.decoder

    def temperature(self) -> float:
        """Temperature of the contrastive loss."""
        authors = self.hp.profile == "authors"
        return math.sqrt(2 * self.hp.batch_size) if authors else super().temperature()

    def streams(self) -> dict[str, Stream]:
        """All images, in two views, in stage "contrast"; then all images and clean ones."""
        if self.stage == "contrast":
            return self.contrast_streams()
        return self.generate_streams() if self.stage == "generate" else self.classify_streams()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the current stage."""
        if self.stage == "contrast":
            return self.contrast_step(batch)
        if self.stage == "generate":
            return self.generate_step(batch)
        return self.classify_step(batch)

    def contrast_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the contrastive loss of two views and on the image's reconstruction."""
        x, augmented = batch["unlabeled"]["image"], batch["unlabeled"]["augmented"]
        with tf.GradientTape() as tape:
            views = self.forward_concat(self.backbone, x, augmented)
            h1, h2 = [view["features"] for view in views]
            projected = [self.projector(h, training=True) for h in (h1, h2)]
            contrastive = losses.nt_xent(*projected, self.temperature())
            decoded = self.decoder(h1 + h2, training=True)
            reconstruction = tf.reduce_mean(tf.square(decoded - x))
            loss = contrastive + self.hp.reconstruction_weight * reconstruction
        self.b.minimize(loss, tape)
        return self.end_step(contrastive=contrastive, reconstruction=reconstruction)
