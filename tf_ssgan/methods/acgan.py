"""AC-GAN: the discriminator also predicts the class, and the generator is conditioned on it.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equations 1 and 2, after Odena, Olah and
Shlens (2017). s is the source head. p is the class head, which is the exported classifier.

    D: E softplus(-s(x)) + E softplus(s(G(z, c))) + CE(p(x), y) + CE(p(G(z, c)), c)
    G: E softplus(-s(G(z, c))) + CE(p(G(z, c)), c)

All real images are labeled. z ~ N(0, I), and all classes c have the same probability.

Departures: the poster's generator maximizes L_C - L_S, which saturates; here it has the usual
non-saturating form. Batch normalization in D normalizes with the statistics of each batch, as
usual, but its moving averages record real images only, because the classifier is used on these. The
length of z is not given; we use 100. We export an EMA of the weights, which the public code lacks,
and also report the raw weights, at the last step and at the best validation accuracy. The README of
the public code gives 1,000 epochs, of which it keeps the weights that were best on validation
images: the recipes for Fashion-MNIST and CIFAR take 1,000 passes over the labeled images, 5,000
steps for 500 labels and 400,000 for 40,000. Everywhere else an epoch counts all training images,
and other data sets have the usual 300 of them. On digits, images are translated: without
translation and with 50 labels, the error rate of the class head rose from 13.4 % at step 100 to
36.4 % at step 1,000, because D memorized the pixels of each image. See `networks.acgan_cnn` for
sizes and initial weights.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import auxiliary_classifier, gan
from tf_ssgan.networks import acgan_cnn, alexnet, conditional_dcgan
from tf_ssgan.nn import losses

PAPER = "Dravid et al. 2022; Odena et al. 2017"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(gan.GANHParams):
    """Hyperparameters of AC-GAN."""

    learning_rate: float = option(
        2e-4, "Learning rate of every optimizer (public code of Dravid et al. 2022).", low=0
    )
    network: Literal["fm_cnn", "alexnet"] = option(
        "fm_cnn",
        "Network of the discriminator (Dravid et al. 2022): fm_cnn is theirs for Fashion-MNIST and "
        "radiographs, alexnet theirs for CIFAR-10.",
    )
    width: int = option(
        128,
        "Width of both networks (Dravid et al. 2022: 128): channels of the first convolution of "
        "fm_cnn, or twice those of alexnet.",
        low=2,
        high=WIDEST,
    )
    translate_labeled: bool = option(
        False,
        "Whether images are randomly translated by up to 2 pixels. Dravid et al. 2022 do not, "
        "because their generator learned to draw augmented images.",
    )
    dropout: float = option(
        0.5, "Dropout rate of alexnet, 0 to 0.99; fm_cnn has no dropout.", low=0, high=0.99
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, batch_size=50, width=32, translate_labeled=True),
        "fashion_mnist": dict(labels=500, labeled_epochs=1000),
        "cifar10": dict(labels=-1, labeled_epochs=1000, network="alexnet"),
        "cifar100": dict(labels=-1, labeled_epochs=1000, network="alexnet"),
    }

    @property
    def labeled_examples(self) -> int:
        """Labeled images a step: those of all its discriminator steps."""
        return self.batch_size * self.critic_steps


class Method(auxiliary_classifier.AuxiliaryClassifierGAN):
    """The auxiliary-classifier GAN."""

    reports = ("supervised", "conditional", "source", "generator")
    needs_labels = True

    def setup(self) -> None:
        """Makes discriminator and generator, each with its own optimizer."""
        self.discriminator = self.classifier = self.build_discriminator()
        self.generator = conditional_dcgan.generator(self.task, self.hp.latent_size, self.hp.width)
        self.d = self.player("discriminator", self.discriminator, self.adam())
        self.g = self.player("generator", self.generator, self.adam())

    def build_discriminator(self, **options) -> keras.Model:
        """Builds the network with a class head and a source head.

        Args:
            **options: Further arguments of the network.
        """
        if self.hp.network == "alexnet":
            width = self.hp.width // 2
            return alexnet.classifier(self.task, width, True, self.hp.dropout, **options)
        return acgan_cnn.classifier(self.task, self.hp.width, True, **options)

    def streams(self) -> dict[str, Stream]:
        """Labeled images for each discriminator step."""
        view = "translated" if self.hp.translate_labeled else "plain"
        return {"labeled": Stream("labeled", self.hp.labeled_examples, {"image": view})}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        for x, y in self.critic_batches(batch["labeled"], "image", "label"):
            z, c = self.latents(x.shape[0])
            fake = self.generator([z, c], training=True)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                generated = self.score_fake(fake)
                source = losses.source_loss(real["source"], generated["source"])
                supervised = losses.cross_entropy(y, real["logits"], self.label_weights(y))
                conditional = losses.cross_entropy(c, generated["logits"])
                loss = source + supervised + conditional
            self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generator = self.generator_loss(z, c)
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised, conditional=conditional, source=source, generator=generator
        )
