"""What the methods share that differentiate along the manifold of their generator's images."""

import contextlib
import dataclasses

import tensorflow as tf

from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.core import method, stages
from tf_ssgan.methods.bases import gan
from tf_ssgan.nn import precision
from tf_ssgan.nn import tangents as nn_tangents


@dataclasses.dataclass(frozen=True)
class TangentHParams(gan.GeneratorHParams):
    """Hyperparameters of tangents along the axes of the latents."""

    tangents: int = option(
        10,
        "Tangents of each image and step, along other axes of the latents in each step. Time and "
        "memory of a step grow with their number.",
        low=1,
        high=1_000,
    )
    plain_fraction: float = option(
        0.5,
        "Fraction of the run, its beginning, that is trained without the terms of tangents.",
        low=0,
        high=1,
    )

    def __post_init__(self):
        """Refuses more tangents than there are axes.

        Raises:
            UserError: A value is out of range.
        """
        super().__post_init__()
        if self.tangents > self.latent_size:
            raise errors.UserError(
                f"--tangents={self.tangents} are more than the --latent_size={self.latent_size} "
                "axes that they lie along. Give at most as many."
            )


class TangentMethod(method.Method):
    """A method that has stages "plain" and "train", the latter with tangents."""

    def stages(self) -> dict[str, int]:
        """A part without tangents, and one with them."""
        return stages.consecutive_stages(self.task.steps, {"plain": self.hp.plain_fraction})

    def axes(self, rows: int) -> list[tf.Tensor]:
        """Unit vectors of the axes of this step, the same for all rows and replicas.

        Args:
            rows: Rows of each.

        Returns:
            One for each of `tangents`, float32 [rows, latent_size].
        """
        axes = self.step_random().permutation(self.hp.latent_size)[: self.hp.tangents]
        return nn_tangents.axis_directions(axes, rows, self.hp.latent_size)

    @staticmethod
    def in_float32() -> contextlib.AbstractContextManager:
        """A context for networks whose tangents are part of a loss: bfloat16 is 13 % off."""
        return precision.policy("float32")
