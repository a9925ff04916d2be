"""Noise regularization whose second head is a generator and WSGAN's classifier of what it draws.

Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs, after Hu et al. (2019)
and Mao et al. (2021); public code: rajas582/weakly-supervised-gan. As `noise_reg`, with

    r(x, y) = WSGAN classifier( G( two layers of features(x), y ) ), y the noisy label of x

G is trained before, as in `wsgan`; then all networks learn together. r is told the very label that
it shall help to predict: it may come to r + c = y without the ResNet, so that noisy images teach
it nothing. That is one reading of the paper's second table, where this is worse than `noise_reg`
for up to 20 % clean labels and better from 50 % on. --nrw_label=predicted, the class that c finds
likeliest, and =none leave the leak out.

Departures: those of `noise_reg` and `wsgan`. The clean head is that of the public code, 384 units,
where the paper speaks of a deeper one. Profile "authors" is `noise_reg`'s, with 300 images a step,
and `wsgan`'s for the generator.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import noise_reg
from tf_ssgan.methods.bases import generator_pretraining
from tf_ssgan.networks import resnet18, wsgan_classifier

PAPER = "Axelrod, Kashi and Pandey, after Hu et al. 2019 and Mao et al. 2021"
BETWEEN = 216  # units between features and latents (public code)


@dataclasses.dataclass(frozen=True)
class HParams(noise_reg.HParams, generator_pretraining.GeneratorHParams):
    """Hyper-parameters of the union."""

    latent_size: int = option(64, "Length of the generator's latent vector (public code).", low=1)
    nrw_label: Literal["noisy", "predicted", "none"] = option(
        "noisy",
        "What the generator is told: the noisy label (the paper), the class that the clean head "
        "finds likeliest, or nothing.",
    )

    RECIPES = {
        "digits": noise_reg.HParams.RECIPES["digits"],
        "fashion_mnist": noise_reg.HParams.RECIPES["fashion_mnist"]
        | dict(epochs=120, contrast_fraction=10 / 120, generate_fraction=100 / 120),
        "short": dict(contrast_fraction=0.25, generate_fraction=0.25),
        "authors": noise_reg.HParams.RECIPES["authors"] | dict(batch_size=300, generate_rate=0.01),
        "authors/digits": dict(batch_size=50),
        "authors/fashion_mnist": dict(
            epochs=70, contrast_fraction=10 / 70, generate_fraction=50 / 70
        ),
    }


class Method(noise_reg.Method, generator_pretraining.GeneratorPretraining):
    """A clean head that ships, and a generator and its judge for labels that may be wrong."""

    reports_in = noise_reg.Method.reports_in | {"generate": generator_pretraining.GENERATOR_REPORTS}

    def absorbers(self) -> list[keras.Model]:
        """Features to latents, the generator, and WSGAN's classifier."""
        self.make_generator()
        size = self.classifier.output["features"].shape[-1]
        self.mapper = resnet18.head(size, BETWEEN, self.hp.latent_size, "mapper")
        self.judge = wsgan_classifier.classifier(self.task, self.hp.width)
        return [self.mapper, self.generator, self.judge]

    def absorbed(self, seen: dict[str, tf.Tensor], labels: tf.Tensor) -> tf.Tensor:
        """What the judge says of an image drawn from the features and a label, r.

        Args:
            seen: What the classifier says of noisy images.
            labels: int64 [rows], their labels.

        Returns:
            float32 [rows, classes].
        """
        told = {
            "noisy": labels,
            "predicted": tf.argmax(seen["logits"], axis=-1),
            "none": tf.fill(tf.shape(labels), tf.constant(-1, tf.int64)),  # no class at all
        }[self.hp.nrw_label]
        latents = self.mapper(seen["features"], training=True)
        images = self.generator([latents, told], training=True)
        return self.judge(images, training=True)["logits"]

    def streams(self) -> dict[str, Stream]:
        """All images, and clean ones for the generator; else as in noise regularization."""
        return self.generate_streams() if self.stage == "generate" else super().streams()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the stage that the run is in."""
        if self.stage == "generate":
            return self.generate_step(batch)
        return super().train_step(batch)
