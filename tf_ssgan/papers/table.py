"""What a table of a paper is made of: cells, each a kind of run and the number printed for it."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from tf_ssgan.common import errors

BUDGETS = ("full", "small", "smoke")

Flags = Mapping[str, Any]
Budgets = Mapping[str, Mapping[str, Flags]]
PublishedFigure = Literal[
    "label_curves",
    "learning_curves",
    "noise_curves",
    "samples",
    "top3",
    "perturbed",
    "embedding",
    "truncation",
]


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A quantity that tables are of.

    Attributes:
        label: What it is called.
        unit: "%", or empty.
        better: Which end of it is wished for; empty where nothing is compared.
    """

    label: str
    unit: str
    better: Literal["lower", "higher", ""]


QUANTITIES: Mapping[str, Quantity] = {
    "test_error": Quantity("test error", "%", "lower"),
    "accuracy": Quantity("test accuracy", "%", "higher"),  # 100 - test_error
    "inception_score": Quantity("Inception Score", "", "higher"),
    "tau": Quantity("truncation factor tau", "", ""),
    "accuracy_on_cifar10_1": Quantity("accuracy on CIFAR-10.1 v6", "%", "higher"),
    "cluster_distance": Quantity("mean distance to the class centers of a t-SNE", "", "lower"),
    "cluster_deviation": Quantity("deviation of these distances", "", "lower"),
}


@dataclasses.dataclass(frozen=True)
class PublishedCell:
    """A number of a table, and the training that it is of.

    Attributes:
        row: As printed, in whole words.
        column: The same.
        flags: What tells its training from others: method, data set, labels, knobs; no seed and no
            length. Empty where the paper quotes a method that is not here.
        published: The number, in the table's unit; None where none is printed.
        spread: Its standard deviation, where printed.
    """

    row: str
    column: str
    flags: Flags
    published: float | None = None
    spread: float | None = None

    @property
    def trained(self) -> bool:
        """Whether a method here trains it."""
        return bool(self.flags)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table or figure of a paper.

    Attributes:
        name: For the command line.
        title: One line, for people.
        source: Whose it is, and where it stands.
        measure: A name of `MEASURES`.
        cells: Row by row.
        budgets: Budget -> whom it is for -> flags beside the cell's: "" for all, then "@2500" for
            cells of so many labels, then a method's name; later ones win.
        number: Which of a run's numbers the paper reports, a key of `result.json`.
        shows: Pictures that belong to it.
        after: Programs to run on each finished run before it has the measure: "judge", "evaluate".
        note: What a reader must know: choices, and faults of the original.
        images: Training images of the official data set; 0 where it is a person's own.
    """

    name: str
    title: str
    source: str
    measure: str
    cells: tuple[PublishedCell, ...]
    budgets: Budgets
    number: str = "test_error"
    shows: tuple[PublishedFigure, ...] = ()
    after: tuple[str, ...] = ()
    note: str = ""
    images: int = 0

    def flags(self, cell: PublishedCell, budget: str, seed: int) -> dict[str, Any]:
        """All flags of a run of train_main.py but its folders.

        Args:
            cell: One that is trained.
            budget: One of `BUDGETS`.
            seed: The run's.

        Raises:
            UserError: There is no such budget.
        """
        if budget not in BUDGETS:
            raise errors.UserError(
                f"--budget={budget} is no budget. {errors.nearest(budget, BUDGETS)}"
            )
        found = dict(cell.flags)
        for whom in ("", f"@{cell.flags.get('labels')}", cell.flags.get("method")):
            found |= self.budgets[budget].get(whom, {})
        return found | {"seed": seed}


def grid(
    columns: Mapping[str, Flags], rows: Mapping[str, tuple[Flags, str]]
) -> tuple[PublishedCell, ...]:
    """Makes the cells of a table from its lines as they are printed.

    Args:
        columns: Heading -> flags of the runs below it.
        rows: Heading -> flags of its runs, or none where it is quoted; and for each column
            "13.41±0.20" or "13.41", "?" where the number is lost, "-" where there is no cell.

    Returns:
        Row by row.
    """
    found = []
    for row, (own, line) in rows.items():
        for (column, shared), text in zip(columns.items(), line.split(), strict=True):
            value, _, spread = text.partition("±")
            flags = {**own, **shared} if own else {}
            if value != "-":
                found.append(PublishedCell(row, column, flags, _number(value), _number(spread)))
    return tuple(found)


def _number(text: str) -> float | None:
    return float(text) if text not in ("", "?") else None
