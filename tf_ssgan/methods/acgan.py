"""AC-GAN: a discriminator that also names the class, of a generator that is told it.

Dravid, Schiffers, Wu, Cossairt and Katsaggelos: Investigating the Potential of Auxiliary-Classifier
GANs for Image Classification in Low Data Regimes (2022), equations 1 and 2, after Odena, Olah and
Shlens (2017). s is the source head, p the class head, which is the classifier that ships.

    D: E softplus(-s(x)) + E softplus(s(G(z, c))) + CE(p(x), y) + CE(p(G(z, c)), c)
    G: E softplus(-s(G(z, c))) + CE(p(G(z, c)), c)

All images are labeled ones. z ~ N(0, I), every class as likely.

Departures: the poster's generator maximizes L_C - L_S, which saturates; it has the usual form here.
Batch normalization records the statistics of real images only, because the classifier is asked
about these; it normalizes with each batch's own. The length of z is not given: 100. Weights are
averaged, which the public code does not do; the raw ones are reported beside, at the last step and
where validation was best. An epoch counts all training images, not the labeled ones; the recipe
says 1,000 epochs of 500 labeled images in steps. On digits images are moved: with 50 of them as
they are, the class head went from 13.4 % errors at step 100 to 36.4 % at 1,000, as D came to know
each image by its pixels. See `networks.fm_cnn` for sizes and weights.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan
from tf_ssgan.networks import acgan_cnn, alexnet, conditional_dcgan
from tf_ssgan.nn import layers, losses

PAPER = "Dravid et al. 2022; Odena et al. 2017"


@dataclasses.dataclass(frozen=True)
class HParams(hparams.HParams):
    """Hyper-parameters of a GAN whose discriminator names the class."""

    learning_rate: float = option(
        2e-4, "Step size of every optimizer (public code of Dravid et al. 2022).", low=0
    )
    beta_1: float = option(
        0.5, "Adam's first-moment decay (public code of Dravid et al. 2022).", low=0, high=1
    )
    latent_size: int = option(100, "Length of the generator's latent vector.", low=1)
    critic_steps: int = option(
        1, "Discriminator steps a generator step; 5 in Gulrajani et al. 2017.", low=1
    )
    network: Literal["fm_cnn", "alexnet"] = option(
        "fm_cnn",
        "The discriminator of Dravid et al. 2022: that for Fashion-MNIST and radiographs, or their "
        "AlexNet, for CIFAR-10.",
    )
    width: int = option(
        128,
        "Size of the networks, 128 in Dravid et al. 2022: channels of the first convolution, or "
        "twice those of AlexNet.",
        low=2,
    )
    translate_labeled: bool = option(
        False,
        "Images are moved by up to 2 pixels; not in Dravid et al. 2022, where the generator took "
        "to what augmentation does.",
    )
    dropout: float = option(
        0.5, "Rate of AlexNet's dropout layers; fm_cnn has none.", low=0, high=0.99
    )

    RECIPES = {
        "digits": dict(labels=50, max_steps=1000, batch_size=50, width=32, translate_labeled=True),
        "fashion_mnist": dict(labels=500, max_steps=5000),
        "cifar10": dict(labels=-1, epochs=1000, network="alexnet"),
        "cifar100": dict(labels=-1, epochs=1000, network="alexnet"),
    }

    @property
    def unlabeled_examples(self) -> int:
        """Images a step; the steps that would show every training image once are an epoch."""
        return self.batch_size * self.critic_steps


class Method(gan.ConditionalGAN):
    """The auxiliary-classifier GAN."""

    reports = ("supervised", "conditional", "source", "generator")
    needs_labels = True

    def setup(self) -> None:
        """Discriminator and generator, a player each."""
        self.discriminator = self.classifier = self.critic()
        self.generator = conditional_dcgan.generator(self.task, self.hp.latent_size, self.hp.width)
        self.d = self.player("discriminator", self.discriminator, self.adam())
        self.g = self.player("generator", self.generator, self.adam())

    def critic(self, **options) -> keras.Model:
        """The network with a class head and a source head.

        Args:
            **options: Of the network.
        """
        if self.hp.network == "alexnet":
            half = self.hp.width // 2
            return alexnet.classifier(self.task, half, True, self.hp.dropout, **options)
        return acgan_cnn.classifier(self.task, self.hp.width, True, **options)

    def streams(self) -> dict[str, Stream]:
        """Labeled images for each discriminator step."""
        examples = self.hp.batch_size * self.hp.critic_steps
        view = "translated" if self.hp.translate_labeled else "plain"
        return {"labeled": Stream("labeled", examples, {"image": view})}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on fresh images, then one generator step."""
        for x, y in self.critic_batches(batch["labeled"], "image", "label"):
            z, c = self.latents(x.shape[0])
            fake = self.generator([z, c], training=True)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                generated = self.judge(fake)
                source = losses.source_loss(real["source"], generated["source"])
                supervised = losses.cross_entropy(y, real["logits"])
                conditional = losses.cross_entropy(c, generated["logits"])
                loss = source + supervised + conditional
            self.d.minimize(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generated = self.judge(self.generator([z, c], training=True))
            fooled = losses.source_generator_loss(generated["source"])
            generator = fooled + losses.cross_entropy(c, generated["logits"])
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised, conditional=conditional, source=source, generator=generator
        )

    def judge(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the discriminator says of images that are not real; it records no statistics."""
        with layers.frozen_statistics():
            return self.discriminator(images, training=True)
