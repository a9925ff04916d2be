"""A stage of contrastive learning (SimCLR) for methods with a ResNet-18 in their classifier."""

import dataclasses
import pathlib
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors, weight_files
from tf_ssgan.common.options import WIDEST, option
from tf_ssgan.core import hparams, method, stages
from tf_ssgan.core.task import Stream, Task
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import fused_optimizers, losses


@dataclasses.dataclass(frozen=True)
class ContrastiveHParams(hparams.HParams):
    """Hyperparameters of a stage of contrastive learning."""

    backbone_init: Literal["random", "contrastive", "path"] = option(
        "contrastive",
        "Initial weights of the ResNet: random ones, those of a first stage of contrastive "
        "learning, or those in the file --backbone_path.",
    )
    backbone_path: str = option(
        "",
        "Path of a file backbone.weights.h5 that the first stage of another run wrote, for "
        "--backbone_init=path.",
    )
    contrast_fraction: float = option(
        0.5, "Fraction of the run that contrastive learning takes.", low=0, high=0.9
    )
    contrast_rate: float = option(
        1e-3, "Learning rate of contrastive learning (public code of rajas582).", low=0
    )
    temperature: float = option(
        0.5,
        "Temperature of the contrastive loss (Chen et al. 2020: 0.5 for small images).",
        above=0,
    )
    width: int = option(64, "Channels of ResNet-18's first convolution.", low=1, high=WIDEST)

    def __post_init__(self):
        """Refuses values out of range, and a path that does not fit `backbone_init`.

        Raises:
            UserError: Names the hyperparameter, what was expected and the value.
        """
        super().__post_init__()
        if (self.backbone_init == "path") != bool(self.backbone_path):
            raise errors.UserError(
                f"--backbone_init={self.backbone_init} and --backbone_path="
                f"{self.backbone_path or chr(39) * 2} do not go together; give both "
                "--backbone_init=path and --backbone_path=FILE, or no path."
            )

    def stage_fractions(self) -> dict[str, float]:
        """The stages before the last one, and the fraction of the run that each takes."""
        contrastive = self.backbone_init == "contrastive"
        return {"contrast": self.contrast_fraction} if contrastive else {}


class ContrastivePretraining(method.Method):
    """A method whose ResNet is first trained by contrastive learning (Chen et al. 2020)."""

    hp: ContrastiveHParams

    def make_contrast(self, *further: keras.Model) -> None:
        """Builds the projector and the stage's player, for the ResNet in `self.classifier`.

        Args:
            *further: Networks that the player trains beside the backbone and the projector.
        """
        self.backbone = resnet18.backbone(self.classifier)
        if self.hp.backbone_init != "contrastive":
            return
        size = self.backbone.output["features"].shape[-1]
        self.projector = resnet18.mlp_head(size, size, size, "projector")
        adam = fused_optimizers.Adam(self.hp.contrast_rate, epsilon=1e-8)
        self.b = self.player("contrast", [self.backbone, self.projector, *further], adam)

    def stages(self) -> dict[str, int]:
        """The stages before labels are used, then "train"."""
        return stages.consecutive_stages(self.task.steps, self.hp.stage_fractions())

    def contrast_streams(self) -> dict[str, Stream]:
        """Images as they are, and the same augmented."""
        views = {"image": "plain", "augmented": augmented_view(self.task)}
        return {"unlabeled": Stream("unlabeled", self.hp.batch_size, views)}

    def contrast_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """One step on the contrastive loss: the two views of an image are each other's match."""
        x, augmented = batch["unlabeled"]["image"], batch["unlabeled"]["augmented"]
        with tf.GradientTape() as tape:
            one, two = self.forward_concat(self.backbone, x, augmented)
            projected = [self.projector(view["features"], training=True) for view in (one, two)]
            contrastive = losses.nt_xent(*projected, self.temperature())
        self.b.minimize(contrastive, tape)
        return self.end_step(contrastive=contrastive)

    def temperature(self) -> float:
        """Temperature of the contrastive loss."""
        return self.hp.temperature

    def pretrained(self) -> dict[str, keras.Model]:
        """The backbone, at the end of the contrastive stage."""
        return {"backbone": self.backbone} if self.stage == "contrast" else {}

    def initialize(self, images: tf.Tensor) -> None:
        """Loads the backbone's weights, if a file is given."""
        del images
        if self.hp.backbone_init == "path":
            load_weights(self.backbone, pathlib.Path(self.hp.backbone_path))


CONTRASTIVE_REPORTS = ("contrastive",)
_BESIDE_WEIGHTS = 2**24  # bytes of a file for names, and for a network of a few channels more


def augmented_view(task: Task) -> str:
    """The view with random crop, both flips if classes survive them, and brightness."""
    flips = "flip flip_vertical " if task.flip else ""
    return f"resized_crop {flips}brightness"


def load_weights(network: keras.Model, path: pathlib.Path) -> None:
    """Loads weights that `keras.Model.save_weights` wrote; such a file contains no code.

    Args:
        network: A network of the same architecture as the one that was saved.
        path: A file NAME.weights.h5.

    Raises:
        UserError: The file does not exist, or its weights belong to another network.
    """
    if not path.name.endswith(".weights.h5") or not path.is_file():
        raise errors.UserError(
            f"{path} is not a weights file: expected backbone.weights.h5 in the folder of a run "
            "with --backbone_init=contrastive."
        )
    own = sum(weight.numpy().nbytes for weight in network.weights)
    try:
        weight_files.check(path, 4 * own + _BESIDE_WEIGHTS)
    except weight_files.WeightFileError as error:
        raise errors.UserError(
            f"{path} does not contain weights that can be used: {error}."
        ) from error
    try:
        network.load_weights(path)
    except Exception as error:  # files of another layout provoke many exceptions in Keras
        raise errors.UserError(
            f"{path} does not contain weights of this ResNet: use the backbone of a run of the "
            "same method, with the same --width and images with as many channels."
        ) from error
