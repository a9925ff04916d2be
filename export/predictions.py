"""Predictions for paths, and how many there were."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What is said of one path.

    Attributes:
        path: As it was given, or below what was given.
        top: Names and probabilities of the likeliest classes, best first; empty without an answer.
        abstained: Whether the best probability was too low for a label.
        reason: Why there is no label; None where there is one.
        thumbnail: The picture as a small JPEG file; empty where none was wanted or made.
    """

    path: str
    top: tuple[tuple[str, float], ...] = ()
    abstained: bool = False
    reason: str | None = None
    thumbnail: bytes = b""

    @property
    def label(self) -> str | None:
        """The likeliest class; None without an answer and after abstaining."""
        return None if self.reason else self.top[0][0]

    def answered(
        self, probabilities: np.ndarray, classes: Sequence[str], top: int, below: float
    ) -> Self:
        """Makes the row of an answer.

        Args:
            probabilities: [K].
            classes: Names of the K classes.
            top: How many of them to name.
            below: Where the best probability is lower, there is no label.
        """
        if not np.isfinite(probabilities).all():
            return dataclasses.replace(self, reason="the model's answer is not a number")
        order = np.argsort(-probabilities, kind="stable")[:top]
        best = tuple((classes[k], float(probabilities[k])) for k in order)
        reason, (name, share) = None, best[0]
        if share < below:
            reason = f"probability {share:.4f} of {name} is below {below:g}"
        return dataclasses.replace(self, top=best, abstained=bool(reason), reason=reason)


@dataclasses.dataclass
class PredictionCounts:
    """How many rows there were.

    Attributes:
        rows: All.
        unread: Those without an answer.
        abstained: Those whose best probability was too low.
    """

    rows: int = 0
    unread: int = 0
    abstained: int = 0

    def count(self, row: Prediction) -> None:
        """Counts a row."""
        self.rows += 1
        self.unread += not row.top
        self.abstained += row.abstained

    def told(self, seconds: float, start_up: float) -> str:
        """Says at the end how it went.

        Args:
            seconds: What the rows took.
            start_up: What came before them.
        """
        return (
            f"{self.rows:,} picture{'s' * (self.rows != 1)} in {seconds:.1f} s "
            f"({self.rows / max(seconds, 1e-3):,.0f} images/s), {self.unread:,} could not be read, "
            f"{self.abstained:,} abstained; start-up {start_up:.1f} s"
        )
