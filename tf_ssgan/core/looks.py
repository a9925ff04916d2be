"""A look at whole pools: what a method is given between two steps to see more than a batch."""

from collections.abc import Callable
from typing import Protocol

import keras
import numpy as np


class Look(Protocol):
    """What `Method.look_at_pools` is given; `training/looks.py` makes it."""

    def predict(self, network: keras.Model, pool: str, *outputs: str) -> dict[str, np.ndarray]:
        """Outputs of a network for all images of a pool, in its order: unaugmented, inference mode.

        Args:
            network: images -> {name: output}.
            pool: Name of a pool, see `task.Stream`.
            *outputs: Names of the outputs that are kept.

        Returns:
            Each output, float32 [images, ...]; and "label", int64 [images], if the pool has labels.
        """

    def checked(self) -> np.ndarray:
        """Which labels are known to be right: bool [labeled]; none if nothing is known."""

    def progress(self, title: str, total: int) -> Callable[[int], None]:
        """Begins to show how far a part of the look is, if it takes long.

        Args:
            title: What is done, in a few words.
            total: Number of its pieces.

        Returns:
            A function to call after some pieces, with their number; it may raise to stop the run.
        """
