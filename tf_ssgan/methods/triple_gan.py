"""Triple-GAN: a classifier, a generator and a discriminator of pairs of image and label.

Li, Xu, Zhu and Zhang: Triple Generative Adversarial Nets (2017), section 3 and algorithm 1, as in
their public code (zhenxuan00/triple-gan). C labels real images, G draws images of given labels, and
D tells real pairs from theirs; d is its logit, c(x) = argmax C(x), p = softmax(C(x)):

    D: E softplus(-d(x, y)) + 1/2 E softplus(d(G(y, z), y)) + 1/2 E softplus(d(x_u, c(x_u)))
    G: 1/2 E softplus(-d(G(y, z), y))
    C: CE(labeled) + adversarial_weight / 2 E p_max softplus(-d(x_u, c(x_u)))
       + entropy_weight E H(p_u) + balance_weight CE(uniform, E p_u)         (SVHN)
       + consistency_weight w(t) E (p_u - p_u')^2                            (CIFAR)
       + generated_weight CE(C(G(y, z)), y), after a fifth of the run

The real pairs of D are labeled images, and for pseudo_share of them images with the labels of C. No
gradient passes through c(x): C learns from D by p_max alone. The labels of G are balanced.

Departures: D's share of 20 labeled among 180 pseudo-labeled images (40 and 160 on CIFAR) is a
weight of the means of whole batches, and its labeled images are those of C's step. Latents are
U[-1, 1] instead of U[0, 1], as in `improved_gan`. C learns from the generated images of G's step;
there new ones are drawn. The public code's penalty of weights on SVHN has no effect, since its
layer has none; we leave it out. Its EMA starts from 0, ours from the initial weights. C normalizes
labeled and unlabeled images as one batch, and only that pass records statistics; there each has its
own. Kernels start as in `networks.cnn13`, there from N(0, .05^2). On CIFAR, images are scaled to
[-1, 1], whitening adds Laine and Aila's 4e-5 to variances instead of 1e-5, G and D have 100 images
a step instead of 200, and the weight of the consistency starts at .7 in the first epoch instead of
0. Recipes without a published one are those of SVHN. On digits generated images do not teach C: so
short a run draws them badly, and 600 steps ended at 10.1 % validation errors with them, and at 4.7
% after 414 steps without (seed 10).
"""

import dataclasses

import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods.bases import triple_players
from tf_ssgan.nn import layers, losses, schedules

PAPER = "Li et al. 2017, section 3, public code"
GROUP = "GAN classifiers"


@dataclasses.dataclass(frozen=True)
class HParams(triple_players.TripleHParams):
    """Hyperparameters of Triple-GAN."""

    pseudo_share: float = option(
        0.9,
        "Share of images with the labels of the classifier among D's real pairs (public code: 0.9 "
        "on SVHN, 0.8 on CIFAR-10).",
        low=0,
        high=1,
    )
    adversarial_weight: float = option(
        0.01, "Weight of D's doubt of the classifier's labels (public code: 0.01).", low=0
    )
    entropy_weight: float = option(
        0.3, "Weight of the entropy of predictions (public code: 0.3 on SVHN).", low=0
    )
    balance_weight: float = option(
        1e-3,
        "Weight of the cross-entropy of the uniform distribution and the mean prediction (public "
        "code: 0.001 on SVHN).",
        low=0,
    )
    consistency_weight: float = option(
        0.0, "Largest weight of the difference of two predictions (public code: 100 on CIFAR-10).",
        low=0,
    )  # fmt: skip
    ramp_up: float = option(
        0.08, "Fraction of the run over which that weight rises.", low=0, high=1
    )
    generated_weight: float = option(
        0.03,
        "Weight of the cross-entropy of generated images (public code: 0.03 on SVHN, 0.1 on "
        "CIFAR-10).",
        low=0,
    )
    generated_start: float = option(
        0.2,
        "Fraction of the run after which the classifier learns from generated images (public code: "
        "200 of 1,000 epochs).",
        low=0,
        high=1,
    )

    _CIFAR = dict(
        epochs=1000, norm="mean_only", input_dropout=0.0, image_noise=0.15, slope=0.1,
        normalization="zca", pseudo_share=0.8, entropy_weight=0.0, balance_weight=0.0,
        consistency_weight=100.0, generated_weight=0.1, classifier_learning_rate=3e-3,
        classifier_last_rate=9e-4, classifier_beta_1=0.9,
    )  # fmt: skip
    RECIPES = {
        "digits": dict(
            labels=50, max_steps=600, batch_size=50, width=32, generator_width=32,
            learning_rate=1e-3, dropout=0.2, translate=True, generated_weight=0.0,
        ),
        "svhn": dict(labels=1000, epochs=1000, batch_size=200),
        "cifar10": dict(labels=4000) | _CIFAR,
        "cifar100": dict(labels=10000) | _CIFAR,
        "fashion_mnist": dict(labels=1000, epochs=1000, batch_size=200),
        "short": dict(learning_rate=1e-3, decay_start=0.5),
    }  # fmt: skip


