"""ALI: an encoder and a decoder that a discriminator of pairs cannot tell apart.

Dumoulin, Belghazi, Poole, Mastropietro, Lamb, Arjovsky and Courville: Adversarially Learned
Inference (2017), section 2 and algorithm 1, and section 4.3 for its semi-supervised form. Pairs of
a real image and its code, (x, z_x) with z_x ~ N(mu(x), sigma(x)^2), and of a generated image and
its latents, (G(z), z) with z ~ N(0, I), get logits l of the K classes, like the discriminator of
`improved_gan`:

    D:    CE(l(x_l, z_x), y) + unlabeled_weight [E softplus(-lse(l_q)) + E softplus(lse(l_p))]
    G, E: E softplus(lse(l_q)) + E softplus(-lse(l_p))

q are pairs of unlabeled images, p generated ones. All networks move at once, by the gradients at
the same weights. The classifier is D of an image and mu(x).

Departures: the paper gives neither the loss nor the networks of its semi-supervised runs, and the
public code (IshmaelBelghazi/ALI) has none of them: K outputs, the weight of the cross-entropy and
the 300 epochs are ours, and so is the EMA of the weights that is exported. Images lie in [-1, 1]
with a tanh, there in [0, 1] with a sigmoid; the bias of its pixels starts from the mean image. D's
batch normalization sees pairs of each kind by themselves and records the real ones alone. The
paper's beta_2 of 1e-3 is Blocks' 1 - beta_2. SVHN is learned without its 'extra' images. Short runs
use the learning rate 1e-3 (recipe "short").
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core import hparams, monitoring
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan
from tf_ssgan.networks import ali
from tf_ssgan.nn import layers, losses

PAPER = "Dumoulin et al. 2017, section 2, public code"
GROUP = "GAN classifiers"
BRIGHTEST = 0.98  # of the mean image from which biases start, where atanh is finite
SHOWN = 6  # images in the picture of reconstructions


@dataclasses.dataclass(frozen=True)
class HParams(gan.GeneratorHParams):
    """Hyperparameters of ALI."""

    learning_rate: float = inherited(
        hparams.HParams, "learning_rate", 1e-4, "public code of Dumoulin et al. 2017"
    )
    latent_size: int = inherited(
        gan.GeneratorHParams, "latent_size", 256, "256 for SVHN and 64 for CIFAR-10, public code"
    )
    width: int = option(
        32, "Channels of the first convolution (public code: 32).", low=1, high=WIDEST
    )
    units: Literal["leaky", "maxout"] = option(
        "leaky",
        "Units of the discriminator: leaky ReLUs and batch normalization (public code: SVHN), or "
        "maxout (CIFAR-10). It sets the slopes of encoder and decoder too, .01 or .1.",
    )
    unlabeled_weight: float = option(
        1.0, "Weight of the discriminator's loss of pairs, beside the cross-entropy.", low=0
    )
    translate: bool = option(
        False, "Whether labeled and unlabeled images are randomly translated by up to 2 pixels."
    )

    def __post_init__(self):
        """Refuses odd widths for maxout, which takes units in pairs.

        Raises:
            UserError: A value is out of range.
        """
        super().__post_init__()
        if self.units == "maxout" and self.width % 2:
            raise errors.UserError(
                f"--units=maxout takes units in pairs, and --width={self.width} is odd. Give an "
                "even number."
            )

    RECIPES = {
        "digits": dict(
            labels=50,
            max_steps=1000,
            batch_size=64,
            learning_rate=1e-3,
            latent_size=32,
            width=16,
            translate=True,
        ),
        "svhn": dict(labels=1000, epochs=300),
        "cifar10": dict(labels=4000, epochs=300, latent_size=64, units="maxout"),
        "cifar100": dict(labels=4000, epochs=300, latent_size=64, units="maxout"),
        "fashion_mnist": dict(labels=1000, epochs=300),
        "short": dict(learning_rate=1e-3),
    }


class Method(gan.NormalGAN):
    """Adversarially learned inference, with classes."""

    reports = ("supervised", "adversarial", "generator")

    def setup(self) -> None:
        """Makes the networks; encoder and decoder are one player."""
        sizes = self.task, self.hp.latent_size, self.hp.width, self.hp.units
        self.encoder, self.generator = ali.encoder(*sizes), ali.decoder(*sizes)
        self.discriminator = ali.discriminator(*sizes)
        images = keras.Input(self.task.image_shape, name="images")
        code = self.encoder(images)["mean"]
        outputs = self.discriminator([images, code])
        self.classifier = keras.Model(images, outputs, name="classifier")
        self.d = self.player("discriminator", self.discriminator, self.adam())
        self.g = self.player("inference", [self.encoder, self.generator], self.adam())

    def streams(self) -> dict[str, Stream]:
        """Labeled and unlabeled images."""
        view = {"image": "translated" if self.hp.translate else "plain"}
        return {k: Stream(k, self.hp.batch_size, view) for k in ("labeled", "unlabeled")}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One simultaneous step of all networks."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        real = batch["unlabeled"]["image"]
        z = self.latents(x.shape[0])

        with tf.GradientTape(persistent=True) as tape:
            codes = map(self.sampled, self.forward_concat(self.encoder, x, real))
            pairs = [list(pair) for pair in zip((x, real), codes, strict=True)]
            labeled, encoded = self.forward_concat(self.discriminator, *pairs)
            fake = self.generator(z, training=True)
            with layers.frozen_statistics():
                decoded = self.discriminator([fake, z], training=True)
            supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
            adversarial = losses.real_or_fake(encoded["logits"], decoded["logits"])
            loss = supervised + self.hp.unlabeled_weight * adversarial
            generator = losses.real_or_fake(decoded["logits"], encoded["logits"])
        self.d.minimize(loss, tape)
        self.g.minimize(generator, tape)
        return self.end_step(supervised=supervised, adversarial=adversarial, generator=generator)

    def sampled(self, code: dict[str, tf.Tensor]) -> tf.Tensor:
        """Latents z ~ N(mean, exp(log_scale)^2) of an image: float32 [rows, latent_size]."""
        noise = self.step_random().normal(*code["mean"].shape)
        return code["mean"] + tf.exp(code["log_scale"]) * noise

    def reconstructed(self, images: tf.Tensor) -> tf.Tensor:
        """G(mu(x)), in inference mode: float32 [rows, h, w, c]."""
        return self.generator(self.encoder(images, training=False)["mean"], training=False)

    def monitors(self) -> tuple[monitoring.ImagePairs, ...]:
        """Images beside their reconstructions."""
        return (monitoring.ImagePairs("reconstructions", self.reconstructed, SHOWN),)

    def initialize(self, images: tf.Tensor) -> None:
        """Sets the decoder's bias of each pixel so that tanh gives the mean image."""
        mean = tf.clip_by_value(tf.reduce_mean(images, 0), -BRIGHTEST, BRIGHTEST)
        self.generator.get_layer("pixel_bias").bias.assign(tf.atanh(mean))
