"""What a method may learn before it sees labels: to tell images apart, and to draw them.

Both are stages of a run, of methods that have a ResNet-18 in their classifier.
"""

import dataclasses
import pathlib
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan import errors, gan, layers, losses, method
from tf_ssgan.knobs import knob
from tf_ssgan.networks import conditional_dcgan, resnet18, weak_critic
from tf_ssgan.task import Stream


@dataclasses.dataclass(frozen=True)
class ContrastHParams(method.HParams):
    """Hyper-parameters of a stage that contrasts images."""

    backbone_init: Literal["random", "contrastive", "path"] = knob(
        "contrastive",
        "What the ResNet starts from: chance, a stage in which it learns to tell images apart, or "
        "the weights in --backbone_path.",
    )
    backbone_path: str = knob(
        "",
        "A file backbone.weights.h5 of another run, which its first stage left, for "
        "--backbone_init=path.",
    )
    contrast_fraction: float = knob(
        0.5, "Share of the run in which images are told apart.", low=0, high=0.9
    )
    contrast_rate: float = knob(1e-3, "Step size of that stage (public code of rajas582).", low=0)
    temperature: float = knob(
        0.5, "Of its similarities (Chen et al. 2020: 0.5 for small images).", above=0
    )
    width: int = knob(64, "Channels of ResNet-18's first convolution.", low=1)

    def __post_init__(self):
        """Refuses values out of range, and a path where none is read.

        Raises:
            UserError: Naming the knob, what was expected and what came.
        """
        super().__post_init__()
        if (self.backbone_init == "path") != bool(self.backbone_path):
            raise errors.UserError(
                f"--backbone_init={self.backbone_init} and --backbone_path="
                f"{self.backbone_path or chr(39) * 2} do not go together; give both, "
                "--backbone_init=path --backbone_path=FILE, or no path."
            )

    def shares(self) -> dict[str, float]:
        """The stages before the last one, and the share of the run that each takes."""
        contrasts = self.backbone_init == "contrastive"
        return {"contrast": self.contrast_fraction} if contrasts else {}


@dataclasses.dataclass(frozen=True)
class GenerateHParams(ContrastHParams):
    """Hyper-parameters of stages that contrast images, and then train a generator."""

    profile: Literal["paper", "authors"] = knob(
        "paper", "What the paper says, or what its public code does; see the docstring."
    )
    latent_size: int = knob(100, "Length of the generator's latent vector.", low=1)
    generate_fraction: float = knob(
        0.25, "Share of the run in which the generator is trained alone.", low=0, high=0.9
    )
    generate_rate: float = knob(
        2e-4, "Step size of that stage (public code of Dravid et al. 2022).", low=0
    )
    beta_1: float = knob(
        0.5, "Adam's first-moment decay in it (public code of Dravid et al. 2022).", low=0, high=1
    )
    penalty_weight: float = knob(
        10.0, "Weight of its gradient penalty (Gulrajani et al. 2017).", low=0
    )

    def shares(self) -> dict[str, float]:
        """The stages before the last one, and the share of the run that each takes."""
        return super().shares() | {"generate": self.generate_fraction}


def consecutive(steps: int, shares: dict[str, float]) -> dict[str, int]:
    """Stages one after the other, and "train" for what is left of the run.

    Args:
        steps: Length of the run.
        shares: Stage -> share of the run; stages that come to no step are left out.

    Returns:
        Stage -> its first step.

    Raises:
        UserError: They leave no step to train.
    """
    found, begin = {}, 0.0
    for name, share in (shares | {"train": 1.0}).items():
        # A share made of whole steps may fall short by rounding.
        first, begin = int(begin * steps + 1e-6), begin + share
        if int(begin * steps + 1e-6) > first:
            found[name] = first
    if found.get("train", steps) >= steps:
        told = " and ".join(f"--{name}_fraction={share:g}" for name, share in shares.items())
        raise errors.UserError(
            f"{told} leave none of {steps} steps to learn labels. Make them smaller."
        )
    return found


