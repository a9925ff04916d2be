"""ImprovedGAN: a semi-supervised GAN whose generator is trained by feature matching.

Salimans et al.: Improved Techniques for Training GANs (2016), sections 3.1 and 5, as in its public
code. The discriminator is a classifier with one more class for generated images. Its features f are
the layer below the K logits; the logit of the additional class is fixed at 0.

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
    G: || E f(x_u') - E f(G(z)) ||_1 / features

u' is a second stream of unlabeled images, in an order of its own. Besides the losses, each step
reports what Park, Jung and Teoh (2020) analyze: the weight of the real-or-fake loss on its
strongest pair of image and class, the confidence of D on unlabeled images, and the angle between
their features and the class weight vector.

Departures: latents are U[-1, 1] instead of U[0, 1], as in `ssgan`. The public code does not train
the gains of weight normalization; we do. Its EMA starts from zeros; ours starts from the initial
weights and warms up. Its data-dependent initialization uses labeled images only; ours also uses
unlabeled ones. On several devices, features are matched over the whole batch. Short runs use the
learning rate 1e-3 (recipe "short"). On digits the network is half as wide, its hidden dropout is
0.2 as in `ssgan`, and images are translated: with dropout 0.5, 1,000 steps ended at 10.9 %
validation errors instead of 4.7 % (seed 0).
"""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import WIDEST, inherited, option
from tf_ssgan.core import hparams
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import gan, optimizers
from tf_ssgan.networks import dcgan, improved_gan_cnn
from tf_ssgan.nn import losses

PAPER = "Salimans et al. 2016, sections 3.1 and 5, public code"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(gan.SemiSupervisedGANHParams):
    """Hyperparameters of ImprovedGAN."""

    average_decay: float = inherited(
        hparams.HParams, "average_decay", 0.9999, "public code of Salimans et al. 2016"
    )
    unlabeled_weight: float = inherited(gan.SemiSupervisedGANHParams, "unlabeled_weight", 0.5)
    input_dropout: float = inherited(gan.SemiSupervisedGANHParams, "input_dropout", 0.2)
    dropout: float = inherited(gan.SemiSupervisedGANHParams, "dropout", 0.5)
    generator_width: int = option(
        0,
        "Width of the generator, one eighth of the channels of its first map (public code of "
        "Salimans et al. 2016: 64); 0 uses --width.",
        low=0,
        high=WIDEST,
    )
    head_bias: bool = option(
        True,
        "Whether the logits have a bias (public code of Salimans et al. 2016); without it they are "
        "products of features and class weight vectors (Park et al. 2020).",
    )
    translate: bool = option(
        False,
        "Whether labeled and unlabeled images are randomly translated by up to 2 pixels; the "
        "public code of Salimans et al. 2016 does not translate them.",
    )

    RECIPES = {
        "digits": dict(
            labels=50,
            max_steps=1000,
            batch_size=64,
            width=32,
            learning_rate=1e-3,
            dropout=0.2,
            translate=True,
        ),
        "svhn": dict(labels=1000, epochs=900),
        "cifar10": dict(labels=4000, epochs=1200, width=96, generator_width=64),
        "cifar100": dict(labels=4000, epochs=1200, width=96, generator_width=64),
        "fashion_mnist": dict(labels=1000, epochs=900),
        "short": dict(learning_rate=1e-3),
    }


class Method(optimizers.LinearDecayMethod, gan.GAN):
    """The semi-supervised GAN with feature matching."""

    reports = (
        "supervised",
        "adversarial",
        "generator",
        "real_pair_weight",
        "fake_pair_weight",
        "confidence",
        "angle",
    )

    def setup(self) -> None:
        """Makes discriminator and generator, each with its own optimizer."""
        self.discriminator = self.classifier = self.build_discriminator()
        self.generator = dcgan.generator(self.task, self.hp.latent_size, self.generator_width)
        self.d = self.player("discriminator", self.discriminator, self.adam(), self.rate)
        self.g = self.player("generator", self.generator, self.adam(), self.rate)

    def build_discriminator(self, **options) -> keras.Model:
        """Builds the discriminator that the hyperparameters specify.

        Args:
            **options: Other arguments of `improved_gan_cnn.classifier`.
        """
        return improved_gan_cnn.classifier(
            self.task,
            width=self.hp.width,
            dropout=self.hp.dropout,
            input_dropout=self.hp.input_dropout,
            head_bias=self.hp.head_bias,
            **options,
        )

    @property
    def generator_width(self) -> int:
        """Width of the generator."""
        return self.hp.generator_width or self.hp.width

    def streams(self) -> dict[str, Stream]:
        """Labeled images, unlabeled ones for each step of D, and others for feature matching."""
        n, view = self.hp.batch_size, self.view
        return {
            "labeled": Stream("labeled", n, view),
            "unlabeled": Stream("unlabeled", n * self.hp.critic_steps, view),
            "matched": Stream("unlabeled", n, view),
        }

    @property
    def view(self) -> dict[str, str]:
        """The view of every image."""
        return {"image": "translated" if self.hp.translate else "plain"}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]

        for (real,) in self.critic_batches(batch["unlabeled"], "image"):
            fake = self.fake_images(x.shape[0])
            with tf.GradientTape() as tape:
                labeled, unlabeled, generated = self.forward_concat(
                    self.discriminator, x, real, fake
                )
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                adversarial = losses.real_or_fake(unlabeled["logits"], generated["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial
            separation = self.class_separation(unlabeled, generated)
            self.d.minimize(loss, tape)

        matched = self.discriminator(batch["matched"]["image"], training=True)
        with tf.GradientTape() as tape:
            generated = self.discriminator(self.fake_images(x.shape[0]), training=True)
            generator = losses.feature_matching(matched["features"], generated["features"])
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised, adversarial=adversarial, generator=generator, **separation
        )

    def class_separation(
        self, unlabeled: dict[str, tf.Tensor], generated: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Measures how well D separates the classes (Park et al. 2020, propositions 1 and 2).

        Args:
            unlabeled: D's outputs for real images, before its step.
            generated: D's outputs for generated images, before its step.

        Returns:
            Means over the batch: the largest pair weight of each real and each generated image, the
            largest class probability, and the angle in degrees to the weight vector of that class.
        """
        real, fake = losses.pair_weights(unlabeled["logits"], generated["logits"])
        vectors = improved_gan_cnn.class_weight_vectors(self.discriminator)
        return {
            "real_pair_weight": tf.reduce_mean(tf.reduce_max(real, axis=-1)),
            "fake_pair_weight": tf.reduce_mean(tf.reduce_max(fake, axis=-1)),
            "confidence": losses.mean_confidence(unlabeled["logits"]),
            "angle": losses.mean_angle(unlabeled["features"], vectors, unlabeled["logits"]),
        }
