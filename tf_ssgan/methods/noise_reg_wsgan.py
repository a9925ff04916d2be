"""Noise regularization with a generator and WSGAN's classifier as the residual branch.

Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs, after Hu et al. (2019)
and Mao et al. (2021); public code: rajas582/weakly-supervised-gan. As `noise_reg`, with

    r(x, y) = WSGAN classifier( G( two layers of features(x), y ) ), y the noisy label of x

G is trained first, as in `wsgan`; then all networks learn together. r gets the label that it helps
to predict: it can reach r + c = y without the ResNet, and then noisy images teach the ResNet
nothing. That may explain the paper's second table, where this method is worse than `noise_reg` for
up to 20 % clean labels and better from 50 % on. --nrw_label=predicted, which gives r the class that
c predicts, and --nrw_label=none avoid this leak.

Departures: those of `noise_reg` and `wsgan`. The clean head is that of the public code, 384 units,
where the paper describes a deeper one. Profile "authors" is that of `noise_reg`, with 300 images
per step, and that of `wsgan` for the generator.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import noise_reg
from tf_ssgan.methods.bases import gan, generator_pretraining
from tf_ssgan.networks import resnet18, wsgan_classifier

PAPER = "Axelrod, Kashi and Pandey, after Hu et al. 2019 and Mao et al. 2021"
MAPPER_UNITS = 216  # hidden units between features and latents (public code)


@dataclasses.dataclass(frozen=True)
class HParams(noise_reg.HParams, generator_pretraining.PretrainingHParams):
    """Hyperparameters of noise regularization and of the generator."""

    latent_size: int = inherited(gan.GeneratorHParams, "latent_size", 64, "public code")
    nrw_label: Literal["noisy", "predicted", "none"] = option(
        "noisy",
        "Class given to the generator: the noisy label (as in the paper), the class that the clean "
        "head predicts, or none.",
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
    """A clean head, which is exported, and a generator with a classifier for noisy labels."""

    reports_in = noise_reg.Method.reports_in | {"generate": generator_pretraining.GENERATOR_REPORTS}

    def residual_networks(self) -> list[keras.Model]:
        """Builds the mapper from features to latents, the generator, and WSGAN's classifier."""
        self.make_generator()
        size = self.classifier.output["features"].shape[-1]
        self.mapper = resnet18.mlp_head(size, MAPPER_UNITS, self.hp.latent_size, "mapper")
        self.branches = wsgan_classifier.classifier(self.task, self.hp.width)
        return [self.mapper, self.generator, self.branches]

    def residual_logits(self, outputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tf.Tensor:
        """The residual logits r: those of an image generated from the features and a class.

        Args:
            outputs: Outputs of the classifier for the noisy images.
            labels: int64 [rows], the noisy labels.

        Returns:
            float32 [rows, classes].
        """
        classes = {
            "noisy": labels,
            "predicted": tf.argmax(outputs["logits"], axis=-1),
            "none": tf.fill(tf.shape(labels), tf.constant(-1, tf.int64)),  # a one-hot of zeros
        }[self.hp.nrw_label]
        latents = self.mapper(outputs["features"], training=True)
        images = self.generator([latents, classes], training=True)
        return self.branches(images, training=True)["logits"]

    def streams(self) -> dict[str, Stream]:
        """All and clean images in stage "generate"; else as in noise regularization."""
        return self.generate_streams() if self.stage == "generate" else super().streams()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the current stage."""
        if self.stage == "generate":
            return self.generate_step(batch)
        return super().train_step(batch)
