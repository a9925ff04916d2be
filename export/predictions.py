"""Predictions for files, and counts of them."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What is predicted for one path.

    Attributes:
        path: As it was given, or below what was given.
        top: Names and probabilities of the most likely classes, best first; empty without an
            answer.
        abstained: Whether the best probability was too low for a label.
        reason: Why there is no label; None if there is one.
        thumbnail: The image as a small JPEG file; empty if none was requested or made.
        clipped: Whether it has values above those of all training images, which became white.
    """

    path: str
    top: tuple[tuple[str, float], ...] = ()
    abstained: bool = False
    reason: str | None = None
    thumbnail: bytes = b""
    clipped: bool = False

    @property
    def label(self) -> str | None:
        """The most likely class; None without an answer and after abstaining."""
        return None if self.reason else self.top[0][0]

    def with_probabilities(
        self, probabilities: np.ndarray, classes: Sequence[str], top: int, abstain_below: float
    ) -> Self:
        """Returns the prediction with the probabilities of the network.

        Args:
            probabilities: [K].
            classes: Names of the K classes.
            top: How many of them to name.
            abstain_below: If the best probability is lower, there is no label.
        """
        if not np.isfinite(probabilities).all():
            return dataclasses.replace(self, reason="the model's answer is not a number")
        order = np.argsort(-probabilities, kind="stable")[:top]
        best = tuple((classes[k], float(probabilities[k])) for k in order)
        reason, (name, probability) = None, best[0]
        if probability < abstain_below:
            reason = f"probability {probability:.4f} of {name} is below {abstain_below:g}"
        return dataclasses.replace(self, top=best, abstained=bool(reason), reason=reason)


@dataclasses.dataclass
class PredictionCounts:
    """How many predictions there were.

    Attributes:
        rows: All.
        unread: Those without an answer.
        abstained: Those whose best probability was too low.
        clipped: Those with values above those of all training images.
    """

    rows: int = 0
    unread: int = 0
    abstained: int = 0
    clipped: int = 0

    def count(self, row: Prediction) -> None:
        """Counts one prediction."""
        self.rows += 1
        self.unread += not row.top
        self.abstained += row.abstained
        self.clipped += row.clipped

    def summary(self, seconds: float, start_up: float) -> str:
        """The line that is printed at the end.

        Args:
            seconds: Time for all rows.
            start_up: Seconds before the first row.
        """
        clipped = (
            f"; {self.clipped:,} of 16 bits have values above those of all training images, which "
            "became white: make them in the same way"
        )
        return (
            f"{self.rows:,} image{'s' * (self.rows != 1)} in {seconds:.1f} s "
            f"({self.rows / max(seconds, 1e-3):,.0f} images/s), {self.unread:,} could not be read, "
            f"{self.abstained:,} abstained; start-up {start_up:.1f} s{clipped * bool(self.clipped)}"
        )
