"""Noise regularization with a generator and WSGAN's classifier as the residual branch.

Axelrod, Kashi and Pandey: Weakly Supervised Image Classification using GANs, after Hu et al. (2019)
and Mao et al. (2021); public code: rajas582/weakly-supervised-gan. As `noise_reg`, with

    r(x, y) = WSGAN classifier( G( mapper(features(x)), y ) ), y the noisy label of x

    stage "contrast"   contrastive learning of the ResNet, as in `noise_reg`
    stage "generate"   G against a simple critic, as in `wsgan`
    stage "classify"   WSGAN's classifier on clean labels, images and those of G, which learns too:
                       what `wsgan` does in its stage "train"
    stage "train"      the losses of `noise_reg`, for all networks together

The mapper, two layers, moves in the last stage only, because no other stage has it. WSGAN's
classifier has a ResNet too. When stage "contrast" ends, it gets a copy of the weights trained
there, and with --backbone_init=path a copy of those in the file. r gets the label that it helps to
predict: it can reach r + c = y without the ResNet, and then noisy images teach the ResNet nothing.
That may explain the paper's second table, where this method is worse than `noise_reg` for up to 20
% clean labels and better from 50 % on. --nrw_label=predicted, which gives r the class that c
predicts, and --nrw_label=none avoid this leak.

Departures: those of `noise_reg` and `wsgan`. So the images that WSGAN's classifier compares with
those of G are augmented in stage "classify", where the public code takes them as they are: G
learned to draw augmented images, and against plain ones the classifier would only learn to tell
whole images from crops. One contrastive stage serves both ResNets, without the decoder of `wsgan`;
in the paper the first one starts from ImageNet weights, and only that of WSGAN from contrastive
learning. The clean head is that of the public code, 384 units, where the paper describes a deeper
one. Profile "authors" is that of `noise_reg`, with 300 images per step, and that of `wsgan` for the
generator.
"""

import dataclasses
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core.task import Stream
from tf_ssgan.methods import noise_reg
from tf_ssgan.methods.bases import contrastive, gan, generator_pretraining, source_classifier
from tf_ssgan.networks import resnet18, wsgan_classifier

PAPER = "Axelrod, Kashi and Pandey, after Hu et al. 2019 and Mao et al. 2021"
GROUP = "Noisy labels"
MAPPER_UNITS = 216  # hidden units between features and latents (public code)


@dataclasses.dataclass(frozen=True)
class HParams(noise_reg.HParams, generator_pretraining.PretrainingHParams):
    """Hyperparameters of noise regularization, of the generator and of WSGAN's classifier."""

    contrast_fraction: float = inherited(contrastive.ContrastiveHParams, "contrast_fraction", 0.25)
    classify_fraction: float = option(
        0.25,
        "Fraction of the run in which WSGAN's classifier is trained, with the generator.",
        low=0,
        high=0.9,
    )
    classify_rate: float = option(
        1e-3, "Learning rate of WSGAN's classifier in that stage (public code).", low=0
    )
    latent_size: int = inherited(gan.GeneratorHParams, "latent_size", 64, "public code")
    nrw_label: Literal["noisy", "predicted", "none"] = option(
        "noisy",
        "Class given to the generator: the noisy label (as in the paper), the class that the clean "
        "head predicts, or none.",
    )

    RECIPES = {
        "digits": noise_reg.HParams.RECIPES["digits"],
        "fashion_mnist": noise_reg.HParams.RECIPES["fashion_mnist"]
        | dict(
            epochs=170,
            contrast_fraction=10 / 170,
            generate_fraction=100 / 170,
            classify_fraction=50 / 170,
        ),
        "short": dict(contrast_fraction=0.15, generate_fraction=0.2, classify_fraction=0.15),
        "authors": noise_reg.HParams.RECIPES["authors"] | dict(batch_size=300, generate_rate=0.01),
        "authors/digits": dict(batch_size=50),
        "authors/fashion_mnist": dict(
            epochs=120,
            contrast_fraction=10 / 120,
            generate_fraction=50 / 120,
            classify_fraction=50 / 120,
        ),
    }

    def stage_fractions(self) -> dict[str, float]:
        """The stages before the last one, and the fraction of the run that each takes."""
        return super().stage_fractions() | {"classify": self.classify_fraction}


class Method(noise_reg.Method, source_classifier.SourceClassifier):
    """A clean head, which is exported, and a generator with a classifier for noisy labels."""

    reports_in = noise_reg.Method.reports_in | {
        "generate": generator_pretraining.GENERATOR_REPORTS,
        "classify": source_classifier.CLASSIFY_REPORTS,
    }
    trains_in = {
        "contrast": ("backbone", "projector", "branches"),
        "generate": ("critic", "generator"),
        "classify": ("branches", "generator"),
        "train": ("classifier", "mapper", "generator", "branches"),
    }

    def residual_networks(self) -> list[keras.Model]:
        """Builds the mapper from features to latents, the generator, and WSGAN's classifier."""
        self.make_generator()
        size = self.classifier.output["features"].shape[-1]
        self.mapper = resnet18.mlp_head(size, MAPPER_UNITS, self.hp.latent_size, "mapper")
        self.make_branches("branches", self.hp.classify_rate)
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
        """All and clean images in two stages; else as in noise regularization."""
        if self.stage == "classify":
            return self.classify_streams()
        return self.generate_streams() if self.stage == "generate" else super().streams()

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the current stage."""
        if self.stage == "generate":
            return self.generate_step(batch)
        if self.stage == "classify":
            return self.classify_step(batch)
        return super().train_step(batch)

    def contrast_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the contrastive loss; the last one gives WSGAN's classifier the ResNet."""
        logs = super().contrast_step(batch)
        end = list(self.stages().values())[1]
        wsgan_classifier.load_resnet(self.branches, self.backbone, self.step.value == end)
        return logs

    def initialize(self, images: tf.Tensor) -> None:
        """Loads the weights of both ResNets, if a file is given."""
        super().initialize(images)
        if self.hp.backbone_init == "path":
            wsgan_classifier.load_resnet(self.branches, self.backbone)
