"""ImprovedGAN with manifold invariance: the classifier is flat along the generator's tangents.

Kumar, Sattigeri and Fletcher: Semi-supervised Learning with GANs: Manifold Invariance with Improved
Inference (2017), sections 2 and 3. An encoder h finds the latents of an image, so that the tangents
of the generator there, J_G(h(x)) e_a, are directions in which x may change and keep its class. f
are features of D, p = softmax(D), and t_a the tangents along some axes e_a, of length 1:

    D: CE(labeled) + unlabeled_weight [E softplus(-lse(l_u)) + E softplus(lse(l_g))]
       + manifold_weight E sum_a || (dp / dx) t_a ||^2,  of labeled and unlabeled images
    G, h: || E [f(x), h(x)] - E [f(G(z)), z] ||_1 / width + E |x - G(h(x))|

The last term of D begins after plain_fraction of the run, when the tangents mean something: 10
epochs in the long recipes, a tenth of short runs.

Departures: this is a reconstruction; there is no public code, and we have not the text of the paper
with its constants. The encoder, its losses and the axes are as our sources describe them; its
network is Bad GAN's (`bad_gan`), which has the shape of G. Tangents are those of G in inference
mode, so that each is a property of its image, and they have no gradient. The networks compute in
float32. See `improved_gan` for the rest.
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.methods import improved_gan
from tf_ssgan.methods.bases import manifold
from tf_ssgan.networks import code_encoder, dcgan
from tf_ssgan.nn import layers, losses, tangents

PAPER = "Kumar, Sattigeri and Fletcher 2017, reconstructed"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(improved_gan.HParams, manifold.TangentHParams):
    """Hyperparameters of manifold invariance."""

    manifold_weight: float = option(
        1e-3, "Weight of the squared derivatives along tangents (our choice).", low=0
    )
    reconstruction_weight: float = option(
        1.0, "Weight of the mean absolute difference of x and G(h(x)) (our choice).", low=0
    )
    plain_fraction: float = inherited(manifold.TangentHParams, "plain_fraction", 0.1, "our choice")

    RECIPES = {
        "digits": improved_gan.HParams.RECIPES["digits"] | dict(tangents=2, max_steps=600),
        "svhn": dict(labels=1000, epochs=900, plain_fraction=10 / 900),
        "cifar10": dict(
            labels=4000, epochs=1200, width=96, generator_width=64, plain_fraction=10 / 1200
        ),
        "cifar100": dict(
            labels=4000, epochs=1200, width=96, generator_width=64, plain_fraction=10 / 1200
        ),
        "fashion_mnist": dict(labels=1000, epochs=900, plain_fraction=10 / 900),
        "short": dict(learning_rate=1e-3, plain_fraction=0.1),
    }


class Method(manifold.TangentMethod, improved_gan.Method):
    """ImprovedGAN with an encoder, and a classifier that is flat along tangents."""

    reports = ("supervised", "adversarial", "generator", "reconstruction", "manifold")
    reports_in = {"plain": reports[:-1]}

    def setup(self) -> None:
        """Makes the networks; the encoder learns with the generator."""
        sizes = self.task, self.hp.latent_size, self.generator_width
        with self.in_float32():
            self.discriminator = self.classifier = self.build_discriminator()
            self.generator = dcgan.generator(*sizes)
            self.encoder = code_encoder.encoder(*sizes, scales=False)
        self.d = self.player("discriminator", self.discriminator, self.adam(), self.rate)
        networks = [self.generator, self.encoder]
        self.g = self.player("generator", networks, self.adam(), self.rate)

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Discriminator steps, each on new images, then one step of generator and encoder."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        reported = {}

        for (real,) in self.critic_batches(batch["unlabeled"], "image"):
            fake = self.fake_images(x.shape[0])
            directions = self.directions(x, real) if self.stage == "train" else []
            with tf.GradientTape() as tape:
                labeled, unlabeled, generated = self.forward_concat(
                    self.discriminator, x, real, fake
                )
                supervised = losses.cross_entropy(y, labeled["logits"], self.label_weights(y))
                adversarial = losses.real_or_fake(unlabeled["logits"], generated["logits"])
                loss = supervised + self.hp.unlabeled_weight * adversarial
                if directions:
                    reported["manifold"] = self.steepness(directions, x, real)
                    loss += self.hp.manifold_weight * reported["manifold"]
            self.d.minimize(loss, tape)

        matched = batch["matched"]["image"]
        with tf.GradientTape() as tape:
            z, code = self.latents(x.shape[0]), self.encoder(matched, training=True)["mean"]
            images = self.generator(tf.concat([code, z], 0), training=True)
            rebuilt, fake = tf.split(images, 2)
            one, other = self.forward_concat(self.discriminator, matched, fake)
            generator = losses.feature_matching(
                tf.concat([one["features"], code], 1), tf.concat([other["features"], z], 1)
            )
            reconstruction = tf.reduce_mean(tf.abs(matched - rebuilt))
            loss = generator + self.hp.reconstruction_weight * reconstruction
        self.g.minimize(loss, tape)
        return self.end_step(
            supervised=supervised,
            adversarial=adversarial,
            generator=generator,
            reconstruction=reconstruction,
            **reported,
        )

    def directions(self, *batches: tf.Tensor) -> list[tf.Tensor]:
        """Tangents of the generator at the codes of images, of length 1.

        Args:
            *batches: Images, float32 [rows, h, w, c] each.

        Returns:
            One for each axis of this step, float32 [all rows, h, w, c].
        """
        code = self.encoder(tf.concat(batches, 0), training=False)["mean"]
        axes = self.axes(code.shape[0])
        draw = lambda at: self.generator(at, training=False)  # noqa: E731
        return losses.unit_tangents(tangents.tangents(draw, code, axes)[1])

    def steepness(self, directions: list[tf.Tensor], *batches: tf.Tensor) -> tf.Tensor:
        """How much the predictions for images change along some directions.

        Args:
            directions: See `directions`.
            *batches: The same images.

        Returns:
            A float32 scalar, at least 0.
        """

        def predicted(images: tf.Tensor) -> tf.Tensor:
            return tf.nn.softmax(self.discriminator(images, training=True)["logits"])

        with self.step_random().concatenated([batch.shape[0] for batch in batches]):
            derivatives = tangents.tangents(predicted, tf.concat(batches, 0), directions)[1]
        return losses.squared_steepness(derivatives)

    def initialize(self, images: tf.Tensor) -> None:
        """Initializes D and the encoder from images, and G's output layer from latents."""
        super().initialize(images)
        layers.initialize_from_data(self.encoder, images)