class Contrast(method.Method):
    """A method whose ResNet first learns to tell images apart (Chen et al. 2020, SimCLR)."""

    hp: ContrastHParams

    def make_contrast(self, *further: keras.Model) -> None:
        """Makes the stage's player, for `self.classifier`.

        Args:
            *further: Networks that it moves beside the backbone and the projector.
        """
        self.backbone = resnet18.backbone(self.classifier)
        if self.hp.backbone_init != "contrastive":
            return
        size = self.backbone.output["features"].shape[-1]
        self.projector = resnet18.head(size, size, size, "projector")
        adam = keras.optimizers.Adam(self.hp.contrast_rate, epsilon=1e-8)
        self.b = self.player("contrast", [self.backbone, self.projector, *further], adam)

    def stages(self) -> dict[str, int]:
        """What comes before labels, and "train"."""
        return consecutive(self.task.steps, self.hp.shares())

    def contrast_streams(self) -> dict[str, Stream]:
        """Images as they are, and the same cut, mirrored where that is right, and lit otherwise."""
        flips = "flip flip_vertical " if self.task.flip else ""
        views = {"image": "plain", "augmented": f"resized_crop {flips}brightness"}
        return {"unlabeled": Stream("unlabeled", self.hp.batch_size, views)}

    def contrast_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Each image shall find its other view among all views."""
        x, augmented = batch["unlabeled"]["image"], batch["unlabeled"]["augmented"]
        with tf.GradientTape() as tape:
            one, two = self.together(self.backbone, x, augmented)
            projected = [self.projector(view["features"], training=True) for view in (one, two)]
            contrastive = losses.contrastive(*projected, self.temperature())
        self.b.descend(contrastive, tape)
        return self.finish(contrastive=contrastive)

    def temperature(self) -> float:
        """Of the similarities of views."""
        return self.hp.temperature

    def pretrained(self) -> dict[str, keras.Model]:
        """The backbone, once it tells images apart."""
        return {"backbone": self.backbone} if self.stage == "contrast" else {}

    def initialize(self, images: tf.Tensor) -> None:
        """Loads the backbone, if a file is given."""
        del images
        if self.hp.backbone_init == "path":
            load(self.backbone, pathlib.Path(self.hp.backbone_path))


class Generate(gan.ConditionalGAN):
    """A method whose generator is first trained alone, against a weak critic."""

    hp: GenerateHParams

    def make_generator(self) -> None:
        """Makes generator and critic, a player each."""
        self.generator = conditional_dcgan.generator(
            self.task, self.hp.latent_size, 2 * self.hp.width
        )
        self.critic = weak_critic.critic(self.task)
        adams = [
            keras.optimizers.Adam(self.hp.generate_rate, beta_1=self.hp.beta_1, epsilon=1e-8)
            for _ in range(2)
        ]
        self.d = self.player("critic", self.critic, adams[0])
        self.g = self.player("generator", self.generator, adams[1], self.generator_rate)

    def generator_rate(self) -> tf.Tensor:
        """The generator's step size."""
        return tf.constant(self.hp.generate_rate)

    def generate_streams(self) -> dict[str, Stream]:
        """All images, and those whose label is right."""
        views = {"image": "plain"}
        return {
            "unlabeled": Stream("unlabeled", self.hp.batch_size, views),
            "clean": Stream("clean", self.hp.batch_size, views),
        }

    def generate_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step of the critic, which also names the class, and one of the generator."""
        x, labeled, y = (
            batch["unlabeled"]["image"],
            batch["clean"]["image"],
            batch["clean"]["label"],
        )
        z, c = self.latents(x.shape[0])
        fake = self.generator([z, c], training=True)
        with tf.GradientTape() as tape:
            real = self.critic(x, training=True)["source"]
            generated = self.doubted(fake)
            source, penalty = self.told_apart(x, fake, real, generated["source"])
            named = losses.cross_entropy(y, self.critic(labeled, training=True)["logits"])
            conditional = losses.cross_entropy(c, generated["logits"])
            loss = source + self.hp.penalty_weight * penalty + named + conditional
        self.d.descend(loss, tape)

        z, c = self.latents(x.shape[0])
        with tf.GradientTape() as tape:
            generated = self.doubted(self.generator([z, c], training=True))
            generator = self.fooled(generated["source"])
            generator += losses.cross_entropy(c, generated["logits"])
        self.g.descend(generator, tape)
        return self.finish(
            source=source,
            penalty=penalty,
            named=named,
            conditional=conditional,
            generator=generator,
        )

    def told_apart(
        self, x: tf.Tensor, fake: tf.Tensor, real: tf.Tensor, doubt: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """How badly the critic tells real images from generated ones, and its gradient penalty.

        Args:
            x: Real images.
            fake: As many generated ones.
            real: What it says of the real ones.
            doubt: What it says of the generated ones.
        """
        if self.hp.profile == "authors":
            return losses.source_error(real, doubt), tf.zeros([])
        mix = self.draws().uniform(x.shape[0], 1, 1, 1)
        penalty = losses.gradient_penalty(
            lambda images: self.doubted(images)["source"], x, fake, mix
        )
        return losses.wasserstein(real, doubt), penalty

    def fooled(self, doubt: tf.Tensor) -> tf.Tensor:
        """How badly the generator fools the critic, which says this of its images."""
        authors = self.hp.profile == "authors"
        return losses.source_fool(doubt) if authors else losses.wasserstein_fool(doubt)

    def doubted(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the critic says of images that are not real; it records nothing."""
        with layers.frozen_statistics():
            return self.critic(images, training=True)


CONTRAST_REPORTS = ("contrastive",)
GENERATE_REPORTS = ("source", "penalty", "named", "conditional", "generator")


def load(network: keras.Model, path: pathlib.Path) -> None:
    """Loads weights that `keras.Model.save_weights` wrote; a file of weights holds no code.

    Args:
        network: Of the same shape as the one that was saved.
        path: A file NAME.weights.h5.

    Raises:
        UserError: There is no such file, or its weights are another network's.
    """
    if not path.name.endswith(".weights.h5") or not path.is_file():
        raise errors.UserError(
            f"{path} is no file of weights: expected backbone.weights.h5 in the folder of a run "
            "with --backbone_init=contrastive."
        )
    try:
        network.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise errors.UserError(
            f"{path} does not hold the weights of this ResNet: take the backbone of a run of the "
            "same method, with the same --width and images of as many channels."
        ) from error