class Method(triple_players.TripleMethod):
    """The three-player GAN."""

    reports = ("supervised", "discriminator", "generator", "adversarial", "unsupervised")

    def streams(self) -> dict[str, Stream]:
        """Labeled images, unlabeled ones that C labels, and others that D takes for real then."""
        view = {"image": "translated" if self.hp.translate else "plain"}
        pools = {"labeled": "labeled", "unlabeled": "unlabeled", "pseudo": "unlabeled"}
        return {k: Stream(pool, self.hp.batch_size, view) for k, pool in pools.items()}

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """A step of the discriminator, of the generator, and of the classifier."""
        x, y = batch["labeled"]["image"], batch["labeled"]["label"]
        real, others = batch["unlabeled"]["image"], batch["pseudo"]["image"]

        guessed, pseudo = self.labels_of(real, others)
        z, wanted = self.latents(x.shape[0])
        fake = self.generator([z, wanted], training=True)
        pairs = [x, y], [others, pseudo], [fake, wanted], [real, guessed]
        with tf.GradientTape() as tape:
            one, two, three, four = self.forward_concat(self.discriminator, *pairs)
            scores = one["score"], two["score"], self.hp.pseudo_share, three["score"], four["score"]
            discriminator = losses.pair_discriminator_loss(*scores, self.label_weights(y))
        self.d.minimize(discriminator, tape)

        z, wanted = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            fake = self.generator([z, wanted], training=True)
            score = self.discriminator([fake, wanted], training=True)["score"]
            generator = 0.5 * losses.source_generator_loss(score)
        self.g.minimize(generator, tape)

        with tf.GradientTape() as tape:
            labeled, unlabeled, again = self.classified(x, real)
            supervised = losses.cross_entropy(y, labeled, self.label_weights(y))
            guessed = tf.argmax(unlabeled, axis=-1)
            score = self.discriminator([real, guessed], training=True)["score"]
            adversarial = losses.pair_classifier_loss(unlabeled, score)
            unsupervised = self.unsupervised_loss(unlabeled, again)
            loss = supervised + self.hp.adversarial_weight * adversarial + unsupervised
            if self.hp.generated_weight:
                loss += self.generated_loss(fake, wanted)
        self.c.minimize(loss, tape)
        return self.end_step(
            supervised=supervised,
            discriminator=discriminator,
            generator=generator,
            adversarial=adversarial,
            unsupervised=unsupervised,
        )

    def labels_of(self, *batches: tf.Tensor) -> list[tf.Tensor]:
        """The classifier's labels of images in a training pass, which records no statistics.

        Args:
            *batches: Images, float32 [rows, h, w, c] each.

        Returns:
            int64 [rows] each.
        """
        with layers.frozen_statistics():
            outputs = self.forward_concat(self.classifier, *batches)
        return [tf.argmax(output["logits"], axis=-1) for output in outputs]

    def classified(self, x: tf.Tensor, real: tf.Tensor) -> list[tf.Tensor]:
        """Logits of labeled images, and of unlabeled ones twice, each time with other noise.

        Without a weight of their consistency, both are the same.
        """
        twice = [real, real] if self.hp.consistency_weight else [real]
        outputs = self.forward_concat(self.classifier, x, *twice)
        labeled, unlabeled, *again = [output["logits"] for output in outputs]
        return [labeled, unlabeled, *(again or [unlabeled])]

    def unsupervised_loss(self, unlabeled: tf.Tensor, again: tf.Tensor) -> tf.Tensor:
        """The classifier's own losses of unlabeled images, weighted: see `classified`."""
        loss = self.hp.entropy_weight * losses.entropy(unlabeled)
        loss += self.hp.balance_weight * losses.uniform_cross_entropy(unlabeled)
        if self.hp.consistency_weight:
            t = self.progress() / self.hp.ramp_up if self.hp.ramp_up else 1.0
            difference = losses.mean_squared_difference(unlabeled, tf.nn.softmax(again))
            loss += self.hp.consistency_weight * schedules.sigmoid_ramp(t) * difference
        return loss

    def generated_loss(self, fake: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The weighted cross-entropy of generated images, 0 at first; G has no gradient of it."""
        with layers.frozen_statistics():
            logits = self.classifier(tf.stop_gradient(fake), training=True)["logits"]
        begun = tf.cast(self.progress() >= self.hp.generated_start, tf.float32)
        return self.hp.generated_weight * begun * losses.cross_entropy(wanted, logits)
