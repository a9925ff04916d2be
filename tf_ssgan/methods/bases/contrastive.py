"""What a method may learn before it sees labels: to tell images apart, and to draw them.

Both are stages of a run, of methods that have a ResNet-18 in their classifier.
"""

import dataclasses
import pathlib
from typing import Literal

import keras
import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method, stages
from tf_ssgan.core.task import Stream
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import losses


@dataclasses.dataclass(frozen=True)
class ContrastiveHParams(hparams.HParams):
    """Hyper-parameters of a stage that contrasts images."""

    backbone_init: Literal["random", "contrastive", "path"] = option(
        "contrastive",
        "What the ResNet starts from: chance, a stage in which it learns to tell images apart, or "
        "the weights in --backbone_path.",
    )
    backbone_path: str = option(
        "",
        "A file backbone.weights.h5 of another run, which its first stage left, for "
        "--backbone_init=path.",
    )
    contrast_fraction: float = option(
        0.5, "Share of the run in which images are told apart.", low=0, high=0.9
    )
    contrast_rate: float = option(1e-3, "Step size of that stage (public code of rajas582).", low=0)
    temperature: float = option(
        0.5, "Of its similarities (Chen et al. 2020: 0.5 for small images).", above=0
    )
    width: int = option(64, "Channels of ResNet-18's first convolution.", low=1)

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


class ContrastivePretraining(method.Method):
    """A method whose ResNet first learns to tell images apart (Chen et al. 2020, SimCLR)."""

    hp: ContrastiveHParams

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
        return stages.consecutive_stages(self.task.steps, self.hp.shares())

    def contrast_streams(self) -> dict[str, Stream]:
        """Images as they are, and the same cut, mirrored where that is right, and lit otherwise."""
        flips = "flip flip_vertical " if self.task.flip else ""
        views = {"image": "plain", "augmented": f"resized_crop {flips}brightness"}
        return {"unlabeled": Stream("unlabeled", self.hp.batch_size, views)}

    def contrast_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Each image shall find its other view among all views."""
        x, augmented = batch["unlabeled"]["image"], batch["unlabeled"]["augmented"]
        with tf.GradientTape() as tape:
            one, two = self.forward_concat(self.backbone, x, augmented)
            projected = [self.projector(view["features"], training=True) for view in (one, two)]
            contrastive = losses.nt_xent(*projected, self.temperature())
        self.b.minimize(contrastive, tape)
        return self.end_step(contrastive=contrastive)

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
            load_weights(self.backbone, pathlib.Path(self.hp.backbone_path))


CONTRASTIVE_REPORTS = ("contrastive",)


def load_weights(network: keras.Model, path: pathlib.Path) -> None:
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
