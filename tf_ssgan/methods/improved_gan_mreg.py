"""ImprovedGAN with manifold regularization: D gives neighboring generated images equal logits.

Lecouat, Foo, Zenati and Chandrasekhar: Semi-Supervised Learning with GANs: Revisiting Manifold
Regularization (2018), sections 2 and 3, public code (bruno-31/GAN-manifold-regularization). To the
loss of D in `improved_gan`, with l the logits of D and u a direction of length 1, it adds

    dropout:  manifold_weight E sum_k (l_k(G(z)) - l_k(G(z + radius u)))^2
    tangent:  tangent_weight  E sum_k ((d l(G(z)) / dz) u)_k^2

as `manifold_form` says. It has no gradient into G.

Departures: the paper means the tangent form, a Monte Carlo estimate of the norm of D's Jacobian
along the manifold. The public code has the form "dropout", which is the default: its radius is
1e-5, and D is evaluated twice, each time with a dropout mask of its own. At such a distance the
images are the same up to rounding, so the term compares two masks. On ImprovedGAN's network of 64
channels, it was .059 at the start with two masks, and 4e-13 with one: what was published is nearly
the consistency of generated images under dropout. The tangent form is the exact derivative with one
mask, at images that G draws in inference mode. Its weight is ours, and it is computed in float32.
D's features are means over the image, as in `improved_gan`; the public code takes maxima. Its data-
dependent initialization is switched off, ours is not. See `improved_gan` for the rest.
"""

import contextlib
import dataclasses
from typing import Literal

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.methods import improved_gan
from tf_ssgan.methods.bases import manifold
from tf_ssgan.nn import losses, tangents

PAPER = "Lecouat et al. 2018, sections 2 and 3, public code"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(improved_gan.HParams):
    """Hyperparameters of manifold regularization."""

    manifold_form: Literal["dropout", "tangent"] = option(
        "dropout",
        "How logits of neighboring images are compared: in two passes, with two dropout masks "
        "(public code of Lecouat et al. 2018), or by the derivative along a tangent.",
    )
    manifold_weight: float = option(
        1e-3, "Weight of the form dropout (Lecouat et al. 2018: 1e-3).", low=0
    )
    radius: float = option(
        1e-5, "Distance of the latents of the form dropout (public code: 1e-5).", low=0
    )
    tangent_weight: float = option(1e-3, "Weight of the form tangent.", low=0)

    _SVHN = dict(labels=1000, epochs=400, batch_size=50, decay_start=0.75)
    _CIFAR = dict(
        labels=4000, epochs=1400, batch_size=25, decay_start=1200 / 1400, width=96,
        generator_width=64,
    )  # fmt: skip
    RECIPES = {
        "digits": improved_gan.HParams.RECIPES["digits"],
        "svhn": _SVHN,
        "cifar10": _CIFAR,
        "cifar100": _CIFAR,
        "fashion_mnist": _SVHN,
        "short": dict(learning_rate=1e-3),
    }


class Method(improved_gan.Method):
    """ImprovedGAN whose logits change little along the manifold of generated images."""

    reports = (*improved_gan.Method.reports, "manifold")

    def setup(self) -> None:
        """Makes the networks; in float32 if they are differentiated along tangents."""
        tangent = self.hp.manifold_form == "tangent"
        with manifold.TangentMethod.in_float32() if tangent else contextlib.nullcontext():
            super().setup()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one generator step."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]

        for (real,) in self.critic_batches(batch["unlabeled"], "image"):
            fake, *nearby = self.neighbors(x.shape[0])
            with tf.GradientTape() as tape:
                if self.hp.manifold_form == "dropout":
                    labeled, unlabeled, generated, near = self.forward_concat(
                        self.discriminator, x, real, fake, *nearby
                    )
                    change = losses.squared_distance(generated["logits"], near["logits"])
                    regularizer = self.hp.manifold_weight * change
                else:
                    labeled, unlabeled, generated = self.forward_concat(
                        self.discriminator, x, real, fake
                    )
                    derivative = tangents.tangent(self.logits, *nearby)[1]
                    change = losses.squared_steepness([derivative])
                    regularizer = self.hp.tangent_weight * change
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                adversarial = losses.real_or_fake(unlabeled["logits"], generated["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial + regularizer
            separation = self.class_separation(unlabeled, generated)
            self.d.minimize(loss, tape)

        matched = self.discriminator(batch["matched"]["image"], training=True)
        with tf.GradientTape() as tape:
            generated = self.discriminator(self.fake_images(x.shape[0]), training=True)
            generator = losses.feature_matching(matched["features"], generated["features"])
        self.g.minimize(generator, tape)
        return self.end_step(
            supervised=supervised,
            adversarial=adversarial,
            generator=generator,
            manifold=change,
            **separation,
        )

    def neighbors(self, rows: int) -> tuple[tf.Tensor, ...]:
        """Generated images, and what leads to their neighbors.

        Args:
            rows: Number of images.

        Returns:
            G(z) and G(z + radius u); or, in the form tangent, G(z), and in inference mode, where an
            image does not depend on its batch, G(z) and J u. float32 [rows, h, w, c] each.
        """
        z = self.latents(rows)
        u = tf.math.l2_normalize(self.step_random().normal(*z.shape), axis=-1)
        if self.hp.manifold_form == "tangent":
            draw = lambda at: self.generator(at, training=False)  # noqa: E731
            return self.generator(z, training=True), *tangents.tangent(draw, z, u)
        joined = self.generator(tf.concat([z, z + self.hp.radius * u], 0), training=True)
        return tuple(tf.split(joined, 2))

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """D's logits in a training pass, with one mask for value and derivative."""
        return self.discriminator(images, training=True)["logits"]
